"""assaymark: source -> generate -> evaluate -> decide -> release -> monitor."""

__version__ = "0.1.0"

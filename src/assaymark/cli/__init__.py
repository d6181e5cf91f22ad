"""Command line: one module per stage; parse, call one flow function, show."""

from assaymark.cli.app import main

__all__ = ["main"]

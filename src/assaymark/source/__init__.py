"""The stage: source."""

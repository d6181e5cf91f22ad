"""The stage: monitor."""

"""The stage: store."""

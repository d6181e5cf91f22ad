"""The stage: decide."""

"""The stage: flow."""

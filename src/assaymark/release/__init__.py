"""The stage: release."""

"""Metrics of utility."""

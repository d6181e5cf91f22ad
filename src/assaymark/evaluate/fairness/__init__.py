"""Metrics of fairness."""

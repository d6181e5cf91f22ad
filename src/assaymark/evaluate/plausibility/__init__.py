"""Metrics of plausibility."""

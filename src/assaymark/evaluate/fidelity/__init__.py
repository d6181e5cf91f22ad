"""Metrics of fidelity."""

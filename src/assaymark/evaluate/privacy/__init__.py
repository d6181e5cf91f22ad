"""Metrics of privacy."""

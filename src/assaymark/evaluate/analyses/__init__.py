"""Analyses: estimates that an analyst makes from tables, and their intervals."""

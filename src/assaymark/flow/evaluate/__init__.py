"""Evaluate: rows measured, recipes compared, and what may be concluded from rows."""

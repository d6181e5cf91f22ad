"""Decide: verdicts on what was measured, and the people who approve, waive and sign."""

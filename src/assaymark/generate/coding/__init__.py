"""Coding: a table as small whole-number codes, and back, with rare values protected."""

"""Boundary: a linter over the bytes of a release, for what must not leave with it."""

"""Band: counts of the source as they may be published."""

from __future__ import annotations

__all__ = ["SMALLEST", "band", "rounded_rows"]

SMALLEST = 50


def rounded_rows(n: int) -> int:
    """Return ``n`` rounded to two significant digits, at least 1."""
    if n < 10:
        return max(1, n)
    step = int("1" + "0" * (len(str(n)) - 2))
    return (n + step // 2) // step * step


def band(n: int) -> str:
    """Return a count of the source in published words: ``"about 25,000"``, ``"fewer than 50"``."""
    return f"fewer than {SMALLEST}" if n < SMALLEST else f"about {rounded_rows(n):,}"

"""Day: a date as statements write it, read without trust."""

from __future__ import annotations

from datetime import date

from assaymark.errors import IntegrityError

__all__ = ["day_of"]


def day_of(text: str) -> date:
    """Return the day that a text begins with, as in ``2026-11-25T12:00:00+00:00``.

    Raises
    ------
    IntegrityError
        When it begins with none.
    """
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise IntegrityError(f"{text[:40]!r} is no day as statements write it") from error

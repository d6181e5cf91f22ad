"""Written: a page on disk, or an error that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["write_page"]


def write_page(path: Path, page: bytes) -> None:
    """Write a report where it was asked for.

    Raises
    ------
    InputError
        When it cannot be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(page)
    except OSError as error:
        raise InputError(
            f"cannot write the report {str(path)!r}: {error.strerror}\n\nHint: --report PATH"
        ) from error

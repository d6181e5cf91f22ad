"""Handed: the bytes of a file that somebody handed over, no more than can be meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.plain import MOST
from assaymark.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_handed"]


def read_handed(path: Path, what: str = "") -> bytes:
    """Return a file's bytes; ``what`` names it in messages.

    Raises
    ------
    InputError
        When it cannot be read, or is larger than any document.
    """
    said = f"the {what} {str(path)!r}" if what else repr(str(path))
    try:
        with path.open("rb") as file:
            raw = file.read(MOST + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"cannot read {said}: {why}\n\nHint: name a file") from error
    if len(raw) > MOST:
        raise InputError(
            f"{said} has more than {MOST >> 20} MB, the most that is read of a document\n\nHint: "
            "name the file that you were sent, or that assaymark wrote"
        )
    return raw

"""Plain: JSON from strangers, read with limits."""

from __future__ import annotations

import json
from typing import Any

from assaymark.errors import IntegrityError

__all__ = ["MOST", "read_plain"]

MOST = 64 << 20
"""How many bytes of JSON are read."""


def read_plain(raw: bytes, what: str) -> Any:  # noqa: ANN401
    """Return the value of JSON bytes; ``what`` names them in messages.

    Raises
    ------
    IntegrityError
        When they are too many, no JSON, nested too deeply, have a key twice, or hold NaN.
    """
    if len(raw) > MOST:
        raise IntegrityError(
            f"{what} has {len(raw) >> 20} MB of JSON, and {MOST >> 20} MB is the most that is read"
        )
    try:
        return json.loads(raw, object_pairs_hook=_once, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        said = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise IntegrityError(f"{what} is not JSON that can be read: {said}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _refused(name: str) -> None:
    raise ValueError(f"{name} is no number")

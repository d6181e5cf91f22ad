"""Plain: JSON and TOML from strangers, read with limits."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from assaymark.errors import IntegrityError

__all__ = ["MOST", "NESTED", "check_nesting", "read_plain", "read_toml"]

MOST = 64 << 20
"""How many bytes of JSON are read."""
NESTED = 200
"""How deep lists and tables may lie in each other."""


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
        found = json.loads(raw, object_pairs_hook=_once, parse_constant=_refused)
        check_nesting(found)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"{what} is not JSON that can be read: {_why(error)}") from error
    return found


def read_toml(raw: bytes) -> dict[str, Any]:
    """Return the tables of TOML bytes.

    Raises
    ------
    ValueError
        When they are no TOML in UTF-8, or nested too deeply.
    """
    try:
        found = tomllib.loads(raw.decode("utf-8"))
    except RecursionError as error:
        raise ValueError(_why(error)) from error
    check_nesting(found)
    return found


def check_nesting(value: object) -> None:
    """Raise ValueError where lists and tables lie in each other deeper than ``NESTED``."""
    level, depth = [value], 0
    while level:
        depth += 1
        nested = [v for v in level if isinstance(v, dict | list)]
        level = [x for v in nested for x in (v.values() if isinstance(v, dict) else v)]
    if depth > NESTED:
        raise ValueError(f"nested {depth} deep, and {NESTED} is the most that is read")


def _why(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _refused(name: str) -> None:
    raise ValueError(f"{name} is no number")

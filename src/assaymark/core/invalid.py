"""Invalid: what is wrong with a file, by the names that the file itself uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError

__all__ = ["invalid_words"]


def invalid_words(error: ValidationError, plain: Mapping[str, Any]) -> str:
    """Say what is wrong, and where in ``plain``: one table of a list is called by its name.

    That a list is too short is left out where it is for what is wrong with its items.
    """
    found = error.errors()
    inside = {e["loc"][:n] for e in found for n in range(len(e["loc"]))}
    return "; ".join(
        f"{_place(e['loc'], plain)}: "
        + e["msg"].removeprefix("Value error, ").replace("Input should", "must")
        for e in found
        if e["type"] != "too_short" or e["loc"] not in inside
    )


def _place(loc: tuple[int | str, ...], plain: Mapping[str, Any]) -> str:
    rows = plain.get(str(loc[0])) if loc else None
    if len(loc) > 1 and isinstance(loc[1], int) and isinstance(rows, list | tuple):
        row = rows[loc[1]]
        called = repr(row["name"]) if "name" in row else f"number {loc[1] + 1}"
        return " ".join(
            [f"[[{loc[0]}]] {called}", *(str(p) for p in loc[2:] if p != row.get("kind"))]
        )
    return ".".join(map(str, loc))

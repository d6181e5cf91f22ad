"""Made of: which columns each column is worked out from, without a circle."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["add_parts"]


def add_parts(after: dict[int, set[int]], x: int, parts: set[int]) -> bool:
    """Let ``x`` come after its parts, unless one of them comes after it."""
    if any(_reaches(after, j, x) for j in parts):
        return False
    after.setdefault(x, set()).update(parts)
    return True


def _reaches(after: Mapping[int, set[int]], x: int, y: int) -> bool:
    """Whether ``x`` is ``y``, or comes after it, or after what does."""
    seen, left = {x}, [x]
    while left:
        more = after.get(left.pop(), set()) - seen
        seen |= more
        left.extend(more)
    return y in seen

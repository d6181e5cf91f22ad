"""Opening: how often somebody was given a part of the real rows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from assaymark.core.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Opening", "counted"]


class Opening(Document):
    """One component (a generator, a metric, the report), one part of the real rows, how often."""

    who: str
    part: str
    times: int


def counted(looks: Iterable[tuple[str, str]]) -> tuple[Opening, ...]:
    """Return how often each pair of who and which part occurs, by name."""
    return tuple(
        Opening(who=who, part=part, times=times)
        for (who, part), times in sorted(Counter(looks).items())
    )

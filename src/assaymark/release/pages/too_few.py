"""Too few: how many more people would decide what is not proven for want of people alone."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.release.pages.report_content import VerdictLine

__all__ = ["more_people"]

_TOO_FEW = re.compile(r"n = (\d+), and the rule needs (\d+)")


def more_people(blocking: Sequence[VerdictLine]) -> str:
    """Say how many more people are needed, where rules fail for want of people alone."""
    found = [_TOO_FEW.search(v.reason) for v in blocking]
    short = [int(m[2]) / max(1, int(m[1])) for m in found if m]
    if not short or len(short) < len(blocking):
        return ""
    more = math.ceil(100 * max(short) - 100)
    return (
        f"About {more} % more people, or a larger share of them in the parts of [split] that the "
        "rules count; nothing else changes this."
    )

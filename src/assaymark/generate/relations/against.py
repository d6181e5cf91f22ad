"""Against: how many persons may be against a rule that all others keep."""

from __future__ import annotations

__all__ = ["against"]

_SHARE, _FEW, _OF_FEW = 0.002, 2.0, 0.01


def against(persons: float) -> float:
    """Return how many of the ``persons``, or rows, whom a rule is about may be against it.

    That is 0.2 %, or two of 200 and more, one of 100 and more: where nobody may be, one odd person
    would decide whether all rows keep a rule, and could be told from them.
    """
    return max(_SHARE * persons, min(_FEW, _OF_FEW * persons))

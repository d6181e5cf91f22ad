"""Questions: what a recipe asks of the rows besides the metrics: claims and plausibility rules."""

from __future__ import annotations

from typing import ClassVar

from assaymark.core.claim import ClaimSpec
from assaymark.core.correction import Correction
from assaymark.core.document import Document
from assaymark.core.plausibility import RuleSpec

__all__ = ["NO_QUESTIONS", "Questions"]


class Questions(Document):
    """The ``[[claim]]`` and ``[[plausibility]]`` tables of a recipe; names are unique in each.

    Rules of starter sets stand in place of the sets. ``correction`` holds the inequalities that
    the rows are meant to have less of.
    """

    LATER: ClassVar[tuple[str, ...]] = ("correction",)

    claim: tuple[ClaimSpec, ...] = ()
    plausibility: tuple[RuleSpec, ...] = ()
    correction: tuple[Correction, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.claim or self.plausibility or self.correction)

    @property
    def identity(self) -> str:
        """The digest, empty where nothing is asked."""
        return self.digest() if self else ""


NO_QUESTIONS = Questions()

"""Anchor watch: for which columns a column that was placed may change what they lie near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Self, TypeVar

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.generate.relations.ranks import summed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.relations.anchor_sample import Sample
    from assaymark.generate.relations.single_worth import SingleWorth

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]

__all__ = ["Watch"]

T = TypeVar("T")
_NEAR = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Watch(Generic[T]):
    """Answers about columns, and what another column must have to change one; by row of a sample.

    Attributes
    ----------
    answers
        By place in the table.
    earlier
        The columns placed before, which answers are about.
    related, equal, worth
        How related a column must be, in how many rows it must be equal, and how much it must say.
    left, beyond
        The ranks of what is left of a column by each that it is most related to, and how related a
        column must be to these; shapes ``(columns, 4, n)`` and ``(columns, 4)``.
    members
        Which columns a product is made of that a column is near, shape ``(columns, columns)``.
    """

    sample: Sample
    worths: SingleWorth
    answers: dict[int, T]
    earlier: list[int]
    related: Floats
    equal: Floats
    worth: Floats
    left: Floats
    beyond: Floats
    members: NDArray[np.bool_]

    @classmethod
    def of(cls, sample: Sample, worths: SingleWorth) -> Self:
        """Watch over the columns of a sample, of which nothing is known."""
        n = len(sample.places)
        return cls(
            sample=sample,
            worths=worths,
            answers={},
            earlier=[],
            related=np.full(n, np.inf),
            equal=np.full(n, np.inf),
            worth=np.full(n, np.inf),
            left=np.empty((n, _NEAR, len(sample.persons))),
            beyond=np.full((n, _NEAR), np.inf),
            members=np.zeros((n, n), dtype=np.bool_),
        )

    def placed(self, earlier: Sequence[int], waiting: Sequence[int]) -> list[int]:
        """Return which of the columns ``waiting`` have no answer that still stands."""
        known = len(self.earlier)
        if self.sample.few or list(earlier[:known]) != self.earlier:
            self.answers.clear()
        self.earlier[:] = earlier
        for z in earlier[known:] if self.answers else ():
            asked = [x for x in waiting if x in self.answers]
            rows = np.searchsorted(self.sample.places, [z, *asked])
            changed = self._changed(z, asked, rows[1:], int(rows[0]))
            for x in np.asarray(asked)[changed].tolist():
                del self.answers[x]
        return [x for x in waiting if x not in self.answers]

    def _changed(self, z: int, asked: Sequence[int], rows: Rows, at: int) -> NDArray[np.bool_]:
        """Return for which of the columns asked another may change the answer."""
        self.worths.know(rows[np.isfinite(self.worth[rows])], np.array([at]))
        changed = np.abs(self.sample.relate(z, asked)[asked]) >= self.related[rows]
        changed |= self.worths.worth[rows, at].max(axis=1) >= self.worth[rows]
        changed |= self.members[rows, at]
        often = np.array([self.sample.equally(x, [z])[z] for x in asked])
        changed |= often >= self.equal[rows]
        _beyond(self.sample.ranked[at], (self.left, self.beyond), rows, changed)
        return changed

    def note(
        self,
        x: int,
        answer: T,
        floors: tuple[float, float, float],
        left: Mapping[int, tuple[Floats, float]],
        members: Collection[int],
    ) -> None:
        """Keep an answer, and what would change it.

        Parameters
        ----------
        floors
            How related a column must be, in how many rows equal, and how much it must say.
        left
            By column that ``x`` is most related to, the ranks of what is left, and how related to
            these a column must be.
        members
            The columns of products that ``x`` is near.
        """
        row = int(np.searchsorted(self.sample.places, x))
        self.related[row], self.equal[row], self.worth[row] = floors
        self.beyond[row] = np.inf
        for k, (ranks, floor) in enumerate(left.values()):
            self.left[row, k], self.beyond[row, k] = ranks, floor
        self.members[row] = np.isin(self.sample.places, list(members))
        self.answers[x] = answer


@compiled
def _beyond(
    one: Floats, left: tuple[Floats, Floats], rows: Rows, changed: NDArray[np.bool_]
) -> None:
    """Note where a column is as related as it must be to what is left of another."""
    ranks, floors = left
    products = np.empty(len(one))
    for k in range(len(rows)):
        for slot in range(floors.shape[1]):
            if changed[k] or floors[rows[k], slot] == np.inf:
                continue
            for i in range(len(one)):
                products[i] = one[i] * ranks[rows[k], slot, i]
            changed[k] = abs(summed(products)) >= floors[rows[k], slot]

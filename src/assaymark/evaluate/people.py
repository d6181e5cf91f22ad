"""People: the persons behind the rows of one table, with what attacks know of each."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Codes = NDArray[np.int64]

__all__ = ["Crowd", "People", "crowd_of", "persons_of", "ranked", "spread", "together"]

_BIT = 0.01  # distances below a hundredth of one differing column count alike


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """One row per person of a table, each array of shape ``(persons,)``.

    ``score`` is the attacker's: the logarithm of the distance to the reference over that to the
    synthetic rows, largest over the person's records; ``planted_score`` the same, were each of them
    copied into the synthetic rows. ``isolation``, ``synthetic`` and ``reference`` belong to the
    most isolated record, ``rarity`` to the rarest (see
    :mod:`assaymark.evaluate.rarity`). ``copied``: a distinctive record (see :class:`Chance`) equals
    a synthetic row; ``distinctive``: there is such a record. ``record`` is the row of the most
    isolated record.

    In large tables the synthetic rows near a person are looked up for some only: for the
    ``drawn``, taken evenly from the table, and for the most isolated. The score, the planted
    score and ``synthetic`` of all others are NaN.
    """

    score: Floats
    planted_score: Floats
    isolation: Floats
    rarity: Floats
    synthetic: Floats
    copied: Bools
    distinctive: Bools
    record: Codes
    drawn: Bools

    @property
    def n(self) -> int:
        """Number of persons."""
        return len(self.score)

    @property
    def some(self) -> People:
        """The persons drawn evenly from the table: everybody, unless it is large."""
        return self.take(np.flatnonzero(self.drawn))

    def take(self, rows: NDArray[np.int64]) -> People:
        """Return these persons, in this order."""
        return People(**{f.name: getattr(self, f.name)[rows] for f in fields(People)})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crowd:
    """The persons behind the rows of one table: who is who, how isolated and how rare each is.

    ``codes`` has the person of each row; ``record`` each person's most isolated row, and
    ``isolation`` that row's, ``rarity`` that of the person's rarest row, shape ``(persons,)``.
    """

    codes: Codes
    record: Codes
    isolation: Floats
    rarity: Floats

    @property
    def n(self) -> int:
        """Number of persons."""
        return len(self.record)

    def drawn(self, rows: float) -> Bools:
        """Return persons taken evenly, with about this many rows; all where there are fewer."""
        share = min(1.0, rows / max(len(self.codes), 1))
        return np.isin(np.arange(self.n), spread(self.n, max(1, round(share * self.n))))

    def rows(self, persons: Bools) -> Codes:
        """Return the rows of these persons."""
        return np.flatnonzero(persons[self.codes])

    def people(self, near: Floats, distinctive: Bools, repeated: Bools, drawn: Bools) -> People:
        """Return the persons; ``near``: distances to synthetic and to reference rows."""
        synthetic, reference = near
        score, planted = np.full((2, self.n), -np.inf)
        with np.errstate(invalid="ignore"):
            np.maximum.at(score, self.codes, np.log(reference + _BIT) - np.log(synthetic + _BIT))
            np.maximum.at(planted, self.codes, np.log(reference + _BIT) - np.log(_BIT))
        copied = distinctive & repeated
        return People(
            score=score,
            planted_score=planted,
            isolation=self.isolation,
            rarity=self.rarity,
            synthetic=synthetic[self.record],
            copied=np.bincount(self.codes, weights=copied, minlength=self.n) > 0,
            distinctive=np.bincount(self.codes, weights=distinctive, minlength=self.n) > 0,
            record=self.record,
            drawn=drawn,
        )


def crowd_of(data: Dataset, isolation: Floats, rarity: Floats) -> Crowd:
    """Return the persons of ``data``, each of whose rows is isolated and rare that much."""
    codes = data.person_codes
    order = np.lexsort((-isolation, codes))
    record = order[np.unique(codes[order], return_index=True)[1]]
    rarest = np.ones(len(record))
    np.minimum.at(rarest, codes, rarity)
    return Crowd(codes=codes, record=record, isolation=isolation[record], rarity=rarest)


def together(first: People, second: People) -> People:
    """Return the persons of both sides."""
    parts = ((getattr(first, f.name), getattr(second, f.name)) for f in fields(People))
    return People(
        **dict(zip((f.name for f in fields(People)), map(np.concatenate, parts), strict=True))
    )


def ranked(values: Floats, place: int) -> float:
    """Return the value at this place from the top."""
    return float(np.sort(values)[::-1][min(place, len(values)) - 1]) if len(values) else 0.0


def persons_of(data: Dataset, table: int) -> Codes:
    """Return person codes that are distinct between tables."""
    return data.person_codes * 3 + table


def spread(n: int, most: int) -> Codes:
    """Return at most ``most`` of ``n`` places, evenly."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))

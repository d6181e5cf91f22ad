"""Unique combinations: whether what one person alone has in a few columns turns up again."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.controls import (
    SIZES,
    detection,
    fair,
    null_line,
    possible,
    shift_of,
    why_no_attack,
)
from assaymark.evaluate.disclosure_tables import carried_over
from assaymark.evaluate.isolation import sides_of
from assaymark.evaluate.knowledge import coded_columns
from assaymark.evaluate.statistics import Interval, symmetric

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.streams import Streams

    Counts = NDArray[np.int64]

__all__ = ["UniqueCombinations"]

EXCESS = "unique_combinations.excess"
_ORDERS, _MOST = (3, 4, 5), 15_000
_FEWEST = 30
_SIZES = (0.005, 0.008, *SIZES)


@component
class UniqueCombinations:
    """Share of combinations of one train person alone that the synthetic rows have, less unseen.

    In sets of three, four and five columns, drawn at random, every combination of values that only
    one of all real people has is looked for among the synthetic rows; numbers are cut into
    twentieths. Combinations of train people are held against those of unseen people, who are as
    unique, since all are counted together. One row of each person. What a copy of a whole record
    adds shows here, or of some of its columns, of anybody; people with many such combinations,
    the unusual ones, weigh more. Plants are exact copies. Numbers moved by more than a cell
    escape.

    References
    ----------
    Nowok, Raab & Dibben (2016), synthpop: bespoke creation of synthetic data in R, for
    replicated uniques; here over many sets of columns, and against people never seen.
    Raab, Nowok & Dibben (2024), Practical privacy metrics for synthetic data, arXiv:2406.16826.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=EXCESS,
            title="Unique combinations carried over",
            unit="share of combinations",
            better="lower",
            pitfalls="Needs people who are alone in a combination of few columns; in tables of few "
            "categories there are none, and then there is no figure.",
            meaning="Share of the combinations of values that one train person alone has which "
            "the synthetic rows have too, less the same share for unseen people; 0 is no leak.",
        ),
    )

    sets: int = 150
    """Sets of columns of each size, at most."""

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the excess of combinations carried over."""
        reason = why_no_attack(case)
        if reason:
            yield Measurement.missing(EXCESS, reason)
            return
        rng = streams.child("sets").generator()
        real = [d.one_row_each(rng) for d in (case.train, *sides_of(case)[:2])]
        share = min(1.0, 2 * _MOST / sum(d.n for d in real))
        real = [d.take(np.sort(rng.permutation(d.n)[: round(d.n * share)])) for d in real]
        coded = coded_columns([*real, *case.exposed], len(real))
        parts = [[np.concatenate(t) for t in (c.tables[:3], c.tables[3:])] for c in coded]
        found = carried_over(
            [own for own, _ in parts], [made for _, made in parts], self._sets(len(coded), rng)
        )
        counts = np.column_stack([found.unique, found.carried])
        members, unseen = counts[: real[0].n], counts[real[0].n :]
        fewest = min(int((side[:, 0] > 0).sum()) for side in (members, unseen))
        if fewest < _FEWEST:
            few = f"only {fewest} people on one side have a combination that nobody else has"
            yield Measurement.missing(EXCESS, few, n=fewest)
            return
        yield _measurement(case, streams, members, unseen)

    def _sets(self, n_columns: int, rng: np.random.Generator) -> list[tuple[int, ...]]:
        """Return sets of columns; all of them where there are few, else drawn at random."""
        orders = _ORDERS if n_columns >= _ORDERS[0] else (n_columns,)
        chosen = set()
        for order in orders:
            everything = list(combinations(range(min(n_columns, 30)), order))
            names = rng.permutation(n_columns)
            for i in rng.permutation(len(everything))[: self.sets]:
                chosen.add(tuple(sorted(int(names[j]) for j in everything[i])))
        return sorted(chosen)


def _measurement(case: Case, streams: Streams, members: Counts, unseen: Counts) -> Measurement:
    able = np.flatnonzero(members[:, 0])

    def caught(size: float, rng: np.random.Generator) -> bool:
        planted = members.copy()
        chosen = rng.choice(able, max(1, round(size * len(members))), replace=False)
        planted[chosen, 1] = planted[chosen, 0]
        return _read(planted, unseen).low > 0

    sizes = [s for s in _SIZES if max(1, round(s * len(members))) <= len(able)]
    proof = detection(caught, streams.child("plants").generator(), sizes)
    null = null_line(_read, unseen, 0.0, streams.child("null").generator())
    found = _read(members, unseen)
    measured = Measurement(
        metric=EXCESS,
        value=found.value,
        low=found.low,
        high=found.high,
        n=len(members),
        baseline=0.0,
        limit_of_detection=possible(proof, len(able) / len(members), _SIZES),
        details={
            "title": "Is what one person alone has carried over?",
            "meaning": "Combinations of values that one person alone has and a released row "
            "repeats, less what chance repeats for people the generator never saw.",
            "of_members": float(members[:, 1].sum() / members[:, 0].sum()),
            "of_unseen": float(unseen[:, 1].sum() / max(1, unseen[:, 0].sum())),
            "unseen": len(unseen),
            "controls": [*proof.lines, null],
        },
    )
    return fair(measured, shift_of(case))


def _read(members: Counts, unseen: Counts) -> Interval:
    """Return the difference of two ratios, persons independent; one person more on each side.

    The one more person has as many combinations as the average, half of them carried over: ten
    people of whom none shows a leak are no proof that there is none.
    """
    sides, variance = [], 0.0
    for unique, carried in (members.T, unseen.T):
        n, average = len(unique), max(float(unique.mean()), 1e-9)
        share = float(carried.sum()) / (average * n)
        errors = (carried - share * unique) / average
        variance += (float(np.square(errors).sum()) + 0.25) / (n * max(n - 1, 1))
        sides.append(share)
    found = symmetric(sides[0] - sides[1], float(np.sqrt(variance)))
    return Interval(found.value, max(found.low, -1.0), min(found.high, 1.0))

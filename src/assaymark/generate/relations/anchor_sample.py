"""Anchor sample: the rows on which relations between columns are looked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, combinations
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.schema import Kind
from assaymark.generate.coding.levels import persons_among
from assaymark.generate.relations.anchors import Anchor, apart, cells_of, noise_of
from assaymark.generate.relations.product_solve import rates
from assaymark.generate.relations.ranks import correlation, correlations, ranked, telling

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.coding.cells import CellCoding
    from assaymark.generate.coding.encoding import Encoded
    from assaymark.generate.relations.anchors import Apart

    Floats = NDArray[np.float64]

__all__ = ["Sample"]

_LOOK = 6000
_ENOUGH = _FEWEST, _FEW = 200, 40
_FEWEST_WHOLE = 60  # rows with all of a whole sum, where gaps leave few
_FEWEST_PERSONS = 10
_EQUAL = 0.01
_PAIRS, _RELATED, _ALIKE = 20, 0.3, 0.98
_HALF, _TWICE = 0.5, 2
_ALWAYS = 0.99
_MANY, _NO_ROOM = 64, 12  # so few values are all within rounding of each other


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Rows of persons drawn at random; anchors are fitted to some and judged by the others.

    ``many`` is how many values each column has, however few codes these have: of a time to an
    event or the end of follow-up, most are the latter. ``ranked`` are the ranks of all columns,
    one after the other, ``places`` which these are. ``ends`` are dates that others say where all
    are there: what is there more often than such a date does not follow from it.
    """

    numbers: Mapping[int, Floats]
    ranks: Mapping[int, Floats]
    ranked: Floats
    places: NDArray[np.int64]
    codes: NDArray[np.int32]
    masses: Mapping[int, Floats]
    codings: Mapping[int, CellCoding]
    persons: NDArray[np.int64]
    protect: int
    fitted: NDArray[np.bool_]
    telling: Mapping[int, NDArray[np.bool_]]
    many: Mapping[int, int]
    pair_values: dict[tuple[object, ...], Floats] = field(default_factory=dict)
    left: dict[int, dict[int, Floats]] = field(default_factory=dict)
    multiples: dict[tuple[int, int], dict[float, float]] = field(default_factory=dict)
    pairs: list[list[tuple[int, int]]] = field(default_factory=list)
    ends: frozenset[int] = frozenset()
    gaps: bool = False

    @classmethod
    def of(
        cls, numbers: Mapping[int, Floats], encoded: Encoded, protect: int, *, gaps: bool = False
    ) -> Sample:
        """Draw 6,000 rows at most; a column of which no value may come out has no relation."""
        rng = np.random.default_rng(0)
        numbers = {j: v for j, v in numbers.items() if len(cells_of(encoded.encoding, j).first)}
        look = np.sort(rng.permutation(encoded.codes.shape[1])[:_LOOK])
        part = {j: v[look] for j, v in numbers.items()}
        ranks = np.empty((len(part), len(look)))
        for row, values in zip(ranks, part.values(), strict=True):
            row[:] = ranked(values)
        many = {j: len(np.unique(v[np.isfinite(v)])) for j, v in part.items()}
        return cls(
            numbers=part,
            ranks=dict(zip(part, ranks, strict=True)),
            ranked=ranks,
            places=np.array(list(part), dtype=np.int64),
            codes=encoded.codes[:, look],
            masses={j: encoded.mass(j) for j in numbers},
            codings={j: cells_of(encoded.encoding, j) for j in numbers},
            persons=np.unique(encoded.persons[look], return_inverse=True)[1].astype(np.int64),
            protect=protect,
            fitted=(rng.permutation(encoded.n_persons) % 2 == 0)[encoded.persons[look]],
            telling={j: telling(v) for j, v in part.items()},
            many=many,
            gaps=gaps,
        )

    def holds(self, x: int, anchor: Anchor, *, gaps: bool = False) -> bool:
        """Whether a column is what an anchor says, but for rounding, in 99 % of the rows.

        Of those where the anchor is there; with ``gaps`` of those where both are.

        And in as much of the persons, of whom there are ``protect``, and twice as many where
        there are few rows: fewer than 200, or than 40 that are not the most frequent value.
        """
        steps = apart(self.codings[x], self.numbers[x], anchor.at(self.numbers))
        ending = not self.gaps and any(j in self.ends for j, _ in anchor.terms)
        if ending and _often(steps):
            return False
        room = _NO_ROOM if type(anchor) is Anchor else _MANY
        rounded = self.many[x] > room and not anchor.whole
        right = steps.both & (np.abs(steps.points) <= rounded)
        there = steps.both if gaps or self.gaps else steps.anchor
        parts = there, self.telling[x] & there
        if not all((right & p).sum() >= _ALWAYS * p.sum() for p in parts):
            return False
        few = any((right & p).sum() < _ALWAYS * n for p, n in zip(parts, _ENOUGH, strict=True))
        weight = 1.0 / np.bincount(self.persons)[self.persons]
        often = (weight * right).sum() >= _ALWAYS * (weight * there).sum()
        whole = self.gaps and anchor.whole and len(anchor.terms) > 1
        if few and not (whole and (right & self.telling[x]).sum() >= _FEWEST_WHOLE):
            return bool(often and self._beyond_chance(x, right))
        return bool(often and persons_among(self.persons[right]) >= self.protect)

    def _beyond_chance(self, x: int, right: NDArray[np.bool_]) -> bool:
        """Whether values are so many, of so many persons, that few rows show that they are right.

        Of twenty values, a column that has nothing to do with them says all by chance once in
        20! orders; flags and counts agree more often.
        """
        many = len(np.unique(self.numbers[x][right & self.telling[x]]))
        return min(many, persons_among(self.persons[right])) >= self.fewest

    @property
    def fewest(self) -> int:
        """How many persons a relation is found on at least: twice those who protect a value."""
        return 2 * max(self.protect, _FEWEST_PERSONS)

    @property
    def few(self) -> bool:
        """Whether there are so few rows that only what is beyond doubt counts as a relation."""
        return len(self.persons) < _FEWEST

    @property
    def n_persons(self) -> int:
        """Whose rows they are."""
        return persons_among(self.persons)

    def fine(self, x: int) -> bool:
        """Whether a column has many values, or nearly as many as few rows can have."""
        many = self.many.get(x, 0)
        if many >= _MANY or many < self.fewest:
            return many >= _MANY
        return bool(many >= _HALF * np.isfinite(self.numbers[x]).sum())

    def measured(self, x: int) -> bool:
        """Whether multiples and powers of a column say something: not of dates, whose 0 is 1970."""
        return self.codings[x].column.kind not in (Kind.DATE, Kind.DATETIME)

    def tells_day(self, x: int, y: int) -> bool:
        """Whether ``x`` is a moment and ``y`` a date: a multiple of ``x`` is no day."""
        kinds = self.codings[x].column.kind, self.codings[y].column.kind
        return kinds == (Kind.DATETIME, Kind.DATE)

    def step(self, x: int) -> float:
        """Return how large a step of its grid is beside a column's values, but for 0."""
        there = np.isfinite(self.numbers[x]) & (self.numbers[x] != 0)
        grid, values = self.codings[x].grid, self.numbers[x][there]
        width = grid.step / grid.scale if grid.scale else grid.width
        return float(width / max(float(np.median(np.abs(values))) if len(values) else 0.0, 1e-300))

    def sparse(self, x: int) -> float:
        """Return over how many points of its grid a column's values are spread."""
        grid, values = self.codings[x].grid, self.numbers[x][np.isfinite(self.numbers[x])]
        return float(np.ptp(values)) * grid.scale / grid.step

    def related(self, x: int, y: int) -> float:
        """Return the correlation of the ranks of two columns."""
        mine, other = self._of("related", x), self._of("related", y)
        if np.isnan(mine[y]):
            mine[y] = other[x] = self._together(self.ranks[x], self.ranks[y])
        return float(mine[y])

    def relate(self, x: int, among: Sequence[int]) -> Floats:
        """Return the correlations of ranks with ``x`` by column, those ``among`` all known."""
        known = self._of("related", x)
        left = _unknown(known, among)
        known[left] = self._all_together(self.ranks[x], left)
        for y in left:
            self._of("related", y)[x] = known[y]
        return known

    def nearest(self, x: int, among: Sequence[int], many: int, least: float) -> list[int]:
        """Return the ``many`` columns most related to ``x`` by at least ``least``, that first."""
        known = self.relate(x, among)
        return [y for y, _ in _strongest(known, among, many, least)]

    def alike(self) -> list[tuple[int, int]]:
        """Return pairs of columns of many values that say each other where both are there."""
        if not self.pairs:
            many = [j for j in self.many if self.fine(j)]
            for i, x in enumerate(many):
                self.relate(x, many[i + 1 :])
            found = {p: self.related(*p) for p in combinations(many, 2)}
            near = sorted((p for p in found if found[p] >= _RELATED), key=lambda p: -found[p])
            held = [p for p in near[:_PAIRS] if self._where_both(*p) >= _ALIKE]
            self.pairs.append(held)
        return self.pairs[0]

    def fullest(self, x: int, among: Sequence[int]) -> int:
        """Return ``x``, or the column alike that is there most often, if twice as often."""
        there = {j: int(np.isfinite(self.numbers[j]).sum()) for j in (x, *among)}
        alike = {*chain.from_iterable(p for p in self.alike() if x in p)} & {*among}
        best = max(sorted(alike), key=lambda j: there[j], default=x)
        return best if there[best] >= _TWICE * there[x] else x

    def _where_both(self, x: int, y: int) -> float:
        """Return the correlation of the ranks of two columns in the rows where both are there."""
        both = np.isfinite(self.numbers[x]) & np.isfinite(self.numbers[y])
        return correlation(*(ranked(self.numbers[j][both]) for j in (x, y)))

    def left_over(
        self, x: int, y: int, among: Sequence[int], many: int, least: float
    ) -> list[tuple[int, float]]:
        """Return the ``many`` columns most related to what ``x`` is more than ``y``, and how.

        None where one is a date and the other a moment.
        """
        if self.tells_day(x, y) or self.tells_day(y, x):
            return []
        known = self._of("left", x, y)
        left = _unknown(known, among)
        known[left] = self._all_together(self.left_ranks(x, y), left)
        return _strongest(known, among, many, least)

    def left_ranks(self, x: int, y: int) -> Floats:
        """Return the ranks of what ``x`` is more than ``y``."""
        of = self.left.setdefault(x, {})
        if y not in of:
            of[y] = ranked(self.numbers[x] - self.numbers[y])
        return of[y]

    def forget_left(self, x: int, kept: Collection[int]) -> None:
        """Keep of the ranks of what ``x`` is more than others those for some of these alone."""
        self.left[x] = {y: ranks for y, ranks in self.left.get(x, {}).items() if y in kept}

    def _all_together(self, one: Floats, others: Sequence[int]) -> Floats:
        """Return how ranks go together with those of several columns, shape ``(others,)``."""
        if self.gaps:
            return np.array([self._together(one, self.ranks[z]) for z in others])
        out = np.empty(len(others))
        correlations(one, self.ranked, np.searchsorted(self.places, others), out)
        return out

    def _together(self, a: Floats, b: Floats) -> float:
        """Return how ranks go together; with gaps, where both are there: 0 is the middle."""
        if not self.gaps:
            return correlation(a, b)
        both = (a != 0) & (b != 0)
        size = np.sqrt(correlation(a[both], a[both]) * correlation(b[both], b[both]))
        return correlation(a[both], b[both]) / max(float(size), 1e-12)

    def equal(self, x: int, earlier: Sequence[int]) -> list[int]:
        """Return the columns that say the very values of ``x`` in some of the rows."""
        among = np.asarray(earlier, dtype=np.int64)
        return [int(y) for y in among[self.equally(x, earlier)[among] >= self.least_equal(x)]]

    def least_equal(self, x: int) -> float:
        """Return in how many rows a column that often equals ``x`` must have its very value."""
        telling = int(self.telling[x].sum())
        return max(_EQUAL * telling, self.fewest if telling < _FEWEST else _FEW)

    def equally(self, x: int, among: Sequence[int]) -> Floats:
        """Return in how many rows each column says the value of ``x``, those ``among`` known."""
        known = self._of("equal", x)
        for y in _unknown(known, among):
            known[y] = float((self.telling[x] & (self.numbers[x] == self.numbers[y])).sum())
        return known

    def _of(self, *what: object) -> Floats:
        """Return what is known of pairs by their other column, NaN where that is nothing yet."""
        found = self.pair_values.get(what)
        if found is None:  # columns are looked at side by side: what came first is kept
            found = self.pair_values.setdefault(what, np.full(max(self.numbers) + 1, np.nan))
        return found

    def rates(self, x: int, y: int) -> dict[float, float]:
        """Return the multiples of ``y`` where ``x`` often lies, and how often."""
        if (x, y) not in self.multiples:
            own, several = self.numbers[x], min(self.many[x], self.many[y]) >= _MANY
            several = several and self.measured(x) and self.measured(y)
            given = own, self.numbers[y], self.rounding(x, own), self.persons, self.protect
            found = rates(*given) if several else {}
            self.multiples[x, y] = found
        return self.multiples[x, y]

    def half(self, x: int) -> float:
        """Return half the distance between values that a column can have."""
        grid = self.codings[x].grid
        return 0.5 * grid.step / grid.scale if grid.scale else 0.0

    def rounding(self, x: int, values: Floats) -> Floats:
        """Return by how much rounding may have changed each of the values of a column."""
        return self.half(x) + noise_of(self.codings[x]) * np.abs(values)


def _often(steps: Apart) -> bool:
    """Whether values are often there without an anchor."""
    return bool((steps.value & ~steps.anchor).sum() > (1 - _ALWAYS) * steps.value.sum())


def _unknown(known: Floats, among: Sequence[int]) -> list[int]:
    """Return the columns of which nothing is known yet."""
    columns = np.asarray(among, dtype=np.int64)
    return [int(y) for y in columns[np.isnan(known[columns])]]


def _strongest(
    known: Floats, among: Sequence[int], many: int, least: float
) -> list[tuple[int, float]]:
    """Return the ``many`` columns furthest from 0, by ``least`` at least, the furthest first."""
    columns = np.asarray(among, dtype=np.int64)
    columns = columns[np.abs(known[columns]) >= least]
    columns = columns[np.lexsort((columns, -np.abs(known[columns])))][:many]
    return [(int(z), float(known[z])) for z in columns]

"""Anchor near: what the values of a column mostly lie near, and how much that says of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from assaymark.core.schema import Kind
from assaymark.generate.coding.levels import persons_among
from assaymark.generate.relations.anchor_days import DAY, day_of
from assaymark.generate.relations.anchor_ends import last_day
from assaymark.generate.relations.anchors import Anchor, Product, apart, coded, density, density_at
from assaymark.generate.trees.classes import merged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.relations.anchor_sample import Sample
    from assaymark.generate.relations.product_solve import Logs

    Floats = NDArray[np.float64]

__all__ = ["Nearness"]

_FEWEST = 200
_LEAST, _LEAST_WITH_GAPS = 0.1, 0.25  # nats a row, where both are there in all rows or not
_LEAST_OF_FEW, _LEAST_IN_ALL = 1.0, 10.0  # nats a row, and of all rows, where these are few
_MOST, _TWO = 3, 2
_NEAR, _OTHERS = 4, 3
_RELATED = 0.3
_FINENESS = ((12, 12), (48, 24))
_PRIOR = 5.0
_OUTSIDE = 25.0
_MANY = 64
_ROUNDS = 8
_ALMOST_ONE = 5e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nearness:
    """What columns lie near, found on some persons and judged by the others.

    ``logs`` are those of the columns themselves.
    """

    sample: Sample
    logs: Logs
    products: dict[int, tuple[Product, ...]] = field(default_factory=dict)
    chosen: dict[tuple[object, ...], tuple[tuple[Anchor, ...], float]] = field(default_factory=dict)
    abouts: dict[tuple[int, Anchor], _About] = field(default_factory=dict)
    classed: dict[tuple[str, int, int], tuple[_Classed, Floats]] = field(default_factory=dict)
    worths: dict[int, Floats] = field(default_factory=dict)

    def near(self, x: int, earlier: Sequence[int]) -> tuple[tuple[Anchor, ...], float]:
        """Return the anchors of column ``x`` among the ``earlier`` ones, and what they add."""
        candidates = tuple(dict.fromkeys(self._candidates(x, earlier)))
        if not candidates:
            return (), 0.0
        plain = self._plain(x, earlier)
        key = x, candidates, plain
        if key not in self.chosen:
            self.chosen[key] = self._chosen(x, list(candidates), self._given(*plain))
        return self.chosen[key]

    def _chosen(
        self, x: int, candidates: list[Anchor], best_known: Floats
    ) -> tuple[tuple[Anchor, ...], float]:
        """Return those that say most, each judged where it is there, and what they add in all."""
        judged = np.isfinite(self.sample.numbers[x]) & ~self.sample.fitted
        plain = so_far = best_known[judged[~self.sample.fitted]]
        likely = [(c, self._about_judged(x, c, judged)) for c in candidates]
        found: list[Anchor] = []
        while len(found) < _MOST:
            likely = [(c, t) for c, t in likely if t.hopeful(so_far)]
            mixed = [(c, m) for c, t in likely if (m := t.mixed(so_far)) is not None]
            if not mixed:
                break
            gains = [float((m - so_far).mean()) for _, m in mixed]
            best, so_far = mixed[int(np.argmax(gains))]
            found.append(best)
        return tuple(found), float((so_far - plain).mean())

    def _about_judged(self, x: int, anchor: Anchor, judged: NDArray[np.bool_]) -> _About:
        """Return what an anchor says of the judged rows in which it is there.

        Where there are few of them it must add more, and be a column that nearly says ``x``. So
        it must where it is not there in some: rows of two kinds, each drawn by trees of its own,
        are for what is near and not for what is merely related.
        """
        if (x, anchor) not in self.abouts:
            log = self._about(x, anchor)
            few, there = self._few(np.isfinite(log)), np.isfinite(log[judged])
            if few and not self._beyond_doubt(x, anchor):
                there[:] = False
            least = max(_LEAST_OF_FEW, _LEAST_IN_ALL / max(int(there.sum()), 1))
            bars = (least, least) if few else (_LEAST, _LEAST if there.all() else _LEAST_WITH_GAPS)
            self.abouts[x, anchor] = _About(log=log[judged][there], there=there, bars=bars)
        return self.abouts[x, anchor]

    def _few(self, both: NDArray[np.bool_]) -> bool:
        """Whether two columns are both there in so few rows that these must be beyond doubt."""
        return self.sample.few or int(both.sum()) < _FEWEST

    def _beyond_doubt(self, x: int, anchor: Anchor) -> bool:
        """Whether an anchor is one column that nearly says ``x``, or often is."""
        y = anchor.terms[0][0]
        if anchor != self._alone(x, y):
            return False
        return any({x, y} == {*p} for p in self.sample.alike()) or y in self.sample.equal(x, [y])

    def _alone(self, x: int, y: int) -> Anchor:
        """Return one column as what another may lie near: the day of a moment for a date."""
        if self.sample.tells_day(y, x):
            return day_of(y)
        unit = DAY[Kind.DATETIME] if self.sample.tells_day(x, y) else 1.0
        return Anchor(terms=((y, unit),))

    def _candidates(self, x: int, earlier: Sequence[int]) -> Iterator[Anchor]:
        """Yield what ``x`` may lie near; of few rows, columns that nearly say it and no others.

        What is merely related is drawn better by trees than by its difference there.
        """
        if self.sample.few:
            alike = {y for p in self.sample.alike() if x in p for y in p if y != x}
            equal = self.sample.equal(x, earlier)
            yield from (self._alone(x, y) for y in earlier if y in alike or y in equal)
            return
        near = self.sample.nearest(x, earlier, _NEAR, _RELATED)
        several = [z for z in earlier if self.sample.many[z] > _TWO]
        for y in {*near, *self.sample.equal(x, earlier)}:
            yield self._alone(x, y)
        ended = (last_day(self.sample, x, y) for y in earlier)
        yield from (a for a in ended if a is not None)
        for y in near:
            others = [z for z in several if z != y]
            for z, left in self.sample.left_over(x, y, others, _OTHERS, _RELATED / 2):
                yield Anchor(terms=tuple(sorted(((y, 1.0), (z, float(np.sign(left)))))))
        for y in near if self.sample.many[x] >= _MANY else ():
            yield from self._multiples(x, y)
        if self.sample.many[x] >= _MANY and x in self.logs.numbers:
            there = set(earlier)
            yield from (p for p in self._near_products(x) if {j for j, _ in p.terms} <= there)

    def _multiples(self, x: int, y: int) -> Iterator[Product]:
        """Yield the multiples of another column, such as four fifths, where ``x`` often lies."""
        for rate in self.sample.rates(x, y):
            if abs(rate - 1) > _ALMOST_ONE:
                yield Product(terms=((y, 1.0),), lines=((0.0, 1.0),), factor=rate)

    def _near_products(self, x: int) -> tuple[Product, ...]:
        """Return products of other columns, wherever these are in the order, that ``x`` is near."""
        if x not in self.products:
            others = [y for y in self.logs.numbers if y != x]
            found = self.logs.products(x, self.sample.rounding(x, self.logs.numbers[x]), others)
            self.products[x] = tuple(f.product for f in found if f.product is not None)
        return self.products[x]

    def _plain(self, x: int, earlier: Sequence[int]) -> tuple[int, int, int]:
        """Return the column that says most of ``x`` alone, and in which fineness."""
        if x not in self.worths:
            self.worths[x] = np.full((len(self.sample.codes), len(_FINENESS)), np.nan)
        worth, columns = self.worths[x], np.asarray(earlier, dtype=np.int64)
        for y in columns[np.isnan(worth[columns, 0])].tolist():
            worth[y] = [self._given(x, y, f).mean() for f in range(len(_FINENESS))]
        best, fineness = divmod(int(np.argmax(worth[columns])), len(_FINENESS))
        return x, int(columns[best]), fineness

    def _given(self, x: int, y: int, fineness: int) -> Floats:
        """Return the log-density of ``x`` as column ``y`` says it, in the rows not fitted to."""
        own, inside = self._own(x, fineness)
        return _conditional(own, self._other(y, fineness)) + inside

    def _own(self, x: int, fineness: int) -> tuple[_Classed, Floats]:
        """Return the classes of a column to be said, and the log-density within each row's."""
        if ("own", x, fineness) not in self.classed:
            coding, mass = self.sample.codings[x], self.sample.masses[x]
            own = mass[: len(coding.first)]
            code = np.minimum(self.sample.codes[x], len(coding.first) - 1)
            classes = merged(own, _FINENESS[fineness][0])
            held = np.bincount(classes, own)
            share = np.log(np.maximum(held / held.sum(), 1e-12))[classes]
            inside = (density(coding, mass) - share)[code[~self.sample.fitted]]
            classed = _Classed.of(classes[code], self.sample.fitted, len(held))
            self.classed["own", x, fineness] = classed, inside
        return self.classed["own", x, fineness]

    def _other(self, y: int, fineness: int) -> _Classed:
        """Return the classes of a column that says something of others."""
        if ("other", y, fineness) not in self.classed:
            bins = merged(self.sample.masses[y], _FINENESS[fineness][1])[self.sample.codes[y]]
            classed = _Classed.of(bins, self.sample.fitted, int(bins.max(initial=0)) + 1)
            self.classed["other", y, fineness] = classed, np.zeros(0)
        return self.classed["other", y, fineness][0]

    def _about(self, x: int, anchor: Anchor) -> Floats:
        here = apart(self.sample.codings[x], self.sample.numbers[x], anchor.at(self.sample.numbers))
        steps, both = here.points, here.both
        fit = both & self.sample.fitted
        none = np.full(len(steps), np.nan)
        few = self._few(both)
        enough = self.sample.fewest // 2 if few else _FEWEST // 2
        if fit.sum() < enough or persons_among(self.sample.persons[fit]) < self.sample.protect:
            return none
        coding, codes = coded(steps[fit], self.sample.persons[fit], self.sample.protect)
        if not len(coding.first):
            return none
        log = density(coding, np.bincount(codes, minlength=coding.size).astype(np.float64))
        said = density_at(coding, log, steps, ends=few)
        return np.where(both, np.maximum(said, min(log.min(), 0.0) - _OUTSIDE), np.nan)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _About:
    """How likely an anchor makes rows, where it is ``there``.

    ``bars`` is how much it must add a row: of all, gaps counted against it, or where it is there.
    """

    log: Floats
    there: NDArray[np.bool_]
    bars: tuple[float, float]

    def hopeful(self, plain: Floats) -> bool:
        """Whether it would add enough if it were right wherever it says more."""
        more = np.maximum(self.log - plain[self.there], 0.0)
        return bool(len(more)) and float(more.mean()) >= self.bars[0]

    def mixed(self, so_far: Floats) -> Floats | None:
        """Return what is known with it: the best mixture where it is there, else as before.

        None where that adds too little.
        """
        out = so_far.copy()
        out[self.there] = _mixture(so_far[self.there], self.log)
        if float((out - so_far)[self.there].mean()) >= self.bars[1]:
            return out
        if self.there.all() and self.bars[0] >= self.bars[1]:
            return None
        every = so_far - _OUTSIDE
        every[self.there] = self.log
        return out if float((_mixture(so_far, every) - so_far).mean()) >= self.bars[0] else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Classed:
    """The classes of a column in the rows that are fitted to and in the others, and how many."""

    fit: NDArray[np.int64]
    rest: NDArray[np.int64]
    size: int

    @classmethod
    def of(cls, classes: NDArray[np.int32], fitted: NDArray[np.bool_], size: int) -> Self:
        whole = classes.astype(np.int64)
        return cls(fit=whole[fitted], rest=whole[~fitted], size=size)


def _conditional(own: _Classed, other: _Classed) -> Floats:
    """Return the log-share of each row's class in its bin, as the rows fitted to have it."""
    size = own.size
    joint = np.bincount(other.fit * size + own.fit, minlength=other.size * size)
    joint = joint.reshape(-1, size)
    overall = (joint.sum(axis=0) + 0.5) / (joint.sum() + 0.5 * size)
    shares = (joint + _PRIOR * overall) / (joint.sum(axis=1, keepdims=True) + _PRIOR)
    return np.asarray(np.log(shares).ravel()[other.rest * size + own.rest], dtype=np.float64)


def _mixture(one: Floats, other: Floats) -> Floats:
    """Return the log-density of the best mixture of two."""
    share, odds = 0.5, np.exp(np.clip(one - other, -50, 50))
    for _ in range(_ROUNDS):
        share = float((1 / (1 + odds * ((1 - share) / share))).mean())
        share = min(max(share, 1e-6), 1 - 1e-6)
    mixed: Floats = np.logaddexp(one + np.log(1 - share), other + np.log(share))
    return mixed

"""Anchor near: what the values of a column mostly lie near, and how much that says of them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Self, TypeAlias

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.core.schema import Kind
from assaymark.generate.coding.levels import persons_among
from assaymark.generate.relations.anchor_days import DAY, day_of
from assaymark.generate.relations.anchor_ends import last_day
from assaymark.generate.relations.anchor_watch import Watch
from assaymark.generate.relations.anchors import Anchor, Product, apart
from assaymark.generate.relations.densities import coded, density, density_at
from assaymark.generate.relations.mixtures import may_add, mixture
from assaymark.generate.relations.ranks import summed
from assaymark.generate.relations.single_worth import SingleWorth

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.relations.anchor_sample import Sample
    from assaymark.generate.relations.product_solve import Logs

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["Nearness"]

_FEWEST = 200
_LEAST, _LEAST_WITH_GAPS = 0.1, 0.25  # nats a row, where both are there in all rows or not
_LEAST_OF_FEW, _LEAST_IN_ALL = 1.0, 10.0  # nats a row, and of all rows, where these are few
_MOST, _TWO = 3, 2
_NEAR, _OTHERS = 4, 3
_RELATED = 0.3
_OUTSIDE = 25.0
_MANY = 64
_ALMOST_ONE = 5e-3

Answer: TypeAlias = tuple[tuple[Anchor, ...], float]
"""The anchors of a column, and what they add in nats a row."""
Related: TypeAlias = "dict[int, list[tuple[int, float]]]"
"""Columns, and with each others that go with what a column is more than it, and how."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nearness:
    """What columns lie near, found on some persons and judged by the others.

    ``logs`` are those of the columns themselves.
    """

    sample: Sample
    logs: Logs
    worths: SingleWorth
    watch: Watch[Answer]
    products: dict[int, tuple[Product, ...]] = field(default_factory=dict)
    chosen: dict[tuple[object, ...], Answer] = field(default_factory=dict)
    abouts: dict[int, dict[Anchor, _About]] = field(default_factory=dict)
    last_days: dict[int, dict[int, Anchor]] = field(default_factory=dict)

    @classmethod
    def of(cls, sample: Sample, logs: Logs) -> Self:
        """Look for what lies near what, of which nothing is known."""
        worths = SingleWorth.of(sample)
        watch: Watch[Answer] = Watch.of(sample, worths)
        return cls(sample=sample, logs=logs, worths=worths, watch=watch)

    def all_near(self, waiting: Sequence[int], earlier: Sequence[int]) -> dict[int, Answer]:
        """Return the anchors of each column ``waiting``, and what they add.

        What columns placed since cannot change is not looked for again, and what was found out
        about columns that no longer wait is not kept.
        """
        for x in self.abouts.keys() - {*waiting}:
            del self.abouts[x]
            self.sample.forget_left(x, ())
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            asked = self.watch.placed(earlier, waiting)
            list(pool.map(partial(self._answered, earlier=earlier), asked))
        return {x: self.watch.answers[x] for x in waiting}

    def _answered(self, x: int, earlier: Sequence[int]) -> None:
        related = self._related(x, earlier)
        answer, worth = self._near(x, earlier, related)
        self._note(x, answer, worth, related)

    def near(self, x: int, earlier: Sequence[int]) -> Answer:
        """Return the anchors of column ``x`` among the ``earlier`` ones, and what they add."""
        return self._near(x, earlier, self._related(x, earlier))[0]

    def _near(self, x: int, earlier: Sequence[int], related: Related) -> tuple[Answer, float]:
        """Return anchors, and how much the column says that says most of ``x`` alone."""
        candidates = tuple(dict.fromkeys(self._candidates(x, earlier, related)))
        if not candidates:
            return ((), 0.0), np.inf
        plain, worth = self.worths.best(x, earlier)
        key = x, candidates, plain
        if key not in self.chosen:
            self.chosen[key] = self._chosen(x, list(candidates), self.worths.given(*plain))
        return self.chosen[key], worth

    def _related(self, x: int, earlier: Sequence[int]) -> Related:
        """Return the columns most related to ``x``, and those to what it is more than each."""
        if self.sample.few:
            return {}
        several = [z for z in earlier if self.sample.many[z] > _TWO]
        near = self.sample.nearest(x, earlier, _NEAR, _RELATED)
        left = self.sample.left_over
        return {y: left(x, y, [z for z in several if z != y], _OTHERS, _RELATED / 2) for y in near}

    def _note(self, x: int, answer: Answer, worth: float, related: Related) -> None:
        """Keep an answer, and say what would change it."""
        sample = self.sample
        weakest = [abs(sample.related(x, y)) for y in related]
        floors = (
            min(weakest) if len(weakest) == _NEAR else _RELATED,
            sample.least_equal(x),
            worth,
        )
        left = {
            y: (sample.left_ranks(x, y), abs(z[-1][1]) if len(z) == _OTHERS else _RELATED / 2)
            for y, z in related.items()
            if not (sample.tells_day(x, y) or sample.tells_day(y, x))
        }
        members = {j for p in self.products.get(x, ()) for j, _ in p.terms} | {*self._ended(x)}
        sample.forget_left(x, related)
        self.watch.note(x, answer, floors, left, members)

    def _chosen(
        self, x: int, candidates: list[Anchor], best_known: Floats
    ) -> tuple[tuple[Anchor, ...], float]:
        """Return those that say most, each judged where it is there, and what they add in all."""
        judged = np.isfinite(self.sample.numbers[x]) & ~self.sample.fitted
        plain = so_far = best_known[judged[~self.sample.fitted]]
        known = self.abouts.get(x, {})
        likely = [(c, known.get(c) or self._about_judged(x, c, judged)) for c in candidates]
        self.abouts[x] = dict(likely)
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

    def _about_judged(self, x: int, anchor: Anchor, judged: Bools) -> _About:
        """Return what an anchor says of the judged rows in which it is there.

        Where there are few of them it must add more, and be a column that nearly says ``x``. So
        it must where it is not there in some: rows of two kinds, each drawn by trees of its own,
        are for what is near and not for what is merely related.
        """
        log, there, few = self._about(x, anchor, judged)
        if few and not self._beyond_doubt(x, anchor):
            log, there = log[:0], np.zeros_like(there)
        least = max(_LEAST_OF_FEW, _LEAST_IN_ALL / max(int(there.sum()), 1))
        bars = (least, least) if few else (_LEAST, _LEAST if there.all() else _LEAST_WITH_GAPS)
        return _About(log=log, there=there, bars=bars)

    def _few(self, both: Bools) -> bool:
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

    def _candidates(self, x: int, earlier: Sequence[int], related: Related) -> Iterator[Anchor]:
        """Yield what ``x`` may lie near; of few rows, columns that nearly say it and no others.

        What is merely related is drawn better by trees than by its difference there.
        """
        if self.sample.few:
            alike = {y for p in self.sample.alike() if x in p for y in p if y != x}
            equal = self.sample.equal(x, earlier)
            yield from (self._alone(x, y) for y in earlier if y in alike or y in equal)
            return
        near = list(related)
        for y in {*near, *self.sample.equal(x, earlier)}:
            yield self._alone(x, y)
        ended = self._ended(x)
        yield from (ended[y] for y in earlier if y in ended)
        for y in near:
            for z, left in related[y]:
                yield Anchor(terms=tuple(sorted(((y, 1.0), (z, float(np.sign(left)))))))
        for y in near if self.sample.many[x] >= _MANY else ():
            yield from self._multiples(x, y)
        if self.sample.many[x] >= _MANY and x in self.logs.numbers:
            there = set(earlier)
            yield from (p for p in self._near_products(x) if {j for j, _ in p.terms} <= there)

    def _ended(self, x: int) -> dict[int, Anchor]:
        """Return by column with which ``x`` often ends on one day what ``x`` then lies near."""
        if x not in self.last_days:
            found = {y: last_day(self.sample, x, y) for y in self.sample.numbers if y != x}
            self.last_days[x] = {y: a for y, a in found.items() if a is not None}
        return self.last_days[x]

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

    def _about(self, x: int, anchor: Anchor, judged: Bools) -> tuple[Floats, Bools, bool]:
        """Return the log-density of judged rows, in which of them it is, and if it is of few."""
        sample = self.sample
        here = apart(sample.codings[x], sample.numbers[x], anchor.at(sample.numbers))
        steps, both = here.points, here.both
        fit = both & sample.fitted
        none = np.zeros(0), np.zeros(int(judged.sum()), dtype=np.bool_), True
        few = self._few(both)
        enough = sample.fewest // 2 if few else _FEWEST // 2
        if fit.sum() < enough or persons_among(sample.persons[fit]) < sample.protect:
            return none
        coding, codes = coded(steps[fit], sample.persons[fit], sample.protect)
        if not len(coding.first):
            return none
        log = density(coding, np.bincount(codes, minlength=coding.size).astype(np.float64))
        said = density_at(coding, log, steps[both & judged], ends=few)
        return np.maximum(said, min(log.min(), 0.0) - _OUTSIDE), both[judged], few


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _About:
    """How likely an anchor makes rows, where it is ``there``.

    ``bars`` is how much it must add a row: of all, gaps counted against it, or where it is there.
    """

    log: Floats
    there: Bools
    bars: tuple[float, float]

    def hopeful(self, plain: Floats) -> bool:
        """Whether it would add enough if it were right wherever it says more."""
        return bool(len(self.log)) and _more(plain[self.there], self.log) >= self.bars[0]

    def mixed(self, so_far: Floats) -> Floats | None:
        """Return what is known with it: the best mixture where it is there, else as before.

        None where that adds too little.
        """
        sure = self.there.all() and self.bars[0] >= self.bars[1]
        if sure and not may_add(so_far, self.log, self.bars[1]):
            return None
        out = so_far.copy()
        out[self.there] = mixture(so_far[self.there], self.log)
        if float((out - so_far)[self.there].mean()) >= self.bars[1]:
            return out
        if sure:
            return None
        every = so_far - _OUTSIDE
        every[self.there] = self.log
        return out if float((mixture(so_far, every) - so_far).mean()) >= self.bars[0] else None


@compiled
def _more(one: Floats, other: Floats) -> float:
    """Return how much likelier another makes a row, where it does."""
    more = np.empty(len(one))
    for i in range(len(one)):
        more[i] = max(other[i] - one[i], 0.0)
    return summed(more) / len(one)

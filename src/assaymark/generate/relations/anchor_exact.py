"""Anchor exact: columns that are sums, rounded multiples or products of others on every row."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.relations.addends import addends
from assaymark.generate.relations.anchor_balance import balances
from assaymark.generate.relations.anchor_constant import nudged, rows_right
from assaymark.generate.relations.anchor_days import whole_days
from assaymark.generate.relations.anchor_ends import ends, near_ends, seldom
from assaymark.generate.relations.anchor_product import multiplied, product_of, rather
from assaymark.generate.relations.anchor_ratio import Ratio, ratio_of
from assaymark.generate.relations.anchor_solve import solved
from assaymark.generate.relations.anchor_totals import totals
from assaymark.generate.relations.anchor_years import whole_years
from assaymark.generate.relations.anchors import Anchor
from assaymark.generate.relations.logarithms import logarithms_of
from assaymark.generate.relations.made_of import add_parts
from assaymark.generate.relations.product_solve import Logs, divisor
from assaymark.generate.relations.to_the_point import sum_to_the_point

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.relations.anchor_sample import Sample
    from assaymark.generate.relations.anchors import Product

    Floats = NDArray[np.float64]

__all__ = ["Exact"]

_FEWEST, _NEAR = 200, 4
_RELATED, _NO_ROOM = 0.3, 12
_SOLVED = 800
_MOST_TERMS, _ROWS_EACH = 40, 5
_MOSTLY = 0.8
_ALIKE = 0.98  # correlation of ranks of a number and its rounded multiple
_MANY = 64
_HALF, _LESS = 0.5, 0.05
_MORE = 1.5  # as wide as the steps of a column are those of what it is made of, at least


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exact:
    """The relations that hold on every row of a sample, but for rounding.

    ``made`` has, by column, the product or logarithm that it is, and ``ends`` the columns
    that others say where all are there.
    """

    sample: Sample
    logs: Logs
    ends: Mapping[int, Anchor] = field(default_factory=dict)
    made: dict[int, Anchor] = field(default_factory=dict)
    sums: dict[tuple[int, tuple[int, ...]], tuple[Anchor, ...]] = field(default_factory=dict)
    spans: dict[int, tuple[Anchor, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, sample: Sample) -> Exact:
        """Take the logarithms of some rows."""
        few = slice(None, None, max(1, len(sample.persons) // _SOLVED))
        kept = (j for j, n in sample.many.items() if n > 1 and sample.measured(j))
        numbers = {j: sample.numbers[j][few] for j in kept}
        logs = Logs.of(numbers, gaps=sample.gaps, zeros=True)
        found = dict(ends(sample))
        return cls(sample=replace(sample, ends=frozenset(found)), logs=logs, ends=found)

    @property
    def seldom(self) -> frozenset[int]:
        """Those of the ``ends`` that are often missing where what says them is there."""
        return seldom(self.sample, self.ends)

    def anchor(self, x: int, earlier: Sequence[int]) -> tuple[Anchor, ...]:
        """Return the anchor that ``x`` always is, or is but for rounding, if there is one."""
        made = self.made.get(x)
        if made is not None and {j for j, _ in made.terms} <= set(earlier):
            return (made,)
        return self._sum(x, earlier)

    def _sum(self, x: int, earlier: Sequence[int]) -> tuple[Anchor, ...]:
        key = x, tuple(earlier)
        if key not in self.sums:
            held = (a for a in self._sums(x, earlier) if self.sample.holds(x, a))
            self.sums[key] = tuple(islice(held, 1))
        return self.sums[key]

    def is_part(self, x: int, y: int) -> bool:
        """Whether ``y`` is a sum of several columns, and ``x`` one of them."""
        numbers = self.sample.numbers
        if x not in numbers or y not in numbers or self.sample.n_persons < self.sample.fewest:
            return False
        found = self.anchor(y, [z for z in numbers if z != y])
        terms = [j for j, _ in found[0].terms] if found else []
        return x in terms and len(terms) > 1

    def after(self, sources: Collection[int] = ()) -> dict[int, set[int]]:
        """Return which other columns each comes after: those that it is made of.

        Of columns any of which follows from the others, the one with the finest steps is what
        they say: a price times a quantity, and not the quantity, which few totals would give.
        A date among the ``sources`` of others, such as of a season, is not worked out from days
        if it is always there: what is drawn before would not know it.
        """
        found = self.finer()
        counted = *whole_years(self.sample), *whole_days(self.sample)
        drawn = {*sources} - self.seldom
        ended = ((x, a) for x, a in self.ends.items() if x not in drawn)
        self._take(found, (*counted, *ended, *self._ends()))
        kept = {x: a for x, a in self.ends.items() if self.made.get(x) is a}
        for z, x in near_ends(self.sample, kept):
            add_parts(found, z, {x})
        for x, total in totals(self.sample):
            whole_of = self._whole_of(total) or self._between_points(x, total)
            looked_for = whole_of or self._unseen(x, total)
            if x not in found and looked_for and not self._has_span(x, total):
                whole = self._of_total(x) or self._rounded(x, total)
                if add_parts(found, x, {j for j, _ in whole.terms}):
                    self.made[x] = whole
        others = [j for j in self.logs.numbers if j not in self.made]
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            all_made = list(pool.map(self._worked_out, others))
            pairs = {x: made for x, (made, _) in zip(others, all_made, strict=True) if made}
            ratio = partial(self._ratio, made={**pairs, **self.made})
            unsaid = [x for x in others if x not in pairs]
            said = zip(unsaid, pool.map(ratio, unsaid), strict=True)
            ratios = {x: r for x, r in said if r is not None}
        self._take(found, ((x, made) for x, made in pairs.items() if not _within(x, made, ratios)))
        aside = ((x, p) for _, several in all_made for x, p in several.items())
        rest = {x: [j for j in self.logs.numbers if j != x] for x in others}
        self._take(found, ((x, p) for x, p in aside if x in rest and not self._sum(x, rest[x])))
        self._take(found, balances(self.sample))
        self._take(found, ratios.items())
        for x in self.logs.numbers:
            for y in self._base(x):
                add_parts(found, x, {y})
        return found

    def _take(self, found: dict[int, set[int]], made: Iterable[tuple[int, Anchor]]) -> None:
        """Let columns be made as given, in this order, where no circle comes about."""
        for x, anchor in made:
            if x not in self.made and add_parts(found, x, {j for j, _ in anchor.terms}):
                self.made[x] = anchor

    def _worked_out(self, x: int) -> tuple[Anchor | None, dict[int, Product]]:
        """Return the product, the span or the curve that a column is, and those set aside."""
        aside: dict[int, Product] = {}
        made = product_of(self.sample, self.logs, x, aside) or self._span(x) or self._curve(x)
        return made, aside

    def _ratio(self, x: int, made: Mapping[int, Anchor]) -> Ratio | None:
        """Return the ratio of sums that a column is, of none that is rather made of it."""
        of_it = (j for j, a in made.items() if x in {k for k, _ in a.terms})
        coarse = self.sample.step(x)
        finer = [j for j in of_it if j in self.made or self.sample.step(j) <= coarse]
        found = ratio_of(self.sample, self.logs.numbers, x, finer)
        if found is None or len(found.terms) > 2:
            return found
        parts = [j for j, _ in found.terms]
        return found if rather((self.sample, self.logs, {}), x, parts) is None else None

    def _of_total(self, x: int) -> Anchor | None:
        """Return which multiple of a total a column is, first the mean of as many items."""
        for z in self.made:
            if abs(self.sample.related(x, z)) >= _ALIKE:
                mean = Anchor(terms=((z, 1.0 / len(self.made[z].terms)),))
                tried = (self._rounded(x, mean), *self._sum(x, [z]))
                found = next((a for a in tried if self.sample.holds(x, a)), None)
                if found is not None:
                    return found
        return None

    def _rounded(self, x: int, total: Anchor) -> Anchor:
        """Return a sum with the constant with which it is ``x`` most often."""
        at, own = total.at(self.sample.numbers), self.sample.numbers[x]
        rows = np.flatnonzero(np.isfinite(at) & np.isfinite(own))
        about = total.constant, self.sample.half(x)
        return replace(
            total, constant=nudged(self.sample, x, rows, at[rows] - total.constant, about)
        )

    def _unseen(self, x: int, total: Anchor) -> bool:
        """Whether a sum is not looked for otherwise.

        There are too many columns, or one in it goes with no other, and may be the last placed.
        """
        if len(self.sample.numbers) > _MOST_TERMS:
            return True
        members = [x, *(j for j, _ in total.terms)]
        strongest = (
            max(abs(self.sample.related(i, j)) for j in members if j != i) for i in members
        )
        return min(strongest) < _RELATED

    def _whole_of(self, total: Anchor) -> bool:
        """Whether a sum is that of parts, of which each may be taken off again.

        A sum of parts is as likely as its parts; a difference may come out as no part could, or
        between the values that a part has.
        """
        plain = not total.constant and all(c == 1.0 for _, c in total.terms)
        return plain and all(self.sample.measured(j) for j, _ in total.terms)

    def _between_points(self, x: int, total: Anchor) -> bool:
        """Whether a column has values between those that a sum of others can have.

        Such as an average of whole marks: drawn by itself it would be one of no marks.
        """
        coarse = (abs(c) * self.sample.half(j) for j, c in total.terms)
        return len(total.terms) > 1 and min(coarse) > _MORE * self.sample.half(x)

    def _base(self, x: int) -> Iterator[int]:
        """Yield columns of which ``x`` is mostly one of some multiples, and which are not of it.

        A tax at two rates follows from the net, and the net but roughly from the tax; a bonus of
        a tenth, or none, from the pay, and no pay from no bonus.
        """
        alike = {y: abs(self.sample.related(x, y)) for y in self.logs.numbers if y != x}
        for y in sorted(alike, key=lambda y: (-alike[y], y))[:_NEAR]:
            if alike[y] >= _RELATED:
                share, back = self._multiple(x, y), self._multiple(y, x)
                if share >= _HALF and back < share - _LESS:
                    yield y

    def _multiple(self, x: int, y: int) -> float:
        """Return in which share of rows with ``x`` not 0 this is a frequent multiple of ``y``."""
        own, other = self.sample.numbers[x], self.sample.numbers[y]
        there = np.isfinite(own) & np.isfinite(other) & (own != 0)
        share = sum(self.sample.rates(x, y).values())
        return share * float((other[there] != 0).mean()) if there.any() else 0.0

    def _curve(self, x: int) -> Anchor | None:
        """Return the power or logarithm of one column that ``x`` is, if no sum says it as well.

        In a narrow range a curve is about a line.
        """
        alike = [y for y in self.logs.numbers if y != x and self.sample.many[x] >= _MANY]
        alike = [y for y in alike if abs(self.sample.related(x, y)) >= _ALIKE]
        for y in alike:
            pair = self.logs.numbers[y], self.logs.numbers[x]
            logarithms = (f for s in (0.0, 1.0) for f in logarithms_of(y, *pair, s))
            for found in (*multiplied(self.sample, self.logs, x, [y]), *logarithms):
                if self.sample.holds(x, found):
                    others = [z for z in self.logs.numbers if z != x]
                    return None if self._sum(x, others) else found
        return None

    def finer(self) -> dict[int, set[int]]:
        """Return of which other columns each is a multiple, but for rounding.

        Such a column has fewer values, or as many that are sparser among those it could have. A
        time that is made of hours and minutes is not what the hours are made of.
        """
        found: dict[int, set[int]] = {}
        fine = {j: (n, -self.sample.sparse(j)) for j, n in self.sample.many.items() if n > _NO_ROOM}
        for x in fine:
            alike = {z: abs(self.sample.related(x, z)) for z, n in fine.items() if fine[x] < n}
            for z in sorted(alike, key=lambda z: (-alike[z], z))[:_NEAR]:
                anchors = self.anchor(x, [z]) if alike[z] >= _ALIKE else ()
                if anchors and anchors[0].terms != ((z, 1.0),):
                    whole = self.anchor(z, [y for y in self.sample.numbers if y != z])
                    alone = [j for a in whole for j, _ in a.terms if self.anchor(z, [j])]
                    if not whole or len(whole[0].terms) == 1 or alone:
                        total = sum_to_the_point(self.sample, x, anchors[0])
                        for made in (*(() if total is None else (total,)), anchors[0]):
                            if add_parts(found, x, {j for j, _ in made.terms}):
                                self.made.setdefault(x, made)
                                break
        return found

    def _has_span(self, x: int, total: Anchor) -> bool:
        """Whether a part of a sum is the rounded time, or the like, between the others.

        Then these say it to the point, and it says the sum no better than it is rounded.
        """
        members = {x, *(j for j, _ in total.terms)}
        spans = {j: self._span(j) for j in members - {x} if j in self.logs.numbers}
        return any(a and {j, *(k for k, _ in a.terms)} == members for j, a in spans.items())

    def _span(self, x: int) -> Anchor | None:
        """Return what ``x`` is of what is between two columns, if it is rounded."""
        return next((a for a in self._between(x) if not a.whole), None)

    def _between(self, x: int) -> tuple[Anchor, ...]:
        """Return the multiple that ``x`` is of what is between two columns, if it is one.

        Such as days between two moments, of which neither says anything of the days.
        """
        if x not in self.spans:
            held = (a for a in self._betweens(x) if self.sample.holds(x, a))
            self.spans[x] = tuple(islice(held, 1))
        return self.spans[x]

    def _ends(self) -> Iterator[tuple[int, Anchor]]:
        """Yield what lies a whole number of units after another, finer than these, and the units.

        Such as the end of a stay that is whole hours long: drawn by itself to the minute, it would
        be whole hours after its begin by chance.
        """
        for x in self.logs.numbers:
            for span in self._between(x):
                (y, weight), (z, _) = sorted(span.terms, key=lambda t: -t[1])
                end = Anchor(terms=tuple(sorted(((z, 1.0), (x, 1 / weight)))))
                finer = self.sample.half(y) < 0.9 * self.sample.half(x) / weight
                if finer and not span.constant and self.sample.holds(y, end):
                    yield y, end

    def _betweens(self, x: int) -> Iterator[Anchor]:
        if self.sample.many[x] <= _NO_ROOM:
            return
        numbers, half = self.sample.numbers, self.sample.half(x)
        for y, z in self.sample.alike():
            if x in (y, z) or not self.sample.left_over(y, z, [x], 1, _ALIKE):
                continue
            between = numbers[y] - numbers[z]
            rows = np.flatnonzero(np.isfinite(between) & np.isfinite(numbers[x]))[:_SOLVED]
            found = solved(numbers[x][rows], between[None, rows], half) if len(rows) else None
            if found is not None and found[0].any():
                yield self._best(x, (y, z), rows, (float(found[0][0]), found[1]))

    def _best(
        self, x: int, pair: tuple[int, int], rows: NDArray[np.int64], found: tuple[float, float]
    ) -> Anchor:
        """Return the multiple of a difference that is ``x`` most often, a round divisor if any.

        Days between moments are microseconds by 86,400,000,000.
        """
        numbers = {j: self.sample.numbers[j][rows] for j in pair}
        weight, constant = found
        tried = []
        for w in (*(1 / float(f"{1 / weight:.{digits}g}") for digits in range(1, 7)), weight):
            plain = Anchor(terms=((pair[0], w), (pair[1], -w)))
            about = constant, self.sample.half(x)
            one = replace(plain, constant=nudged(self.sample, x, rows, plain.at(numbers), about))
            tried.append((rows_right(self.sample, x, rows, one.at(numbers)), one))
        return max(tried, key=lambda t: t[0])[1]

    def _sums(self, x: int, earlier: Sequence[int]) -> Iterator[Anchor]:
        """Yield columns that often equal ``x``, and the sums that least squares finds."""
        equal = self.sample.equal(x, earlier)
        yield from (Anchor(terms=((y, 1.0),)) for y in equal)
        yield from (a for a in self._between(x) if {j for j, _ in a.terms} <= set(earlier))
        strongest = max((abs(self.sample.related(x, y)) for y in earlier), default=0.0)
        if strongest < _RELATED or len(earlier) > _MOST_TERMS:
            return
        numbers = self.sample.numbers
        known = np.isfinite(numbers[x])
        given = [y for y in earlier if not self.sample.tells_day(y, x)]
        full = [y for y in given if np.isfinite(numbers[y][known]).mean() >= _MOSTLY]
        for parts in addends(x, given, numbers) if self.sample.gaps else (full,):
            yield from self._least_squares(x, parts)

    def _least_squares(self, x: int, full: Sequence[int]) -> Iterator[Anchor]:
        numbers = self.sample.numbers
        columns = np.stack([numbers[j] for j in (x, *full)])
        rows = np.flatnonzero(np.isfinite(columns).all(axis=0))[:_SOLVED]
        enough = min(_FEWEST, max(self.sample.fewest, _ROWS_EACH * len(columns)))
        if len(rows) < enough or not columns[0, rows].std():
            return
        half = self.sample.half(x)
        found = solved(columns[0, rows], columns[1:, rows], half) if full else None
        if found is not None and found[0].any():
            terms = tuple((j, w) for j, w in zip(full, found[0].tolist(), strict=True) if w)
            sums = Anchor(terms=terms).at({j: numbers[j][rows] for j in full})
            constant = nudged(self.sample, x, rows, sums, (found[1], half))
            yield from self._divided(x, Anchor(terms=terms, constant=constant), rows)

    def _divided(self, x: int, found: Anchor, rows: NDArray[np.int64]) -> Iterator[Anchor]:
        """Yield a sum, or of one column a quotient by a round number that is right more often."""
        (y, weight), half = found.terms[0], self.sample.half(x)
        own, at = self.sample.numbers[x][rows], {y: self.sample.numbers[y][rows]}
        by = divisor(own, at[y], half) if len(found.terms) == 1 and weight % 1 else None
        if by is not None:
            plain = Anchor(terms=((y, 1 / by),))
            other = replace(plain, constant=nudged(self.sample, x, rows, plain.at(at), (0, half)))
            found = max(found, other, key=lambda a: rows_right(self.sample, x, rows, a.at(at)))
        yield found


def _within(x: int, made: Anchor, ratios: Mapping[int, Ratio]) -> bool:
    """Whether ``x`` is made of a ratio that is made of it."""
    return any(x in {k for k, _ in ratios[j].terms} for j, _ in made.terms if j in ratios)

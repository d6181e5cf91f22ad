"""Anchor search: which columns lie at or near others, or sums and differences of others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.anchor_solve import solved
from assaymark.generate.anchors import Anchor, apart, cells_of, coded, density
from assaymark.generate.classes import merged
from assaymark.generate.ranks import correlation, ranked, telling

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.cells import CellCoding
    from assaymark.generate.encoding import Encoded

    Floats = NDArray[np.float64]

__all__ = ["find_anchors"]

_LOOK = 6000
_FEWEST, _FEW = 200, 40
_LEAST = 0.1  # nats a row
_MOST = 3
_NEAR, _OTHERS = 4, 3
_RELATED = 0.3
_EQUAL = 0.01
_FINENESS = ((12, 12), (48, 24))
_PRIOR = 5.0
_OUTSIDE = 25.0
_MANY = 64
_NO_ROOM = 12  # so few values are all within rounding of each other
_SOLVED = 800
_MOST_TERMS = 40
_MOSTLY = 0.8
_ALWAYS = 0.99
_ALIKE = 0.98  # correlation of ranks of a number and its rounded multiple
_ROUNDS = 8
_NUDGE = 2e-4, 5e-6  # of half a point of the grid, and at most


def find_anchors(
    numbers: Mapping[int, Floats], encoded: Encoded, order: Sequence[int], protect: int
) -> tuple[tuple[int, ...], dict[int, tuple[Anchor, ...]]]:
    """Return an order of the columns, and by place in the table the anchors of those with any.

    An anchor is made of columns that come earlier in the order, and makes the values of other
    rows than it was fitted to likelier by 0.1 nats a row, compared with what the best single
    column says of them. Where a column of many values would be next, the one of these that is
    best anchored in those before it comes first; one that is another's rounded multiple comes
    after it. Found on 6,000 rows at most.

    Parameters
    ----------
    numbers
        The values of ordered columns by place in the table, NaN where missing, shape ``(n,)``.
    order
        The order where nothing speaks for another.
    """
    sample = _Sample.of(numbers, encoded, protect)
    if len(sample.persons) < _FEWEST:
        return tuple(order), {}
    placed: list[int] = []
    left, found, finer = list(order), {}, sample.finer()
    while left:
        free = [y for y in left if not finer.get(y, set()) & set(left)]
        x = free[0]
        earlier = [y for y in placed if y in numbers]
        near: dict[int, tuple[tuple[Anchor, ...], float]] = {}
        if sample.many.get(x, 0) >= _MANY:
            waiting = [y for y in free if sample.many.get(y, 0) >= _MANY]
            near = {y: sample.near(y, earlier) for y in waiting}
            x = max(near, key=lambda y: near[y][1])
        exact = sample.exact(x, earlier) if x in numbers else ()
        anchors = exact or near.get(x, ((), 0.0))[0]
        if anchors:
            found[x] = anchors
        placed.append(x)
        left.remove(x)
        if exact:
            _total_last(placed, found)
    return tuple(placed), found


def _total_last(placed: list[int], found: dict[int, tuple[Anchor, ...]]) -> None:
    """Where the last column is a total less its other parts, let the total be worked out instead.

    A sum of parts is as likely as its parts; a difference may come out as no part could.
    """
    x = placed[-1]
    terms = found[x][0].terms
    total = [j for j, c in terms if c == 1.0]
    parts = [j for j, c in terms if c == -1.0]
    if len(total) != 1 or len(total) + len(parts) != len(terms) or found[x][0].constant:
        return
    used = {j for k, anchors in found.items() if k != x for a in anchors for j, _ in a.terms}
    if not parts or total[0] in used:
        return
    del found[x]
    found[total[0]] = (Anchor(terms=tuple((j, 1.0) for j in sorted([x, *parts]))),)
    placed.remove(total[0])
    placed.append(total[0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sample:
    """Rows of persons drawn at random; anchors are fitted to some and judged by the others.

    ``many`` is how many values each column has, however few codes these have: of a time to an
    event or the end of follow-up, most are the latter.
    """

    numbers: Mapping[int, Floats]
    ranks: Mapping[int, Floats]
    codes: NDArray[np.int32]
    masses: Mapping[int, Floats]
    codings: Mapping[int, CellCoding]
    persons: NDArray[np.int64]
    protect: int
    fitted: NDArray[np.bool_]
    telling: Mapping[int, NDArray[np.bool_]]
    many: Mapping[int, int]
    cache: dict[tuple[object, ...], Floats] = field(default_factory=dict)
    worth: dict[tuple[object, ...], float] = field(default_factory=dict)
    chosen: dict[tuple[object, ...], tuple[tuple[Anchor, ...], float]] = field(default_factory=dict)

    @classmethod
    def of(cls, numbers: Mapping[int, Floats], encoded: Encoded, protect: int) -> _Sample:
        rng = np.random.default_rng(0)
        look = np.sort(rng.permutation(encoded.codes.shape[1])[:_LOOK])
        part = {j: v[look] for j, v in numbers.items()}
        return cls(
            numbers=part,
            ranks={j: ranked(v) for j, v in part.items()},
            codes=encoded.codes[:, look],
            masses={j: encoded.mass(j) for j in numbers},
            codings={j: cells_of(encoded.encoding, j) for j in numbers},
            persons=encoded.persons[look],
            protect=protect,
            fitted=(rng.permutation(encoded.n_persons) % 2 == 0)[encoded.persons[look]],
            telling={j: telling(v) for j, v in part.items()},
            many={j: len(np.unique(v[np.isfinite(v)])) for j, v in part.items()},
        )

    def exact(self, x: int, earlier: Sequence[int]) -> tuple[Anchor, ...]:
        """Return the anchor that ``x`` always is, or is but for rounding, if there is one."""
        for anchor in self._sums(x, earlier):
            steps = apart(self.codings[x], self.numbers[x], anchor.at(self.numbers))
            rounded = self.many[x] > _NO_ROOM and any(weight % 1 for _, weight in anchor.terms)
            right = steps.both & (np.abs(steps.points) <= rounded)
            parts = (steps.anchor, _FEWEST), (self.telling[x] & steps.anchor, _FEW)
            if all((right & p).sum() >= _ALWAYS * max(p.sum(), fewest) for p, fewest in parts):
                return (anchor,)
        return ()

    def finer(self) -> dict[int, set[int]]:
        """Return of which other columns each is a multiple, but for rounding.

        Such a column has fewer values, or as many that are sparser among those it could have. A
        time that is made of hours and minutes is not what the hours are made of.
        """
        found: dict[int, set[int]] = {}
        fine = {j: (n, -self._sparse(j)) for j, n in self.many.items() if n > _NO_ROOM}
        for x in fine:
            alike = {z: abs(self._related(x, z)) for z, n in fine.items() if fine[x] < n}
            for z in sorted(alike, key=lambda z: (-alike[z], z))[:_NEAR]:
                anchors = self.exact(x, [z]) if alike[z] >= _ALIKE else ()
                if anchors and anchors[0].terms != ((z, 1.0),):
                    whole = self.exact(z, [y for y in self.numbers if y != z])
                    if not whole or len(whole[0].terms) == 1:
                        found.setdefault(x, set()).add(z)
        return found

    def _sparse(self, x: int) -> float:
        """Return over how many points of its grid a column's values are spread."""
        grid, values = self.codings[x].grid, self.numbers[x][np.isfinite(self.numbers[x])]
        return float(np.ptp(values)) * grid.scale / grid.step

    def near(self, x: int, earlier: Sequence[int]) -> tuple[tuple[Anchor, ...], float]:
        """Return the anchors of column ``x`` among the ``earlier`` ones, and what they add."""
        candidates = tuple(dict.fromkeys(self._candidates(x, earlier)))
        if not candidates:
            return (), 0.0
        plain = self._plain(x, earlier)
        key = x, candidates, plain
        if key not in self.chosen:
            self.chosen[key] = self._chosen(x, list(candidates), self.cache[plain])
        return self.chosen[key]

    def _chosen(
        self, x: int, candidates: list[Anchor], best_known: Floats
    ) -> tuple[tuple[Anchor, ...], float]:
        judged = np.isfinite(self.numbers[x]) & ~self.fitted
        plain = so_far = best_known[judged]
        logs = [self._near(x, c)[judged] for c in candidates]
        likely = [float(np.maximum(log - plain, 0.0).mean()) >= _LEAST for log in logs]
        candidates = [c for c, hope in zip(candidates, likely, strict=True) if hope]
        logs = [log for log, hope in zip(logs, likely, strict=True) if hope]
        found: list[Anchor] = []
        while logs and len(found) < _MOST:
            mixtures = [_mixture(so_far, log) for log in logs]
            gains = [float((m - so_far).mean()) for m in mixtures]
            best = int(np.argmax(gains))
            if gains[best] < _LEAST:
                break
            found.append(candidates[best])
            so_far = mixtures[best]
        return tuple(found), float((so_far - plain).mean())

    def _candidates(self, x: int, earlier: Sequence[int]) -> Iterator[Anchor]:
        related = {y: abs(self._related(x, y)) for y in earlier}
        near = sorted(related, key=lambda y: (-related[y], y))[:_NEAR]
        near = [y for y in near if related[y] >= _RELATED]
        for y in {*near, *self._equal(x, earlier)}:
            yield Anchor(terms=((y, 1.0),))
        for y in near:
            signs = {z: self._left_over(x, y, z) for z in earlier if z != y and self.many[z] > 2}
            for z in sorted(signs, key=lambda z: (-abs(signs[z]), z))[:_OTHERS]:
                if abs(signs[z]) >= _RELATED / 2:
                    yield Anchor(terms=tuple(sorted(((y, 1.0), (z, float(np.sign(signs[z])))))))

    def _related(self, x: int, y: int) -> float:
        if ("related", x, y) not in self.worth:
            found = correlation(self.ranks[x], self.ranks[y])
            self.worth["related", x, y] = self.worth["related", y, x] = found
        return self.worth["related", x, y]

    def _left_over(self, x: int, y: int, z: int) -> float:
        """Return how ``z`` is related to what ``x`` is more than ``y``."""
        if ("left", x, y) not in self.cache:
            self.cache["left", x, y] = ranked(self.numbers[x] - self.numbers[y])
        if ("left", x, y, z) not in self.worth:
            found = correlation(self.cache["left", x, y], self.ranks[z])
            self.worth["left", x, y, z] = found
        return self.worth["left", x, y, z]

    def _equal(self, x: int, earlier: Sequence[int]) -> list[int]:
        telling, own = self.telling[x], self.numbers[x]
        least = max(_EQUAL * telling.sum(), _FEW)
        for y in earlier:
            if ("equal", x, y) not in self.worth:
                self.worth["equal", x, y] = float((telling & (own == self.numbers[y])).sum())
        return [y for y in earlier if self.worth["equal", x, y] >= least]

    def _sums(self, x: int, earlier: Sequence[int]) -> Iterator[Anchor]:
        """Yield columns that often equal ``x``, and the sum that least squares finds."""
        equal = self._equal(x, earlier)
        yield from (Anchor(terms=((y, 1.0),)) for y in equal)
        strongest = max((abs(self._related(x, y)) for y in earlier), default=0.0)
        if strongest < _RELATED or len(earlier) > _MOST_TERMS:
            return
        known = np.isfinite(self.numbers[x])
        full = [y for y in earlier if np.isfinite(self.numbers[y][known]).mean() >= _MOSTLY]
        columns = np.stack([self.numbers[j] for j in (x, *full)])
        rows = np.flatnonzero(np.isfinite(columns).all(axis=0))[:_SOLVED]
        if len(rows) < _FEWEST or not columns[0, rows].std():
            return
        grid = self.codings[x].grid
        half = 0.5 * grid.step / grid.scale if grid.scale else 0.0
        found = solved(columns[0, rows], columns[1:, rows], half)
        if found is not None and found[0].any():
            terms = tuple((j, w) for j, w in zip(full, found[0].tolist(), strict=True) if w)
            sums = Anchor(terms=terms).at({j: self.numbers[j][rows] for j in full})
            yield Anchor(terms=terms, constant=self._constant(x, rows, sums, (found[1], half)))

    def _constant(
        self, x: int, rows: NDArray[np.int64], sums: Floats, found: tuple[float, float]
    ) -> float:
        """Return the constant with which sums are ``x`` most often: none, or what was found.

        A little more or less than a point of the grid is how halves are rounded up or down.
        """
        constant, half = found
        tried = [constant]
        if half:
            snapped = 2 * half * round(constant / (2 * half))
            nudge = min(_NUDGE[0] * half, _NUDGE[1])
            tried = [snapped, snapped + nudge, snapped - nudge, constant]
        right = [
            int((apart(self.codings[x], self.numbers[x][rows], sums + c).points == 0).sum())
            for c in tried
        ]
        return tried[int(np.argmax(right))]

    def _plain(self, x: int, earlier: Sequence[int]) -> tuple[int, int, tuple[int, int]]:
        """Return under which key is the log-density of ``x`` given the column that says most."""
        code = np.minimum(self.codes[x], len(self.codings[x].first) - 1)
        keys = [(x, y, fineness) for y in earlier for fineness in _FINENESS]
        for key in keys:
            if key not in self.cache:
                self.cache[key] = self._given(x, key[1], code, key[2])
                self.worth[key] = float(self.cache[key][~self.fitted].mean())
        return max(keys, key=lambda key: self.worth[key])

    def _given(self, x: int, y: int, code: NDArray[np.int32], fineness: tuple[int, int]) -> Floats:
        coding, mass = self.codings[x], self.masses[x]
        own = mass[: len(coding.first)]
        classes = merged(own, fineness[0])
        held = np.bincount(classes, own)
        inside = density(coding, mass) - np.log(np.maximum(held / held.sum(), 1e-12))[classes]
        bins = merged(self.masses[y], fineness[1])[self.codes[y]]
        given = _conditional(classes[code], bins, len(held), self.fitted)
        return np.asarray(given + inside[code], dtype=np.float64)

    def _near(self, x: int, anchor: Anchor) -> Floats:
        """Return the log-density of ``x`` if it lay about ``anchor`` as the fitted rows do."""
        if (x, anchor) not in self.cache:
            self.cache[x, anchor] = self._about(x, anchor)
        return self.cache[x, anchor]

    def _about(self, x: int, anchor: Anchor) -> Floats:
        here = apart(self.codings[x], self.numbers[x], anchor.at(self.numbers))
        steps, both = here.points, here.both
        fit = both & self.fitted
        out = np.full(len(steps), -_OUTSIDE)
        if fit.sum() < _FEWEST // 2:
            return out
        coding, codes = coded(steps[fit], self.persons[fit], self.protect)
        if not len(coding.first):
            return out
        log = density(coding, np.bincount(codes, minlength=coding.size).astype(np.float64))
        low, high = coding.span
        within = both & (steps >= low) & (steps <= high)
        out[within] = log[coding.encode(steps[within])]
        return out


def _conditional(
    classes: NDArray[np.int32], bins: NDArray[np.int32], size: int, fitted: NDArray[np.bool_]
) -> Floats:
    """Return the log-share of each row's class in its bin, as the ``fitted`` rows have it."""
    height = int(bins.max(initial=0)) + 1
    pair = bins[fitted].astype(np.int64) * size + classes[fitted]
    joint = np.bincount(pair, minlength=height * size).reshape(height, size)
    overall = (joint.sum(axis=0) + 0.5) / (joint.sum() + 0.5 * size)
    shares = (joint + _PRIOR * overall) / (joint.sum(axis=1, keepdims=True) + _PRIOR)
    return np.asarray(np.log(shares[bins, classes]), dtype=np.float64)


def _mixture(one: Floats, other: Floats) -> Floats:
    """Return the log-density of the best mixture of two."""
    share = 0.5
    for _ in range(_ROUNDS):
        odds = np.clip(one - other, -50, 50) + np.log((1 - share) / share)
        share = float(np.clip((1 / (1 + np.exp(odds))).mean(), 1e-6, 1 - 1e-6))
    mixed: Floats = np.logaddexp(one + np.log(1 - share), other + np.log(share))
    return mixed

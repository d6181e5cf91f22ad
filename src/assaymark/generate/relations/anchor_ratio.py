"""Anchor ratio: a sum divided by a sum, such as the share of games won, a margin or a growth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.relations.anchor_constant import nudged, rows_right
from assaymark.generate.relations.anchor_solve import solved
from assaymark.generate.relations.anchors import Anchor

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.relations.anchor_sample import Sample

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["Ratio", "ratio_of"]

_FEWEST, _ROWS_EACH, _ROWS_LEFT = 100, 10, 0.8
_MOST, _FEW_VALUES, _NO_ROOM = 24, 3, 12
_ALIKE = 0.98  # of ranks: such a column says the other by itself
_COARSE = 0.1  # of the spread, that rounding is at most
_CHANCE = 0.5  # of the spread, which chance leaves more of
_KEPT, _ROUNDS = 0.9, 2
_ABOUT = 1.2  # times what rounding leaves
_NOTHING, _DEPENDENT = 1e-6, 1e-5
_MOST_UNDER, _MOST_OVER = 6, 4
_FAR = 1e300
_DIVIDES = 0.5  # of the rows, in which what is divided by is not 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio(Anchor):
    """A sum of columns divided by a sum or difference of columns, and a constant.

    Attributes
    ----------
    terms
        Place of each column of both, and a coefficient of it in one of them.
    over, under
        What is divided, any factor in its coefficients, and by what.
    """

    over: Anchor
    under: Anchor

    def at(self, numbers: Mapping[int, Floats]) -> Floats:
        """Return the ratio, NaN where a column is missing or it divides by 0; shape ``(n,)``."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            found = self.over.at(numbers) / self.under.at(numbers) + self.constant
        return np.where(np.isfinite(found), found, np.nan)

    def moved(self, order: Sequence[int]) -> Ratio:
        """Return the same with each column's place in ``order``."""
        terms = tuple((order.index(j), c) for j, c in self.terms)
        return replace(
            self, terms=terms, over=self.over.moved(order), under=self.under.moved(order)
        )

    @property
    def whole(self) -> bool:
        """Ratios are rounded."""
        return False

    def words(self, names: Sequence[str]) -> str:
        """Return a formula of the columns' ``names``, rounding left out."""
        sizes = {abs(c) for _, c in self.over.terms}
        size = sizes.pop() if len(sizes) == 1 else 1.0
        plain = Anchor(terms=tuple((j, c / size) for j, c in self.over.terms))
        factor = "" if size == 1 else f"{size:g} * "
        whole = replace(plain, terms=(), constant=self.constant).words(names)
        added = f" {whole if whole.startswith('-') else f'+ {whole}'}" if whole else ""
        return f"{factor}{_bracketed(plain, names)} / {_bracketed(self.under, names)}{added}"


def _bracketed(total: Anchor, names: Sequence[str]) -> str:
    positive = replace(total, terms=tuple(sorted(total.terms, key=lambda t: t[1] < 0)))
    words = positive.words(names)
    return f"({words})" if len(total.terms) > 1 else words


def ratio_of(
    sample: Sample, numbers: Mapping[int, Floats], x: int, without: Collection[int]
) -> Ratio | None:
    """Return the sum divided by a sum that ``x`` is but for rounding, if there is one.

    ``x`` times what it is divided by is then a sum of columns: of all sums of columns, times
    ``x``, that of which the columns leave least is looked for (a singular vector), without the
    tenth of the rows that fit worst. Chance leaves nearly all of it, a ratio what rounding does.
    What a sum of the same columns says as well is none.

    Parameters
    ----------
    numbers
        Values of some rows by place, NaN where missing: columns that may be in it, and ``x``.
    without
        Columns that may not be in it, since they are made of ``x``.
    """
    half, spread = sample.half(x), float(np.nanstd(numbers[x]))
    if sample.many[x] <= _NO_ROOM or half > _COARSE * spread:
        return None
    among = [j for j in numbers if j != x and j not in without and sample.many[j] >= _FEW_VALUES]
    columns, rows = _there(sample, numbers, x, among)
    if len(columns) < 2:
        return None
    own = numbers[x][rows]
    rounding = sample.rounding(x, own)
    limit = max(float(np.sqrt((rounding**2).mean() / 3)), _NOTHING * spread)
    given = np.stack([numbers[j][rows] for j in columns])
    search = _Search(y=own, given=given, limit=_ABOUT * limit)
    try:
        under = search.under(spread)
    except np.linalg.LinAlgError:  # a column has one value in the rows that fit best
        return None
    weights = None if under is None else search.weights(under, half)
    if under is None or weights is None:
        return None
    found = _ratios(columns, under, weights, half)
    if search.is_line([columns.index(j) for j, _ in found[0].terms]):
        found = []
    tried = [_nudged(sample, x, r) for r in found if len(r.over.terms) <= _MOST_OVER]
    held = max(tried, key=lambda t: t[0], default=(0, None))[1]
    return held if held is not None and sample.holds(x, held) else None


def _nudged(sample: Sample, x: int, found: Ratio) -> tuple[int, Ratio]:
    """Return in how many rows it is ``x`` to the point, with the constant that does most often."""
    sums = found.at(sample.numbers)
    rows = np.flatnonzero(np.isfinite(sums) & np.isfinite(sample.numbers[x]))
    about = found.constant, sample.half(x)
    best = nudged(sample, x, rows, sums[rows] - found.constant, about)
    made = replace(found, constant=best)
    return rows_right(sample, x, rows, made.at(sample.numbers)[rows]), made


def _there(
    sample: Sample, numbers: Mapping[int, Floats], x: int, among: Sequence[int]
) -> tuple[list[int], NDArray[np.int64]]:
    """Return the columns that go most with ``x``, and rows in which all are there."""
    related = np.abs(sample.relate(x, among)) if among else np.zeros(0)
    rows = np.isfinite(numbers[x])
    chosen: list[int] = []
    for j in sorted((j for j in among if related[j] < _ALIKE), key=lambda j: (-related[j], j)):
        both = rows & np.isfinite(numbers[j])
        enough = max(_FEWEST, _ROWS_EACH * (len(chosen) + 1), _ROWS_LEFT * rows.sum())
        if both.sum() >= enough and np.ptp(numbers[j][both]) > 0:
            rows = both
            chosen.append(j)
        if len(chosen) == _MOST:
            break
    at = np.flatnonzero(rows)
    free = _independent(np.stack([numbers[j][at] for j in chosen])) if chosen else []
    return [chosen[k] for k in free], at


def _independent(given: Floats) -> list[int]:
    """Return the columns that do not follow from those before them, by Cholesky's steps."""
    scaled = given / np.sqrt((given**2).sum(axis=1, keepdims=True))
    together = scaled @ scaled.T
    free: list[int] = []
    for j in range(len(given)):
        column = together[j]
        if column[j] > _DEPENDENT**2:
            free.append(j)
            together = together - np.outer(column, column) / column[j]
    return free


def _basis(design: Floats) -> tuple[Floats, Floats]:
    """Return a basis of the columns of a tall matrix, and what makes the matrix of it.

    By Cholesky's decomposition, twice: of such a size QR takes many times as long.
    """
    upper, basis = np.eye(design.shape[1]), design
    for _ in range(2):
        factor = np.linalg.cholesky(basis.T @ basis).T
        basis, upper = basis @ np.linalg.inv(factor), factor @ upper
    return basis, upper


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Search:
    """A column ``y``, those it may be a ratio of, and how far off rounding leaves it at most."""

    y: Floats
    given: Floats
    limit: float

    def under(self, spread: float) -> Floats | None:
        """Return the coefficients, 1 or -1 or 0, of what ``y`` is divided by, shape ``(k,)``."""
        keep = np.ones(len(self.y), dtype=np.bool_)
        weights, off, left = self._least(keep)
        if left > _CHANCE * spread:
            return None
        for _ in range(_ROUNDS):
            keep = off <= np.quantile(off, _KEPT)
            weights, off, left = self._least(keep)
        if left > self.limit:
            return None
        scale = np.sqrt((self.given**2).mean(axis=1))
        size = np.abs(weights) * scale
        order = np.argsort(-size, kind="stable")[:_MOST_UNDER]
        basis = _basis(self.given[:, keep].T / scale)[0]
        for many in range(1, len(order) + 1):
            used = np.zeros(len(weights))
            used[order[:many]] = np.sign(weights[order[:many]])
            used *= used[order[0]]
            divided = used @ self.given[:, keep]
            product = (self.y[keep] - self.y[keep].mean()) * divided
            rest = product - basis @ (basis.T @ product)
            if np.sqrt((rest**2).sum()) <= self.limit * np.sqrt((divided**2).sum()):
                return used
        return None

    def _least(self, keep: Bools) -> tuple[Floats, Floats, float]:
        """Return the sum of columns of whose product with ``y`` the columns leave least.

        With it how far each row's ``y`` is from the ratio, and how far those kept are on average.
        """
        scale = np.sqrt((self.given**2).mean(axis=1))
        design = (self.given / scale[:, None]).T
        middle = float(self.y[keep].mean())
        y = self.y - middle
        basis, upper = _basis(design[keep])
        product = y[keep, None] * basis
        inside = basis.T @ product
        product -= basis @ inside
        values, vectors = np.linalg.eigh(product.T @ product)
        under = np.linalg.solve(upper, vectors[:, 0])
        over = np.linalg.solve(upper, inside @ vectors[:, 0])
        with np.errstate(divide="ignore", invalid="ignore"):
            off = np.abs(y - (design @ over) / (design @ under))
        off = np.where(np.isfinite(off), off, _FAR)
        return under / scale, off, float(np.sqrt(max(values[0], 0.0)))

    def weights(self, under: Floats, half: float) -> tuple[Floats, float] | None:
        """Return the coefficients of what is divided, and the constant, if few digits say them."""
        divided = under @ self.given
        rows = divided != 0
        if rows.mean() < _DIVIDES:
            return None
        others = np.flatnonzero(np.arange(len(under)) != np.flatnonzero(under)[0])
        found = solved(self.y[rows], self.given[np.ix_(others, rows)] / divided[rows], half)
        if found is None or not found[0].any():
            return None
        weights = np.zeros(len(under))
        weights[others] = found[0]
        return weights, found[1]

    def is_line(self, members: Sequence[int]) -> bool:
        """Whether a sum of these columns says ``y`` about as well, as in a narrow range."""
        design = np.column_stack([self.given[members].T, np.ones(len(self.y))])
        off = np.abs(self.y - design @ np.linalg.lstsq(design, self.y, rcond=None)[0])
        kept = off[off <= np.quantile(off, _KEPT)]
        return bool(np.sqrt((kept**2).mean()) <= self.limit)


def _ratios(
    columns: Sequence[int], under: Floats, found: tuple[Floats, float], half: float
) -> list[Ratio]:
    """Return the ratio with a constant added, and with that in what is divided; shorter first.

    One less the share of games lost is the share of games won.
    """
    weights, constant = found
    constant = 2 * half * round(constant / (2 * half)) if half else constant
    whole = weights + constant * under
    whole = np.where(np.abs(whole) <= _NOTHING * np.abs(whole).max(), 0.0, whole)
    forms = [(whole, 0.0), (weights, constant)] if constant else [(whole, 0.0)]
    forms.sort(key=lambda f: np.count_nonzero(f[0]) + bool(f[1]))
    return [_ratio(columns, under, w, c) for w, c in forms]


def _ratio(columns: Sequence[int], under: Floats, weights: Floats, constant: float) -> Ratio:
    over, below = (
        tuple(
            sorted(
                (j, float(f"{w:.12g}")) for j, w in zip(columns, some.tolist(), strict=True) if w
            )
        )
        for some in (weights, under)
    )
    return Ratio(
        terms=tuple(sorted({**dict(below), **dict(over)}.items())),
        over=Anchor(terms=over),
        under=Anchor(terms=below),
        constant=constant,
    )

"""Anchor totals: sums of many columns, each of which says little of the total."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.coding.levels import persons_among
from assaymark.generate.relations.anchor_solve import solved
from assaymark.generate.relations.anchors import Anchor, apart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.relations.anchor_sample import Sample

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]

__all__ = ["totals"]

_FEWEST_ROWS, _ROWS_EACH, _ROWS_A_TERM = 60, 2, 5
_TOGETHER, _MOST_BLOCKS = 0.8, 8
_TRIES = 4
_NOTHING, _ROUNDED, _COARSE = 1e-6, 0.7, 0.2  # of the spread; of half a point of the grid
_SOME, _WHOLE = 1e-4, 1e-3
_MOST_TERMS, _MOST_RATES = 100, 24
_ALWAYS = 0.99


def totals(sample: Sample) -> Iterator[tuple[int, Anchor]]:
    """Yield columns that are sums of several others, and these, coarse ones first.

    Columns of which one is a sum of others have no full rank, however little each says of the sum:
    the items of a questionnaire and its score, or flags of which exactly one is set. Of columns
    each of which the others say, the one of most values is the sum, or that which most rows do
    not have its most frequent value of. Each part must be something else than its most frequent
    value for as many persons as protect a value, so that no weight is of few.

    References
    ----------
    Golub & Van Loan (2013), Matrix computations, sec. 5.4: rank and QR.
    """
    fewest = max(sample.protect, 1)
    enough = {
        j: int(sample.telling[j].sum())
        for j in sample.numbers
        if persons_among(sample.persons[sample.telling[j]]) >= fewest
    }
    found: set[int] = set()
    for columns, rows in _blocks(sample, list(enough)):
        order = sorted(columns, key=lambda j: (sample.many[j], enough[j], j))
        for x, terms, look in _dependent(sample, order, rows):
            if x not in found:
                anchor = _sum(sample, x, terms, look)
                if anchor is not None and _holds(sample, x, anchor):
                    found.add(x)
                    yield x, anchor


def _blocks(sample: Sample, columns: Sequence[int]) -> Iterator[tuple[list[int], Rows]]:
    """Yield columns that are there together, and the rows in which all of them are."""
    left, there = list(columns), {j: np.isfinite(sample.numbers[j]) for j in columns}
    for _ in range(_MOST_BLOCKS):
        if not left:
            return
        first = max(left, key=lambda j: int(there[j].sum()))
        rows, chosen = there[first], [first]
        others = [j for j in left if j != first]
        for j in sorted(others, key=lambda j: -int((there[j] & rows).sum())):
            both = rows & there[j]
            together = 0.0 if sample.gaps else _TOGETHER
            enough = max(_FEWEST_ROWS, _ROWS_EACH * (len(chosen) + 1), together * rows.sum())
            if both.sum() >= enough:
                rows = both
                chosen.append(j)
        left = [j for j in left if j not in chosen]
        if len(chosen) > 2 and rows.sum() >= _FEWEST_ROWS:
            yield chosen, np.flatnonzero(rows)


def _dependent(
    sample: Sample, order: Sequence[int], rows: Rows
) -> Iterator[tuple[int, list[int], Rows]]:
    """Yield columns that follow from those before them in some rows, which these are, and rows.

    A single row that breaks a sum hides it among all: so there are several draws of rows.
    """
    rng = np.random.default_rng(0)
    size = min(len(rows), max(_ROWS_EACH * len(order), 2 * _FEWEST_ROWS))
    for _ in range(_TRIES):
        look = rng.permutation(rows)[:size]
        values = np.stack([sample.numbers[j][look] for j in order], axis=1)
        spread = values.std(axis=0)
        scale = np.where(spread > 0, spread, 1.0)
        upper = np.linalg.qr((values - values.mean(axis=0)) / scale, mode="r") / np.sqrt(size)
        left = np.abs(np.diag(upper))
        half = _ROUNDED * np.array([sample.half(j) for j in order]) / scale
        least = np.where(half <= _COARSE, np.maximum(half, _NOTHING), _NOTHING)
        free = (left > least) & (spread > 0)
        for at in np.flatnonzero(~free & (spread > 0)).tolist():
            before = np.flatnonzero(free[:at])
            weights = np.linalg.lstsq(upper[:, before], upper[:, at], rcond=None)[0]
            parts = before[np.abs(weights) > _SOME]
            if 1 < len(parts) <= _MOST_TERMS:
                yield order[at], [order[k] for k in parts.tolist()], look


def _sum(sample: Sample, x: int, parts: Sequence[int], look: Rows) -> Anchor | None:
    """Return the sum that ``x`` is of other columns, with weights that need few digits."""
    given = np.stack([sample.numbers[j][look] for j in parts])
    own = sample.numbers[x][look]
    centred = given - given.mean(axis=1, keepdims=True)
    weights = np.linalg.lstsq(centred.T, own - own.mean(), rcond=None)[0]
    if len(parts) > _MOST_RATES and (np.abs(weights - np.round(weights)) > _WHOLE).any():
        return None
    found = solved(own, given, sample.half(x))
    if found is None or np.count_nonzero(found[0]) < 2:
        return None
    terms = tuple(sorted((j, w) for j, w in zip(parts, found[0].tolist(), strict=True) if w))
    return Anchor(terms=terms, constant=found[1])


def _right(sample: Sample, x: int, anchor: Anchor) -> NDArray[np.bool_]:
    steps = apart(sample.codings[x], sample.numbers[x], anchor.at(sample.numbers))
    return np.asarray(steps.both & (steps.points == 0), dtype=np.bool_)


def _holds(sample: Sample, x: int, anchor: Anchor) -> bool:
    """Whether it is so in 99 % of the rows and of the persons, and in as many that tell.

    Weights that are whole are not found by chance in five rows a term, as equality of flags is.
    """
    if sample.holds(x, anchor):
        return True
    right, there = _right(sample, x, anchor), np.isfinite(anchor.at(sample.numbers))
    there &= np.isfinite(sample.numbers[x]) | (not sample.gaps)
    weight = 1.0 / np.bincount(sample.persons)[sample.persons]
    parts = there, there & sample.telling[x]
    return bool(
        anchor.whole
        and there.sum() >= max(_FEWEST_ROWS, _ROWS_A_TERM * (len(anchor.terms) + 1))
        and all((right & p).sum() >= _ALWAYS * p.sum() for p in parts)
        and (weight * right).sum() >= _ALWAYS * (weight * there).sum()
        and persons_among(sample.persons[right & sample.telling[x]]) >= sample.fewest
    )

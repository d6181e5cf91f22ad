"""Quantiles: the values below which fixed shares of a column lie, of parts and of their sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.monitor.sketch import ColumnSketch

    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["MIDDLE", "QUANTILES", "middle_between", "quantiles", "summed"]

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)

_MILLION = 1_000_000
_AT = np.array([round(p * _MILLION) for p in QUANTILES])
MIDDLE = QUANTILES.index(0.5)


def quantiles(numbers: Floats | Counts) -> tuple[str, ...]:
    """Return ``QUANTILES`` of what is known, as ``numpy.quantile`` says them to the last digit."""
    ordered = np.sort(numbers)
    ordered = ordered[: np.searchsorted(ordered, np.inf, side="right")]
    if not len(ordered):
        return ()
    below, part = _places(len(ordered))
    low = ordered[below]
    high = ordered[np.minimum(below + 1, len(ordered) - 1)]
    up, down = low + (high - low) * part, high - (high - low) * (1 - part)
    return tuple(f"{q!r}" for q in np.where(part < 0.5, up, down).tolist())


def summed(parts: Sequence[ColumnSketch]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the quantiles of all rows of parts counted on the same cells, and their bounds.

    A quantile at ``p`` with the bound ``w`` is a value such that at most ``p + w`` of the known
    values are below it, and at least ``p - w`` are it or below. Each part says between which ranks
    any value lies there, by its quantiles and, exactly, by its cells; these add up. Of all values
    that the parts have as quantiles or edges, the one whose ranks are surest to fit is taken.

    No bound is above the share of the cell that the rank falls in, however often sums are summed.
    By the quantiles alone, none is above the widest step of ``QUANTILES``, twice the largest bound
    of a part, and a row a part, together.
    """
    known = [(k, p) for k, p in ((_known(p), p) for p in parts) if k.n]
    if len(known) == 1:
        return known[0][1].quantiles, known[0][1].within
    named = {float(x): x for x in sorted({x for _, p in known for x in (*p.edges, *p.quantiles)})}
    values = np.unique([v for v in named if np.isfinite(v)])
    if not len(values) or not any(p.quantiles for _, p in known):
        return (), ()
    n = sum(k.n for k, _ in known)
    below = sum((k.most_below(values) for k, _ in known), np.zeros_like(values, dtype=np.int64))
    up_to = sum((k.least_up_to(values) for k, _ in known), np.zeros_like(below))
    chosen, bounds = [], []
    for at in _AT:
        over, under = below * _MILLION - at * n, at * n - up_to * _MILLION
        worst = np.maximum(over, under)
        i = np.lexsort((values, np.minimum(over, under), worst))[0]
        chosen.append(named[float(values[i])])
        bounds.append(_share(-(-max(0, int(worst[i])) // n)))
    return tuple(chosen), tuple(bounds)


def middle_between(column: ColumnSketch) -> tuple[float, float]:
    """Return the values between which the middle one lies for certain; the same where it is known.

    Of a sum of parts the middle is known within a bound of its rank, and so its value is.
    """
    if column.quantiles and not column.within:
        return (float(column.quantiles[MIDDLE]),) * 2
    k = _known(column)
    low = k.values[k.below <= (k.n - 1) // 2]
    high = k.values[k.up_to >= k.n // 2 + 1]
    return float(np.max(low, initial=-np.inf)), float(np.min(high, initial=np.inf))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Known:
    """What a part says: of ``n`` known, ``below`` at most are below a value, ``up_to`` at least."""

    n: int
    values: Floats
    below: Counts
    up_to: Counts

    def most_below(self, values: Floats) -> Counts:
        """Return how many known values can be below each of ``values``, which are in order."""
        least = np.minimum.accumulate(np.append(self.below, self.n)[::-1])[::-1]
        return least[np.searchsorted(self.values, values, side="left")]

    def least_up_to(self, values: Floats) -> Counts:
        """Return how many known values are for certain each of ``values`` or below."""
        most = np.maximum.accumulate(np.append(0, self.up_to))
        return most[np.searchsorted(self.values, values, side="right")]


def _known(column: ColumnSketch) -> _Known:
    counts = np.array(column.counts[:-1], dtype=np.int64)
    n, exact = int(counts.sum()), np.cumsum(counts)[:-1]
    below, up_to = _ranks(column, n) if column.quantiles and n else (exact[:0], exact[:0])
    quantiles = [float(q) for q in column.quantiles] if n else []
    values = np.array([*map(float, column.edges), *quantiles])
    below, up_to = np.append(exact, below), np.append(exact, up_to)
    order = np.argsort(values, kind="stable")
    order = order[np.isfinite(values[order])]
    return _Known(n=n, values=values[order], below=below[order], up_to=up_to[order])


def _ranks(column: ColumnSketch, n: int) -> tuple[Counts, Counts]:
    """Return how many of ``n`` are below each quantile at most, and it or below at least."""
    if not column.within:
        below, part = _places(n)
        return below + (part > 0), below + 1
    within = np.array([round(float(w) * _MILLION) for w in column.within])
    return np.minimum(n, (_AT + within) * n // _MILLION), np.maximum(
        0, -((within - _AT) * n // _MILLION)
    )


def _places(n: int) -> tuple[Counts, Floats]:
    """Return the place of the value before each quantile of ``n``, and how far on to the next."""
    place = np.array(QUANTILES) * (n - 1)
    below = np.floor(place).astype(np.int64)
    return below, place - below


def _share(millionths: int) -> str:
    return f"{millionths / _MILLION:.6f}".rstrip("0").rstrip(".")

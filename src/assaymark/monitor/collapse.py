"""Collapse: variety that is lost from one generation of made rows to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["FALSE_ALARM", "Variety", "variety"]

FALSE_ALARM = 0.01
"""How often any column of a generation is said to have lost variety though it has not, at most."""

_TAIL = 0.02
_RARE = 0.02
_FEWEST = 200
_FEW_VALUES = 10

Measure = Literal["tails", "spread", "entropy", "rare values"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variety:
    """How much of one kind of variety of a column is left, as a ratio to the first generation.

    ``tails``: the share of rows beyond the first generation's outer 2 % to both sides; ``spread``:
    the variance; ``entropy``: that of the values of a category, as the number of values that are
    about as many if all were equally frequent; ``rare values``: the share of rows with values that
    fewer than 2 % of the first generation have. ``high`` is the upper end at ``FALSE_ALARM`` over
    all columns and measures; ``lost`` what is lost for certain.
    """

    column: str
    measure: Measure
    ratio: float
    high: float

    @property
    def lost(self) -> float:
        """Return the share that is lost for certain, 0 where none is."""
        return max(0.0, 1 - self.high)


def variety(first: pl.DataFrame, now: pl.DataFrame) -> tuple[Variety, ...]:
    """Hold the rows of a generation against those of the first, by the columns of the first.

    Intervals are normal on the log scale and count the noise of both. What fewer than 200 rows
    could show is left out, and so is what the first generation has none of.

    References
    ----------
    Shumailov et al. (2024), AI models collapse when trained on recursively generated data.
    """
    found = [
        row
        for name in first.columns
        if name in now.columns
        for row in _column(name, first[name].drop_nulls(), now[name].drop_nulls())
    ]
    z = _quantile(1 - FALSE_ALARM / max(1, len(found)))
    return tuple(
        Variety(column=name, measure=measure, ratio=ratio, high=float(ratio * np.exp(z * error)))
        for name, measure, ratio, error in found
    )


def _column(
    name: str, then: pl.Series, now: pl.Series
) -> Iterator[tuple[str, Measure, float, float]]:
    if min(len(then), len(now)) < _FEWEST:
        return
    if then.dtype.is_numeric() and then.n_unique() > _FEW_VALUES:
        x, y = (s.cast(pl.Float64).to_numpy() for s in (then, now.cast(then.dtype, strict=False)))
        y = y[~np.isnan(y)]
        ends = np.quantile(x, [_TAIL, 1 - _TAIL])
        tails = [((v < ends[0]) | (v > ends[1])) for v in (x, y)]
        yield from _shares(name, "tails", *tails)
        yield name, "spread", *_variances(x, y)
        return
    words = [s.cast(pl.String) for s in (then, now)]
    counts = words[0].value_counts()
    rare = counts.filter(pl.col("count") < _RARE * len(then))[then.name]
    yield from _shares(name, "rare values", *(w.is_in(rare.implode()).to_numpy() for w in words))
    entropies = [_entropy(w) for w in words]
    (a, va), (b, vb) = entropies
    yield name, "entropy", float(np.exp(b - a)), float(np.sqrt(va + vb))


def _shares(
    name: str, measure: Measure, then: NDArray[np.bool_], now: NDArray[np.bool_]
) -> Iterator[tuple[str, Measure, float, float]]:
    """Yield the ratio of two shares, half a row added to each, where the first has ten rows."""
    hits = float(then.sum()), float(now.sum())
    if hits[0] < 10:
        return
    p, q = ((h + 0.5) / (len(v) + 1) for h, v in zip(hits, (then, now), strict=True))
    error = np.sqrt((1 - p) / (hits[0] + 0.5) + (1 - q) / (hits[1] + 0.5))
    yield name, measure, float(q / p), float(error)


def _variances(x: Floats, y: Floats) -> tuple[float, float]:
    """Return the ratio of variances and the standard error of its logarithm, by the kurtosis."""
    ratio = float(np.var(y) / np.var(x))
    errors = [(np.mean((v - v.mean()) ** 4) / np.var(v) ** 2 - 1) / len(v) for v in (x, y)]
    return ratio, float(np.sqrt(sum(errors)))


def _entropy(words: pl.Series) -> tuple[float, float]:
    """Return the entropy in nats, corrected for few rows (Miller & Madow, 1955), and variance."""
    counts = words.value_counts()["count"].to_numpy()
    n = counts.sum()
    p = counts / n
    entropy = float(-(p * np.log(p)).sum())
    variance = float((p * np.log(p) ** 2).sum() - entropy**2) / n
    return entropy + (len(counts) - 1) / (2 * n), variance


def _quantile(p: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(p))

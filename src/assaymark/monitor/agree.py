"""Agree: whether a further batch can be from the same distribution as the rows of a sketch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.errors import DataError
from assaymark.monitor.cells import cells_of, coarse_cells

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from assaymark.monitor.sketch import Sketch

__all__ = ["FALSE_ALARM", "FEWEST_ROWS", "Agreement", "agree"]

FALSE_ALARM = 0.01
"""How often a batch of the same distribution is said to differ, by design."""

FEWEST_ROWS = 100
_CELL = 10  # pooled rows in a cell, else it is merged with others: chi-square needs some


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The comparison that says most against the batch.

    ``p`` is its p-value, to be held against ``limit``; ``distance`` half the sum of differences
    of cell shares, in [0, 1]; ``compared`` how many columns and pairs were looked at.
    """

    subject: str
    p: float
    limit: float
    distance: float
    compared: int

    @property
    def holds(self) -> bool:
        """Whether nothing says that the batch differs."""
        return self.p > self.limit


def agree(before: Sketch, batch: pl.DataFrame) -> Agreement:
    """Hold a batch against the rows of a sketch, by every column and every pair of columns.

    Two-sample chi-square tests on the sketch's cells, at ``FALSE_ALARM`` over their number
    (Bonferroni), so that a batch of the same distribution is said to differ in about that share of
    cases; simulated on the demo's encounters (``bench/lots.py``): 1.2 % [0.8 %, 1.8 %].

    Raises
    ------
    DataError
        When the batch has other columns, or fewer than ``FEWEST_ROWS`` rows.

    References
    ----------
    Pearson (1911), On the probability that two independent distributions of frequency are really
    samples from the same population.
    """
    names = [c.name for c in before.columns]
    if batch.columns != names:
        raise DataError(f"the rows have other columns: {', '.join(batch.columns)}")
    if batch.height < FEWEST_ROWS:
        raise DataError(f"{batch.height} rows are too few to compare; {FEWEST_ROWS} are needed")
    cells = {c.name: cells_of(c, batch[c.name]) for c in before.columns}
    columns = {c.name: c for c in before.columns}
    paired = dict.fromkeys(n for p in before.pairs for n in (p.first, p.second))
    coarse = {n: coarse_cells(cells[n], columns[n]) for n in paired}
    tested = [
        (c.name, np.array(c.counts), _count(cells[c.name], len(c.counts))) for c in before.columns
    ]
    for pair in before.pairs:
        side = round(len(pair.counts) ** 0.5)
        now = _count(coarse[pair.first] * side + coarse[pair.second], len(pair.counts))
        tested.append((f"{pair.first} and {pair.second}", np.array(pair.counts), now))
    worst = min((_compared(*t) for t in tested), key=lambda found: (found[1], -found[2]))
    subject, p, distance = worst
    return Agreement(
        subject=subject,
        p=p,
        limit=FALSE_ALARM / len(tested),
        distance=distance,
        compared=len(tested),
    )


def _count(codes: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    return np.bincount(codes, minlength=n)


def _compared(
    subject: str, then: NDArray[np.int64], now: NDArray[np.int64]
) -> tuple[str, float, float]:
    from scipy.special import chdtrc

    n, m = int(then.sum()), int(now.sum())
    distance = float(np.abs(then / n - now / m).sum() / 2)
    then, now = _merged(then, now)
    if len(then) < 2:
        return subject, 1.0, distance
    x = float((np.square(then * np.sqrt(m / n) - now * np.sqrt(n / m)) / (then + now)).sum())
    return subject, float(chdtrc(len(then) - 1, x)), distance


def _merged(
    then: NDArray[np.int64], now: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Put the cells with the fewest rows on both sides into one that has enough."""
    order = np.argsort(then + now, kind="stable")
    then, now = then[order], now[order]
    both = then + now
    few = max(int((both < _CELL).sum()), int(np.searchsorted(np.cumsum(both), _CELL)) + 1)
    return (
        np.append(then[:few].sum(), then[few:]),
        np.append(now[:few].sum(), now[few:]),
    )

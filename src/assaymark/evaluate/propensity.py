"""Propensity: how well a table of counts tells synthetic rows from real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

__all__ = ["TableScores", "table_scores"]


class TableScores(NamedTuple):
    """Scores of one table of counts, all 0 where real and synthetic rows have equal shares.

    ``pmse``: mean squared distance of the propensity from the share of synthetic rows.
    ``ratio``: the same over what a right model is expected to give (S_pMSE); 1 is expected.
    ``chi_squared``: the Voas-Williamson statistic. ``specks``: Kolmogorov-Smirnov distance of the
    propensities. ``above_half``: percentage points above 50 % that are told apart rightly (PO50),
    were there as many real as synthetic rows. ``difference``: mean absolute difference of the
    cells' shares (MabsDD).
    """

    pmse: float
    ratio: float
    chi_squared: float
    specks: float
    above_half: float
    difference: float


def table_scores(real: Counts, synthetic: Counts) -> TableScores:
    """Return the scores of the counts of the same cells, shape ``(cells,)`` each.

    Cells that are empty on both sides do not count. At least two cells have to be left, and a
    row on each side.

    References
    ----------
    Snoke, Raab, Nowok, Dibben & Slavkovic (2018), General and specific utility measures for
    synthetic data, for pMSE and its expectation.
    Raab, Nowok & Dibben (2021), arXiv:2109.12717, table 1, for the others and their relations.
    """
    kept = (real + synthetic) > 0
    o, s = real[kept].astype(np.float64), synthetic[kept].astype(np.float64)
    total = float(o.sum() + s.sum())
    c, cells = float(s.sum()) / total, len(o)
    propensity = s / (o + s)
    pmse = float(((o + s) * np.square(propensity - c)).sum()) / total
    expected = (cells - 1) * c * (1 - c) ** 2 / total
    p, q = o / o.sum(), s / s.sum()
    order = np.argsort(propensity, kind="stable")
    gaps = np.cumsum(p[order] - q[order])
    return TableScores(
        pmse=pmse,
        ratio=pmse / expected,
        chi_squared=float((np.square(s - o * c / (1 - c)) / (c * (o + s))).sum()),
        specks=float(np.abs(gaps).max()),
        above_half=100 * float(np.maximum(p, q).sum() / 2 - 0.5),
        difference=float(np.abs(p - q).mean()),
    )

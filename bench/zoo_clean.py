"""Clean generators of the leak zoo: what they make must not be accused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from zoo_kinds import NAMES, NUMBERS

if TYPE_CHECKING:
    from zoo_kinds import Kind, Rng

    from assaymark.core.dataset import Dataset

_EDGES = np.linspace(-8, 10, 19)  # fixed beforehand: the data have no say in them
_WORDS = {"sex": "fm", "ill": ("no", "yes")}  # the others have the letters a to h


def fresh_sample(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:  # noqa: ARG001
    """Return other people of the population."""
    return fresh


def marginals(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    """Draw each column by itself."""
    n = fresh.height
    return pl.DataFrame({c: train.frame[c].gather(rng.integers(0, train.n, n)) for c in NAMES})


def private_tree(rho: float) -> Kind:
    """Draw along a spanning tree of noisy pairs of columns: zero-concentrated DP.

    Columns are coded on cells fixed beforehand; a fifth of the budget measures single columns, a
    fifth picks the pairs, three fifths measure them; ``rho`` holds for one person more or less,
    the number of rows taken as public. Noise here comes from the bench's own stream, so that it
    can be run again.
    """

    def make(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        codes = np.column_stack([_codes(train.frame[c]) for c in NAMES])
        cells = [_cells(c) for c in NAMES]
        d = len(NAMES)
        one = [
            _shares(np.bincount(codes[:, i], minlength=k), np.sqrt(d / (0.4 * rho)), rng)
            for i, k in enumerate(cells)
        ]
        drawn = np.zeros((fresh.height, d), dtype=np.int64)
        drawn[:, 0] = rng.choice(cells[0], fresh.height, p=one[0])
        for parent, child in _tree(codes, cells, one, 0.2 * rho, rng):
            table = _pairs(codes, cells, parent, child)
            noise = np.sqrt((d - 1) / (1.2 * rho))
            joint = _shares(table.ravel(), noise, rng).reshape(table.shape)
            joint += 1e-4 * np.outer(one[parent], one[child]) + 1e-12
            chain = np.cumsum(joint / joint.sum(axis=1, keepdims=True), axis=1)
            u = rng.random((fresh.height, 1))
            drawn[:, child] = np.minimum(
                (u > chain[drawn[:, parent]]).sum(axis=1), cells[child] - 1
            )
        return pl.DataFrame({c: _decoded(c, drawn[:, i], rng) for i, c in enumerate(NAMES)})

    return make


def _tree(
    codes: np.ndarray, cells: list[int], one: list[np.ndarray], rho: float, rng: Rng
) -> list[tuple[int, int]]:
    """Grow a tree from the first column by the exponential mechanism; parents come first."""
    n, d = codes.shape
    epsilon = np.sqrt(8 * rho / (d - 1))
    inside, edges = [0], []
    while len(inside) < d:
        able = [(i, j) for i in inside for j in range(d) if j not in inside]
        gain = [
            np.abs(_pairs(codes, cells, i, j) - n * np.outer(one[i], one[j])).sum() for i, j in able
        ]
        best = int(np.argmax(0.5 * epsilon * np.array(gain) + rng.gumbel(size=len(able))))
        edges.append(able[best])
        inside.append(able[best][1])
    return edges


def _pairs(codes: np.ndarray, cells: list[int], i: int, j: int) -> np.ndarray:
    joint = codes[:, i] * cells[j] + codes[:, j]
    return np.bincount(joint, minlength=cells[i] * cells[j]).reshape(cells[i], cells[j])


def _shares(counts: np.ndarray, noise: float, rng: Rng) -> np.ndarray:
    """Add Gaussian noise, then move to the nearest shares that add up to 1."""
    total = counts.sum()
    noisy = counts + rng.normal(0, noise, len(counts))
    falling = np.sort(noisy)[::-1]
    over = (np.cumsum(falling) - total) / np.arange(1, len(noisy) + 1)
    last = np.flatnonzero(falling > over)[-1]
    return np.maximum(noisy - over[last], 0) / total


def _cells(name: str) -> int:
    return len(_EDGES) + 1 if name in NUMBERS else len(_WORDS.get(name, "abcdefgh"))


def _codes(series: pl.Series) -> np.ndarray:
    if series.name in NUMBERS:
        return np.searchsorted(_EDGES, series.to_numpy())
    values = list(_WORDS.get(series.name, "abcdefgh"))
    return series.replace_strict(values, range(len(values)), return_dtype=pl.Int64).to_numpy()


def _decoded(name: str, codes: np.ndarray, rng: Rng) -> np.ndarray:
    if name not in NUMBERS:
        return np.array(list(_WORDS.get(name, "abcdefgh")))[codes]
    ends = np.concatenate([[_EDGES[0] - 4], _EDGES, [_EDGES[-1] + 4]])
    return rng.uniform(ends[codes], ends[codes + 1])

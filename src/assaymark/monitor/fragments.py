"""Fragments: rows recognised by parts of them, though others were altered or taken out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Codes = NDArray[np.uint64]

__all__ = ["Recogniser", "recogniser"]

_PARTS = 48
_CHANCE = 0.01
_ABLE = 0.25
_QUERIES = 20_000
_HALF = 5_000
_OWN, _MOST = 0.5, 0.9
_CLEAR = 2.0
_LARGEST = 12
_LARGER = 2.0
"""How many times likelier a coincidence may be for other rows than for the release's own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recogniser:
    """Knows rows by ``parts``, sets of columns, of which ``agree`` must lead to one and the same.

    ``chance`` is an upper bound for the share of rows of the same distribution that are taken for
    one of these by coincidence: the largest that halves of the rows held against each other allow,
    doubled since a half has half of the rows, and doubled again for rows from elsewhere. ``edits``
    is the share of cells up to which altered rows are recognised on average, ``own`` the share of
    the rows themselves that are unlike enough to be.
    """

    rows: pl.DataFrame
    parts: tuple[tuple[str, ...], ...]
    agree: int
    chance: float
    edits: float
    own: float

    @property
    def able(self) -> bool:
        """Whether rows of these columns can be told from others of their distribution."""
        return self.chance <= _ABLE and self.own > _CLEAR * self.chance

    def recognised(self, frame: pl.DataFrame, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Return which rows are recognised; of very many, of a sample drawn with ``rng``."""
        if frame.height > _QUERIES:
            frame = frame[rng.choice(frame.height, _QUERIES, replace=False)]
        return _agreeing(self.rows, _alike(frame, self.rows), self.parts) >= self.agree


def recogniser(rows: pl.DataFrame, names: Sequence[str], rng: np.random.Generator) -> Recogniser:
    """Return what recognises ``rows`` by ``names`` after as many edits as possible.

    Small parts survive more edits, and coincide more often, so that more of them must agree. Of
    each size that is tried, the fewest that keep coincidences between halves of the rows rare.

    References
    ----------
    Broder (1997), On the resemblance and containment of documents, for shingles.
    """
    table = _plain(rows.select(names))
    weight = np.array([_entropy(table[n]) for n in names]) + 1e-9
    made = [_of_size(table, size, weight, rng) for size in _sizes(len(names))]
    fit = [r for r in made if r.chance <= _CHANCE and r.own >= _OWN]
    if fit:
        return max(fit, key=lambda r: (r.own >= _MOST, r.edits))
    return max(made, key=lambda r: (r.chance <= _ABLE, r.own, -r.chance))


def _sizes(columns: int) -> Iterator[int]:
    yield from range(2, min(columns, _LARGEST + 1))
    yield columns


def _of_size(
    table: pl.DataFrame, size: int, weight: NDArray[np.float64], rng: np.random.Generator
) -> Recogniser:
    parts = _drawn(table.columns, size, weight, rng)
    order, half = rng.permutation(table.height), table.height // 2
    one, other = table[order[:half]], table[order[half:]]
    by_chance = np.concatenate(
        [_agreeing(one, other[:_HALF], parts), _agreeing(other, one[:_HALF], parts)]
    )
    chances = [
        min(1.0, 2 * _LARGER * _upper(int((by_chance >= k).sum()), len(by_chance)))
        for k in range(1, len(parts) + 1)
    ]
    agree = next((k for k, c in enumerate(chances, 1) if c <= _CHANCE), len(parts))
    own = float((_agreeing(table, table[order[:_HALF]], parts) >= agree).mean())
    return Recogniser(
        rows=table,
        parts=parts,
        agree=agree,
        chance=chances[agree - 1],
        edits=1 - float((agree / len(parts)) ** (1 / size)),
        own=own,
    )


def _entropy(values: pl.Series) -> float:
    share = values.value_counts()["count"].to_numpy() / max(1, len(values))
    return float(-(share * np.log(share)).sum())


def _drawn(
    names: Sequence[str], size: int, weight: NDArray[np.float64], rng: np.random.Generator
) -> tuple[tuple[str, ...], ...]:
    share = weight / weight.sum()
    made: dict[tuple[int, ...], None] = {}
    for _ in range(4 * _PARTS):
        if len(made) < _PARTS:
            picked = rng.choice(len(names), size, replace=False, p=share)
            made[tuple(sorted(picked.tolist()))] = None
    return tuple(tuple(names[i] for i in part) for part in made)


def _upper(hits: int, n: int) -> float:
    """Return the upper end of the exact 99 % interval of a share."""
    from scipy.special import betaincinv

    return 1.0 if hits >= n else float(betaincinv(hits + 1, n - hits, 0.995))


def _agreeing(
    rows: pl.DataFrame, queries: pl.DataFrame, parts: Sequence[Sequence[str]]
) -> NDArray[np.int64]:
    """Return for each query the most parts that lead to one and the same row."""
    pairs = [_pairs(_hashed(rows, p), _hashed(queries, p), rows.height) for p in parts]
    every, times = np.unique(np.concatenate(pairs), return_counts=True)
    found = np.zeros(queries.height, dtype=np.int64)
    np.maximum.at(found, every // max(1, rows.height), times)
    return found


def _pairs(known: Codes, asked: Codes, n: int) -> NDArray[np.int64]:
    """Return which query meets which row, where the row is alone with its part."""
    order = np.argsort(known, kind="stable")
    ordered = known[order]
    alone = np.ones(len(ordered), dtype=np.bool_)
    same = ordered[1:] == ordered[:-1]
    alone[1:] &= ~same
    alone[:-1] &= ~same
    order, ordered = order[alone], ordered[alone]
    if not len(ordered):
        return np.zeros(0, dtype=np.int64)
    at = np.minimum(np.searchsorted(ordered, asked), len(ordered) - 1)
    hit = np.flatnonzero(ordered[at] == asked)
    return hit * n + order[at[hit]]


def _hashed(table: pl.DataFrame, part: Sequence[str]) -> Codes:
    return table.select(part).hash_rows(seed=7).to_numpy()


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        pl.col(n).cast(pl.Float64 if t.is_numeric() else pl.String) for n, t in frame.schema.items()
    )


def _alike(frame: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of ``rows`` in their kinds; what is no number there is missing."""
    return frame.select(
        pl.col(n).cast(pl.String).cast(t, strict=False) for n, t in rows.schema.items()
    )

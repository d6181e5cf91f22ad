"""Imputed: missing cells of given rows, drawn as the cells that are known let one expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.compiled import compiled
from assaymark.errors import InputError
from assaymark.generate.chain.chain import Rows
from assaymark.generate.chain.restrict import free
from assaymark.generate.chain.within import Within, within
from assaymark.generate.coding.coded import coded
from assaymark.generate.philox import philox
from assaymark.generate.relations.derived import Lookup
from assaymark.generate.trees.branches import descend
from assaymark.generate.trees.link import CHOICE, TOGETHER, Link, Place, spread, worth_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.chain.chain import Chain
    from assaymark.generate.trees.link import Corrections, Trees, Words3

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Words = NDArray[np.uint64]

__all__ = ["PARTICLES", "Because", "imputed", "imputed_often"]

PARTICLES = 64
_ROWS = 1024
_HALF = np.uint64(32)
_ROW = np.uint64(44)
_TINY = 1e-300
_RARELY = 0.001
_AGAINST_RULE = 0.002  # of the persons may be against a rule about missing cells


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Because:
    """Why a column is missing: ``table`` says with which codes of ``source``.

    Attributes
    ----------
    column, source
        Places in the chain, the source first.
    rate
        Which share of the column is missing where it need not be.
    """

    column: int
    source: int
    table: NDArray[np.bool_]
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ready:
    """Each column's link without "missing", or its rule; and which columns follow from which."""

    chain: Chain
    parts: tuple[Within | Lookup, ...]
    followers: Mapping[int, list[int]]
    because: Mapping[int, Sequence[Because]]

    def must(self, drawn: Rows, i: int) -> NDArray[np.bool_]:
        """Return where column ``i`` must be missing."""
        null = self.chain.null(drawn, i)
        found = np.zeros(drawn.codes.shape[1], dtype=np.bool_) if null is None else null
        for rule in self.because.get(i, ()):
            found = found | rule.table[drawn.codes[rule.source]]
        return found


def imputed(chain: Chain, frame: pl.DataFrame, key: tuple[int, int], first: int) -> pl.DataFrame:
    """Return ``frame`` with its missing cells filled; ``first`` is the number of its first row.

    Each row's missing cells are drawn ``PARTICLES`` times, column after column; a draw weighs
    what the model thinks of the row's known cells given what was drawn before them, and one is
    chosen in proportion to its weight. That is the model's distribution of the missing cells
    given the known ones, but for an error that falls with the number of draws. A cell stays
    missing only where another column says that it must be. A row's cells depend on its number
    and its known cells only.

    References
    ----------
    Rubin (1987), A noniterative sampling/importance resampling alternative to data augmentation.
    """
    return imputed_often(chain, frame, (key, first), (), 1)[0]


def imputed_often(
    chain: Chain,
    frame: pl.DataFrame,
    where: tuple[tuple[int, int], int],
    because: Sequence[Because],
    draws: int,
) -> list[pl.DataFrame]:
    """Return the rows filled several times, each as :func:`imputed` does.

    A cell that must be missing ``because`` of another stays so; of a missing cell that need not
    be, it counts how seldom one is.
    """
    key, first = where
    ready = _ready(chain, because)
    names = [c.column.name for c in chain.codings]
    holes = np.array([frame[n].is_null().to_numpy() for n in names])
    some = np.flatnonzero(holes.any(axis=0))
    known = np.array([coded(c, frame[c.column.name]) for c in chain.codings])
    parts = [[frame[:0].select(names)] for _ in range(draws)]
    for start in range(0, len(some), _ROWS):
        rows = some[start : start + _ROWS]
        numbers = (rows + first).astype(np.uint64)
        for k, filled in enumerate(
            _filled(ready, (key, numbers), known[:, rows], holes[:, rows], draws)
        ):
            parts[k].append(chain.decode(filled).select(names))
    return [_put(frame, pl.concat(p), holes, some) for p in parts]


def _put(
    frame: pl.DataFrame, made: pl.DataFrame, holes: NDArray[np.bool_], some: NDArray[np.int64]
) -> pl.DataFrame:
    """Return ``frame`` with its holes filled from what was made of ``some`` of its rows."""
    columns = {
        n: frame[n].scatter(np.flatnonzero(h), made[n].filter(pl.Series(h[some])))
        for n, h in zip(made.columns, holes, strict=True)
        if h.any()
    }
    return frame.with_columns(**columns)


def _ready(chain: Chain, because: Sequence[Because]) -> _Ready:
    present: list[Within | Lookup] = []
    followers: dict[int, list[int]] = {}
    for i, (link, coding) in enumerate(zip(chain.links, chain.codings, strict=True)):
        if isinstance(link, Lookup):
            followers.setdefault(link.source, []).append(i)
            present.append(link)
            continue
        if not isinstance(link, Link):
            raise InputError(
                f"missing cells cannot be filled by this model: {coding.column.name!r} is drawn "
                "near other columns, or as these say\n\nHint: fit it with relations = 'codes'"
            )
        left = np.ones(coding.size)
        left[-1] = not coding.missing or coding.size == 1
        present.append(within(link, free(coding.size).times(left)))
    why: dict[int, list[Because]] = {}
    for rule in because:
        why.setdefault(rule.column, []).append(rule)
    return _Ready(chain=chain, parts=tuple(present), followers=followers, because=why)


def _filled(
    ready: _Ready,
    where: tuple[tuple[int, int], Words],
    known: Codes,
    holes: NDArray[np.bool_],
    draws: int,
) -> list[Rows]:
    """Return rows whose cells ``holes`` are filled, several times."""
    key, rows = where
    numbers = ((np.arange(PARTICLES, dtype=np.uint64)[:, None] << _ROW) | rows).ravel()
    drawn = Rows.begun(key, numbers, (len(known), len(numbers)))
    logs = np.zeros(len(numbers))
    for i, part in enumerate(ready.parts):
        code, hole = np.tile(known[i], PARTICLES), np.tile(holes[i], PARTICLES)
        if isinstance(part, Lookup):
            ready.chain.draw(drawn, i)
        else:
            weight = np.ones(len(numbers))
            ready.chain.draw(drawn, i, part, weight)
            must = ready.must(drawn, i)
            if i in ready.because:
                weight[:] = max(ready.because[i][0].rate, _RARELY)
                coding = ready.chain.codings[i]
                drawn.codes[i] = np.where(must & coding.missing, coding.size - 1, drawn.codes[i])
            logs += np.log(np.where(hole & ~must, weight, 1.0))
            for j in ready.followers.get(i, ()):
                asked = np.where(must, -1, np.tile(known[j], PARTICLES))
                _follow(ready, (i, j), asked, drawn, logs)
            likely = _likely(part, drawn, i, code)
            logs += np.log(np.where(must & (code >= 0), _AGAINST_RULE * likely, likely))
        drawn.codes[i] = np.where(code >= 0, code, drawn.codes[i])
    each = logs.reshape(PARTICLES, -1)
    chosen = (_chosen(Place(key=key, row=rows, column=len(known) + k), each) for k in range(draws))
    return [drawn.take(at * len(rows) + np.arange(len(rows))) for at in chosen]


def _follow(
    ready: _Ready, columns: tuple[int, int], known: Codes, drawn: Rows, logs: Floats
) -> None:
    """Draw column ``i`` again where column ``j``, which follows from it, is known."""
    i, j = columns
    part, lookup = ready.parts[i], ready.parts[j]
    if not (isinstance(part, Within) and isinstance(lookup, Lookup)):
        return
    for code in np.unique(known[known >= 0]):
        fits = part.restriction.times((lookup.table == code).astype(np.float64))
        if not fits.share.any():
            continue
        rows = np.flatnonzero(known == code)
        found, at, weight = np.empty(len(rows), np.int32), np.empty(len(rows)), np.ones(len(rows))
        place = drawn.place(i).only(rows)
        within(part.link, fits).draw(drawn.codes[:i, rows], place, found, at, weight)
        drawn.codes[i, rows], drawn.inside[i, rows] = found, at
        logs[rows] += np.log(np.maximum(weight, _TINY))


def _likely(part: Within, drawn: Rows, i: int, code: Codes) -> Floats:
    """Return how likely each known code's class is, shape ``(n,)``; 1 where none is known."""
    link = part.link
    classes = np.empty(len(link.codes), dtype=np.int32)
    classes[link.codes] = np.repeat(np.arange(len(link.groups)), np.diff(link.first))
    wanted = np.where(code >= 0, classes[code], -1).astype(np.int32)
    out = np.ones(len(code))
    _class_likely(
        drawn.place(i).words(len(code)),
        link.trees,
        (part.shares, link.groups),
        link.corrections,
        (link.seen(drawn.codes), wanted, out),
    )
    return np.maximum(out, _TINY)


@compiled
def _class_likely(
    place: Words3,
    trees: Trees,
    pools: tuple[Floats, Codes],
    effects: Corrections,
    columns: tuple[Codes, Codes, Floats],
) -> None:
    key, rows, column = place
    roots, nodes, pool, places, start = trees
    shares, groups = pools
    given, wanted, out = columns
    worth = np.zeros(effects[3].shape[1], dtype=np.float32)
    factor = np.ones(groups.max() + 1)
    for i in range(len(wanted)):
        if wanted[i] < 0:
            continue
        of = rows[i] >> TOGETHER
        tree = (philox(key, of, column, CHOICE)[0] * np.uint64(len(roots))) >> _HALF
        leaf = pool[descend(nodes, roots[tree], (places, start[tree]), given, i)]
        if len(worth):
            most = worth_of(effects, given, i, worth)
            for g in range(len(worth)):
                factor[g] = np.exp(worth[g] - most)
        every = 0.0
        for c in range(shares.shape[1]):
            every += shares[leaf, c] * factor[groups[c]]
        out[i] = shares[leaf, wanted[i]] * factor[groups[wanted[i]]] / every


def _chosen(place: Place, logs: Floats) -> NDArray[np.int64]:
    """Return which particle of each row is chosen; ``logs`` has shape ``(particles, rows)``."""
    weight = np.exp(logs - logs.max(axis=0))
    u = np.empty(weight.shape[1])
    spread(place, u)
    running = np.cumsum(weight, axis=0)
    at = (running <= u * running[-1]).sum(axis=0)
    return np.asarray(np.minimum(at, PARTICLES - 1), dtype=np.int64)

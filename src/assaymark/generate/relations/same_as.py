"""Same as: a category that often has the level of another, such as a ward before and after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.schema import Kind
from assaymark.generate.coding.levels import LevelCoding, persons_among
from assaymark.generate.trees.classes import Cut, cut_of
from assaymark.generate.trees.known import Target, target_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.generate.coding.encoding import Encoded
    from assaymark.generate.relations.anchor_fit import Grow
    from assaymark.generate.trees.link import Link, Place

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["Equal", "Same", "find_same", "same_as"]

_LOOK, _MOST_SOURCES = 3000, 2
_FEWEST, _LEVELS, _MOST_LEVELS = 2, 4, 20_000
_BEYOND_CHANCE, _SIGMAS = 0.2, 5.0  # Cohen's kappa, and standard errors of what chance gives
_LOST = 0.02  # of the persons whom trees would not let have the same level
_OWN_POOL, _BORROWED = 50, 5.0
_ALL = 0.998
_TIMES, _AGAIN = 64, 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Equal:
    """Where a column has the level of another one.

    Attributes
    ----------
    source
        Place in the table of the other.
    rows
        Where both have the same level, however rare; shape ``(n,)``.
    table
        The column's code for each code of the other; -1 for "missing".
    """

    source: int
    rows: Bools
    table: Codes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Same:
    """A category, each row of which has the level of another column or is drawn by itself.

    Attributes
    ----------
    source
        Place in the chain of the other column.
    table
        See :class:`Equal`.
    size
        Codes of the column itself.
    link
        Draws one of these, or ``size`` for "the same".
    alone
        Whether a row may have another level where the other column has one.
    otherwise
        Draws a code where the other column has none; ``None`` if ``link`` does.
    """

    source: int
    table: Codes
    size: int
    link: Link
    alone: bool
    otherwise: Link | None

    def draw(self, drawn: Codes, place: Place, out: Codes, inside: Floats) -> None:
        """Draw the codes; see :meth:`Link.draw`.

        A row that is drawn by itself is not the same: it is drawn again until it is another.
        """
        del inside
        theirs = self.table[drawn[self.source]]
        there = theirs >= 0
        out[:] = np.where(there, theirs, 0)
        which = np.arange(len(theirs))
        if self.otherwise is not None:
            which = np.flatnonzero(~there)
            out[which] = _codes_of(self.otherwise, drawn, place, which)
            which = np.flatnonzero(there)
        for again in range(_TIMES):
            at = replace(place, column=place.column + again * _AGAIN)
            codes = _codes_of(self.link, drawn, at, which)
            same = (codes == self.size) | (there[which] & (not self.alone))
            done = there[which] & same & (again == 0)
            other = ~same & (codes != theirs[which])
            out[which[other]] = codes[other]
            which = which[~(done | other)]
            if not len(which):
                break


def _codes_of(link: Link, drawn: Codes, place: Place, which: NDArray[np.int64]) -> Codes:
    codes = np.empty(len(which), dtype=np.int32)
    link.draw(drawn[:, which], place.only(which), codes, np.empty(0))
    return codes


def find_same(
    dataset: Dataset, encoded: Encoded, order: Sequence[int], protect: int
) -> tuple[Encoded, dict[int, Equal]]:
    """Return which columns often have the level of an earlier one, and the table coded for it.

    Such a column may have all levels that the other has, and who has the same level has the same
    code, whatever stands in for a rare one: so that it can be had from the other's in any row.

    A column is the same as another where it has its level far more often than chance would give
    (Cohen's kappa .2, and five standard errors), also without the level that most have in both;
    where persons enough are so; and where at least 2 % of the persons, as many as twenty,
    would have another level if each level were learnt by itself.

    References
    ----------
    Cohen (1960), A coefficient of agreement for nominal scales.
    """
    raw = _raw(dataset, encoded)
    found: dict[int, Equal] = {}
    for x, sources in _likely(raw, order, encoded.glance(_LOOK)):
        lost = {y: _lost(encoded, (x, y), (raw[x], raw[y]), protect) for y in sources}
        y = max(sources, key=lambda y: lost[y])
        if lost[y] > 0 and encoded.encoding.codings[x].column.name != dataset.target:
            encoded, table = _coded(encoded, x, y)
            rows = (raw[x] == raw[y]) & (raw[x] >= 0) & (table[encoded.codes[y]] >= 0)
            codes, redrawn = encoded.codes.copy(), encoded.redrawn.copy()
            codes[x, rows] = table[codes[y, rows]]
            redrawn[x, rows] = redrawn[y, rows]
            encoded = replace(encoded, codes=codes, redrawn=redrawn)
            found[x] = Equal(source=y, rows=rows, table=table)
    return encoded, found


def _raw(dataset: Dataset, encoded: Encoded) -> Mapping[int, Codes]:
    """Return the levels of categories of several, -1 where missing; equal ones are equal."""
    kept = {}
    for j, coding in enumerate(encoded.encoding.codings):
        if coding.column.kind is not Kind.CATEGORY:
            continue
        several = isinstance(coding, LevelCoding) and len(coding.levels) >= _FEWEST
        if several and coding.size + coding.hidden >= _LEVELS:
            kept[j] = dataset.frame[coding.column.name]
    levels = {j: set(s.drop_nulls().unique().to_list()) for j, s in kept.items()}
    levels = {j: v for j, v in levels.items() if len(v) <= _MOST_LEVELS}
    shared = {
        j for j, v in levels.items() for k, w in levels.items() if j != k and not v.isdisjoint(w)
    }
    every = pl.Enum(sorted(set().union(*(levels[j] for j in shared))))
    return {
        j: kept[j].cast(every).to_physical().cast(pl.Int32).fill_null(-1).to_numpy()
        for j in sorted(shared)
    }


def _likely(
    raw: Mapping[int, Codes], order: Sequence[int], look: slice
) -> list[tuple[int, list[int]]]:
    """Return columns, in ``order``, and the earlier ones that they agree with in some rows."""
    columns = [j for j in order if j in raw]
    if len(columns) < 2:
        return []
    some = np.stack([raw[j][look] for j in columns])
    found = []
    for i in range(1, len(columns)):
        both = (some[i] >= 0) & (some[:i] >= 0)
        equal = ((some[:i] == some[i]) & both).sum(axis=1) / np.maximum(both.sum(axis=1), 1)
        often = np.flatnonzero(equal >= _BEYOND_CHANCE / 2).tolist()
        beyond = {k: equal[k] - _chance(some[i, both[k]], some[k, both[k]]) for k in often}
        near = sorted((k for k in often if beyond[k] > 0), key=lambda k: -beyond[k])
        if near:
            found.append((columns[i], [columns[k] for k in near[:_MOST_SOURCES]]))
    return found


def _chance(own: Codes, theirs: Codes) -> float:
    """Return how often two columns would agree by chance."""
    size = int(max(own.max(), theirs.max())) + 1
    shares = [np.bincount(v, minlength=size) / len(v) for v in (own, theirs)]
    return float(shares[0] @ shares[1])


def _lost(encoded: Encoded, pair: tuple[int, int], raw: tuple[Codes, Codes], protect: int) -> float:
    """Return which share of the persons would not have the same level any more; 0 if too few."""
    own, theirs = raw
    both = (own >= 0) & (theirs >= 0)
    equal = both & (own == theirs)
    if not equal.any():
        return 0.0
    held = np.bincount(own[equal], encoded.weights[equal])
    most = int(held.argmax())
    rest = both & (own != most) & (theirs != most)
    fewest = 2 * max(protect, 10)
    if persons_among(encoded.persons[rest & equal]) < fewest:
        return 0.0
    for rows in (both, rest):
        if not _agree(own[rows], theirs[rows], encoded.weights[rows]):
            return 0.0
    kept = _kept(encoded, *pair, both)
    codes = encoded.codes[pair[1]]
    total = np.bincount(codes[both], encoded.weights[both], minlength=len(kept))
    same = np.bincount(codes[equal], encoded.weights[equal], minlength=len(kept))
    lost = float(np.maximum(same - kept * total, 0.0).sum())
    return lost / total.sum() if lost >= max(_LOST * total.sum(), fewest) else 0.0


def _agree(own: Codes, theirs: Codes, weights: Floats) -> bool:
    """Whether two columns have the same level far more often than chance would give."""
    total, size = float(weights.sum()), int(max(own.max(), theirs.max())) + 1
    shares = [np.bincount(v, weights, minlength=size) / total for v in (own, theirs)]
    chance = float(shares[0] @ shares[1])
    agreed = float(weights[own == theirs].sum()) / total
    error = np.sqrt(max(chance * (1 - chance), 1 / total) / total)
    beyond = agreed - chance
    return beyond >= _BEYOND_CHANCE * (1 - chance) and beyond >= _SIGMAS * error


def _kept(encoded: Encoded, x: int, y: int, both: Bools) -> Floats:
    """Return, by code of ``y``, how many trees would let have the same level, as a share.

    A code of too few persons for a pool of its own is drawn as all are.
    """
    codings = encoded.encoding.codings
    size = codings[x].size, codings[y].size
    table = _table(*(_levels(encoded, j) for j in (x, y)))
    pair = encoded.codes[y, both].astype(np.int64) * size[0] + encoded.codes[x, both]
    joint = np.bincount(pair, encoded.weights[both], size[0] * size[1]).reshape(size[1], size[0])
    held, every = joint.sum(axis=1), joint.sum(axis=0) / max(float(joint.sum()), 1e-12)
    same = np.where(table >= 0, joint[np.arange(size[1]), table], 0.0)
    chance = np.where(table >= 0, every[table], 0.0)
    pooled = (same + _BORROWED * chance) / (held + _BORROWED)
    return np.where(held >= _OWN_POOL, pooled, chance)


def _levels(encoded: Encoded, j: int) -> LevelCoding:
    coding = encoded.encoding.codings[j]
    if not isinstance(coding, LevelCoding):
        raise TypeError(f"column {coding.column.name!r} has no levels")
    return coding


def _table(own: LevelCoding, other: LevelCoding) -> Codes:
    """Return the code of the same level for each code of another column, -1 where none is."""
    place = {level: i for i, level in enumerate(own.levels)}
    found = [place.get(level, -1) for level in other.levels]
    return np.array([*found, *[-1] * other.missing], dtype=np.int32)


def _coded(encoded: Encoded, x: int, y: int) -> tuple[Encoded, Codes]:
    """Let column ``x`` have all levels of ``y``, and return their codes too."""
    own, other = _levels(encoded, x), _levels(encoded, y)
    names: list[str] = [v for v in own.levels if isinstance(v, str)]
    more = [v for v in other.levels if isinstance(v, str) and v not in names]
    coding = replace(own, levels=(*names, *more))
    codes = encoded.codes.copy()
    if own.missing:
        codes[x, codes[x] == len(names)] = len(names) + len(more)
    codings = list(encoded.encoding.codings)
    codings[x] = coding
    encoding = replace(encoded.encoding, codings=tuple(codings))
    return replace(encoded, encoding=encoding, codes=codes), _table(coding, other)


def same_as(
    encoded: Encoded, column: int, equal: Equal, how: tuple[int, int, int], grow: Grow
) -> Same:
    """Return what draws a column that often is the same as another.

    Parameters
    ----------
    how
        Place in the chain of the other column, persons who must stand behind pools of their own,
        and classes that pools tell apart.
    grow
        Grows the trees of what is to be drawn.
    """
    source, protect, classes = how
    there = equal.table[encoded.codes[equal.source]] >= 0
    apart = [persons_among(encoded.persons[r]) >= 2 * protect for r in (there, ~there)]
    rows = there if all(apart) else None
    otherwise = None
    if rows is not None:
        rest = replace(target_of(encoded.only(~there), column, classes), scores=None)
        otherwise = grow(rest, ~there)
    here, same = (encoded, equal.rows) if rows is None else (encoded.only(rows), equal.rows[rows])
    plain, size = target_of(here, column, classes), here.encoding.codings[column].size
    codes = np.where(same, size, plain.codes).astype(np.int32)
    mass = np.bincount(codes, here.weights, minlength=size + 1).astype(np.float64)
    own = cut_of(here.encoding.codings[column], mass[:-1], classes)
    cut = Cut(
        classes=np.append(own.classes, own.n_classes).astype(np.int32),
        groups=np.append(own.groups, own.n_groups).astype(np.int32),
    )
    link = grow(Target(codes=codes, mass=mass, cut=cut, part=plain.part), rows)
    held, other = encoded.weights * there, there & ~equal.rows
    enough = persons_among(encoded.persons[other]) >= protect
    return Same(
        source=source,
        table=equal.table,
        size=size,
        link=link,
        alone=enough and float(held[other].sum()) > (1 - _ALL) * float(held.sum()),
        otherwise=otherwise,
    )

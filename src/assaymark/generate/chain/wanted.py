"""Wanted: rows of a fitted chain that satisfy a condition, as many as asked for or an error."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl

from assaymark.core.compiled import compiled
from assaymark.core.value_sets import Allowed
from assaymark.errors import ConditionError
from assaymark.generate.blocks import checked
from assaymark.generate.chain.chain import Chain, Rows
from assaymark.generate.chain.restrict import free, restriction
from assaymark.generate.chain.within import Followed, Within, within
from assaymark.generate.coding.cells import CellCoding
from assaymark.generate.philox import philox, uniform
from assaymark.generate.relations.derived import Lookup
from assaymark.generate.trees.link import Link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.conditions import Given
    from assaymark.core.streams import Streams
    from assaymark.generate.chain.restrict import Restriction
    from assaymark.generate.trees.link import Words3

    Floats = NDArray[np.float64]
    Words = NDArray[np.uint64]

__all__ = ["MOST_TRIES", "wanted"]

MOST_TRIES = 100_000
_CHUNK, _FEW = 65_536, 4096
_FIRST_LOOK, _LAST_LOOK, _ENOUGH = 1 << 14, 1 << 18, 100
_CUT_OFF = 0.001  # of the weight may lie above the weight that is always accepted
_TINY = 1e-300
_ROW = np.uint64(44)  # bits of a row's number; a try's number is above them
_KEPT = 32  # searches of a model, of which a what-if has one for each value

_Part: TypeAlias = Within | Followed | Allowed | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Search:
    """How rows that satisfy a condition are looked for.

    Attributes
    ----------
    parts
        What the condition makes of each column's link; what it allows, where a column's values
        are worked out from others' and then looked at; ``None`` where it says nothing.
    first
        How many columns must be drawn before a try's weight is known.
    ceiling
        The weight from which on a try is always accepted.
    rate
        Which share of the tries is accepted.
    exact
        Whether what the columns are left is all that the condition asks.
    likely
        Which share of the model's rows satisfies the condition, and its standard error.
    """

    chain: Chain
    given: Given
    parts: tuple[_Part, ...]
    first: int
    exact: bool
    ceiling: float = 1.0
    rate: float = 1.0
    likely: tuple[float, float] = (1.0, 0.0)


_SEARCHES: WeakKeyDictionary[object, dict[tuple[Given, tuple[int, int]], _Search]] = (
    WeakKeyDictionary()
)


def sampled(
    chain: Chain, rows: range, streams: Streams, given: Given | None = None, *, model: object
) -> pl.DataFrame:
    """Return these rows of a model's chain, or of those that satisfy a condition."""
    if given is not None:
        return wanted(chain, checked(rows), streams.child("rows"), given, model=model)
    key, frames = streams.child("rows").words(), []
    for start in range(rows.start, max(checked(rows).stop, rows.start + 1), _CHUNK):
        numbers = np.arange(start, min(start + _CHUNK, rows.stop), dtype=np.uint64)
        drawn = chain.begun(key, numbers, len(numbers))
        for i in range(len(chain.links)):
            chain.draw(drawn, i)
            chain.settle(drawn, i)
        frames.append(chain.decode(drawn))
    return pl.concat(frames).rechunk()


def wanted(
    chain: Chain, rows: range, streams: Streams, given: Given, *, model: object
) -> pl.DataFrame:
    """Return these rows of the endless table of rows that satisfy ``given``.

    What is found out about a condition is kept as long as the ``model`` of the chain.

    Each row is tried for until a try is accepted. A try draws every column from what the
    condition leaves of it; its weight is the product of the probabilities of what is left, given
    the columns before, and it is accepted with a probability in proportion: this gives exactly
    the distribution of the model's rows that satisfy the condition, but that the top 0.1 % of
    the weight, by a first look at 16,384 tries or more, counts as its lower end. What is not
    about single columns (an "or" of several, a column made of others) is looked at in the
    finished row. A row depends on its number only.

    Raises
    ------
    ConditionError
        When a row was tried for ``MOST_TRIES`` times without success, or would be; the message
        says how likely the condition is, and how many rows there are.
    """
    try:
        search = _search_of(model, chain, given, streams.child("look").words())
    except ConditionError as error:
        raise ConditionError(f"0 of {rows.stop:,} rows can be had: {error}") from error
    _check_feasible(search, rows.stop)
    key = streams.child("given").words()
    starts = range(rows.start, max(rows.stop, rows.start + 1), _CHUNK)
    frames = [_found(search, range(s, min(s + _CHUNK, rows.stop)), key) for s in starts]
    return pl.concat(frames).rechunk()


def _search_of(model: object, chain: Chain, given: Given, key: tuple[int, int]) -> _Search:
    """Look once, also where rows are asked for stretch by stretch; forgotten with the model."""
    known = _SEARCHES.setdefault(model, {})
    asked = (given, key)
    search = known.pop(asked, None) or _looked(_prepared(chain, given), key)
    while len(known) >= _KEPT:
        known.pop(next(iter(known)))
    known[asked] = search  # the last one asked for
    return search


def _prepared(chain: Chain, given: Given) -> _Search:
    codings, names = chain.codings, [c.column.name for c in chain.codings]
    parts: list[_Part] = [None] * len(names)
    left: dict[int, Restriction] = {}
    asked = given.allowed()
    if asked is None:
        raise ConditionError(
            f"no row can satisfy {given.text!r}: parts of it exclude each other\n\nHint: leave out "
            "one of them"
        )
    for name, allowed in asked.items():
        i = names.index(name)
        if _by_codes(chain, i):
            left[i] = restriction(codings[i], allowed)
        else:
            parts[i] = allowed
    for i in sorted(left, reverse=True):
        link = chain.links[i]
        if isinstance(link, Lookup):
            parts[i] = Followed(lookup=link, restriction=left[i])
            at = link.source
            before = left.get(at, free(codings[at].size))
            left[at] = before.times(left[i].share[link.table])
    for i, rest in left.items():
        link = chain.links[i]
        if not rest.share.any():
            raise ConditionError(
                f"no row of this model can satisfy {given.text!r}: what it asks of {names[i]!r} "
                "and of a column that follows from it exclude each other"
            )
        if isinstance(link, Link):
            parts[i] = within(link, rest)
    last = [i + 1 for i, p in enumerate(parts) if isinstance(p, Within | Allowed)]
    last += [i + 1 for i in range(len(parts)) if _held_fast(chain, parts, i)]
    exact = given.exact and all(r.exact for r in left.values())
    return _Search(
        chain=chain, given=given, parts=tuple(parts), first=max(last, default=0), exact=exact
    )


def _held_fast(chain: Chain, parts: Sequence[_Part], i: int) -> bool:
    """Whether what a number is worked out from is asked for, so that it is not drawn again."""
    return any(p is not None for p in parts[chain.settled(i) : i])


def _by_codes(chain: Chain, i: int) -> bool:
    """Whether a column is drawn by its codes alone, or follows from one that is."""
    link = chain.links[i]
    return isinstance(chain.links[link.source] if isinstance(link, Lookup) else link, Link)


def _looked(search: _Search, key: tuple[int, int]) -> _Search:
    """Return the search with what a first look at some tries says of it."""
    weight = np.zeros(0)
    while len(weight) < _FIRST_LOOK or (len(weight) < _LAST_LOOK and _worth(weight) < _ENOUGH):
        numbers = np.arange(len(weight), len(weight) + _FIRST_LOOK, dtype=np.uint64)
        tries = _tried(search, key, numbers)
        if not search.exact:
            kept = np.flatnonzero(tries.weight)
            held = search.given.hold(_finished(search, tries, kept))
            tries.weight[kept[~held]] = 0.0
        weight = np.concatenate([weight, tries.weight])
    mean, ceiling = float(weight.mean()), _ceiling(weight)
    return replace(
        search,
        ceiling=ceiling,
        rate=float(np.minimum(weight / ceiling, 1.0).mean()),
        likely=(mean, float(weight.std() / np.sqrt(len(weight)))),
    )


def _worth(weight: Floats) -> float:
    """Return how many tries of equal weight would tell as much (Kong, 1992)."""
    scaled = weight / max(float(weight.max()), _TINY)
    return float(scaled.sum() ** 2 / max(float((scaled**2).sum()), _TINY))


def _ceiling(weight: Floats) -> float:
    """Return the least weight above which lies at most 0.1 % of all weight."""
    high = np.sort(weight)[::-1]
    above = np.cumsum(high) - high * np.arange(1, len(high) + 1)
    fits = np.flatnonzero(above <= _CUT_OFF * high.sum())
    return max(float(high[fits[-1]]), _TINY)


def _what_there_is(search: _Search) -> str:
    """Say where the values lie of the numbers and dates that the condition is about."""
    asked, said = search.given.allowed() or {}, []
    for coding in search.chain.codings:
        if coding.column.name in asked and isinstance(coding, CellCoding) and len(coding.first):
            ends = coding.at(np.array(coding.span), np.zeros(2, dtype=np.bool_)).to_list()
            said.append(f"values of {coding.column.name!r} are between {ends[0]} and {ends[1]}")
    if not said:
        return "leave out a part of the condition, or ask for one that more rows satisfy"
    return f"{', '.join(said)}, but for the most extreme; ask for some of these"


def _check_feasible(search: _Search, n: int) -> None:
    mean, error = search.likely
    if mean == 0.0:
        raise ConditionError(
            f"0 of {n:,} rows can be had: none of {_LAST_LOOK:,} tries satisfied "
            f"{search.given.text!r}, so that fewer than 1 in {_LAST_LOOK // 3:,} rows of this "
            f"model do (with 95 % confidence)\n\nHint: {_what_there_is(search)}"
        )
    rate = search.rate * (1 + 2 * error / mean)
    missed = (1 - min(rate, 1.0)) ** MOST_TRIES
    if n * missed > 1:
        found = int(n * (1 - (1 - search.rate) ** MOST_TRIES))
        raise ConditionError(_too_few(search, n, f"about {found:,}"))


def _too_few(search: _Search, n: int, found: str) -> str:
    mean, error = search.likely
    return (
        f"{found} of {n:,} rows can be had: {mean:.2g} of this model's rows (plus or minus "
        f"{2 * error:.1g}) satisfy {search.given.text!r}, and a row is tried for {MOST_TRIES:,} "
        "times at most\n\nHint: conditions on single columns joined by 'and' are met directly; "
        "those that compare columns, or need an 'or' of several, are tried for"
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Tries:
    """Tries, drawn as far as their weight needs."""

    rows: Rows
    weight: Floats


def _tried(search: _Search, key: tuple[int, int], numbers: Words) -> _Tries:
    rows = search.chain.begun(key, numbers, len(numbers))
    weight = np.ones(len(numbers))
    for i in range(search.first):
        _draw(search, rows, i, weight)
    return _Tries(rows=rows, weight=weight)


def _finished(search: _Search, tries: _Tries, kept: NDArray[np.int64]) -> pl.DataFrame:
    """Return the rows of the tries ``kept``, drawn to their end."""
    rows, weight = tries.rows.take(kept), np.ones(len(kept))
    for i in range(search.first, len(search.parts)):
        _draw(search, rows, i, weight)
    return search.chain.decode(rows)


def _draw(search: _Search, rows: Rows, i: int, weight: Floats) -> None:
    part, chain = search.parts[i], search.chain
    if part is None or isinstance(part, Allowed):
        chain.draw(rows, i)
        if _held_fast(chain, search.parts, i):
            weight *= ~chain.outside(rows, i)
        else:
            chain.settle(rows, i)
    if isinstance(part, Allowed):
        weight *= part.hold(chain.series(rows, i))
    elif part is not None:
        likely = np.ones(len(weight))
        chain.draw(rows, i, part, likely)
        null = chain.null(rows, i)
        if null is not None:
            likely[null] = part.restriction.share[-1] > 0
        weight *= likely


def _found(search: _Search, rows: range, key: tuple[int, int]) -> pl.DataFrame:
    """Return these rows, trying until each is accepted."""
    left = np.arange(rows.start, rows.stop, dtype=np.uint64)
    nothing = np.zeros(0, dtype=np.int64)
    frames = [_finished(search, _tried(search, key, left[:0]), nothing)]
    places = [left[:0]]
    tried = 0
    while len(left) and tried < MOST_TRIES:
        each = _each(search.rate, len(left), MOST_TRIES - tried)
        number = np.arange(tried, tried + each, dtype=np.uint64)[:, None] << _ROW
        tries = _tried(search, key, (number | left).ravel())
        place = tries.rows.place(len(search.parts))
        kept = _accepted(place.words(len(tries.weight)), tries.weight, search.ceiling)
        frame = _finished(search, tries, kept)
        good = np.flatnonzero(search.given.hold(frame))
        row, at = np.unique(kept[good] % len(left), return_index=True)  # its earliest try
        frames.append(frame[good[at]])
        places.append(left[row])
        left, tried = np.delete(left, row), tried + each
    if len(left):
        raise ConditionError(_too_few(search, len(rows), f"{len(rows) - len(left):,}"))
    return pl.concat(frames)[np.argsort(np.concatenate(places), kind="stable")]


def _each(rate: float, rows: int, most: int) -> int:
    """Return how many tries each row is given at once; the rows do not depend on it."""
    wanted_each = max(0.7 / rate, min(_FEW // rows, 3.0 / rate))
    return int(max(1, min(np.ceil(wanted_each), _CHUNK // rows, most)))


@compiled
def _accepted(place: Words3, weight: Floats, ceiling: float) -> NDArray[np.int64]:
    key, rows, column = place
    kept, many = np.empty(len(weight), dtype=np.int64), 0
    for i in range(len(weight)):
        u = uniform(philox(key, rows[i], column, np.uint64(0))[0])
        if u * ceiling < weight[i]:
            kept[many] = i
            many += 1
    return kept[:many]

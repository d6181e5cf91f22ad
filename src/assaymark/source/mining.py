"""Mining: plausibility rules that all real rows keep, proposed for a person to accept."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from assaymark.core.plausibility import Implied, InOrder, InRange
from assaymark.core.schema import Kind, Role
from assaymark.core.where import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.core.plausibility import RuleSpec
    from assaymark.core.schema import Column

__all__ = ["FEWEST", "SUPPORT", "Proposal", "proposals_of"]

SUPPORT = 100
"""People that a proposed rule must be about, by default."""

FEWEST = 10
"""Fewer people than this share a value that is named in no proposal."""

_LEVELS, _EXPECTED, _MOST = 30, 20.0, 40
_USUAL = 0.95
_WHO = "found in the real rows; to be accepted, or struck out, by somebody who knows the field"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A rule that all real rows keep; ``people`` it is about, rounded down to tens."""

    rule: RuleSpec
    people: int
    words: str


class _Levels(NamedTuple):
    """The values of a column that at least ten people have, and where each row has which."""

    column: Column
    values: tuple[str, ...]
    codes: NDArray[np.int64]
    people: NDArray[np.int64]


def proposals_of(data: Dataset, *, support: int = SUPPORT) -> tuple[Proposal, ...]:
    """Return rules that every row of ``data`` keeps, at most 40 of each kind, most people first.

    Dates and numbers that never fall from one column to another; numbers that are never negative;
    values of one column that go with only one value of another, or never with one with which twenty
    rows or more would have it by chance; values with which a number stays below what others have.
    Each is about at least ``support`` people, and names no value, and no end of a range, that
    fewer than ten people have: a rule must not point at anybody.

    References
    ----------
    Agrawal, Imielinski & Swami (1993), Mining association rules between sets of items.
    """
    out = {Role.DIRECT_IDENTIFIER, Role.PERSON_KEY, Role.TEXT}
    columns = [c for c in data.schema.columns if c.kind is not Kind.TEXT and not out & set(c.roles)]
    ordered = [c for c in columns if c.kind.ordered]
    levels = [_levels(c, data) for c in columns if not c.kind.ordered]
    levels = [x for x in levels if 2 <= len(x.values) <= _LEVELS]
    found = (
        list(_orders(ordered, data, support)),
        list(_ranges(ordered, data, support)),
        [p for a in levels for b in levels if a is not b for p in _together(a, b, support)],
        [p for a in levels for c in ordered for p in _bounded(a, c, data, support)],
    )
    return tuple(p for kind in found for p in sorted(kind, key=lambda p: -p.people)[:_MOST])


def _levels(column: Column, data: Dataset) -> _Levels:
    words = data.frame[column.name].cast(pl.String)
    rows = pl.DataFrame({"value": words, "who": data.person_codes}).drop_nulls()
    counted = rows.group_by("value").agg(pl.col("who").n_unique().alias("n"))
    counted = counted.filter(pl.col("n") >= FEWEST).sort(["n", "value"], descending=[True, False])
    values = tuple(counted["value"].to_list())
    codes = words.replace_strict(
        list(values), list(range(len(values))), default=-1, return_dtype=pl.Int64
    )
    codes = pl.select(pl.when(words.is_null()).then(-2).otherwise(codes)).to_series()
    return _Levels(column, values, codes.to_numpy(), counted["n"].to_numpy())


def _orders(columns: list[Column], data: Dataset, support: int) -> Iterator[Proposal]:
    for a, b in combinations(columns, 2):
        if a.kind is not b.kind:
            continue
        after = "after" if a.kind in {Kind.DATE, Kind.DATETIME} else "above"
        for low, high in ((a, b), (b, a)):
            x, y = data.frame[low.name], data.frame[high.name]
            known = (x.is_not_null() & y.is_not_null()).to_numpy()
            below = (x < y).fill_null(value=False).to_numpy()
            people = _people(data, below)
            if people < support or bool((x > y).any()):
                continue
            if y.min() >= x.max():  # type: ignore[operator]
                continue  # apart from each other: no order between the two
            rule = InOrder(
                kind="order",
                name=_named(f"{low.name} not {after} {high.name}"),
                severity="soft",
                who=_WHO,
                columns=(low.name, high.name),
            )
            n = _people(data, known)
            yield _proposal(rule, n, f"{low.name} is at most {high.name} wherever both are known")


def _ranges(columns: list[Column], data: Dataset, support: int) -> Iterator[Proposal]:
    for c in columns:
        values = data.frame[c.name].drop_nulls()
        if c.kind not in {Kind.INTEGER, Kind.DECIMAL} or not len(values) or values.min() < 0:  # type: ignore[operator]
            continue
        people = _people(data, data.frame[c.name].is_not_null().to_numpy())
        if people >= support:
            rule = InRange(
                kind="range",
                name=_named(f"{c.name} not negative"),
                severity="soft",
                who=_WHO,
                column=c.name,
                low=0,
            )
            yield _proposal(rule, people, f"{c.name} is never negative")


def _together(a: _Levels, b: _Levels, support: int) -> Iterator[Proposal]:
    """Yield, for each value of ``a``, what ``b`` is there, or never is."""
    both = (a.codes >= 0) & (b.codes > -2)
    wide = len(b.values) + 1  # the last is whatever few people have
    of_b = np.where(b.codes < 0, wide - 1, b.codes)
    counts = np.bincount(a.codes[both] * wide + of_b[both], minlength=len(a.values) * wide)
    counts = counts.reshape(len(a.values), wide)
    rows = counts.sum(axis=1)
    shares = counts.sum(axis=0) / max(counts.sum(), 1)
    for i, value in enumerate(a.values):
        if a.people[i] < support or not rows[i]:
            continue
        when = f"{_column(a.column)} == {_value(a.column, value)}"
        only = np.flatnonzero(counts[i])
        if len(only) == 1 and only[0] < wide - 1 and shares[only[0]] < _USUAL:
            then = f"{_column(b.column)} == {_value(b.column, b.values[only[0]])}"
        else:
            never = np.flatnonzero((counts[i, :-1] == 0) & (rows[i] * shares[:-1] >= _EXPECTED))
            if not len(never):
                continue
            named = ", ".join(_value(b.column, b.values[j]) for j in never)
            then = f"{_column(b.column)} not in ({named})"
        rule = Implied(
            kind="implies",
            name=_named(f"{b.column.name} where {a.column.name} is {value}"),
            severity="soft",
            who=_WHO,
            when=when,
            then=then,
        )
        yield _proposal(rule, int(a.people[i]), f"where {when}, {then}")


def _bounded(a: _Levels, c: Column, data: Dataset, support: int) -> Iterator[Proposal]:
    """Yield, for each value of ``a``, an upper end that ten people have and others exceed."""
    if c.kind not in {Kind.INTEGER, Kind.DECIMAL}:
        return
    numbers = data.frame[c.name].cast(pl.Float64).to_numpy()
    known = ~np.isnan(numbers)
    for i, value in enumerate(a.values):
        inside = known & (a.codes == i)
        if a.people[i] < support or not inside.any():
            continue
        high = float(numbers[inside].max())
        at_end = _people(data, inside & (numbers == high))
        beyond = known & (a.codes != i) & (numbers > high)
        usual = beyond.sum() / max(int((known & (a.codes != i)).sum()), 1)
        if at_end < FEWEST or usual * inside.sum() < _EXPECTED:
            continue
        when = f"{_column(a.column)} == {_value(a.column, value)}"
        then = f"{_column(c)} <= {high:g}"
        rule = Implied(
            kind="implies",
            name=_named(f"{c.name} where {a.column.name} is {value}"),
            severity="soft",
            who=_WHO,
            when=when,
            then=then,
        )
        yield _proposal(rule, _people(data, inside), f"where {when}, {then}")


def _people(data: Dataset, rows: NDArray[np.bool_]) -> int:
    return int(rows.sum()) if data.persons is None else len(np.unique(data.persons[rows]))


def _proposal(rule: RuleSpec, people: int, words: str) -> Proposal:
    return Proposal(rule=rule, people=people // 10 * 10, words=words)


def _named(text: str) -> str:
    plain = "".join(" " if ch in ",*[]?:\n" else ch for ch in text)
    return " ".join(plain.split())[:80]


def _column(column: Column) -> str:
    name = column.name
    plain = name.isidentifier() and name.lower() not in WORDS
    return name if plain else f"`{name}`"


def _value(column: Column, value: str) -> str:
    if column.kind is Kind.BOOLEAN:
        return value
    return "'" + value.replace("'", "''") + "'"

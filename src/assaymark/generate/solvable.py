"""Solvable: whether numbers and levels can be found that satisfy comparisons all at once."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.core.arithmetic import Arithmetic
from assaymark.core.schema import Kind
from assaymark.core.value_sets import Levels
from assaymark.core.where import Versus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assaymark.core.value_sets import Allowed

__all__ = ["solvable"]

_WHOLE = {Kind.INTEGER, Kind.DATE, Kind.BOOLEAN}
_DAY = 86_400e6  # microseconds
_FLIPPED = {">": "<", ">=": "<="}
_SECONDS, _TINY = 0.1, 1e-7
_INFEASIBLE = 2


class _Line(NamedTuple):
    """A sum of multiples of columns that is at most (below, if ``strict``) ``most``, or equal."""

    terms: Mapping[str, float]
    most: float
    strict: bool = False
    equal: bool = False


def solvable(
    domains: Mapping[str, Allowed],
    facts: Sequence[Versus | Arithmetic],
    kinds: Mapping[str, Kind],
) -> bool:
    """Whether there may be values in ``domains``, none missing, for which all ``facts`` hold.

    False only where there are none. Gaps within a column's domain, products and functions are
    passed over.
    """
    if not facts:
        return True
    groups = _groups(facts)
    return _levels(groups, domains, facts) and _numbers(domains, facts, kinds)


def _groups(facts: Sequence[Versus | Arithmetic]) -> dict[str, str]:
    """Return for each column that is compared with another one that stands for all its equals."""
    found: dict[str, str] = {}

    def first(column: str) -> str:
        while found.setdefault(column, column) != column:
            column = found[column]
        return column

    for fact in facts:
        if isinstance(fact, Versus):
            left, right = first(fact.left), first(fact.right)
            if fact.sign == "==":
                found[left] = right
    return {column: first(column) for column in found}


def _levels(
    groups: Mapping[str, str],
    domains: Mapping[str, Allowed],
    facts: Sequence[Versus | Arithmetic],
) -> bool:
    """Whether columns that are equal have a value in common, and those that are not, two."""
    common: dict[str, Allowed] = {}
    for column, group in groups.items():
        there = domains[column]
        common[group] = common[group].intersect(there) if group in common else there
    if any(allowed.values.empty for allowed in common.values()):
        return False
    for fact in facts:
        if isinstance(fact, Versus) and fact.sign == "!=":
            left, right = groups[fact.left], groups[fact.right]
            one, other = common[left].values, common[right].values
            single = isinstance(one, Levels) and not one.but and len(one.names) == 1
            if left == right or (single and one == other):
                return False
    return True


def _numbers(
    domains: Mapping[str, Allowed],
    facts: Sequence[Versus | Arithmetic],
    kinds: Mapping[str, Kind],
) -> bool:
    """Whether the linear comparisons have a solution; whole numbers are whole."""
    lines = [line for fact in facts for line in _lines(fact, kinds)]
    columns = sorted({c for line in lines for c in line.terms})
    if not columns:
        return True
    ends = {c: _ends(domains[c], kinds[c]) for c in columns}
    for c, (low, high, opened) in ends.items():
        lines += [_Line({c: -1.0}, -low, strict=True)] if opened[0] else []
        lines += [_Line({c: 1.0}, high, strict=True)] if opened[1] else []
    return _feasible(columns, [(low, high) for low, high, _ in ends.values()], lines, kinds)


def _lines(fact: Versus | Arithmetic, kinds: Mapping[str, Kind]) -> list[_Line]:
    terms: dict[str, float] | None
    if isinstance(fact, Arithmetic):
        terms = fact.rest
    else:
        ordered = kinds[fact.left].ordered
        terms = {fact.left: 1.0, fact.right: -1.0} if ordered else None
    if terms is None or fact.sign == "!=":
        return []
    turn = -1.0 if fact.sign in _FLIPPED else 1.0
    sign = _FLIPPED.get(fact.sign, fact.sign)
    kept = {c: turn * x for c, x in terms.items() if c and x}
    whole = all(kinds[c] in _WHOLE and x.is_integer() for c, x in kept.items())
    most = -turn * terms.get("", 0.0)
    if sign == "<" and whole:
        return [_Line(kept, math.ceil(most) - 1)]
    return [_Line(kept, most, strict=sign == "<", equal=sign == "==")]


class _Ends(NamedTuple):
    low: float
    high: float
    opened: tuple[bool, bool]


def _ends(allowed: Allowed, kind: Kind) -> _Ends:
    """Return the least and the largest value, as formulas count it, and which is left out."""
    if isinstance(allowed.values, Levels):
        numbers = [
            float(b) for b in (False, True) if (b in allowed.values.names) != allowed.values.but
        ]
        return _Ends(min(numbers), max(numbers), (False, False))
    (low, after), (high, beyond) = allowed.values.cuts[0], allowed.values.cuts[-1]
    if kind in _WHOLE:
        return _Ends(low + after, high - (not beyond), (False, False))
    scale = _DAY if kind is Kind.DATETIME else 1.0
    return _Ends(low / scale, high / scale, (after == 1, beyond == 0))


def _feasible(
    columns: Sequence[str],
    bounds: Sequence[tuple[float, float]],
    lines: Sequence[_Line],
    kinds: Mapping[str, Kind],
) -> bool:
    """Whether all lines hold somewhere; strict ones by as much as can be, at most 1."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    place = {c: i for i, c in enumerate(columns)}
    matrix = np.zeros((len(lines), len(columns) + 1))
    ends = defaultdict[str, list[float]](list)
    for row, line in zip(matrix, lines, strict=True):
        for c, x in line.terms.items():
            row[place[c]] = x
        row[-1] = float(line.strict)
        ends["low"].append(line.most if line.equal else -math.inf)
        ends["high"].append(line.most)
    low, high = (np.array(side) for side in zip(*bounds, (0.0, 1.0), strict=True))
    goal = np.zeros(len(columns) + 1)
    goal[-1] = -1.0
    found = milp(
        goal,
        integrality=np.array([*(kinds[c] in _WHOLE for c in columns), False], dtype=np.int64),
        bounds=Bounds(low, high),
        constraints=LinearConstraint(matrix, ends["low"], ends["high"]),
        options={"time_limit": _SECONDS},
    )
    if found.status == _INFEASIBLE:
        return False
    strict = any(line.strict for line in lines)
    return not (found.status == 0 and strict and found.x[-1] <= _TINY)

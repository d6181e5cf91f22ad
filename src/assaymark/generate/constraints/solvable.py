"""Solvable: whether numbers and levels can be found that satisfy comparisons all at once."""

from __future__ import annotations

import math
import os
import sys
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.core.arithmetic import Arithmetic
from assaymark.core.schema import Kind
from assaymark.core.value_sets import Levels
from assaymark.core.where import Versus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from assaymark.core.value_sets import Allowed

__all__ = ["solvable"]

_WHOLE = {Kind.INTEGER, Kind.DATE, Kind.BOOLEAN}
_DAY = 86_400e6  # microseconds
_FLIPPED = {">": "<", ">=": "<="}
_SECONDS = 0.1
_LOOSE = 1e-6  # of a line's scale: what is short by less is not called impossible
_HUGE, _STEEP, _DENOMINATOR = 1e9, 1e7, 1000
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
    """Whether all lines may hold somewhere; false only where they surely do not."""
    kept = [line for line in lines if _measured(line)]
    huge = any(_HUGE < abs(end) < math.inf for pair in bounds for end in pair)
    if not huge and len(kept) == len(lines) and _refuted(columns, bounds, kept, kinds):
        return False
    between = [(c, low, high) for c, (low, high) in zip(columns, bounds, strict=True)]
    ends = [_Line({c: -1.0}, -low) for c, low, _ in between if abs(low) <= _HUGE]
    ends += [_Line({c: 1.0}, high) for c, _, high in between if abs(high) <= _HUGE]
    pure = [line for line in kept if not line.most]  # such as a < b, b < c and c < a
    return not (_disproved(columns, pure) or _disproved(columns, [*kept, *ends]))


def _measured(line: _Line) -> bool:
    """Whether a line's numbers are of a size at which rounding says nothing."""
    sizes = [abs(x) for x in line.terms.values()]
    return abs(line.most) <= _HUGE and all(1 / _STEEP <= x <= _STEEP for x in sizes)


def _refuted(
    columns: Sequence[str],
    bounds: Sequence[tuple[float, float]],
    lines: Sequence[_Line],
    kinds: Mapping[str, Kind],
) -> bool:
    """Whether nothing satisfies the lines, not even when each is relaxed by a part of its scale."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    place = {c: i for i, c in enumerate(columns)}
    matrix = np.zeros((len(lines), len(columns)))
    least, most = [], []
    for row, line in zip(matrix, lines, strict=True):
        size = max((abs(x) for x in line.terms.values()), default=1.0)
        scale = max(1.0, abs(line.most) / size)
        for c, x in line.terms.items():
            row[place[c]] = x / size
            reach = max(abs(end) for end in bounds[place[c]])
            scale = max(scale, abs(x) / size * reach) if reach < math.inf else scale
        least.append(line.most / size - _LOOSE * scale if line.equal else -math.inf)
        most.append(line.most / size + _LOOSE * scale)
    whole = np.array([kinds[c] in _WHOLE for c in columns])
    low, high = (np.array(side, dtype=np.float64) for side in zip(*bounds, strict=True))
    sizes = [max([1.0, *(abs(e) for e in pair if abs(e) < math.inf)]) for pair in bounds]
    room = np.where(whole, 0.0, _LOOSE * np.array(sizes))
    with _mute():
        found = milp(
            np.zeros(len(columns)),
            integrality=whole.astype(np.int64),
            bounds=Bounds(low - room, high + room),
            constraints=LinearConstraint(matrix, least, most),
            options={"time_limit": _SECONDS},
        )
    return bool(found.status == _INFEASIBLE)


def _disproved(columns: Sequence[str], lines: Sequence[_Line]) -> bool:
    """Whether multiples of the lines add up to 0 < 0, or to 0 at most something clearly below.

    The multiples are searched for in floats and tried in fractions.
    """
    from scipy.optimize import linprog

    place = {c: i for i, c in enumerate(columns)}
    matrix = np.zeros((len(columns), len(lines)))
    for i, line in enumerate(lines):
        for c, x in line.terms.items():
            matrix[place[c], i] = x
    if not lines:
        return False
    goal = np.array([line.most - float(line.strict) for line in lines])
    with _mute():
        found = linprog(
            goal,
            A_eq=matrix,
            b_eq=np.zeros(len(columns)),
            A_ub=[[line.most for line in lines]],
            b_ub=[0.0],
            bounds=[(-1.0 if line.equal else 0.0, 1.0) for line in lines],
            options={"time_limit": _SECONDS},
        )
    if found.status != 0:
        return False
    times = [Fraction(float(y)).limit_denominator(_DENOMINATOR) for y in found.x]
    for c in columns:
        if sum(y * Fraction(n.terms.get(c, 0.0)) for y, n in zip(times, lines, strict=True)):
            return False
    parts = [y * Fraction(line.most) for y, line in zip(times, lines, strict=True)]
    strict = any(y > 0 and line.strict for y, line in zip(times, lines, strict=True))
    clear = Fraction(_LOOSE) * max([Fraction(1), *(abs(p) for p in parts)])
    return sum(parts) < -clear or (strict and sum(parts) <= 0)


@contextmanager
def _mute() -> Iterator[None]:
    """Keep what a solver written in C prints off standard output, where results go."""
    sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # there is no standard output
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)

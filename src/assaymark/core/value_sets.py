"""Value sets: which values of one column a condition allows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from assaymark.core.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl
    from numpy.typing import NDArray

    from assaymark.core.schema import Column

__all__ = ["Allowed", "Levels", "Number", "Ranges", "everything", "ranges"]

Number: TypeAlias = int | float
Cut: TypeAlias = tuple[Number, int]

_START, _END = (-math.inf, 0), (math.inf, 1)
_WHOLE_LIMIT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Ranges:
    """Stretches of numbers: each begins at a cut and ends before the next.

    A cut ``(v, 0)`` lies just before ``v``, a cut ``(v, 1)`` just after it. Dates count days,
    and times microseconds, from 1970 on.
    """

    cuts: tuple[Cut, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing is allowed."""
        return not self.cuts

    def complement(self) -> Ranges:
        """Return what is not allowed."""
        return Ranges(_toggled((_START, _END), self.cuts))

    def union(self, other: Ranges) -> Ranges:
        """Return what either allows."""
        return Ranges(_combined(self.cuts, other.cuts, lambda a, b: a or b))

    def intersect(self, other: Ranges) -> Ranges:
        """Return what both allow."""
        return Ranges(_combined(self.cuts, other.cuts, lambda a, b: a and b))

    def hold(self, values: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which values are allowed, shape as given."""
        before = np.searchsorted(self._at(0, values.dtype), values, "right")
        before = before + np.searchsorted(self._at(1, values.dtype), values, "left")
        return np.asarray(before % 2 == 1)

    def _at(self, side: int, dtype: np.dtype[np.int64] | np.dtype[np.float64]) -> NDArray[np.int64]:
        cuts = [v for v, s in self.cuts if s == side]
        if dtype == np.int64:
            cuts = [int(min(max(v, -_WHOLE_LIMIT - 1), _WHOLE_LIMIT)) for v in cuts]
        return np.array(cuts, dtype=dtype)


@dataclass(frozen=True, slots=True)
class Levels:
    """Categories or booleans: those named, or, if ``but``, all others."""

    names: frozenset[str | bool]
    but: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing is allowed."""
        return (not self.but and not self.names) or (self.but and self.names >= {True, False})

    def complement(self) -> Levels:
        """Return what is not allowed."""
        return Levels(self.names, not self.but)

    def union(self, other: Levels) -> Levels:
        """Return what either allows."""
        return self.complement().intersect(other.complement()).complement()

    def intersect(self, other: Levels) -> Levels:
        """Return what both allow."""
        if self.but and other.but:
            return Levels(self.names | other.names, True)
        if self.but:
            return other.intersect(self)
        return Levels(self.names - other.names if other.but else self.names & other.names)

    def hold(self, values: pl.Series) -> NDArray[np.bool_]:
        """Return which values are allowed, shape as given; none of them may be missing."""
        named = values.is_in(list(self.names)) if self.names else values.is_null()
        return np.asarray(named.to_numpy() != self.but)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a condition allows of one column: values, and whether "missing" is allowed too."""

    values: Ranges | Levels
    missing: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing is allowed."""
        return self.values.empty and not self.missing

    def union(self, other: Allowed) -> Allowed:
        """Return what either allows."""
        return Allowed(_both(self.values, other.values, "union"), self.missing or other.missing)

    def intersect(self, other: Allowed) -> Allowed:
        """Return what both allow."""
        values = _both(self.values, other.values, "intersect")
        return Allowed(values, self.missing and other.missing)

    def hold(self, values: pl.Series) -> NDArray[np.bool_]:
        """Return which of a column's values are allowed, shape ``(n,)``."""
        out = np.full(len(values), self.missing)
        known = values.is_not_null()
        there = values.filter(known)
        if isinstance(self.values, Levels):
            held = self.values.hold(there)
        else:
            numbers = there.to_physical().to_numpy()
            whole = numbers.dtype.kind == "i"
            held = self.values.hold(
                numbers.astype(np.int64) if whole else numbers.astype(np.float64)
            )
        out[known.to_numpy()] = held
        return out


def everything(column: Column) -> Ranges | Levels:
    """Return the set of all values of a column."""
    return Ranges((_START, _END)) if column.kind.ordered else Levels(frozenset(), True)


def ranges(column: Column, operator: str, value: Number) -> Ranges:
    """Return the numbers that are ``operator`` (``<``, ``<=``, ``==``, ...) ``value``."""
    before, after = (value, 0), (value, 1)
    cuts: dict[str, tuple[Cut, ...]] = {
        "<": (_START, before),
        "<=": (_START, after),
        ">": (after, _END),
        ">=": (before, _END),
        "==": (before, after),
        "!=": (_START, before, after, _END),
    }
    found = cuts[operator]
    return Ranges(found) if column.kind is Kind.DECIMAL else Ranges(_whole(found))


def _whole(cuts: tuple[Cut, ...]) -> tuple[Cut, ...]:
    """Return cuts between whole numbers that lie just before one of them."""
    moved: list[Cut] = []
    for cut in cuts:
        value, side = cut
        if not math.isinf(value):
            cut = (math.floor(value) + 1 if side else math.ceil(value), 0)
        if moved and moved[-1] == cut:
            moved.pop()
        else:
            moved.append(cut)
    return tuple(moved)


def _toggled(first: tuple[Cut, ...], second: tuple[Cut, ...]) -> tuple[Cut, ...]:
    return tuple(sorted(set(first) ^ set(second)))


def _combined(
    first: tuple[Cut, ...], second: tuple[Cut, ...], rule: Callable[[bool, bool], bool]
) -> tuple[Cut, ...]:
    one, two = frozenset(first), frozenset(second)
    a = b = was = False
    out: list[Cut] = []
    for cut in sorted(one | two):
        a, b = a != (cut in one), b != (cut in two)
        if rule(a, b) != was:
            was = not was
            out.append(cut)
    return tuple(out)


def _both(first: Ranges | Levels, second: Ranges | Levels, how: str) -> Ranges | Levels:
    if isinstance(first, Ranges) and isinstance(second, Ranges):
        return first.union(second) if how == "union" else first.intersect(second)
    if isinstance(first, Levels) and isinstance(second, Levels):
        return first.union(second) if how == "union" else first.intersect(second)
    if isinstance(first, Levels) and not first.names:
        return _both(_ends_of(first), second, how)
    if isinstance(second, Levels) and not second.names:
        return _both(first, _ends_of(second), how)
    raise TypeError(f"one column cannot have both {first} and {second}")


def _ends_of(all_or_nothing: Levels) -> Ranges:
    return Ranges((_START, _END) if all_or_nothing.but else ())

"""Demands: constraints as tests of rows, checked against the columns and rows they are about."""

from __future__ import annotations

import math
import operator
import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import reduce, singledispatch
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core import constraint as c
from assaymark.core.conditions import Conditions
from assaymark.core.dataset import Dataset
from assaymark.core.magnitude import tolerance
from assaymark.core.schema import Kind
from assaymark.core.tokens import named, tokens_of, unquoted
from assaymark.core.value_sets import Allowed, Levels
from assaymark.core.where import Either, Test
from assaymark.errors import ConditionError, RecipeError, UnknownNameError
from assaymark.generate.constraints.contradiction import check_together
from assaymark.generate.constraints.implied import adding_up
from assaymark.generate.constraints.row_tests import RowTest, exactly_one, known_combination

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.core.conditions import Given
    from assaymark.core.schema import Column

__all__ = ["Demands", "bounds_of", "demands_of", "inequality_of", "words_of"]

_SINGLE = 2.0**-22  # of the size: what floats of 32 bits leave of a sum


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """All that must hold on every row; see :class:`~assaymark.core.conditions.Given`.

    ``unique`` are sets of columns in which no two rows may be the same.
    """

    conditions: tuple[Conditions, ...] = ()
    tests: tuple[RowTest, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()

    @property
    def single(self) -> tuple[Conditions | RowTest, ...]:
        """Those that are about single rows."""
        return self.conditions + self.tests

    @property
    def texts(self) -> tuple[str, ...]:
        """Each demand in words."""
        alike = (f"no two rows with the same {' and '.join(u)}" for u in self.unique)
        return (*(d.text for d in self.single), *alike)

    @property
    def text(self) -> str:
        """All demands on single rows."""
        return " and ".join(f"({d.text})" for d in self.single)

    @property
    def exact(self) -> bool:
        """Whether :meth:`allowed` says all of it."""
        return not self.tests and all(d.exact for d in self.conditions)

    def allowed(self) -> Mapping[str, Allowed] | None:
        """Return what each column may be, ``None`` if there are no such rows."""
        found: dict[str, Allowed] = {}
        for condition in self.conditions:
            for column, allowed in (condition.allowed() or {}).items():
                found[column] = found[column].intersect(allowed) if column in found else allowed
        return None if any(a.empty for a in found.values()) else found

    def hold(self, frame: pl.DataFrame) -> NDArray[np.bool_]:
        """Return which rows satisfy all."""
        parts = [d.hold(frame) for d in self.single]
        return reduce(np.logical_and, parts, np.ones(frame.height, dtype=np.bool_))

    def possible(self) -> Demands:
        """Return the demands that rows do not break which they hold for once gaps are filled."""
        return replace(
            self,
            conditions=tuple(d.possible() for d in self.conditions),
            tests=tuple(replace(t, hold=t.left_open or t.hold) for t in self.tests),
        )

    def also(self, given: Given | None) -> Demands:
        """Return the demands, and a condition besides."""
        if given is None:
            return self
        if isinstance(given, Conditions):
            return replace(self, conditions=(*self.conditions, given))
        return replace(self, tests=(*self.tests, RowTest(text=given.text, hold=given.hold)))


def demands_of(specs: Sequence[c.ConstraintSpec], data: Dataset) -> Demands:
    """Return the constraints of a recipe as tests of rows like those of ``data``.

    Raises
    ------
    RecipeError
        When a constraint does not fit the columns, or two contradict each other, or the rows of
        ``data`` break one whose ``on_source`` is ``"refuse"``.
    UnknownNameError
        When there is no such column.
    """
    conditions: list[Conditions] = []
    tests: list[RowTest] = []
    checked: list[tuple[c.ConstraintSpec, Conditions | RowTest]] = []
    for spec in specs:
        if isinstance(spec, c.Unique):
            with _explained(spec, data):
                _check_unique(spec, data)
            continue
        with _explained(spec, data):
            made = _made(spec, data)
        if isinstance(made, RowTest):
            tests.append(made)
        else:
            conditions.append(made)
        checked.append((spec, made))
    unique = tuple(spec.columns for spec in specs if isinstance(spec, c.Unique))
    found = Demands(conditions=tuple(conditions), tests=tuple(tests), unique=unique)
    check_together(found, data)
    for spec, made in checked:
        _check_source(spec, made, data)
    return found


@singledispatch
def _made(spec: object, data: Dataset) -> Conditions | RowTest:
    """Return a constraint as a test of rows like those of ``data``."""
    raise TypeError(f"{spec!r} is no constraint on single rows; {data.n} rows")


def _check_source(spec: c.ConstraintSpec, made: Conditions | RowTest, data: Dataset) -> None:
    if isinstance(spec, c.FixedCombinations):
        return
    _refuse(spec, made.text, int((~made.hold(data.frame)).sum()), data.n)


def _refuse(spec: c.ConstraintSpec, text: str, broken: int, n: int) -> None:
    if broken and spec.on_source == "refuse":
        raise RecipeError(
            f"the source itself breaks a constraint in {broken:,} of {n:,} rows looked at: "
            f"{text}\n\nHint: correct the rows or the constraint, or set on_source = 'keep' "
            "in its [[constraint]] table to learn from these rows and still make none like them"
        )


def _check_unique(spec: c.Unique, data: Dataset) -> None:
    columns = [data.schema.column(name).name for name in spec.columns]
    first = data.frame.select(pl.struct(columns).is_first_distinct()).to_series()
    again = data.n - int(first.sum())
    _refuse(spec, f"no two rows with the same {' and '.join(columns)}", again, data.n)


@contextmanager
def _explained(spec: c.ConstraintSpec, data: Dataset) -> Iterator[None]:
    """Say of what cannot be read which constraint it is, and what the rows have to do with it."""
    try:
        yield
    except ConditionError as error:
        empty = [x for x in data.schema.names if data.frame[x].null_count() == data.n]
        said = next((x for x in empty if x in words_of(spec)), None)
        why = str(error) if said is None else f"column {said!r} has no value, which breaks nothing"
        raise RecipeError(f"[[constraint]] of kind {spec.kind!r}: {why}") from error
    except UnknownNameError as error:
        if error.kind != "column":
            raise
        place = f"{error.where or 'a constraint'}; identifiers and free text are left out before"
        raise UnknownNameError("column", error.name, data.schema.names, place) from error


def words_of(spec: c.ConstraintSpec) -> set[str]:
    """Return what may be columns in a constraint."""
    values = [v for x in spec.plain().values() for v in (x if isinstance(x, list) else [x])]
    texts = [v for v in values if isinstance(v, str)]
    tokens = [t for text in texts for t in tokens_of(text)]
    return {*texts, *(unquoted(t.text) if t.kind == "quoted" else t.text for t in tokens)}


@_made.register
def bounds_of(spec: c.Bounds, data: Dataset) -> Conditions:
    """Return the condition that a number or date is within bounds, or missing."""
    schema = data.schema
    column, name = schema.column(spec.column), named(spec.column)
    if spec.low is None and spec.high is None:
        raise ConditionError("a range needs low, high or both")
    if any(isinstance(end, float) and not math.isfinite(end) for end in (spec.low, spec.high)):
        raise ConditionError("an end of a range is a finite number; without one, leave it out")
    if spec.low is not None and spec.high is not None and not _ordered(spec.low, spec.high):
        raise ConditionError(f"nothing lies between {spec.low!r} and {spec.high!r}")
    ends = ((">=", spec.low), ("<=", spec.high))
    parts = [f"{name} {sign} {_value(column, end)}" for sign, end in ends if end is not None]
    return Conditions.parse(f"({' and '.join(parts)}) or {name} is missing", schema)


@_made.register
def inequality_of(spec: c.Inequality, data: Dataset) -> Conditions:
    """Return the condition that one column is at most another, or either is missing."""
    sign, low, high = "<" if spec.strict else "<=", named(spec.low), named(spec.high)
    missing = f"{low} is missing or {high} is missing"
    return Conditions.parse(f"{low} {sign} {high} or {missing}", data.schema)


@_made.register
def _rule(spec: c.RowRule, data: Dataset) -> Conditions:
    return Conditions.parse(spec.rule, data.schema).possible()


@_made.register
def _implied(spec: c.Implication, data: Dataset) -> RowTest:
    when, said = (Conditions.parse(text, data.schema) for text in (spec.when, spec.then))
    then = said.possible()
    return RowTest(
        text=f"where {when.text}, {then.text}",
        hold=lambda frame: ~when.hold(frame) | then.hold(frame),
        implied=Either((when.untrue().node, then.node)),
    )


@_made.register
def _matching(spec: c.Pattern, data: Dataset) -> Conditions:
    column = data.schema.column(spec.column)
    if column.kind is not Kind.CATEGORY:
        raise ConditionError(f"{spec.column!r} is of kind {column.kind.value!r}, not a category")
    try:
        pattern = re.compile(spec.pattern)
    except re.error as error:
        raise ConditionError(f"{spec.pattern!r} is no regular expression: {error}") from error
    levels = data.frame[spec.column].drop_nulls().unique().to_list()
    right = Levels(frozenset(level for level in levels if pattern.fullmatch(level)))
    text = f"{spec.column} matches {spec.pattern!r}"
    yes, no = Allowed(right, missing=True), Allowed(right.complement())
    if right.empty:
        raise ConditionError(f"no value of the source is such that {text}")
    return Conditions(text, Test(spec.column, yes, no))


@_made.register
def _combined(spec: c.FixedCombinations, data: Dataset) -> RowTest:
    return known_combination([data.schema.column(name).name for name in spec.columns], data)


@_made.register
def _summed(spec: c.SumOfParts, data: Dataset) -> RowTest:
    for name in (spec.total, *spec.parts):
        if data.schema.column(name).kind not in {Kind.INTEGER, Kind.DECIMAL}:
            raise ConditionError(f"{name!r} is not a number")

    whole = all(data.schema.column(n).kind is Kind.INTEGER for n in (spec.total, *spec.parts))
    rest = reduce(operator.sub, map(pl.col, spec.parts), pl.col(spec.total))
    size = reduce(operator.add, (pl.col(n).abs() for n in (spec.total, *spec.parts)))
    close = (rest == 0 if whole else rest.abs() <= tolerance(size)).fill_null(value=True)
    single = (rest.abs() <= _SINGLE * size).fill_null(value=True)
    kept = data.frame.select(close=close.all(), single=single.all())
    if not whole and not kept["close"].item() and kept["single"].item():
        close = single  # the source was added up in 32 bits

    def hold(frame: pl.DataFrame) -> NDArray[np.bool_]:
        held = frame.select(held=close)["held"]
        return np.asarray(held.to_numpy(), dtype=np.bool_)

    text = f"{spec.total} = {' + '.join(spec.parts)}"
    return RowTest(text=text, hold=hold, implied=adding_up(spec.total, spec.parts, data.schema))


@_made.register
def _one_hot(spec: c.OneHot, data: Dataset) -> RowTest:
    for name in spec.columns:
        if data.schema.column(name).kind not in {Kind.INTEGER, Kind.DECIMAL, Kind.BOOLEAN}:
            raise ConditionError(f"{name!r} is not of 0 and 1, or false and true")
    return exactly_one(spec.columns, data)


def _ordered(low: float | str, high: float | str) -> bool:
    if isinstance(low, str) or isinstance(high, str):
        return str(low) <= str(high)
    return low <= high


def _value(column: Column, value: float | str) -> str:
    if column.kind in {Kind.DATE, Kind.DATETIME}:
        return f"'{value}'"
    if isinstance(value, str):
        raise ConditionError(f"{column.name!r} needs a number as low and high, not {value!r}")
    short = f"{value:g}"
    return short if float(short) == value else repr(value)

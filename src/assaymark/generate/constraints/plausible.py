"""Plausible: hard rules on records as tests of rows, so that no row is drawn that breaks one."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core import plausibility as p
from assaymark.core.codes import CodeRange
from assaymark.core.conditions import Conditions
from assaymark.core.constraint import Bounds, Inequality
from assaymark.core.dataset import Dataset
from assaymark.core.where import Either
from assaymark.errors import ConditionError, RecipeError
from assaymark.generate.constraints.contradiction import check_together
from assaymark.generate.constraints.demands import bounds_of, inequality_of
from assaymark.generate.constraints.row_tests import RowTest

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl
    from numpy.typing import NDArray

    from assaymark.generate.constraints.demands import Demands

__all__ = ["keeping"]

_UNCONSTRAINED = (p.Derived, p.PerGroup)


def keeping(demands: Demands, rules: Iterable[p.RuleSpec], data: Dataset) -> Demands:
    """Return ``demands`` and that no row breaks one of ``rules``, on rows like those of ``data``.

    Real rows that break a rule are learnt from all the same. A derived field, and what holds for
    rows together, is not a demand on single draws: the evaluation counts where it is broken.

    Raises
    ------
    RecipeError
        When a rule does not fit the columns, or no row can keep to rules and demands together.
    UnknownNameError
        When there is no such column.
    """
    made: list[Conditions | RowTest] = []
    for rule in rules:
        if isinstance(rule, _UNCONSTRAINED):
            continue
        try:
            parts = _made(rule, data)
        except ConditionError as error:
            raise RecipeError(f"[[plausibility]] {rule.name!r}: {error}") from error
        made += [replace(part, text=rule.name) for part in parts]
    conditions = tuple(m for m in made if isinstance(m, Conditions))
    tests = tuple(m for m in made if isinstance(m, RowTest))
    found = replace(
        demands,
        conditions=(*demands.conditions, *conditions),
        tests=(*demands.tests, *tests),
    )
    if made:
        check_together(found, data)
    return found


@singledispatch
def _made(rule: object, data: Dataset) -> list[Conditions | RowTest]:
    raise TypeError(f"{rule!r} is no rule on single rows; {data.n} rows")


@_made.register
def _holds(rule: p.RowHolds, data: Dataset) -> list[Conditions | RowTest]:
    return [Conditions.parse(rule.rule, data.schema).possible()]


@_made.register
def _range(rule: p.InRange, data: Dataset) -> list[Conditions | RowTest]:
    spec = Bounds(kind="range", column=rule.column, low=rule.low, high=rule.high)
    return [bounds_of(spec, data)]


@_made.register
def _order(rule: p.InOrder, data: Dataset) -> list[Conditions | RowTest]:
    return [
        inequality_of(Inequality(kind="inequality", low=a, high=b, strict=rule.strict), data)
        for a, b in combinations(rule.columns, 2)
    ]


@_made.register
def _implied(rule: p.Implied, data: Dataset) -> list[Conditions | RowTest]:
    when = Conditions.parse(rule.when, data.schema)
    then = Conditions.parse(rule.then, data.schema).possible()
    return [
        RowTest(
            text="",
            hold=lambda frame: ~when.hold(frame) | then.hold(frame),
            implied=Either((when.untrue().node, then.node)),
        )
    ]


@_made.register
def _codes(rule: p.CodesExcluded, data: Dataset) -> list[Conditions | RowTest]:
    ranges = [CodeRange.parse(text) for text in rule.codes]
    when = Conditions.parse(rule.when, data.schema) if rule.when else None
    for name in rule.columns:
        if data.schema.column(name).kind.ordered:
            raise ConditionError(f"column {name!r} holds numbers, not codes: set kind = 'category'")

    def hold(frame: pl.DataFrame) -> NDArray[np.bool_]:
        broken = np.zeros(frame.height, dtype=np.bool_)
        for name in rule.columns:
            levels = frame[name].drop_nulls().unique().to_list()
            out = [v for v in levels if _within(str(v), ranges, shortened=rule.shortened)]
            if out:
                broken |= frame[name].is_in(out).fill_null(value=False).to_numpy()
        return ~broken if when is None else ~broken | ~when.hold(frame)

    return [RowTest(text="", hold=hold)]


def _within(code: str, ranges: list[CodeRange], *, shortened: bool) -> bool:
    return any(r.holds(code, shortened=shortened) for r in ranges)

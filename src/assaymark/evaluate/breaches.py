"""Breaches: which rows break a plausibility rule, by a path of its own.

Nothing here is shared with what keeps a generator from drawing such rows but the words of the
language: conditions become expressions of the table engine, codes are taken apart by patterns.
"""

from __future__ import annotations

from functools import reduce, singledispatch
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from assaymark.core import plausibility as p
from assaymark.core.arithmetic import Arithmetic
from assaymark.core.codes import CodeRange
from assaymark.core.dataset import Dataset
from assaymark.core.formula import Formula
from assaymark.core.schema import Kind
from assaymark.core.value_sets import Ranges
from assaymark.core.where import Test, Versus, read
from assaymark.errors import ConditionError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assaymark.core.value_sets import Allowed
    from assaymark.core.where import Node

__all__ = ["Breaches", "breaches_of", "check_rules"]

_NEVER, _ALWAYS = pl.lit(value=False), pl.lit(value=True)


class Breaches(NamedTuple):
    """Which rows break a rule, and which it is about, both of shape ``(n,)``."""

    broken: np.ndarray
    about: np.ndarray


def breaches_of(rule: p.RuleSpec, data: Dataset) -> Breaches:
    """Return which rows of ``data`` break ``rule``; a missing value breaks none.

    Raises
    ------
    InputError
        When the rule does not fit the table: an unknown column, or a condition that cannot be read.
    """
    found = _exprs(rule, data)
    if isinstance(found, Breaches):
        return found
    about, broken = found
    made = data.frame.select(
        about.fill_null(value=False).alias("about"), broken.fill_null(value=False).alias("broken")
    )
    if made.height != data.n:  # neither names a column
        made = made.select(pl.all().repeat_by(data.n).explode()) if data.n else made.clear()
    inside = made["about"].to_numpy().astype(bool)
    return Breaches(inside & made["broken"].to_numpy().astype(bool), inside)


@singledispatch
def _exprs(rule: object, data: Dataset) -> tuple[pl.Expr, pl.Expr] | Breaches:
    """Return expressions that say of a row whether the rule is about it, and whether it fails."""
    raise TypeError(f"{rule!r} is no rule on {data.n} rows")


@_exprs.register
def _holds(rule: p.RowHolds, data: Dataset) -> tuple[pl.Expr, pl.Expr]:
    return _ALWAYS, _false(read(rule.rule, data.schema), data)


@_exprs.register
def _range(rule: p.InRange, data: Dataset) -> tuple[pl.Expr, pl.Expr]:
    column = data.schema.column(rule.column)
    if not column.kind.ordered:
        raise ConditionError(f"column {rule.column!r} has no order, so it has no range")
    if rule.low is None and rule.high is None:
        raise ConditionError("a range needs low, high or both")
    value = pl.col(rule.column)
    kind = {Kind.DATE: pl.Date(), Kind.DATETIME: pl.Datetime("us")}.get(column.kind)

    def end(given: float | str) -> pl.Expr:
        if isinstance(given, str) != (kind is not None):
            raise ConditionError(f"{given!r} is no value of column {rule.column!r}")
        return pl.lit(given) if kind is None else pl.lit(str(given)).str.to_datetime().cast(kind)

    outside = _NEVER
    if rule.low is not None:
        outside = outside | (value < end(rule.low))
    if rule.high is not None:
        outside = outside | (value > end(rule.high))
    return value.is_not_null(), outside


@_exprs.register
def _order(rule: p.InOrder, data: Dataset) -> tuple[pl.Expr, pl.Expr]:
    kinds = {data.schema.column(c).kind for c in rule.columns}
    if not all(k.ordered for k in kinds) or (
        len(kinds) > 1 and not kinds <= {Kind.INTEGER, Kind.DECIMAL}
    ):
        named = [data.schema.column(c) for c in rule.columns]
        said = ", ".join(f"{c.name} ({c.kind.value})" for c in named)
        moments = ", ".join(c.name for c in named if c.kind is Kind.DATETIME)
        hint = f'\n\nHint: kind = "date" for {moments} under [columns] compares days'
        raise ConditionError(
            f"{said} are not all numbers, or dates, alike"
            f"{hint if kinds == {Kind.DATE, Kind.DATETIME} else ''}"
        )
    pairs = [(pl.col(a), pl.col(b)) for a, b in combinations(rule.columns, 2)]
    wrong = [(b <= a) if rule.strict else (b < a) for a, b in pairs]
    known = [a.is_not_null() & b.is_not_null() for a, b in pairs]
    return pl.any_horizontal(known), pl.any_horizontal([w.fill_null(value=False) for w in wrong])


@_exprs.register
def _derived(rule: p.Derived, data: Dataset) -> Breaches:
    if data.schema.column(rule.column).kind not in {Kind.INTEGER, Kind.DECIMAL}:
        raise ConditionError(f"column {rule.column!r} is not a number")
    wanted = Formula.parse(rule.formula, data.schema).values(data.frame)
    there = data.frame[rule.column].cast(pl.Float64).to_numpy()
    about = ~np.isnan(wanted) & ~np.isnan(there)
    with np.errstate(invalid="ignore"):
        away = np.abs(there - wanted) > rule.tolerance * (1 + 1e-9)
    return Breaches(about & (away | np.isinf(wanted)), about)


@_exprs.register
def _implied(rule: p.Implied, data: Dataset) -> tuple[pl.Expr, pl.Expr]:
    when = _true(read(rule.when, data.schema), data)
    return when, _false(read(rule.then, data.schema), data)


@_exprs.register
def _codes(rule: p.CodesExcluded, data: Dataset) -> tuple[pl.Expr, pl.Expr]:
    ranges = [CodeRange.parse(text) for text in rule.codes]
    for name in rule.columns:
        if data.schema.column(name).kind.ordered:
            raise ConditionError(f"column {name!r} holds numbers, not codes: set kind = 'category'")
    when = _true(read(rule.when, data.schema), data) if rule.when else _ALWAYS
    hits = [_coded(pl.col(c), r, rule) for c in rule.columns for r in ranges]
    known = pl.any_horizontal([pl.col(c).is_not_null() for c in rule.columns])
    return when & known, pl.any_horizontal([h.fill_null(value=False) for h in hits])


@_exprs.register
def _per_group(rule: p.PerGroup, data: Dataset) -> Breaches:
    hit = _true(read(rule.rule, data.schema), data).fill_null(value=False)
    name = data.schema.column(rule.by).name
    counted = hit.cast(pl.Int64).sum().over(name)
    most = data.n if rule.most is None else rule.most
    wrong = ((counted < rule.least) | (counted > most)) & pl.col(name).is_not_null()
    made = data.frame.select(wrong.alias("wrong"), pl.col(name).is_not_null().alias("about"))
    return Breaches(*(made[c].to_numpy().astype(bool) for c in ("wrong", "about")))


def _coded(column: pl.Expr, within: CodeRange, rule: p.CodesExcluded) -> pl.Expr:
    """Return whether a code is in a range, from its letter and its first digits."""
    code = column.cast(pl.String).str.strip_chars().str.to_uppercase()
    if within.prefix:
        return code.str.starts_with(within.prefix)
    width = 2 if within.letter or within.procedures else 3
    if within.procedures:
        code = code.str.extract(r"^(\d{1,2}\.?\d{0,2})$", 1)
    nothing_more = "|$" if within.letter and rule.shortened else ""
    digits = code.str.extract(rf"^{within.letter}(\d{{1,{width}}}{nothing_more})", 1)
    pads = ("0", "9") if rule.shortened else (None, None)
    first, last = (
        (digits if pad is None else digits.str.pad_end(width, pad)).cast(pl.Int64) for pad in pads
    )
    return (first >= within.low) & (last <= within.high)


def _true(node: Node, data: Dataset) -> pl.Expr:
    return _said(node, data, wanted=True)


def _false(node: Node, data: Dataset) -> pl.Expr:
    return _said(node, data, wanted=False)


def _said(node: Node, data: Dataset, *, wanted: bool) -> pl.Expr:
    """Return whether a condition is true, or false, of a row; neither where it is unknown."""
    if isinstance(node, Test):
        return _allowed(node.yes if wanted else node.no, node.column, data)
    if isinstance(node, Versus):
        left, right = pl.col(node.left), pl.col(node.right)
        signs = {
            "==": left.eq(right),
            "!=": left.ne(right),
            "<": left < right,
            "<=": left <= right,
            ">": left > right,
            ">=": left >= right,
        }
        held = signs[node.sign]
        return (held if wanted else ~held).fill_null(value=False)
    if isinstance(node, Arithmetic):
        held = node.truth()
        return (held if wanted else ~held).fill_null(value=False)
    parts = [_said(part, data, wanted=wanted) for part in node.parts]
    every = (type(node).__name__ == "Both") == wanted
    return pl.all_horizontal(parts) if every else pl.any_horizontal(parts)


def _allowed(allowed: Allowed, column: str, data: Dataset) -> pl.Expr:
    value, values = pl.col(column), allowed.values
    if isinstance(values, Ranges):
        whole = data.schema.column(column).kind is not Kind.DECIMAL
        number = value.to_physical().cast(pl.Float64 if not whole else pl.Int64)
        ends = list(zip(values.cuts[::2], values.cuts[1::2], strict=True))
        inside = reduce(lambda a, b: a | b, [_between(number, *e) for e in ends], _NEVER)
    else:
        named = value.is_in(list(values.names)) if values.names else _NEVER
        inside = ~named if values.but else named
    known = value.is_not_null() & inside
    return known | value.is_null() if allowed.missing else known


def _between(number: pl.Expr, low: tuple[float, int], high: tuple[float, int]) -> pl.Expr:
    above, below = low[0], high[0]
    over = number > above if low[1] else number >= above
    under = number <= below if high[1] else number < below
    return (over if np.isfinite(above) else _ALWAYS) & (under if np.isfinite(below) else _ALWAYS)


def check_rules(rules: Iterable[p.RuleSpec], data: Dataset) -> None:
    """Raise where a rule does not fit tables like ``data``, and name it.

    Raises
    ------
    InputError
        When a rule names an unknown column, or cannot be read.
    """
    few = data.take(np.arange(min(data.n, 1)))
    for rule in rules:
        try:
            breaches_of(rule, few)
        except InputError as error:
            raise ConditionError(f"[[plausibility]] {rule.name!r}: {error}") from error

"""Implied: what a test of several columns says of them, as a condition that can be reasoned on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.arithmetic import Arithmetic
from assaymark.core.conditions import Conditions, missing
from assaymark.core.tokens import named
from assaymark.core.value_sets import Allowed, Levels
from assaymark.core.where import Both, Either, Test

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from assaymark.core.schema import Schema
    from assaymark.core.where import Node

__all__ = ["adding_up", "one_of", "one_set"]

_MOST = 200


def adding_up(total: str, parts: Sequence[str], schema: Schema) -> Node:
    """Return the condition that ``total`` is the sum of ``parts``, or one of them is missing."""
    sum_ = Arithmetic.parse(named(total), "==", " + ".join(map(named, parts)), schema)
    return Either((sum_, *map(missing, sum_.columns)))


def one_set(columns: Sequence[str], schema: Schema) -> Node:
    """Return the condition that one of ``columns`` of 0 and 1 is 1, or one is missing."""
    sum_ = Arithmetic.parse(" + ".join(map(named, columns)), "==", "1", schema)
    each = (Conditions.parse(f"{named(c)} in (0, 1)", schema).node for c in columns)
    numbers = tuple(n for n, c in zip(each, columns, strict=True) if schema.column(c).kind.ordered)
    return Either((Both((*numbers, sum_)), *map(missing, sum_.columns)))


def one_of(known: pl.DataFrame, schema: Schema) -> Node | None:
    """Return the condition that categories have one of these combinations; not for too many."""
    if known.height > _MOST or any(schema.column(n).kind.ordered for n in known.columns):
        return None
    rows = (row.items() for row in known.iter_rows(named=True))
    return Either(tuple(Both(tuple(_is(*cell) for cell in row)) for row in rows))


def _is(column: str, level: str | bool | None) -> Test:
    if level is None:
        return missing(column)
    only = Levels(frozenset([level]))
    return Test(column, Allowed(only), Allowed(only.complement()))

"""Claim check: whether claims can be asked of a table with this schema, before any is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.claim import Contrast, Mean, Ranking, Ratio, Scenario, Share, Tail, Total
from assaymark.core.conditions import Conditions
from assaymark.core.formula import Formula
from assaymark.core.schema import Kind
from assaymark.errors import ConditionError, RecipeError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from assaymark.core.claim import ClaimSpec
    from assaymark.core.schema import Schema

__all__ = ["check_claims", "check_named"]


_NAMING = ("column", "numerator", "denominator", "outcome", "by", "per")


def check_claims(claims: Iterable[ClaimSpec], schema: Schema) -> None:
    """Refuse a claim that names what the table lacks, or asks of a column what its kind forbids.

    Kinds that other modules check themselves are left alone.

    Raises
    ------
    RecipeError
        When a condition or formula cannot be read, or a column has no mean.
    UnknownNameError
        When a claim names a column that is not there; the message names the nearest.
    """
    for spec in claims:
        where = f"claim {spec.name!r}"
        try:
            _check(spec, schema, where)
        except ConditionError as error:
            raise RecipeError(f"{where}: {error}") from error
        except UnknownNameError as error:
            if error.kind != "column" or error.where == where:
                raise
            place = f"{error.where} of {where}"
            raise UnknownNameError("column", error.name, schema.names, place) from error


def check_named(claims: Iterable[ClaimSpec], columns: Collection[str]) -> None:
    """Refuse a claim on a column that the table lacks, before a run has begun.

    What conditions and formulas name is checked with the kinds of the columns.

    Raises
    ------
    UnknownNameError
        When a claim names a column that is not there; the message names the nearest.
    """
    for spec in claims:
        for key in _NAMING:
            name = getattr(spec, key, "")
            if name and name not in columns:
                raise UnknownNameError("column", name, columns, f"claim {spec.name!r}")
        for name in getattr(spec, "covariates", ()):
            if name not in columns:
                raise UnknownNameError("column", name, columns, f"claim {spec.name!r}")


def _check(spec: ClaimSpec, schema: Schema, where: str) -> None:  # noqa: C901
    if spec.where:
        Conditions.parse(spec.where, schema)
    if spec.by:
        _named(spec.by, schema, where)
    match spec:
        case Mean(column=column) | Total(column=column) | Ranking(column=column):
            _number(column, schema, where)
        case Tail(column=column):
            _number(column, schema, where)
        case Ratio(numerator=top, denominator=bottom):
            _number(top, schema, where)
            _number(bottom, schema, where)
        case Share(condition=condition):
            Conditions.parse(condition, schema)
        case Contrast():
            _number(spec.outcome, schema, where)
            for condition in filter(None, (spec.treated, spec.control)):
                Conditions.parse(condition, schema)
            for name in spec.covariates:
                _named(name, schema, where)
        case Scenario():
            for text in filter(None, (spec.before, spec.after)):
                Formula.parse(text, schema)
            if spec.per:
                _named(spec.per, schema, where)


def _named(name: str, schema: Schema, where: str) -> None:
    if name not in schema.names:
        raise UnknownNameError("column", name, schema.names, where)
    if schema.column(name).kind is Kind.TEXT:
        raise RecipeError(f"{where}: column {name!r} is free text, which no claim can name")


def _number(name: str, schema: Schema, where: str) -> None:
    _named(name, schema, where)
    kind = schema.column(name).kind
    if not (kind.ordered or kind is Kind.BOOLEAN):
        raise RecipeError(
            f"{where}: column {name!r} is a {kind.value}, which has no mean\n\nHint: ask for a "
            f'share: kind = "share", condition = "`{name}` == \'value\'"'
        )

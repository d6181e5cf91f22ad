"""Constraints: what must hold on every synthetic row, as ``[[constraint]]`` of a recipe says."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from assaymark.core.document import Document

__all__ = [
    "CONSTRAINTS",
    "Bounds",
    "ConstraintSpec",
    "FixedCombinations",
    "Implication",
    "Inequality",
    "OneHot",
    "Pattern",
    "RowRule",
    "SumOfParts",
    "Unique",
]


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"names {twice!r} twice")
    return names


def _written(end: object) -> object:
    """Return a date, as TOML has it without quotes, as text."""
    return end.isoformat() if isinstance(end, date) else end


_End = Annotated[float | str | None, BeforeValidator(_written)]
_Columns = Annotated[tuple[str, ...], AfterValidator(_each_once)]


class _Constraint(Document):
    """``on_source`` says what to do where the source itself breaks it: refuse, or keep its rows."""

    on_source: Literal["refuse", "keep"] = "refuse"


class Bounds(_Constraint):
    """A number or date lies between ``low`` and ``high``, ends included, or is missing."""

    kind: Literal["range"]
    column: str
    low: _End = None
    high: _End = None


class Inequality(_Constraint):
    """``low`` is at most ``high`` (below it, if ``strict``) wherever both are there."""

    kind: Literal["inequality"]
    low: str
    high: str
    strict: bool = False


class FixedCombinations(_Constraint):
    """Only combinations of these columns come out that at least ten persons of train have."""

    kind: Literal["fixed"]
    columns: _Columns = Field(min_length=2)


class SumOfParts(_Constraint):
    """``total`` is the sum of ``parts`` wherever all are there."""

    kind: Literal["sum"]
    total: str
    parts: tuple[str, ...] = Field(min_length=2)


class OneHot(_Constraint):
    """Exactly one of these columns, of 0 and 1 or false and true, is set."""

    kind: Literal["one_hot"]
    columns: _Columns = Field(min_length=2)


class Implication(_Constraint):
    """Where the condition ``when`` is true, ``then`` is not false: what is missing breaks none."""

    kind: Literal["implies"]
    when: str
    then: str


class Pattern(_Constraint):
    """A category matches a regular expression as a whole, or is missing."""

    kind: Literal["pattern"]
    column: str
    pattern: str


class Unique(_Constraint):
    """No two rows have the same values in these columns."""

    kind: Literal["unique"]
    columns: _Columns = Field(min_length=1)


class RowRule(_Constraint):
    """A condition, as ``generate --where`` takes it, is not false: what is missing breaks none."""

    kind: Literal["rule"]
    rule: str


CONSTRAINTS: dict[str, type[_Constraint]] = {
    "range": Bounds,
    "inequality": Inequality,
    "fixed": FixedCombinations,
    "sum": SumOfParts,
    "one_hot": OneHot,
    "implies": Implication,
    "pattern": Pattern,
    "unique": Unique,
    "rule": RowRule,
}

ConstraintSpec = Annotated[
    Bounds
    | Inequality
    | FixedCombinations
    | SumOfParts
    | OneHot
    | Implication
    | Pattern
    | Unique
    | RowRule,
    Field(discriminator="kind"),
]

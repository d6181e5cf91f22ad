"""Arithmetic: what is worked out from columns, compared, such as ``net + tax <= gross``."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.formula import Formula
from assaymark.core.magnitude import tolerance
from assaymark.errors import ConditionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from assaymark.core.schema import Schema

__all__ = ["Arithmetic"]

_SIGNS: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "==": lambda _, close: close,
    "!=": lambda _, close: ~close,
    "<": lambda rest, close: (rest < 0) & ~close,
    "<=": lambda rest, close: (rest < 0) | close,
    ">": lambda rest, close: (rest > 0) & ~close,
    ">=": lambda rest, close: (rest > 0) | close,
}


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two formulas compared; where one is missing, it is neither true nor false.

    What is undefined, such as a quotient by zero, is missing. Floats that differ by rounding are
    equal: .1 + .2 and .3. ``lenient``: it holds where a side is missing, too, as what constraints
    ask of a row.
    """

    left: Formula
    sign: str
    right: Formula
    lenient: bool = False

    @classmethod
    def parse(cls, left: str, sign: str, right: str, schema: Schema) -> Arithmetic:
        """Read both sides; see :class:`~assaymark.core.formula.Formula` for their language.

        Raises
        ------
        ConditionError
            When a side cannot be read, or no column is named.
        UnknownNameError
            When there is no such column.
        """
        one, other = (Formula.parse(text, schema, undefined="missing") for text in (left, right))
        found = cls(one, sign, other)
        if not found.columns:
            raise ConditionError(f"{left.strip()} {sign} {right.strip()} names no column")
        return found

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it names, sorted."""
        return tuple(sorted({*self.left.columns, *self.right.columns}))

    @property
    def rest(self) -> dict[str, float] | None:
        """What each column counts in left less right, the constant under ``""``, if it is a sum."""
        left, right = self.left.terms, self.right.terms
        if left is None or right is None:
            return None
        return {c: left.get(c, 0.0) - right.get(c, 0.0) for c in {*left, *right}}

    def truth(self) -> pl.Expr:
        """Return whether it is true of a row; null where it is neither true nor false."""
        one, other = self.left.expression, self.right.expression
        rest = operator.sub(one, other)
        close = rest.abs() <= tolerance(self.left.size + self.right.size)
        return (
            pl.when(rest.is_finite())
            .then(_SIGNS[self.sign](rest, close))
            .otherwise(True if self.lenient else None)
        )

"""Formula: a small language of arithmetic on columns, read without ever running anything."""

from __future__ import annotations

import ast
import math
import operator
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import polars as pl

from assaymark.core.magnitude import magnitude
from assaymark.core.schema import Kind, Role
from assaymark.core.syntax import Syntax
from assaymark.core.tokens import bare_name
from assaymark.errors import ConditionError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from assaymark.core.schema import Schema

    Floats = NDArray[np.float64]

__all__ = ["Formula"]

_LONGEST, _LOOKED_AT = 4_000, 400
_LANGUAGE = (
    "Hint: a formula reads like  where(age >= 65, 0, clip(0.2 * income - 900, 0, 5000)) ; there "
    "are + - * / // % **, comparisons, in ('a', 'b'), and, or, not, a if test else b, and "
    "min(a, b), max(a, b), abs, round, floor, ceil, sqrt, log, exp, clip(x, low, high), "
    "where(test, a, b), is_missing(x); text in quotes, a column whose name is not one word in "
    "`back quotes`"
)
_Type = Literal["number", "truth", "text"]
_TYPES: dict[Kind, _Type] = {
    Kind.INTEGER: "number",
    Kind.DECIMAL: "number",
    Kind.BOOLEAN: "truth",
    Kind.CATEGORY: "text",
    Kind.DATE: "number",
    Kind.DATETIME: "number",
}


@dataclass(frozen=True, slots=True)
class Formula:
    """A number for each row, read from text such as ``max(0, income - 1000) * 0.2``.

    A date counts in days since 1970, true as 1 and false as 0. What is made of a missing value is
    missing; what is divided by zero is undefined. ``terms`` are what each column counts, and the
    constant under ``""``, if it is a sum of multiples of columns. ``size`` is how large the numbers
    are that it is made of.
    """

    text: str
    expression: pl.Expr = field(compare=False)
    columns: tuple[str, ...]
    size: pl.Expr = field(compare=False)
    terms: Mapping[str, float] | None = field(default=None, compare=False)

    @classmethod
    def parse(
        cls, text: str, schema: Schema, *, undefined: Literal["kept", "missing"] = "kept"
    ) -> Formula:
        """Read ``text``, a formula on the columns of ``schema``.

        Text stands in quotes of either kind, which are doubled within. With ``undefined``
        "missing", whatever is undefined on the way is missing, as it is in conditions.

        Raises
        ------
        ConditionError
            When it cannot be read, or does with a column what its kind does not allow.
        UnknownNameError
            When there is no such column.
        """
        reader = _Reader(text, schema, finite=undefined == "missing")
        tree = reader.tree()
        made = reader.number(tree)
        columns = tuple(sorted(reader.columns))
        return cls(text.strip(), made, columns, magnitude(tree, reader.number), reader.terms(tree))

    def values(self, frame: pl.DataFrame) -> Floats:
        """Return the value of each row, shape ``(n,)``: NaN where missing, inf where undefined."""
        made = frame.select(self.expression.alias("x"))["x"]
        if len(made) != frame.height:  # a formula without a column
            made = made.extend_constant(made[0], frame.height - 1) if frame.height else made[:0]
        lost = made.is_null().to_numpy()
        values = np.array(made.fill_null(0.0).to_numpy(), dtype=np.float64)
        values[~np.isfinite(values)] = np.inf
        values[lost] = np.nan
        return values


class _Made(NamedTuple):
    expression: pl.Expr
    type: _Type
    constant: bool = False


class _Reader:
    """Turns one syntax tree into one expression; what is not listed here is refused."""

    def __init__(self, text: str, schema: Schema, *, finite: bool) -> None:
        self._text, self._schema, self._finite = text.strip(), schema, finite
        self._syntax = Syntax(ast.Constant(0))
        self.columns: set[str] = set()

    def wrong(self, why: str) -> ConditionError:
        """Return the error that says what is wrong with the formula."""
        return ConditionError(f"cannot read the formula {self._text[:200]!r}: {why}\n\n{_LANGUAGE}")

    def tree(self) -> ast.expr:
        """Return the syntax tree of the text."""
        if not self._text:
            raise self.wrong("it is empty")
        if len(self._text) > _LONGEST:
            raise self.wrong(f"it has more than {_LONGEST} characters")

        try:
            self._syntax = Syntax.parse(self._text, self._schema.names)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            places = range(len(self._text)) if len(self._text) <= _LOOKED_AT else ()
            names = self._schema.names
            bare = next(filter(None, (bare_name(self._text[i:], names) for i in places)), "")
            said = getattr(error, "msg", "") or "it is no formula"
            raise self.wrong(f"{said}{bare}") from error
        return self._syntax.tree

    def number(self, node: ast.expr) -> pl.Expr:
        """Return the number that ``node`` stands for."""
        made = self._any(node)
        if made.type == "text":
            raise self.wrong(f"{self._syntax.shown(node)!r} is text, and a number is needed")
        return made.expression.cast(pl.Float64)

    def _defined(self, made: pl.Expr) -> pl.Expr:
        return pl.when(made.is_finite()).then(made) if self._finite else made

    def terms(self, node: ast.expr) -> dict[str, float] | None:
        """Return what each column counts in a sum, the constant under ``""``, or ``None``."""
        made: dict[str, float] | None = None
        match node:
            case ast.Constant(value=int() | float() as value):
                made = {"": float(value)}
            case ast.Name(id=name) if self._syntax.column(name) in self._schema.names:
                made = {self._syntax.column(name): 1.0}
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                made = _times(self.terms(operand), {"": -1.0})
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                made = _plus(self.terms(left), self.terms(right))
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                made = _plus(self.terms(left), _times(self.terms(right), {"": -1.0}))
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                made = _times(self.terms(left), self.terms(right))
            case ast.BinOp(left=left, op=ast.Div(), right=ast.Constant(value=value)):
                by = float(value) if isinstance(value, int | float) else 0.0
                made = _times(self.terms(left), {"": 1 / by} if by else None)
        return made

    def _truth(self, node: ast.expr) -> pl.Expr:
        made = self._any(node)
        if made.type != "truth":
            raise self.wrong(
                f"{self._syntax.shown(node)!r} is no test, and true or false is needed"
            )
        return made.expression

    def _any(self, node: ast.expr) -> _Made:  # noqa: PLR0911, C901
        match node:
            case ast.Constant(value=value):
                return self._constant(value)
            case ast.Name(id=name):
                return self._column(name)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                made = _BINARY[type(op)](self.number(left), self.number(right))
                return _Made(self._defined(made), "number")
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _Made(-self.number(operand), "number", constant=_is_constant(operand))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return _Made(self.number(operand), "number", constant=_is_constant(operand))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _Made(~self._truth(operand), "truth")
            case ast.BoolOp(op=joint, values=parts):
                rule = operator.and_ if isinstance(joint, ast.And) else operator.or_
                return _Made(reduce(rule, (self._truth(p) for p in parts)), "truth")
            case ast.Compare():
                return _Made(self._compare(node), "truth")
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self._where(test, body, orelse)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self._call(name, args)
        raise self.wrong(f"{self._syntax.shown(node)[:60]!r} is not part of the language")

    def _constant(self, value: object) -> _Made:
        if isinstance(value, bool):
            return _Made(pl.lit(value), "truth", constant=True)
        if isinstance(value, str):
            return _Made(pl.lit(value), "text", constant=True)
        if isinstance(value, int | float) and abs(value) < 1e300 and math.isfinite(value):
            return _Made(pl.lit(float(value)), "number", constant=True)
        raise self.wrong(f"{str(value)[:20]!r} is no number or text that a formula may name")

    def _column(self, name: str) -> _Made:
        name = self._syntax.column(name)
        if name not in self._schema.names:
            if name in {"true", "false"}:
                return _Made(pl.lit(name == "true"), "truth", constant=True)
            raise UnknownNameError("column", name, self._schema.names, "the formula")
        column = self._schema.column(name)
        if column.kind is Kind.TEXT:
            raise self.wrong(f"column {name!r} is free text")
        if column.has(Role.DIRECT_IDENTIFIER):
            raise self.wrong(f"column {name!r} holds identifiers, which say nothing of a row")
        self.columns.add(name)
        made = pl.col(name)
        if column.kind is Kind.DATE:
            made = made.cast(pl.Int32)
        elif column.kind is Kind.DATETIME:
            made = made.cast(pl.Int64) / 86_400e6
        return _Made(made, _TYPES[column.kind])

    def _compare(self, node: ast.Compare) -> pl.Expr:
        terms = [node.left, *node.comparators]
        made: pl.Expr | None = None
        for left, op, right in zip(terms, node.ops, terms[1:], strict=False):
            one = self._one_comparison(left, op, right)
            made = one if made is None else made & one
        assert made is not None  # noqa: S101
        return made

    def _one_comparison(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> pl.Expr:
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(right, ast.Tuple | ast.List) or not right.elts:
                raise self.wrong("after 'in' comes a list such as ('a', 'b')")
            made = self._one_comparison(left, ast.Eq(), right.elts[0])
            for value in right.elts[1:]:
                made = made | self._one_comparison(left, ast.Eq(), value)
            return ~made if isinstance(op, ast.NotIn) else made
        if type(op) not in _SIGNS:
            raise self.wrong(
                f"{self._syntax.shown(ast.Compare(left, [op], [right]))!r} is no comparison"
            )
        one, other = self._any(left), self._any(right)
        if "text" in {one.type, other.type}:
            if not isinstance(op, ast.Eq | ast.NotEq):
                raise self.wrong("text has no order: only == and != and in say something of it")
            return _SIGNS[type(op)](self._as_text(one, left), self._as_text(other, right))
        numbers = one.expression.cast(pl.Float64), other.expression.cast(pl.Float64)
        return _SIGNS[type(op)](*numbers)

    def _as_text(self, made: _Made, node: ast.expr) -> pl.Expr:
        if made.type == "text":
            return made.expression
        if made.constant and made.type == "number":  # a category of numbers, as in conditions
            return pl.lit(self._syntax.shown(node))
        raise self.wrong(f"{self._syntax.shown(node)!r} is compared with text")

    def _where(self, test: ast.expr, yes: ast.expr, no: ast.expr) -> _Made:
        true, one, other = self._truth(test), self.number(yes), self.number(no)
        made = pl.when(true.is_null()).then(None).when(true).then(one).otherwise(other)
        return _Made(made, "number")

    def _call(self, name: str, args: list[ast.expr]) -> _Made:
        if name == "where" and len(args) == 3:
            return self._where(*args)
        if name in {"min", "max"} and len(args) >= 2:
            return _Made(_outermost(name, [self.number(a) for a in args]), "number")
        if name == "clip" and len(args) == 3:
            x, low, high = (self.number(a) for a in args)
            return _Made(_outermost("min", [_outermost("max", [x, low]), high]), "number")
        if name == "is_missing" and len(args) == 1:
            return _Made(self._any(args[0]).expression.is_null(), "truth")
        if name in _FUNCTIONS and len(args) == 1:
            return _Made(self._defined(_FUNCTIONS[name](self.number(args[0]))), "number")
        known = sorted([*_FUNCTIONS, "where", "min", "max", "clip", "is_missing"])
        if name in known:
            raise self.wrong(f"{name} is given {len(args)} values")
        raise UnknownNameError("function", name, known, "the formula")


def _times(one: dict[str, float] | None, two: dict[str, float] | None) -> dict[str, float] | None:
    """Return a product of which one factor at least is a constant; of others there is none."""
    if one is None or two is None or (any(one) and any(two)):
        return None
    sum_, by = (two, one.get("", 0.0)) if any(two) else (one, two.get("", 0.0))
    return {c: by * x for c, x in sum_.items()}


def _plus(one: dict[str, float] | None, two: dict[str, float] | None) -> dict[str, float] | None:
    if one is None or two is None:
        return None
    return {c: one.get(c, 0.0) + two.get(c, 0.0) for c in {*one, *two}}


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


def _outermost(which: str, parts: list[pl.Expr]) -> pl.Expr:
    """Return the smallest or largest of ``parts``; missing where one of them is."""
    made = pl.min_horizontal(parts) if which == "min" else pl.max_horizontal(parts)
    return pl.when(pl.any_horizontal(p.is_null() for p in parts)).then(None).otherwise(made)


_BINARY: dict[type[ast.operator], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda a, b: (a / b).floor(),
    ast.Mod: lambda a, b: a - b * (a / b).floor(),
    ast.Pow: operator.pow,
}
_SIGNS: dict[type[ast.cmpop], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_FUNCTIONS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "abs": lambda x: x.abs(),
    "round": lambda x: x.round(),
    "floor": lambda x: x.floor(),
    "ceil": lambda x: x.ceil(),
    "sqrt": lambda x: x.sqrt(),
    "log": lambda x: x.log(),
    "exp": lambda x: x.exp(),
}

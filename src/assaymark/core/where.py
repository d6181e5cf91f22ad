"""Where: the small language of conditions, read without ever running anything."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from assaymark.core.arithmetic import Arithmetic
from assaymark.core.schema import Kind, Role
from assaymark.core.tokens import WORDS, Token, arithmetic, bare_name, named, tokens_of, unquoted
from assaymark.core.value_sets import Allowed, Levels, Ranges, everything, ranges
from assaymark.errors import ConditionError, UnknownNameError

if TYPE_CHECKING:
    from assaymark.core.schema import Column, Schema
    from assaymark.core.value_sets import Number

__all__ = ["WORDS", "Both", "Either", "Node", "Test", "Versus", "negated", "read"]


@dataclass(frozen=True, slots=True)
class Test:
    """One column's test: where it is true, and where false; missing values may be neither."""

    column: str
    yes: Allowed
    no: Allowed


@dataclass(frozen=True, slots=True)
class Versus:
    """Two columns compared; a row that misses either is neither true nor false."""

    left: str
    sign: str
    right: str


@dataclass(frozen=True, slots=True)
class Both:
    """All parts hold."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Node, ...]


Node: TypeAlias = Test | Versus | Arithmetic | Both | Either

_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_SAME = {"=": "==", "<>": "!="}
_NOT = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_LANGUAGE = (
    "Hint: a condition reads like  age >= 40 and sex == 'F' and region in ('N', 'S');  there are "
    "== != < <= > >= with a value or another column, arithmetic such as net + tax <= gross, in, "
    "between 1 and 5, is missing, is not missing, and, or, not and parentheses; text and dates in "
    "quotes, a column whose name is not one word in `back quotes`"
)
_DEEPEST, _DIGITS = 100, 40
_NUMBERS = {Kind.INTEGER, Kind.DECIMAL}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read(text: str, schema: Schema) -> Node:
    """Read a condition on the columns of ``schema``.

    ``not`` and missing values go together as in SQL: a comparison with "missing" is neither true
    nor false, so a row is in neither ``x < 5`` nor ``not x < 5``. A category of numbers may be
    given without quotes, and true and false as 1 and 0.

    Raises
    ------
    ConditionError
        When the text is no condition, or a value does not fit its column's kind.
    UnknownNameError
        When there is no such column.
    """
    reader = _Reader(text, schema)
    node = reader.either(0)
    if reader.next.kind != "end":
        reader.fail("'and', 'or' or the end")
    return node


class _Reader:
    """Reads one text from left to right; each method reads one part."""

    def __init__(self, text: str, schema: Schema) -> None:
        self._text, self._schema = text, schema
        self._tokens = tokens_of(text)
        self._place = 0
        if self._tokens[-1].kind == "other":
            self._place = len(self._tokens) - 1
            self.fail("a column, a value or a comparison")

    @property
    def next(self) -> Token:
        """The token that comes next."""
        return self._tokens[self._place]

    def fail(self, expected: str, at: int | None = None) -> NoReturn:
        """Say what was expected, and point at what was found."""
        token = self.next
        where = token.at if at is None else at
        found = "the end" if token.kind == "end" else repr(token.text)
        raise ConditionError(
            f"cannot read the condition at character {where + 1}: expected {expected}, found "
            f"{found}\n\n    {self._text}\n    {' ' * where}^\n\n{_LANGUAGE}"
        )

    def either(self, depth: int) -> Node:
        """Read parts joined by ``or``."""
        if depth > _DEEPEST:
            raise ConditionError(f"the condition is nested more than {_DEEPEST} deep")
        parts = [self._both(depth)]
        while self._take("or"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self, depth: int) -> Node:
        parts = [self._one(depth)]
        while self._take("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self, depth: int) -> Node:
        if depth > _DEEPEST:
            raise ConditionError(f"the condition is nested more than {_DEEPEST} deep")
        if self._take("not"):
            return negated(self._one(depth + 1))
        worked = arithmetic(self._tokens, self._place)
        if worked is not None:
            return self._arithmetic(*worked)
        if self._take("("):
            node = self.either(depth + 1)
            if not self._take(")"):
                self.fail("')'")
            return node
        return self._test()

    def _arithmetic(self, sign: int, end: int) -> Arithmetic:
        first, token = self._tokens[self._place], self._tokens[sign]
        fixed = next((t for t in self._tokens[self._place : end] if t.kind == "date"), None)
        if fixed is not None:
            raise ConditionError(
                f"{fixed.text!r} stands where something is computed, and only columns and numbers "
                f"can: {self._text[first.at : self._tokens[end].at].strip()!r}\n\nHint: compare a "
                "column with the date by itself, such as came < 2020-11-09; days between two "
                "columns are left - came"
            )
        left = self._text[first.at : token.at]
        right = self._text[token.at + len(token.text) : self._tokens[end].at]
        self._place = end
        return Arithmetic.parse(left, _SAME.get(token.text, token.text), right, self._schema)

    def _test(self) -> Test | Versus:
        column = self._column()
        all_values = everything(column)
        if self._take("is"):
            yes, no = Allowed(all_values.complement(), missing=True), Allowed(all_values)
            turned = self._take("not")
            if not self._take("missing", "null"):
                self.fail("'missing' or 'not missing'")
            return Test(column.name, no, yes) if turned else Test(column.name, yes, no)
        turned = self._take("not")
        if self._take("in"):
            found = self._members(column)
        elif self._take("between"):
            found = self._between(column)
        elif not turned and self.next.kind == "sign" and self.next.text not in "(),":
            sign = self._tokens[self._place].text
            self._place += 1
            sign = _SAME.get(sign, sign)
            if self._names_column():
                return self._versus(column, sign)
            found = self._compared(column, sign)
        else:
            such = f" such as {named(column.name)} == true" if column.kind is Kind.BOOLEAN else ""
            one = f"a comparison{such}, 'in', 'between' or 'is'"
            self.fail("'in' or 'between'" if turned else one)
        yes, no = Allowed(found), Allowed(found.complement())
        return Test(column.name, no, yes) if turned else Test(column.name, yes, no)

    def _names_column(self) -> bool:
        token = self.next
        return token.kind == "quoted" or (
            token.kind == "word" and token.text in self._schema.names and token.text not in _TRUTH
        )

    def _versus(self, column: Column, sign: str) -> Versus:
        other = self._column()
        if other.name == column.name:
            raise ConditionError(f"column {column.name!r} is compared with itself")
        alike = column.kind == other.kind or {column.kind, other.kind} <= _NUMBERS
        if not alike or (sign not in {"==", "!="} and not column.kind.ordered):
            raise ConditionError(
                f"column {column.name!r} is of kind {column.kind.value!r} and {other.name!r} of "
                f"kind {other.kind.value!r}: {sign!r} says nothing of them\n\nHint: two numbers, "
                "two dates, two times, or == and != of two categories can be compared; a date and "
                "a time by what lies between: seen - came >= 0"
            )
        return Versus(column.name, sign, other.name)

    def _column(self) -> Column:
        token = self.next
        name = unquoted(token.text) if token.kind == "quoted" else token.text
        if token.kind not in {"word", "quoted"} or (
            token.kind == "word" and name.lower() in WORDS and name not in self._schema.names
        ):
            self.fail(f"a column{bare_name(self._text[token.at :], self._schema.names)}")
        if name not in self._schema.names:
            bare = bare_name(self._text[token.at :], self._schema.names)
            place = f"the condition{bare}"
            raise UnknownNameError("column", name, self._schema.names, place)
        self._place += 1
        column = self._schema.column(name)
        if column.kind is Kind.TEXT:
            raise ConditionError(f"column {name!r} is free text, which no condition can name")
        if column.has(Role.DIRECT_IDENTIFIER):
            raise ConditionError(
                f"column {name!r} holds identifiers, which say nothing of a row, so that no "
                "condition can name it\n\nHint: name a column that says something of the rows"
            )
        return column

    def _compared(self, column: Column, sign: str) -> Ranges | Levels:
        if column.kind.ordered:
            return ranges(column, sign, self._number(column))
        if sign not in {"==", "!="}:
            raise ConditionError(
                f"column {column.name!r} is a {column.kind.value}, whose values have no order, so "
                f"{sign!r} says nothing\n\nHint: use ==, != or in ('a', 'b')"
            )
        return Levels(frozenset({self._level(column)}), sign == "!=")

    def _between(self, column: Column) -> Ranges:
        if not column.kind.ordered:
            raise ConditionError(
                f"column {column.name!r} is a {column.kind.value}, whose values have no order, so "
                "'between' says nothing\n\nHint: use in ('a', 'b')"
            )
        low = ranges(column, ">=", self._number(column))
        if not self._take("and"):
            self.fail("'and'")
        return low.intersect(ranges(column, "<=", self._number(column)))

    def _members(self, column: Column) -> Ranges | Levels:
        if not self._take("("):
            self.fail("'('")
        found = self._compared(column, "==")
        while self._take(","):
            other = self._compared(column, "==")
            found = Allowed(found).union(Allowed(other)).values
        if not self._take(")"):
            self.fail("',' or ')'")
        return found

    def _level(self, column: Column) -> str | bool:
        token = self.next
        if column.kind is Kind.BOOLEAN:
            truth = _TRUTH.get(token.text.lower())
            if token.kind not in {"word", "number"} or truth is None:
                self._wrong(column, "true or false")
            self._place += 1
            return truth
        if token.kind not in {"string", "number"}:
            self._wrong(column, "text in quotes")
        self._place += 1
        return unquoted(token.text) if token.kind == "string" else token.text

    def _number(self, column: Column) -> Number:
        token = self.next
        if column.kind in {Kind.DATE, Kind.DATETIME}:
            if token.kind not in {"string", "date"}:
                self._wrong(column, "a date such as '2024-01-31'")
            text = unquoted(token.text) if token.kind == "string" else token.text
            try:
                found = _time(text, column.kind)
            except ValueError:
                self._wrong(column, "a date such as '2024-01-31'")
            self._place += 1
            return found
        if token.kind != "number":
            self._wrong(column, "a number")
        self._place += 1
        whole = token.text.lstrip("+-").isdigit()
        number: Number = math.inf
        if len(token.text) <= _DIGITS:
            number = int(token.text) if whole else float(token.text)
        if not math.isfinite(number):
            raise ConditionError(f"{token.text[:20]}... is too large a number for a condition")
        return number

    def _wrong(self, column: Column, expected: str) -> NoReturn:
        if self.next.kind in {"end", "sign"} or self.next.text.lower() in {"and", "or", "not"}:
            self.fail(expected)
        raise ConditionError(
            f"column {column.name!r} is of kind {column.kind.value!r}, so the condition must give "
            f"{expected}, not {self.next.text}{self._no_column()}"
        )

    def _no_column(self) -> str:
        """Say that a word is no column, where one may stand."""
        if self.next.kind != "word":
            return ""
        return f", which is no column either\n\nHint: columns are {', '.join(self._schema.names)}"

    def _take(self, *texts: str) -> bool:
        token = self.next
        if token.kind not in {"word", "sign"} or token.text.lower() not in texts:
            return False
        self._place += 1
        return True


def negated(node: Node) -> Node:
    """Return what is true where ``node`` is false."""
    if isinstance(node, Arithmetic):
        return Arithmetic(node.left, _NOT[node.sign], node.right)
    if isinstance(node, Versus):
        return Versus(node.left, _NOT[node.sign], node.right)
    if isinstance(node, Test):
        return Test(node.column, node.no, node.yes)
    parts = tuple(negated(p) for p in node.parts)
    return Either(parts) if isinstance(node, Both) else Both(parts)


def _time(text: str, kind: Kind) -> int:
    if kind is Kind.DATE:
        return (date.fromisoformat(text) - _EPOCH.date()).days
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC) - _EPOCH
    return (moment.days * 86_400 + moment.seconds) * 1_000_000 + moment.microseconds

"""Conditions: which rows are wanted, as a value that generators and filters understand."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Protocol

import numpy as np

from assaymark.core.arithmetic import Arithmetic
from assaymark.core.value_sets import Allowed, Levels
from assaymark.core.where import Both, Either, Node, Test, Versus, negated, read
from assaymark.errors import ConditionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl
    from numpy.typing import NDArray

    from assaymark.core.schema import Schema

__all__ = ["Conditions", "Given", "missing", "outer"]

_SIGNS: dict[str, Callable[[pl.Series, pl.Series], pl.Series]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Given(Protocol):
    """What rows must satisfy."""

    @property
    def text(self) -> str:
        """The condition in words."""
        ...

    @property
    def exact(self) -> bool:
        """Whether :meth:`allowed` says all of it."""
        ...

    def allowed(self) -> Mapping[str, Allowed] | None:
        """Return what each column may be; ``None`` if no row can satisfy it."""
        ...

    def hold(self, frame: pl.DataFrame) -> NDArray[np.bool_]:
        """Return which rows satisfy it, shape ``(n,)``."""
        ...


@dataclass(frozen=True, slots=True)
class Conditions:
    """A condition on a table's rows, read from text such as ``age >= 40 and sex == 'F'``.

    Attributes
    ----------
    text
        As it was given.
    node
        What was read: tests of single columns, joined by "all of" and "any of".
    """

    text: str
    node: Node

    @classmethod
    def parse(cls, text: str, schema: Schema) -> Conditions:
        """Read ``text``; see :func:`assaymark.core.where.read` for the language.

        Raises
        ------
        ConditionError
            When it cannot be read, a value does not fit its column, or no row could satisfy it.
        UnknownNameError
            When there is no such column.
        """
        if not text.strip():
            raise ConditionError('the condition is empty\n\nHint: --where "age >= 40"')
        found = cls(text.strip(), read(text, schema))
        if found.allowed() is None:
            raise ConditionError(
                f"no row can satisfy {found.text!r}: {_conflict(found.node)}\n\nHint: parts joined "
                "by 'and' hold at once; did you mean 'or'?"
            )
        return found

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it names, sorted."""
        return tuple(sorted(_columns(self.node)))

    @property
    def exact(self) -> bool:
        """Whether :meth:`allowed` says all of it: it joins tests of single columns by "and"."""
        return _exact(self.node)

    def allowed(self) -> Mapping[str, Allowed] | None:
        """Return what each column may be in rows that satisfy it; ``None`` if there are none.

        Columns that may be anything are left out.
        """
        return outer(self.node)

    def both(self, other: Conditions) -> Conditions:
        """Return the condition that both hold.

        Raises
        ------
        ConditionError
            When no row can satisfy both.
        """
        joined = Conditions(f"({self.text}) and ({other.text})", Both((self.node, other.node)))
        if joined.allowed() is None:
            raise ConditionError(f"no row can satisfy {joined.text!r}: {_conflict(joined.node)}")
        return joined

    def possible(self) -> Conditions:
        """Return the condition that this one is not false: missing values leave it open."""
        return Conditions(self.text, _possible(self.node))

    def untrue(self) -> Conditions:
        """Return the condition that this one is not true: false, or left open."""
        return Conditions(f"not ({self.text})", _possible(negated(self.node)))

    def hold(self, frame: pl.DataFrame) -> NDArray[np.bool_]:
        """Return which rows of a table in canonical form satisfy it, shape ``(n,)``."""
        return _hold(self.node, frame)


def _possible(node: Node) -> Node:
    """Return what is true wherever ``node`` is not false."""
    if isinstance(node, Test):
        open_ = Allowed(node.no.values.complement(), missing=not node.no.missing)
        return Test(node.column, open_, node.no)
    if isinstance(node, Versus | Arithmetic):
        if isinstance(node, Arithmetic):
            node = replace(node, lenient=True)
            if node.rest is None:  # such as where(is_missing(x), 0, x): it says itself
                return node
        return Either((node, *(missing(name) for name in sorted(_columns(node)))))
    parts = tuple(_possible(p) for p in node.parts)
    return Both(parts) if isinstance(node, Both) else Either(parts)


def missing(column: str) -> Test:
    """Return the test that a column is missing."""
    nothing = Levels(frozenset())  # holds for no value, of whatever kind
    return Test(column, Allowed(nothing, missing=True), Allowed(nothing.complement()))


def _columns(node: Node) -> frozenset[str]:
    if isinstance(node, Test):
        return frozenset({node.column})
    if isinstance(node, Versus):
        return frozenset({node.left, node.right})
    if isinstance(node, Arithmetic):
        return frozenset(node.columns)
    return frozenset[str]().union(*(_columns(p) for p in node.parts))


def _exact(node: Node) -> bool:
    if isinstance(node, Versus | Arithmetic):
        return False
    if isinstance(node, Test) or len(_columns(node)) == 1:
        return True
    return isinstance(node, Both) and all(_exact(p) for p in node.parts)


def outer(node: Node) -> dict[str, Allowed] | None:
    """Return what each column may be in rows that satisfy ``node``; ``None`` if there are none."""
    if isinstance(node, Test):
        return None if node.yes.empty else {node.column: node.yes}
    if isinstance(node, Versus | Arithmetic):
        return {}
    parts = [outer(p) for p in node.parts]
    if isinstance(node, Either):
        open_ = [p for p in parts if p is not None]
        common = set.intersection(*(set(p) for p in open_)) if open_ else set()
        joined = {c: reduce(Allowed.union, (p[c] for p in open_)) for c in sorted(common)}
        return joined if open_ else None
    found: dict[str, Allowed] = {}
    for part in parts:
        if part is None:
            return None
        for column, allowed in part.items():
            found[column] = found[column].intersect(allowed) if column in found else allowed
    return None if any(a.empty for a in found.values()) else found


def _hold(node: Node, frame: pl.DataFrame) -> NDArray[np.bool_]:
    if isinstance(node, Test):
        return node.yes.hold(frame[node.column])
    if isinstance(node, Versus):
        held = _SIGNS[node.sign](frame[node.left], frame[node.right])
        return np.asarray(held.fill_null(value=False).to_numpy(), dtype=np.bool_)
    if isinstance(node, Arithmetic):
        held = frame.select(held=node.truth().fill_null(value=False))["held"]
        return np.asarray(held.to_numpy(), dtype=np.bool_)
    rule = np.logical_and if isinstance(node, Both) else np.logical_or
    return reduce(rule, (_hold(p, frame) for p in node.parts))


def _conflict(node: Node) -> str:
    """Say which column is asked for two things at once."""
    if isinstance(node, Test):
        return f"nothing is allowed for {node.column!r}"
    if isinstance(node, Versus):
        return f"{node.left!r} and {node.right!r} contradict each other"
    if isinstance(node, Arithmetic):
        return f"{node.left.text} {node.sign} {node.right.text} is never true"
    closed = next((p for p in node.parts if outer(p) is None), None)
    if closed is not None:
        return _conflict(closed)
    so_far: dict[str, Allowed] = {}
    for part in node.parts:
        for column, allowed in (outer(part) or {}).items():
            both = so_far[column].intersect(allowed) if column in so_far else allowed
            if both.empty:
                return f"its parts allow {column!r} nothing in common"
            so_far[column] = both
    return "its parts contradict each other"

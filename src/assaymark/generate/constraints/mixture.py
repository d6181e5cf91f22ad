"""Mixture: rows of several kinds in exact numbers, each kind under its own condition."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import polars as pl

from assaymark.core.conditions import Conditions
from assaymark.core.dataset import Dataset
from assaymark.core.schema import Kind
from assaymark.core.tokens import named
from assaymark.core.value_sets import Allowed
from assaymark.core.where import Test
from assaymark.errors import ConditionError, InputError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.core.conditions import Given
    from assaymark.core.protocols import Model
    from assaymark.core.schema import Column, Schema
    from assaymark.core.streams import Streams

__all__ = ["Mixture", "mixture_of", "sample_wanted"]

_ROUNDING = 1e-9
_MEMBERS = ("in (", "not in (")
_TESTS = ("<", ">", "=", "!", "between ", "not between ", *_MEMBERS)


@runtime_checkable
class _Apart(Protocol):
    """A model whose rows may have to be unique; see ``Constrained``."""

    @property
    def unique(self) -> bool: ...

    def sample_apart(
        self, n: int, streams: Streams, given: Given | None, others: pl.DataFrame | None = None
    ) -> Dataset: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """How many rows of each kind: ``counts[i]`` of them satisfy ``parts[i]``.

    Row numbers take turns, so that any stretch of rows has about the same shares.
    """

    parts: tuple[Conditions, ...]
    counts: tuple[int, ...]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(self.counts)

    def kinds(self, rows: range) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the kind of each of these rows, and how many rows of each kind come before them.

        The j-th row of a kind of n has its turn at (j - 1/2) / n of the whole table: the method
        of Sainte-Laguë, by which every kind has its count in the end.
        """
        counts, total = np.array(self.counts), self.rows
        before = _turns_before(counts, (rows.start - len(counts)) / total)
        after = _turns_before(counts, (rows.stop + len(counts)) / total)
        kinds = np.repeat(np.arange(len(counts)), after - before)
        turn = np.concatenate([np.arange(b, a) for b, a in zip(before, after, strict=True)])
        order = np.lexsort((kinds, (turn + 0.5) / counts[kinds]))
        first = rows.start - int(before.sum())
        here = kinds[order][first : first + len(rows)]
        earlier = np.bincount(kinds[order][:first], minlength=len(counts))
        return here, before + earlier


def sample_wanted(
    model: Model, rows: range, streams: Streams, wanted: Given | Mixture | None
) -> Dataset:
    """Return these rows of the endless table, of those that satisfy a condition, or of a mixture.

    Any block in any order gives the same bytes, as with ``model.sample``.

    Raises
    ------
    InputError
        When the model cannot sample under a condition.
    ConditionError
        When not all of the rows can be had.
    """
    if wanted is None:
        return model.sample(rows, streams)
    if "given" not in inspect.signature(model.sample).parameters:
        raise InputError(
            f"{type(model).__name__} cannot sample under a condition: its `sample` takes no "
            "`given`\n\nHint: use the generator tree_chain or independent"
        )
    if not isinstance(wanted, Mixture):
        return model.sample(rows, streams, wanted)
    if rows.start < 0 or rows.stop > wanted.rows:
        raise InputError(f"the mixture counts out {wanted.rows:,} rows; it has no rows {rows}")
    kinds, before = wanted.kinds(rows)
    many = np.bincount(kinds, minlength=len(before))
    stretches = [range(b, b + n) for b, n in zip(before.tolist(), many.tolist(), strict=True)]
    if isinstance(model, _Apart) and model.unique:
        parts = _apart(model, stretches, streams, wanted)
    else:
        parts = [
            model.sample(stretch, streams.child("kind", k), given)
            for k, (given, stretch) in enumerate(zip(wanted.parts, stretches, strict=True))
        ]
    frame = pl.concat([p.frame for p in parts])
    place = np.argsort(np.argsort(kinds, kind="stable"), kind="stable")
    return Dataset(schema=parts[0].schema, frame=frame[place])


def _apart(
    model: _Apart, stretches: Sequence[range], streams: Streams, wanted: Mixture
) -> list[Dataset]:
    """Return stretches of the kinds, each of which is drawn as a whole, apart from those before."""
    parts: list[Dataset] = []
    for k, (given, n) in enumerate(zip(wanted.parts, wanted.counts, strict=True)):
        others = pl.concat([p.frame for p in parts]) if parts else None
        parts.append(model.sample_apart(n, streams.child("kind", k), given, others))
    return [
        Dataset(schema=p.schema, frame=p.frame[s.start : s.stop])
        for p, s in zip(parts, stretches, strict=True)
    ]


def mixture_of(
    shares: Mapping[str, Mapping[Any, float]],
    rows: int,
    schema: Schema,
    given: Conditions | None = None,
) -> Mixture:
    """Return how many of ``rows`` rows have each value, by largest remainder.

    Parameters
    ----------
    shares
        For one column, the share of each value; a value may also be ``missing``, or a test such
        as ``>= 65`` or ``in ('a', 'b')``. Shares that add up to less than 1 leave the rest to
        all other values, as the model has them.
    given
        What all rows must satisfy besides.

    Raises
    ------
    ConditionError
        When the shares are not between 0 and 1, add up to more than 1, or overlap, or there are
        several columns.
    UnknownNameError
        When there is no such column.
    """
    if len(shares) != 1:
        raise ConditionError(
            f"the shares of one column can be set, not of {len(shares)}\n\nHint: set those of the "
            "column that matters most; a condition can fix another"
        )
    ((name, wanted),) = shares.items()
    if name not in schema.names:
        raise UnknownNameError("column", name, schema.names, "the shares")
    column = schema.column(name)
    left = [_share(name, value, share) for value, share in wanted.items()]
    rest = 1.0 - sum(left)
    if rest < -_ROUNDING:
        raise ConditionError(f"the shares of {name!r} add up to {sum(left):g}, which is above 1")
    parts = [Conditions.parse(_test(column, value), schema) for value in wanted]
    taken = _taken(name, parts)
    if rest > _ROUNDING:
        other = Allowed(taken.values.complement(), missing=not taken.missing)
        parts.append(Conditions(f"other {name}", Test(name, other, taken)))
        left.append(rest)
    counts = _largest_remainder(np.array(left), rows)
    kept = [i for i, n in enumerate(counts) if n]
    return Mixture(
        parts=tuple(parts[i] if given is None else given.both(parts[i]) for i in kept),
        counts=tuple(counts[i] for i in kept),
    )


def _share(name: str, value: object, share: object) -> float:
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise ConditionError(
            f"the share of {name} = {value!s} must be a number between 0 and 1, not {share!r}"
        )
    return float(share)


def _test(column: Column, value: object) -> str:
    name, text = named(column.name), str(value).strip()
    if text.lower() == "missing":
        return f"{name} is missing"
    tests = _TESTS if column.kind.ordered else _MEMBERS
    if text.lower().startswith(tests):
        return f"{name} {text}"
    if column.kind in {Kind.CATEGORY, Kind.DATE, Kind.DATETIME}:
        text = "'" + text.replace("'", "''") + "'"
    return f"{name} == {text}"


def _taken(name: str, parts: list[Conditions]) -> Allowed:
    """Return what the shares speak of, together; they may not overlap."""
    taken: Allowed | None = None
    for part in parts:
        allowed = (part.allowed() or {})[name]
        if taken is not None and not taken.intersect(allowed).empty:
            raise ConditionError(f"two of the shares of {name!r} speak of the same values")
        taken = allowed if taken is None else taken.union(allowed)
    if taken is None:
        raise ConditionError(f"no share of {name!r} is given")
    return taken


def _turns_before(counts: NDArray[np.int64], moment: float) -> NDArray[np.int64]:
    turns: NDArray[np.int64] = np.ceil(moment * counts - 0.5).astype(np.int64)
    return np.minimum(np.maximum(turns, 0), counts)


def _largest_remainder(shares: NDArray[np.float64], rows: int) -> list[int]:
    exact = shares / shares.sum() * rows
    counts = np.floor(exact + _ROUNDING).astype(np.int64)
    behind = np.argsort(counts - exact, kind="stable")[: rows - int(counts.sum())]
    counts[behind] += 1
    return [int(n) for n in counts]

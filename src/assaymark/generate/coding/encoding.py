"""Encoding: a table as small whole-number codes, and back, with rare values protected."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import numpy as np
import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Kind
from assaymark.errors import DataError
from assaymark.generate.coding.cells import fit_cells
from assaymark.generate.coding.levels import fit_levels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from assaymark.core.measurement import Json
    from assaymark.core.schema import Column, Schema
    from assaymark.core.streams import Streams

__all__ = ["Coding", "Encoded", "Encoding", "Weigh", "encode"]

Weigh: TypeAlias = Literal["person", "row"]

_MOST_ROWS = 10
_EVERY = slice(None)


class Coding(Protocol):
    """How one column's values become codes 0 to ``size - 1`` and back."""

    @property
    def column(self) -> Column:
        """Which column."""
        ...

    @property
    def size(self) -> int:
        """Number of codes, "missing" included."""
        ...

    @property
    def ordered(self) -> bool:
        """Whether codes (but "missing") are in the order of the values."""
        ...

    @property
    def missing(self) -> bool:
        """Whether the last code stands for "missing"."""
        ...

    @property
    def hidden(self) -> int:
        """How many distinct values never come out, to protect the persons who hold them."""
        ...

    def decode(self, codes: NDArray[np.int32], u: NDArray[np.float64]) -> pl.Series:
        """Return values; ``u`` in [0, 1), shape as ``codes``, says where inside a cell."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoding:
    """One :class:`Coding` per column, in the schema's order."""

    schema: Schema
    codings: tuple[Coding, ...]

    def decode(self, codes: NDArray[np.int32], inside: NDArray[np.float64]) -> pl.DataFrame:
        """Return the table that ``codes``, shape ``(columns, n)``, stand for.

        ``inside``, of the same shape, says where in its cell a value lies, in [0, 1).
        """
        series = {
            coding.column.name: coding.decode(row, u)
            for coding, row, u in zip(self.codings, codes, inside, strict=True)
        }
        return pl.DataFrame(series)

    def summary(self) -> dict[str, Json]:
        """Say per column how it was coded; counts of hidden values are banded."""
        return {
            c.column.name: {
                "codes": c.size,
                "missing": c.missing,
                "hidden_values": _banded(c.hidden),
                "empty": c.missing and c.size == 1,
            }
            for c in self.codings
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoded:
    """A table as codes.

    Attributes
    ----------
    codes
        Shape ``(columns, n)``.
    redrawn
        Where the row's own value was too rare and another code stands in, shape of ``codes``.
    persons
        Code of each row's person, 0 to ``n_persons - 1``, shape ``(n,)``.
    weights
        What each row counts for, shape ``(n,)``: 1 / rows of that person, so that each person
        weighs 1, or 1, if rows are to be weighed; then a person weighs 10 at most.
    due
        How far each row counts where one by itself could, shape ``(n,)``: 1, unless people are
        sheltered.
    counted
        What each row counts for in sums over all people, such as a mean, shape ``(n,)``:
        ``weights``, unless people are sheltered (:mod:`assaymark.generate.trees.shelter`).
    """

    encoding: Encoding
    codes: NDArray[np.int32]
    redrawn: NDArray[np.bool_]
    persons: NDArray[np.int64]
    weights: NDArray[np.float64]
    due: NDArray[np.float64]
    counted: NDArray[np.float64]

    @property
    def n_persons(self) -> int:
        """Number of distinct persons."""
        return int(self.persons.max(initial=-1)) + 1

    def only(self, rows: NDArray[np.bool_]) -> Encoded:
        """Return these rows alone."""
        _, persons = np.unique(self.persons[rows], return_inverse=True)
        return replace(
            self,
            codes=self.codes[:, rows],
            redrawn=self.redrawn[:, rows],
            persons=persons.astype(np.int64),
            weights=self.weights[rows],
            due=self.due[rows],
            counted=self.counted[rows],
        )

    def joint(self, x: int, y: int, rows: slice = _EVERY) -> NDArray[np.float64]:
        """Return what the rows of each pair of codes weigh, shape ``(codes of x, codes of y)``.

        Of rows whose own values these are.
        """
        size = self.encoding.codings[x].size, self.encoding.codings[y].size
        weights = self.weights[rows] * ~(self.redrawn[x, rows] | self.redrawn[y, rows])
        pair = self.codes[x, rows].astype(np.int64) * size[1] + self.codes[y, rows]
        return np.bincount(pair, weights, size[0] * size[1]).astype(np.float64).reshape(size)

    def glance(self, most: int) -> slice:
        """Return some of the rows, about ``most``, that show for most questions what all do."""
        return slice(None, None, self.codes.shape[1] // most + 1)

    def mass(self, column: int) -> NDArray[np.float64]:
        """Return what the rows of each code of a column weigh."""
        size = self.encoding.codings[column].size
        return np.bincount(self.codes[column], self.weights, minlength=size).astype(np.float64)


def encode(
    dataset: Dataset,
    protect: int,
    streams: Streams,
    *,
    weigh: Weigh = "person",
    edges: Mapping[str, NDArray[np.float64]] | None = None,
) -> Encoded:
    """Code every column so that no value of fewer than ``protect`` persons can come out.

    Rows whose level is too rare get a level drawn from the common ones.

    Parameters
    ----------
    edges
        Values of a column that no cell reaches across; see
        :mod:`assaymark.generate.relations.edges`.

    Raises
    ------
    DataError
        When there are no rows or columns, or a column is free text.
    """
    if dataset.n == 0 or not dataset.schema.columns:
        raise DataError(
            f"cannot fit a generator to {dataset.n} rows and "
            f"{len(dataset.schema.columns)} columns\n\nHint: give a table with at least one row "
            "and one column that is not free text"
        )
    rows = np.arange(dataset.n) if dataset.persons is None else dataset.persons
    _, persons, per_person = np.unique(rows, return_inverse=True, return_counts=True)
    persons = persons.astype(np.int64)
    most = 1 if weigh == "person" else _MOST_ROWS
    weights = np.minimum(most / per_person[persons], 1.0)
    codings: list[Coding] = []
    codes = np.empty((len(dataset.schema.columns), dataset.n), dtype=np.int32)
    redrawn = np.zeros(codes.shape, dtype=np.bool_)
    for i, column in enumerate(dataset.schema.columns):
        parted = (edges or {}).get(column.name, np.zeros(0))
        values = dataset.frame[column.name]
        coding, found = _encode_column(column, values, persons, protect, parted)
        rng = streams.child("rare", column.name).generator()
        redrawn[i] = found < 0
        codes[i] = _redrawn(found, weights, coding.size, rng)
        codings.append(coding)
    return Encoded(
        encoding=Encoding(schema=dataset.schema, codings=tuple(codings)),
        codes=codes,
        redrawn=redrawn,
        persons=persons,
        weights=weights,
        due=np.ones(dataset.n),
        counted=weights,
    )


def _encode_column(
    column: Column,
    values: pl.Series,
    persons: NDArray[np.int64],
    protect: int,
    edges: NDArray[np.float64],
) -> tuple[Coding, NDArray[np.int32]]:
    if column.kind is Kind.TEXT:
        raise DataError(
            f"column {column.name!r} is free text, which is not generated from a table\n\n"
            "Hint: drop it with a [[transform]] of kind 'drop', or declare it a category"
        )
    if column.kind.ordered:
        return fit_cells(column, values, persons, protect, edges)
    return fit_levels(column, values, persons, protect)


def _redrawn(
    codes: NDArray[np.int32], weights: NDArray[np.float64], size: int, rng: np.random.Generator
) -> NDArray[np.int32]:
    rare = codes < 0
    if not rare.any():
        return codes
    mass = np.bincount(codes[~rare], weights[~rare], minlength=size)
    total = np.cumsum(mass) / mass.sum()
    drawn = np.searchsorted(total, rng.random(int(rare.sum())), "right")
    out = codes.copy()
    out[rare] = np.minimum(drawn, size - 1)
    return out


def _banded(count: int) -> str:
    for bound in (0, 10, 100, 1000, 10_000):
        if count <= bound:
            return "0" if bound == 0 else f"at most {bound}"
    return "more than 10000"

"""Dataset: rows with the schema that says what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.schema import Kind, Role, Schema
from assaymark.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["POLARS_TYPES", "Dataset"]

POLARS_TYPES: dict[Kind, pl.DataType] = {
    Kind.INTEGER: pl.Int64(),
    Kind.DECIMAL: pl.Float64(),
    Kind.BOOLEAN: pl.Boolean(),
    Kind.CATEGORY: pl.String(),
    Kind.DATE: pl.Date(),
    Kind.DATETIME: pl.Datetime("us"),
    Kind.TEXT: pl.String(),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """Rows in canonical form: columns as in the schema, one polars type per kind.

    Missing is null; there is no NaN and no infinity. One row is one record; a person has
    several where the schema has a person key whose values repeat. ``persons`` carries that key
    beside the rows as integer codes, shape ``(n,)``, where the key itself was dropped from the
    columns (as it always is before a generator or an evaluation sees them); ``None`` means that
    each row is a person.

    Raises
    ------
    DataError
        When the frame does not have the schema's columns and types.
    """

    schema: Schema
    frame: pl.DataFrame
    persons: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if tuple(self.frame.columns) != self.schema.names:
            raise DataError(
                f"columns {self.frame.columns} do not match the schema {list(self.schema.names)}"
            )
        for c in self.schema.columns:
            if self.frame.schema[c.name] != POLARS_TYPES[c.kind]:
                raise DataError(
                    f"column {c.name!r} is {self.frame.schema[c.name]}, "
                    f"but kind {c.kind.value!r} is held as {POLARS_TYPES[c.kind]}"
                )
        if self.persons is not None and len(self.persons) != self.frame.height:
            raise DataError(f"{len(self.persons)} person codes for {self.frame.height} rows")

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.frame.height

    @property
    def n_persons(self) -> int:
        """Number of distinct persons; the number of rows where there is no person key."""
        if self.persons is None:
            return self.n
        return len(set(self.persons.tolist()))

    @property
    def person_codes(self) -> NDArray[np.int64]:
        """The person behind each row, counted from 0, shape ``(n,)``."""
        who = np.arange(self.n) if self.persons is None else self.persons
        return np.asarray(np.unique(who, return_inverse=True)[1].ravel(), dtype=np.int64)

    @property
    def target(self) -> str | None:
        """Name of the declared target column, if there is one."""
        column = self.schema.first(Role.TARGET)
        return None if column is None else column.name

    def take(self, rows: NDArray[np.int64]) -> Dataset:
        """Return these rows, in this order, with their persons."""
        persons = None if self.persons is None else self.persons[rows]
        return Dataset(schema=self.schema, frame=self.frame[rows], persons=persons)

    def one_row_each(self, rng: np.random.Generator) -> Dataset:
        """Return one row of each person, drawn at random, in the order of the rows."""
        if self.persons is None:
            return self
        shuffled = rng.permutation(self.n)
        _, first = np.unique(self.persons[shuffled], return_index=True)
        kept = self.take(np.sort(shuffled[first]))
        return Dataset(schema=kept.schema, frame=kept.frame)

    def drop(self, *names: str) -> Dataset:
        """Return the dataset without these columns."""
        return Dataset(
            schema=self.schema.without(*names),
            frame=self.frame.drop(*names),
            persons=self.persons,
        )

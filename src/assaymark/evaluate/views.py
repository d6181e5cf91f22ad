"""Views: a table with what its relatives, the tables it belongs to and has, say of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Schema
from assaymark.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from assaymark.core.related import Related

__all__ = ["view_of"]

_KEY, _OTHER = "__key__", "__other__"


def view_of(name: str, tables: Mapping[str, Dataset], related: Related) -> Dataset:
    """Return the rows of one table, in their order, each with its relatives' columns.

    Of a table that it belongs to: ``PARENT.exists``, and ``PARENT.column`` for each column, missing
    where there is no such row. Of a table that belongs to it: ``CHILD.rows``, how many, and the
    least and greatest of each number and date, ``CHILD.first.column`` and ``CHILD.last.column``.
    Rows of one parent are one person's: whoever belongs to nobody is a person for each row.

    Raises
    ------
    DataError
        When a key is missing from its table, or a parent's key is missing or there twice, or two
        columns of the view have one name.
    """
    own, spec = tables[name], related.tables[name]
    frame, columns = own.frame, list(own.schema.columns)
    for parent, by in spec.belongs_to.items():
        key = related.tables[parent].key
        added, more = _of_parent(parent, key, tables[parent])
        frame = _joined(frame, _text(own, by, name), added)
        exists = pl.col(f"{parent}.exists").fill_null(value=False)
        frame = frame.with_columns(exists)
        columns += more
    for child, by in related.children(name).items():
        added, more = _of_children(child, by, tables[child])
        frame = _joined(frame, _text(own, spec.key, name), added)
        frame = frame.with_columns(pl.col(f"{child}.rows").fill_null(0))
        columns += more
    names = [c.name for c in columns]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise DataError(f"table {name!r} and its relatives have columns of one name: {twice}")
    schema = Schema(columns=tuple(columns))
    return Dataset(schema=schema, frame=frame.select(names), persons=_persons(own, spec.belongs_to))


def _of_parent(parent: str, key: str, table: Dataset) -> tuple[pl.DataFrame, list[Column]]:
    keys = _text(table, key, parent)
    known = keys.drop_nulls()
    if known.len() < keys.len() or known.n_unique() < known.len():
        raise DataError(
            f"column {key!r} cannot be the key of {parent!r}: "
            f"{keys.len() - known.len()} values are missing, {known.len() - known.n_unique()} "
            "are there again\n\nHint: a key names each row once"
        )
    renamed = table.frame.select(pl.all().name.prefix(f"{parent}."))
    columns = [Column(name=f"{parent}.exists", kind=Kind.BOOLEAN)]
    columns += [
        Column(name=f"{parent}.{c.name}", kind=c.kind, roles=c.roles) for c in table.schema.columns
    ]
    exists = pl.lit(value=True).alias(f"{parent}.exists")
    return renamed.with_columns(exists, keys.alias(_KEY)), columns


def _of_children(child: str, by: str, table: Dataset) -> tuple[pl.DataFrame, list[Column]]:
    whose = _text(table, by, child).alias(_KEY)
    columns = [Column(name=f"{child}.rows", kind=Kind.INTEGER)]
    told = [pl.len().cast(pl.Int64).alias(f"{child}.rows")]
    for column, side, expression in _ends(table):
        name = f"{child}.{side}.{column.name}"
        columns.append(Column(name=name, kind=column.kind))
        told.append(expression.alias(name))
    made = table.frame.with_columns(whose).filter(pl.col(_KEY).is_not_null())
    return made.group_by(_KEY, maintain_order=True).agg(told), columns


def _ends(table: Dataset) -> Iterator[tuple[Column, str, pl.Expr]]:
    for c in table.schema.columns:
        if c.kind.ordered:
            yield c, "first", pl.col(c.name).min()
            yield c, "last", pl.col(c.name).max()


def _joined(frame: pl.DataFrame, keys: pl.Series, added: pl.DataFrame) -> pl.DataFrame:
    whole = frame.with_columns(keys.alias(_OTHER))
    return whole.join(added, left_on=_OTHER, right_on=_KEY, how="left", maintain_order="left").drop(
        _OTHER
    )


def _text(table: Dataset, column: str, name: str) -> pl.Series:
    if column not in table.schema.names:
        raise DataError(
            f"table {name!r} has no column {column!r}, which is said to be a key\n\n"
            f"Hint: its columns are {', '.join(table.schema.names)}"
        )
    if table.schema.column(column).kind is Kind.DECIMAL:
        raise DataError(
            f"column {column!r} of {name!r} is a decimal number, which is no key\n\n"
            f"Hint: columns = {{ {column} = {{ kind = 'category' }} }} keeps it as it is written"
        )
    return table.frame[column].cast(pl.String)


def _persons(own: Dataset, belongs_to: Mapping[str, str]) -> NDArray[np.int64] | None:
    if not belongs_to:
        return None
    by = next(iter(belongs_to.values()))
    whose = own.frame[by].cast(pl.String)
    alone = pl.Series([f"\0{i}" for i in range(own.n)], dtype=pl.String)
    codes = pl.select(pl.coalesce(whose, alone)).to_series()
    return np.unique(codes.to_numpy(), return_inverse=True)[1].astype(np.int64)

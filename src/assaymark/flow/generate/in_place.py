"""In place: the very table that was given, whatever its kind, with cells filled."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from assaymark.flow.generate.own_types import among, placed, typed
from assaymark.source.read import PARQUET, pandas_column, read_frame, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

    from assaymark.flow.generate.filled import Filled

__all__ = ["filled_polars", "in_memory", "lost_in_words", "with_filled"]


def with_filled(table: Any, made: Filled) -> tuple[Any, dict[str, int]]:  # noqa: ANN401
    """Return ``table`` with the cells filled; and by column how many its type cannot hold.

    ``table`` is one that :func:`in_memory` returned. A column with no filled cell is the very
    same; index, order and types stay.
    """
    if isinstance(table, pl.DataFrame):
        return filled_polars(table, made)
    kind, library = _kind(table)
    return (_filled_pandas if kind == "pandas" else _filled_arrow)(table, made, library)


def in_memory(table: Any) -> Any:  # noqa: ANN401
    """Return a polars, pandas or Arrow table itself; what else can be read as a polars frame.

    Raises
    ------
    DataError
        When it cannot be read.
    """
    if isinstance(table, pl.DataFrame) or _kind(table)[0]:
        return table
    if isinstance(table, pl.LazyFrame):
        return table.collect()
    if isinstance(table, str | Path):
        read = read_table(table)
        parquet = Path(table).suffix.lower() in PARQUET
        return pl.read_parquet(table, use_statistics=False) if parquet else read
    if hasattr(table, "__arrow_c_stream__"):
        return pl.DataFrame(table)
    return pl.DataFrame(table, strict=False) if read_frame(table).width else table


def _kind(table: object) -> tuple[str, Any]:
    """Return of which library a table is, and that: only ones that the caller has imported."""
    pandas, arrow = sys.modules.get("pandas"), sys.modules.get("pyarrow")
    if pandas is not None and isinstance(table, pandas.DataFrame):
        return "pandas", pandas
    if arrow is not None and isinstance(table, arrow.Table | arrow.RecordBatch):
        return "arrow", arrow
    return "", None


def lost_in_words(lost: Mapping[str, int]) -> list[str]:
    """Say in which columns cells stay empty since their type holds no such value."""
    if not lost:
        return []
    each = ", ".join(f"{c} ({n:,})" for c, n in lost.items())
    return [f"Left empty, since the type of the column cannot hold what was drawn: {each}."]


def filled_polars(table: pl.DataFrame, made: Filled) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the same for a polars frame."""
    whole, lost = {}, {}
    for i, name in _columns(table.columns, made):
        fill = made.fill[name]
        whole[name], held = placed(table.to_series(i), made.frame[name], fill)
        lost[name] = int((fill & ~held).sum())
    return table.with_columns(**whole), _some(lost)


def _columns(names: Sequence[object], made: Filled) -> list[tuple[int, str]]:
    """Return the columns with filled cells."""
    return [(i, str(n)) for i, n in enumerate(names) if str(n) in made.fill]


def _some(counts: Mapping[str, int]) -> dict[str, int]:
    return {c: n for c, n in counts.items() if n}


def _filled_arrow(table: Any, made: Filled, arrow: ModuleType) -> tuple[Any, dict[str, int]]:  # noqa: ANN401
    lost = {}
    for i, name in _columns(table.schema.names, made):
        fill, column, field = made.fill[name], table.column(i), table.schema.field(i)
        whole, new = _arrow_column(_in_one(column, arrow), made.frame[name], fill, arrow)
        piece = whole if isinstance(table, arrow.RecordBatch) else [whole]
        table = table.set_column(i, field, piece)
        lost[name] = new.null_count
    return table, _some(lost)


def _in_one(column: Any, arrow: ModuleType) -> Any:  # noqa: ANN401
    """Return an array of one piece, whose dictionary is one."""
    if not isinstance(column, arrow.ChunkedArray):
        return column
    chunks = column.unify_dictionaries().chunks
    return arrow.concat_arrays(chunks) if chunks else arrow.array([], column.type)


def _arrow_column(
    column: Any,  # noqa: ANN401
    filled: pl.Series,
    fill: pl.Series,
    arrow: ModuleType,
) -> tuple[Any, Any]:
    """Return an array with cells filled, and what they were filled with, null if they were not."""
    kind, values = column.type, filled.filter(fill)
    if arrow.types.is_dictionary(kind):
        levels = column.dictionary
        new = arrow.array(among(values, pl.Series(pl.from_arrow(levels))), kind.index_type)
        indices = _replaced(column.indices, new, fill, arrow)
        whole = arrow.DictionaryArray.from_arrays(indices, levels, ordered=kind.ordered)
        return whole, new
    new = _in_one(typed(values, pl.Series(pl.from_arrow(column))).to_arrow(), arrow)
    plain = (
        arrow.large_string() if arrow.types.is_string_view(kind) else kind
    )  # views are not taken
    new = new.cast(plain, safe=False)
    return _replaced(column.cast(plain), new, fill, arrow).cast(kind), new


def _replaced(column: Any, new: Any, fill: pl.Series, arrow: ModuleType) -> Any:  # noqa: ANN401
    """Return an array with cells replaced; one for which there is no value stays as it was."""
    held = pl.Series(new.is_valid().to_pylist(), dtype=pl.Boolean)
    own = pl.int_range(len(column), dtype=pl.Int64, eager=True)
    others = pl.int_range(len(column), len(column) + len(new), dtype=pl.Int64, eager=True)
    places = own.scatter(fill.arg_true().filter(held), others.filter(held))
    return arrow.concat_arrays([column, new]).take(arrow.array(places.to_list(), arrow.int64()))


def _filled_pandas(table: Any, made: Filled, pandas: ModuleType) -> tuple[Any, dict[str, int]]:  # noqa: ANN401
    out, lost = table.copy(deep=False), {}
    for i, name in _columns(table.columns, made):
        column, fill = table.iloc[:, i], made.fill[name]
        values = _held(_of_type(made.frame[name].filter(fill), column, pandas), column, pandas)
        rows = fill.arg_true().to_numpy()[[v is not None for v in values]]
        lost[name] = values.count(None)
        if len(rows):
            sparse = isinstance(column.dtype, pandas.SparseDtype)
            whole = column.array.to_dense() if sparse else column.array.copy()
            whole[rows] = _array([v for v in values if v is not None], column, pandas)
            out.isetitem(i, pandas.Series(whole, index=out.index, dtype=column.dtype))
    return out, _some(lost)


def _of_type(values: pl.Series, column: Any, pandas: ModuleType) -> list[Any]:  # noqa: ANN401
    """Return canonical values as those of a pandas column; ``None`` where it has none such."""
    if isinstance(column.dtype, pandas.CategoricalDtype):
        levels = column.dtype.categories
        at = among(values, pandas_column(levels.to_series()))
        return [None if i is None else levels[i] for i in at]
    read = pandas_column(column)
    if read.dtype == pl.String:
        same = {str(v): v for v in column[column.notna()]}
        return [same.get(v, v) for v in values.cast(pl.String).to_list()]
    if isinstance(column.dtype, pandas.DatetimeTZDtype):
        values = values.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        return list(values.to_list())
    return list(typed(values, read).to_list())


def _held(values: list[Any], column: Any, pandas: ModuleType) -> list[Any]:  # noqa: ANN401
    """Return ``None`` for values that are out of a column's range."""
    try:
        _array([v for v in values if v is not None], column, pandas)
    except (ArithmeticError, TypeError, ValueError):
        return values if len(values) == 0 else [_or_none(v, column, pandas) for v in values]
    return values


def _or_none(value: Any, column: Any, pandas: ModuleType) -> Any:  # noqa: ANN401
    try:
        _array([value], column, pandas)
    except (ArithmeticError, TypeError, ValueError):
        return None
    return value


def _array(values: list[Any], column: Any, pandas: ModuleType) -> Any:  # noqa: ANN401
    return pandas.array(values, dtype=column.dtype)

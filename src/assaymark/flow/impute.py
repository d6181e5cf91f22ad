"""Impute: fill the missing cells of a table's own rows, with a model of that table."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.document import Document
from assaymark.core.recipe import GenerateSpec
from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.errors import InputError, UnknownNameError
from assaymark.flow.generate import fit
from assaymark.flow.progress import silent
from assaymark.flow.source import kept
from assaymark.flow.usable import usable_part
from assaymark.flow.written import check_can_write, write_files
from assaymark.generate.tree_chain_model import TreeChainModel
from assaymark.source.canonical import canonical
from assaymark.source.profile import profile
from assaymark.source.read import PARQUET, read_table
from assaymark.source.values import is_code, stripped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Column
    from assaymark.flow.progress import Progress

__all__ = ["Filled", "FilledColumn", "WrittenFilled", "impute", "write_imputed"]

_OFFSET = r"\d:\d{2}\S*\s*(?:Z|[+-]\d{2}:?\d{2})\s*$"
_FITTED = GenerateSpec(generator="tree_chain", parameters={"relations": "codes"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Filled:
    """Rows with their missing cells filled; how many cells of each column; what to know."""

    frame: pl.DataFrame
    cells: dict[str, int]
    notices: tuple[str, ...]


class FilledColumn(Document):
    """How many cells of a column were filled, and how many are missing still."""

    name: str
    filled: int
    left: int


class WrittenFilled(Document):
    """Where a filled table was written."""

    rows: str
    n: int
    columns: tuple[FilledColumn, ...]
    notices: tuple[str, ...]


def write_imputed(
    source: Path,
    out: Path,
    *,
    columns: Sequence[str] = (),
    keep: Sequence[str] = (),
    seed: int | None = None,
    progress: Progress = silent,
) -> WrittenFilled:
    """Fill the missing cells of a file's rows and write these as CSV or Parquet.

    Raises
    ------
    InputError
        When ``out`` is neither, is the source itself, or cannot be written.
    UnknownNameError
        When one of ``columns`` is not there, or cannot be filled.
    """
    if out.suffix.lower() not in {".csv", ".parquet"}:
        raise InputError(f"cannot write {str(out)!r}: it must end in .csv or .parquet")
    if out.resolve() == source.resolve():
        raise InputError(f"--out {str(out)!r} is the source itself; nothing was written")
    frame = read_table(source)
    check_can_write(out)
    progress("generate", f"filling {frame.height:,} rows", 0.1)
    made = impute(frame, columns=columns, keep=keep, seed=seed)
    if source.suffix.lower() in PARQUET:
        made = stored_as(made, pl.read_parquet(source, use_statistics=False))
    raw = io.BytesIO()
    if out.suffix.lower() == ".parquet":
        made.frame.write_parquet(raw, compression="zstd")
    else:
        made.frame.write_csv(raw)
    write_files({out: raw.getvalue()}, real=True)
    progress("generate", f"{sum(made.cells.values()):,} cells filled", 1.0)
    told = [c for c in frame.columns if c in made.cells or made.frame[c].null_count()]
    return WrittenFilled(
        rows=str(out),
        n=frame.height,
        columns=tuple(
            FilledColumn(name=c, filled=made.cells.get(c, 0), left=made.frame[c].null_count())
            for c in told
        ),
        notices=made.notices,
    )


def impute(
    frame: pl.DataFrame,
    *,
    columns: Sequence[str] = (),
    keep: Sequence[str] = (),
    seed: int | None = None,
) -> Filled:
    """Fill missing cells, of ``columns`` or of all, by `tree_chain`, fitted to the same rows.

    Columns that look like identifiers, and free text, stay as they are. In the columns ``keep``,
    words such as NA are values; else they are missing, and filled.

    Raises
    ------
    UnknownNameError
        When one of ``columns`` is not there, or is one of those.
    """
    given, notices = usable_part(frame, profile(frame, kept(keep, frame.columns)))
    streams = Streams.secret() if seed is None else Streams.from_seed(seed)
    for name in columns:
        if name not in given.schema.names:
            raise UnknownNameError("column", name, given.schema.names, "those that can be filled")
    model = fit(_FITTED, given, streams, _unrecorded)
    if not isinstance(model, TreeChainModel):
        raise TypeError(f"tree_chain fitted a {type(model).__name__}")
    made = model.impute(given, streams.child("impute"))
    fill = {
        c: _gaps(frame[c], given.schema.column(c)) & made.frame[c].is_not_null()
        for c in columns or given.schema.names
    }
    cells = {c: int(gaps.sum()) for c, gaps in fill.items()}
    filled = {c: _written(frame[c], given, made.frame[c], fill[c]) for c, n in cells.items() if n}
    notices += _anew(frame, given, filled)
    return Filled(
        frame=frame.with_columns(**filled),
        cells={c: n for c, n in cells.items() if n},
        notices=(
            *notices,
            "These are the real rows, with guesses in their gaps: they are as private as the "
            "table itself, and no synthetic data. A filled cell is one draw, no measurement.",
        ),
    )


def stored_as(made: Filled, given: pl.DataFrame) -> Filled:
    """Return filled rows in the types of a table as it was given; say which could not be kept."""
    kept = {c: _stored(made.frame[c], given[c]) for c in made.frame.columns}
    lost = [f"{c} ({given[c].dtype})" for c, s in kept.items() if s is None]
    said = f"Stored in another type than in the file: {', '.join(lost)}."
    return replace(
        made,
        frame=made.frame.with_columns(**{c: s for c, s in kept.items() if s is not None}),
        notices=(*((said,) if lost else ()), *made.notices),
    )


def _stored(filled: pl.Series, given: pl.Series) -> pl.Series | None:
    """Return a column as it was given but for filled cells; ``None`` where it cannot hold these."""
    to, read = given.dtype, canonical(given.to_frame()).to_series()
    if to == filled.dtype:
        return filled
    if read.dtype != filled.dtype or to == pl.Duration:
        return given if filled.equals(read) else None
    made = filled
    if isinstance(to, pl.Datetime) and to.time_zone:
        made = made.dt.replace_time_zone("UTC").dt.convert_time_zone(to.time_zone)
    try:
        cast = made.cast(to, strict=False)
    except pl.exceptions.PolarsError:
        return None
    new = filled.ne_missing(read)
    lost = cast.filter(new).null_count() > filled.filter(new).null_count()
    return None if lost else given.scatter(new.arg_true(), cast.filter(new))


def _gaps(s: pl.Series, column: Column) -> pl.Series:
    """Return which cells say nothing: what cannot be read, as "<0.1" among numbers, is no gap."""
    if s.dtype == pl.String:
        return stripped(s, column.missing).is_null()
    gaps = s.is_null() | (s.is_nan().fill_null(value=False) if s.dtype.is_float() else False)
    coded = is_code(s, column.missing)
    return gaps if coded is None else gaps | coded


def _anew(frame: pl.DataFrame, given: Dataset, filled: Mapping[str, pl.Series]) -> list[str]:
    """Say which columns could not keep their way of writing, and which of them their offsets."""
    plain = [
        c
        for c, s in filled.items()
        if s.dtype != frame[c].dtype or not _plainly(frame[c], given.frame[c])
    ]
    said = f"Written anew, as ISO dates and plain numbers: {', '.join(plain)}."
    zoned = [
        c
        for c in plain
        if frame[c].dtype == pl.String and frame[c].str.contains(_OFFSET).any()
        if given.schema.column(c).kind is Kind.DATETIME
    ]
    more = f"Times with an offset are in UTC now: {', '.join(zoned)}."
    return [*([said] if plain else []), *([more] if zoned else [])]


def _written(original: pl.Series, given: Dataset, made: pl.Series, fill: pl.Series) -> pl.Series:
    """Return ``original`` with cells filled, in its own way of writing values if it has one."""
    before = given.frame[original.name]
    if given.schema.column(original.name).kind.ordered:
        if original.dtype == pl.String and not _plainly(original, before):
            return _rewritten(original, before, made, fill)
        filled = made.cast(original.dtype, strict=False)
    else:
        known = pl.DataFrame({"value": before, "written": original}).drop_nulls("value")
        words = dict(known.unique("value").iter_rows())
        filled = pl.Series([words.get(v) for v in made.to_list()], dtype=original.dtype)
    if filled.filter(fill).null_count():
        return _rewritten(original, before, made, fill)
    return original.scatter(fill.arg_true(), filled.filter(fill))


def _rewritten(
    original: pl.Series, before: pl.Series, made: pl.Series, fill: pl.Series
) -> pl.Series:
    """Return what was read and filled; as text where there are cells that could not be read."""
    whole = before.scatter(fill.arg_true(), made.filter(fill))
    strays = whole.is_null() & original.is_not_null()
    if not strays.any():
        return whole
    text = whole.cast(pl.String)
    return text.scatter(strays.arg_true(), original.filter(strays).cast(pl.String))


def _plainly(original: pl.Series, read: pl.Series) -> bool:
    """Whether texts are written as what was read of them is: no 31.12.2024, no 1.234,5."""
    if original.dtype != pl.String or not (read.dtype.is_temporal() or read.dtype.is_numeric()):
        return True
    known = original.filter(read.is_not_null())
    if read.dtype.is_temporal():
        return known.equals(read.drop_nulls().cast(pl.String))
    return known.cast(pl.Float64, strict=False).null_count() == 0


def _unrecorded(who: str, why: str) -> None:
    """Do nothing: without a workspace there is no ledger."""

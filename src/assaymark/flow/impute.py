"""Impute: fill the missing cells of a table's own rows, with a model of that table."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.document import Document
from assaymark.core.recipe import GenerateSpec
from assaymark.core.streams import Streams
from assaymark.errors import InputError, UnknownNameError
from assaymark.flow.generate import fit
from assaymark.flow.progress import silent
from assaymark.flow.source import kept
from assaymark.flow.usable import usable_part
from assaymark.flow.written import check_can_write, write_files
from assaymark.generate.tree_chain_model import TreeChainModel
from assaymark.source.profile import profile
from assaymark.source.read import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assaymark.core.dataset import Dataset
    from assaymark.flow.progress import Progress

__all__ = ["Filled", "FilledColumn", "WrittenFilled", "impute", "write_imputed"]

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
    raw = io.BytesIO()
    if out.suffix.lower() == ".parquet":
        made.frame.write_parquet(raw, compression="zstd")
    else:
        made.frame.write_csv(raw)
    write_files({out: raw.getvalue()})
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
    cells = {
        c: given.frame[c].null_count() - made.frame[c].null_count()
        for c in columns or given.schema.names
    }
    filled = {c: _written(frame[c], given, made.frame[c]) for c, n in cells.items() if n}
    plain = [c for c, s in filled.items() if s.dtype != frame[c].dtype]
    if plain:
        notices.append(f"Written anew, as ISO dates and plain numbers: {', '.join(plain)}.")
    return Filled(
        frame=frame.with_columns(**filled),
        cells={c: n for c, n in cells.items() if n},
        notices=(
            *notices,
            "These are the real rows, with guesses in their gaps: they are as private as the "
            "table itself, and no synthetic data. A filled cell is one draw, no measurement.",
        ),
    )


def _written(original: pl.Series, given: Dataset, made: pl.Series) -> pl.Series:
    """Return ``original`` with its gaps filled, in its own way of writing values if it has one."""
    before = given.frame[original.name]
    holes = before.is_null()
    if given.schema.column(original.name).kind.ordered:
        if original.dtype == pl.String and not _plainly(original, before):
            return made
        filled = made.cast(original.dtype, strict=False)
    else:
        known = pl.DataFrame({"value": before, "written": original}).filter(~holes)
        words = dict(known.unique("value").iter_rows())
        filled = pl.Series([words.get(v) for v in made.to_list()], dtype=original.dtype)
    if filled.filter(holes).null_count() > made.filter(holes).null_count():
        return made
    return original.scatter(holes.arg_true(), filled.filter(holes))


def _plainly(original: pl.Series, read: pl.Series) -> bool:
    """Whether texts are written as what was read of them is: no 31.12.2024, no 1.234,5."""
    known = original.filter(read.is_not_null())
    if read.dtype.is_temporal():
        return known.equals(read.drop_nulls().cast(pl.String))
    return known.cast(pl.Float64, strict=False).null_count() == 0


def _unrecorded(who: str, why: str) -> None:
    """Do nothing: without a workspace there is no ledger."""

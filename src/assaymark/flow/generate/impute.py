"""Impute: fill the missing cells of a table's own rows, with a model of that table."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.core.recipe import GenerateSpec
from assaymark.core.streams import Streams
from assaymark.errors import InputError, UnknownNameError
from assaymark.flow.generate.filled import Filled, FilledColumn, WrittenFilled, kept_in, told_of
from assaymark.flow.generate.fit import fit
from assaymark.flow.generate.own_way import gaps_of, written
from assaymark.flow.generate.row_files import draft_csv
from assaymark.flow.progress import silent
from assaymark.flow.source.read import kept
from assaymark.flow.source.usable import usable_part
from assaymark.flow.written import check_can_write, write_files
from assaymark.generate.chain.model import TreeChainModel
from assaymark.generate.filling.agreed import agreed
from assaymark.generate.filling.asked import possible_demands
from assaymark.generate.filling.completion import Completion
from assaymark.generate.filling.ties import find_ties, schema_beside
from assaymark.source.profile import profile
from assaymark.source.read import PARQUET, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from assaymark.core.constraint import ConstraintSpec
    from assaymark.flow.progress import Progress
    from assaymark.generate.filling.completion import Completed

__all__ = ["Filled", "Filling", "WrittenFilled", "impute", "impute_often", "write_imputed"]

_FITTED = GenerateSpec(generator="tree_chain", parameters={"relations": "none", "order": "schema"})
_PROTECT = 10
_MOST = 1000
_REAL = (
    "These are the real rows, with guesses in their gaps: they are as private as the table "
    "itself, and no synthetic data. A filled cell is one draw, no measurement."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What is to be filled, and how.

    Attributes
    ----------
    columns
        Only these columns, if any are named.
    keep
        Columns in which words such as NA are values; elsewhere they are missing, and filled.
    anyway
        Columns that are filled also where another column says that they must be missing.
    constraints
        What must hold on every row.
    imputations
        How often the table is filled, each time by other draws.
    seed
        A public seed; a secret one if there is none.
    """

    columns: Sequence[str] = ()
    keep: Sequence[str] = ()
    anyway: Sequence[str] = ()
    constraints: Sequence[ConstraintSpec] = ()
    imputations: int = 1
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Table:
    """A table to be filled: as given, the part that is used, and which cells are missing."""

    frame: pl.DataFrame
    given: Dataset
    gaps: Mapping[str, pl.Series]
    notices: tuple[str, ...]


def write_imputed(
    source: Path, out: Path, how: Filling | None = None, *, progress: Progress = silent
) -> WrittenFilled:
    """Fill the missing cells of a file's rows and write these as CSV or Parquet.

    Of several imputations each is a file: ``out-1.csv``, ``out-2.csv`` and so on.

    Raises
    ------
    InputError
        When ``out`` is neither, is the source itself, or cannot be written.
    UnknownNameError
        When one of ``columns`` is not there, or cannot be filled.
    """
    how = how or Filling()
    _check_often(how)
    if out.suffix.lower() not in {".csv", ".parquet"}:
        raise InputError(f"cannot write {str(out)!r}: it must end in .csv or .parquet")
    many = how.imputations > 1
    places = [
        out.with_name(f"{out.stem}-{m}{out.suffix}") if many else out
        for m in range(1, how.imputations + 1)
    ]
    if source.resolve() in {p.resolve() for p in places}:
        raise InputError(f"--out {str(out)!r} is the source itself; nothing was written")
    frame = read_table(source)
    check_can_write(places[0])
    progress("generate", f"filling {frame.height:,} rows", 0.1)
    made = impute_often(frame, how)
    if source.suffix.lower() in PARQUET:
        stored = pl.read_parquet(source, use_statistics=False)
        made = tuple(kept_in(m, stored) for m in made)
    write_files({p: _raw(m.frame, p) for p, m in zip(places, made, strict=True)}, real=True)
    first = made[0]
    progress("generate", f"{sum(first.cells.values()):,} cells filled", 1.0)
    told = [c for c in frame.columns if c in first.cells or first.frame[c].null_count()]
    return WrittenFilled(
        rows=str(places[0]),
        n=frame.height,
        columns=tuple(
            FilledColumn(
                name=c,
                filled=first.cells.get(c, 0),
                left=first.frame[c].null_count(),
                exact=first.exact.get(c, 0),
                must=first.must.get(c, 0),
            )
            for c in told
        ),
        notices=first.notices,
        imputations=tuple(map(str, places)) if many else (),
    )


def _raw(frame: pl.DataFrame, path: Path) -> bytes:
    if path.suffix.lower() != ".parquet":
        return draft_csv(frame)
    raw = io.BytesIO()
    frame.write_parquet(raw, compression="zstd")
    return raw.getvalue()


def impute(
    frame: pl.DataFrame,
    *,
    columns: Sequence[str] = (),
    keep: Sequence[str] = (),
    seed: int | None = None,
) -> Filled:
    """Fill missing cells, of ``columns`` or of all; see :func:`impute_often`."""
    return impute_often(frame, Filling(columns=columns, keep=keep, seed=seed))[0]


def impute_often(frame: pl.DataFrame, how: Filling) -> tuple[Filled, ...]:
    """Fill missing cells by a model fitted to the same rows, as often as asked for.

    What follows exactly from the cells that are there gets that value; what another column says
    must be missing stays so; and what holds between columns in the table, as far as it is found,
    and all constraints hold on rows with filled cells, or these are left empty and it is said in
    how many rows. Columns that look like identifiers, and free text, stay as they are.

    Raises
    ------
    InputError
        When there are fewer imputations than one, or a named column has no value at all.
    RecipeError
        When constraints cannot be kept to, or cells that are there break one.
    UnknownNameError
        When one of ``columns`` is not there, or cannot be filled.
    """
    _check_often(how)
    table = _table_of(frame, how)
    streams = Streams.secret() if how.seed is None else Streams.from_seed(how.seed)
    if not any(g.any() for g in table.gaps.values()):
        said = "No cell that could be filled is missing: the rows are as they were."
        return (Filled(frame=frame, cells={}, notices=(*table.notices, said)),) * how.imputations
    completion = _completion(table.given, how, streams)
    return tuple(
        _filled(table, completion, _completed(completion, streams.child("impute", m)))
        for m in range(how.imputations)
    )


def _completed(completion: Completion, streams: Streams) -> Completed:
    return agreed(completion, completion.filled(streams), streams)


def _check_often(how: Filling) -> None:
    if not 1 <= how.imputations <= _MOST:
        raise InputError(f"imputations is {how.imputations}, and must be from 1 to {_MOST:,}")


def _table_of(frame: pl.DataFrame, how: Filling) -> _Table:
    """Return what can be filled of a table."""
    found = profile(frame, kept(how.keep, frame.columns))
    given, notices = usable_part(frame, found, filling=True)
    for name in (*how.columns, *how.anyway):
        if name not in given.schema.names:
            raise UnknownNameError("column", name, given.schema.names, "those that can be filled")
    empty = [c for c in given.schema.names if given.frame[c].null_count() == given.n]
    for name in how.columns:
        if name in empty:
            raise InputError(
                f"column {name!r} cannot be filled: no row has a value in it to learn from"
            )
    if len(empty) == len(given.schema.names):
        raise InputError("nothing can be filled: no column has a value to learn from")
    if empty:
        notices.append(f"Stays empty, since no row has a value to learn from: {', '.join(empty)}.")
    given = given.drop(*empty)
    wanted = how.columns or given.schema.names
    gaps = {c: gaps_of(frame[c], given.schema.column(c)) for c in wanted}
    return _Table(frame=frame, given=given, gaps=gaps, notices=tuple(notices))


def _completion(given: Dataset, how: Filling, streams: Streams) -> Completion:
    """Fit what rows are filled by."""
    demands = possible_demands(how.constraints, given)
    ties, known = find_ties(given, _PROTECT, streams, how.anyway, how.constraints)
    schema = schema_beside(given.schema, ties, known)
    rows = Dataset(schema=schema, frame=known.frame().select(schema.names), persons=given.persons)
    model = fit(_FITTED, rows, streams, _unrecorded)
    if not isinstance(model, TreeChainModel):
        raise TypeError(f"tree_chain fitted a {type(model).__name__}")
    return Completion(
        model=model, ties=ties, known=known, schema=given.schema, beside=schema, demands=demands
    )


def _filled(table: _Table, completion: Completion, made: Completed) -> Filled:
    """Return the table as it was given with what was made in its gaps."""
    given, frame, new = table.given, table.frame, made.cells.frame()
    able = {c: gaps & new[c].is_not_null() for c, gaps in table.gaps.items()}
    filled = {c: written(frame[c], given, new[c], f) for c, f in able.items() if f.any()}
    fill = {c: f & filled[c].is_not_null() if c in filled else f for c, f in able.items()}
    cells = {c: n for c, f in fill.items() if (n := int(f.sum()))}
    exact = {c: completion.known.known(c) for c in fill}
    where = {c: f.to_numpy() for c, f in fill.items()}
    must = {c: _held(table.gaps[c], made.must.get(c)) for c in fill}
    return Filled(
        frame=frame.with_columns(**filled),
        cells=cells,
        notices=(
            *table.notices,
            *told_of(made, completion.ties, where, exact),
            _REAL,
        ),
        fill={c: fill[c] for c in cells},
        exact={c: n for c, f in where.items() if (n := int((exact[c] & f).sum()))},
        must={c: n for c, n in must.items() if n},
    )


def _held(gaps: pl.Series, must: NDArray[np.bool_] | None) -> int:
    return 0 if must is None else int((gaps.to_numpy() & must).sum())


def _unrecorded(who: str, why: str) -> None:
    """Do nothing: without a workspace there is no ledger."""

"""Impute: fill the missing cells of a table's own rows, with a model of that table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.recipe import GenerateSpec
from assaymark.core.streams import Streams
from assaymark.flow.draft import usable_part
from assaymark.flow.generate import fit
from assaymark.generate.tree_chain_model import TreeChainModel
from assaymark.source.profile import profile

if TYPE_CHECKING:
    from assaymark.core.dataset import Dataset

__all__ = ["Filled", "impute"]

_FITTED = GenerateSpec(generator="tree_chain", parameters={"relations": "codes"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Filled:
    """Rows with their missing cells filled; how many cells of each column; what to know."""

    frame: pl.DataFrame
    cells: dict[str, int]
    notices: tuple[str, ...]


def impute(frame: pl.DataFrame, *, seed: int | None = None) -> Filled:
    """Fill missing cells by `tree_chain`, fitted to the same rows.

    Columns that look like identifiers, and free text, stay as they are.
    """
    given, notices = usable_part(frame, profile(frame, {}))
    streams = Streams.secret() if seed is None else Streams.from_seed(seed)
    model = fit(_FITTED, given, streams, _unrecorded)
    if not isinstance(model, TreeChainModel):
        raise TypeError(f"tree_chain fitted a {type(model).__name__}")
    made = model.impute(given, streams.child("impute"))
    cells = {
        c: given.frame[c].null_count() - made.frame[c].null_count() for c in given.schema.names
    }
    columns = {c: _written(frame[c], given, made.frame[c]) for c, n in cells.items() if n}
    return Filled(
        frame=frame.with_columns(**columns),
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
        filled = made.cast(original.dtype, strict=False)
    else:
        known = pl.DataFrame({"value": before, "written": original}).filter(~holes)
        words = dict(known.unique("value").iter_rows())
        filled = pl.Series([words.get(v) for v in made.to_list()], dtype=original.dtype)
    if filled.filter(holes).null_count() > made.filter(holes).null_count():
        return made
    return original.scatter(holes.arg_true(), filled.filter(holes))


def _unrecorded(who: str, why: str) -> None:
    """Do nothing: without a workspace there is no ledger."""

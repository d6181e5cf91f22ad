"""Sketch check: whether the sketch of a release is that of the rows that lie beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from assaymark.errors import DataError, IntegrityError
from assaymark.monitor.sketch import Sketch, counted, sketch

if TYPE_CHECKING:
    from assaymark.flow.release.folder import Folder
    from assaymark.release.verification import Verification

__all__ = ["check_sketch"]

_STEP, _TITLE, _PATH = 12, "Sketch", "sketch.json"


def check_sketch(files: Folder, found: Verification, most: int) -> None:
    """Count the rows again on the sketch's cells: nobody who signs can make a monitor blind.

    Rows of more than ``most`` bytes are not counted again, and that is said.
    """
    rows = min((p for p in files if p.endswith(".parquet")), default="")
    if _PATH not in files or not rows:
        return
    if files.size(rows) > most:
        found.leave(_TITLE, f"{rows} is too large to be counted again within a second")
        return
    try:
        said = Sketch.parse(files[_PATH])
    except IntegrityError as error:
        found.leave(_TITLE, str(error).partition("\n")[0])
        return
    frame = pl.read_parquet(files.file(rows))
    try:
        again = counted(said, frame)
    except DataError as error:
        found.fail(_STEP, _TITLE, f"it is not of {rows}: {error}")
        return
    if [c.name for c in said.columns] != frame.columns or _counts(again) != _counts(said):
        found.fail(_STEP, _TITLE, f"it does not say how many rows of {rows} are in which cells")
    elif _cells(sketch(frame, said.outcomes())) != _cells(said):
        found.leave(
            _TITLE,
            "its counts are those of the rows, on cells that this version does not "
            "make: it may not see what others see",
        )
    else:
        found.hold(_STEP, _TITLE, f"counts the rows of {rows}, on cells that follow from them")


def _counts(s: Sketch) -> tuple[object, ...]:
    parts = (s.columns, s.pairs, s.crossed)
    return (s.n, *(tuple(x.counts for x in part) for part in parts))


def _cells(s: Sketch) -> tuple[object, ...]:
    columns = tuple((c.name, c.kind, c.levels, c.edges) for c in s.columns)
    return columns, tuple((p.first, p.second) for p in s.pairs), s.outcomes()

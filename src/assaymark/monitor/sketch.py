"""Sketch: counts of released rows on fixed cells; all that monitoring needs of a release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from assaymark.core.document import Document
from assaymark.core.reliance import Reliance
from assaymark.errors import DataError
from assaymark.monitor.cells import (
    COARSE,
    cells_in,
    cells_of,
    coarse_cells,
    edge_words,
    edges_of,
    kind_of,
    known,
    pair_tables,
    read,
)
from assaymark.monitor.quantiles import QUANTILES, quantiles, summed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Codes = NDArray[np.int64]

__all__ = [
    "OTHER",
    "ColumnSketch",
    "CrossSketch",
    "PairSketch",
    "Sketch",
    "counted",
    "merged",
    "sketch",
    "sketch_of_parts",
]

OTHER = "(all other)"
_LEVELS = 50
_PAIRED = 30


class ColumnSketch(Document):
    """One column: cells with their counts, the last of them for missing values.

    A category's cells are ``levels``, then all other values; a number's or a date's are the
    intervals between ``edges`` (decimal strings; dates as microseconds since 1970), open at both
    ends. ``counts`` has one entry a cell, then one for missing. ``quantiles`` are those at
    ``QUANTILES``; of a sum of parts, ``within`` says for each how far, as a share of the known
    values, its rank may be from there.
    """

    LATER: ClassVar[tuple[str, ...]] = ("within",)

    name: str
    kind: Literal["number", "moment", "category"]
    levels: tuple[str, ...]
    edges: tuple[str, ...]
    counts: tuple[int, ...]
    quantiles: tuple[str, ...]
    n_unique: int
    within: tuple[Annotated[str, Field(pattern=r"^(0(\.\d{1,6})?|1)$")], ...] = ()

    @model_validator(mode="after")
    def _cells_fit(self) -> Self:
        if len(self.quantiles) not in {0, len(QUANTILES)}:
            raise ValueError(f"column {self.name!r} has {len(self.quantiles)} quantiles")
        if self.within and len(self.within) != len(self.quantiles):
            raise ValueError(f"column {self.name!r} has {len(self.within)} bounds of quantiles")
        cells = self.levels if self.kind == "category" else self.edges
        if len(self.counts) != len(cells) + 2 or len(set(cells)) != len(cells):
            raise ValueError(f"column {self.name!r} has {len(self.counts)} counts, not one a cell")
        return self


class PairSketch(Document):
    """Counts of two columns on coarse cells, row by row of the first column's."""

    first: str
    second: str
    counts: tuple[int, ...]

    @model_validator(mode="after")
    def _cells_fit(self) -> Self:
        if len(self.counts) != COARSE * COARSE:
            raise ValueError(f"{self.first!r} and {self.second!r} have {len(self.counts)} counts")
        return self


class CrossSketch(Document):
    """Counts of an outcome within the groups of people of a column, row by row of the groups.

    ``groups`` and ``outcomes`` name the cells of both columns; an ``ordered`` outcome's cells are
    named by their upper ends. Missing values of either are left out.
    """

    group: str
    outcome: str
    ordered: bool
    groups: tuple[str, ...]
    outcomes: tuple[str, ...]
    counts: tuple[int, ...]

    @model_validator(mode="after")
    def _cells_fit(self) -> Self:
        if len(self.counts) != len(self.groups) * len(self.outcomes):
            raise ValueError(f"{self.outcome!r} by {self.group!r} has {len(self.counts)} counts")
        return self


class Sketch(Document):
    """One- and two-way counts of ``n`` rows, and outcomes within groups of people.

    ``relied`` says what the claims about the rows rest on; parts that are counted have none.
    """

    LATER: ClassVar[tuple[str, ...]] = ("crossed", "relied")

    schema_id: Literal["assaymark/sketch/v0"] = "assaymark/sketch/v0"
    n: int
    columns: tuple[ColumnSketch, ...]
    pairs: tuple[PairSketch, ...]
    crossed: tuple[CrossSketch, ...] = ()
    relied: tuple[Reliance, ...] = ()

    def outcomes(self) -> tuple[tuple[str, str], ...]:
        """Return the pairs of a column of groups and one of outcomes that are crossed."""
        return tuple((c.group, c.outcome) for c in self.crossed)

    def rests_on(self, column: str) -> tuple[str, ...]:
        """Return what rests on a column: claims by name, the target."""
        return tuple(r.by for r in self.relied if column in r.columns)


def sketch(frame: pl.DataFrame, crossed: Sequence[tuple[str, str]] = ()) -> Sketch:
    """Count ``frame`` on cells that are fixed by it; the rows are public, and so is the sketch.

    ``crossed`` has pairs of a column of groups of people and one of outcomes.
    """
    codes, columns = {}, []
    for name in frame.columns:
        empty = _column(frame[name])
        codes[name] = cells_of(empty, frame[name])
        columns.append(_filled(empty, codes[name]))
    coarse = {c.name: coarse_cells(codes[c.name], c) for c in columns[:_PAIRED]}
    return _sketch(frame.height, columns, codes, coarse, crossed)


def counted(layout: Sketch, frame: pl.DataFrame) -> Sketch:
    """Count other rows on the cells of ``layout``: what sketches of parts are merged from.

    The coarse cells of pairs follow from the layout's counts. So all that is to be compared or
    merged is counted on one layout, never on what was counted on it.

    Raises
    ------
    DataError
        When a column of the layout is not there.
    """
    lacking = [c.name for c in layout.columns if c.name not in frame.columns]
    if lacking:
        raise DataError(f"the rows lack these columns: {', '.join(lacking)}")
    values = read(layout.columns, frame)
    codes = {c.name: cells_in(c, values[c.name]) for c in layout.columns}
    unique = frame.select(pl.col(list(codes)).drop_nulls().n_unique())
    columns = [
        _filled(
            c,
            codes[c.name],
            quantiles=() if c.kind == "category" else quantiles(values[c.name]),
            n_unique=unique[c.name].item(),
            within=(),
        )
        for c in layout.columns
    ]
    by_name = {c.name: c for c in layout.columns}
    paired = dict.fromkeys(n for p in layout.pairs for n in (p.first, p.second))
    coarse = {n: coarse_cells(codes[n], by_name[n]) for n in paired}
    return _sketch(frame.height, columns, codes, coarse, layout.outcomes())


def merged(parts: Sequence[Sketch]) -> Sketch:
    """Add up sketches of one layout: the counts are exactly those of all their rows.

    Quantiles are values of the parts, each with its bound (``within``). Sums can be summed, with
    wider bounds than all parts at once. ``n_unique`` is the largest of a part's, a lower bound.

    Raises
    ------
    DataError
        When there is nothing to merge, or the parts are counted on other cells.
    """
    if not parts:
        raise DataError("there is no sketch to merge")
    if any(_cells(p) != _cells(parts[0]) for p in parts):
        raise DataError(
            "the sketches are counted on other cells\n\nHint: count every part on the layout of "
            "the first"
        )
    if len(parts) == 1:
        return parts[0]
    return _with_quantiles(_summed(parts), [p.columns for p in parts])


def sketch_of_parts(
    frames: Iterable[pl.DataFrame], crossed: Sequence[tuple[str, str]] = ()
) -> Sketch:
    """Return the sketch of rows that do not fit in memory, part by part.

    The cells are those of the first part; the counts are exact, and quantiles as in
    :func:`merged`, of all parts at once.
    """
    layout: Sketch | None = None
    found: Sketch | None = None
    seen: list[tuple[ColumnSketch, ...]] = []
    for frame in frames:
        part = sketch(frame, crossed) if layout is None else counted(layout, frame)
        found = part if found is None else _summed((found, part))
        layout = layout or part
        seen.append(part.columns)
    if found is None:
        raise DataError("there are no rows")
    return found if len(seen) == 1 else _with_quantiles(found, seen)


def _summed(parts: Sequence[Sketch]) -> Sketch:
    """Add up the counts of parts; quantiles are left out."""
    first = parts[0]
    columns = tuple(
        c.model_copy(
            update={
                "counts": _added([p.columns[i].counts for p in parts]),
                "n_unique": max(p.columns[i].n_unique for p in parts),
                "quantiles": (),
                "within": (),
            }
        )
        for i, c in enumerate(first.columns)
    )
    pairs = tuple(
        p.model_copy(update={"counts": _added([q.pairs[i].counts for q in parts])})
        for i, p in enumerate(first.pairs)
    )
    crossed = tuple(
        c.model_copy(update={"counts": _added([q.crossed[i].counts for q in parts])})
        for i, c in enumerate(first.crossed)
    )
    n = sum(p.n for p in parts)
    return Sketch(n=n, columns=columns, pairs=pairs, crossed=crossed)


def _with_quantiles(whole: Sketch, parts: Sequence[tuple[ColumnSketch, ...]]) -> Sketch:
    columns = []
    for i, c in enumerate(whole.columns):
        values, within = summed([part[i] for part in parts])
        columns.append(c.model_copy(update={"quantiles": values, "within": within}))
    return whole.model_copy(update={"columns": tuple(columns)})


def _sketch(
    n: int,
    columns: Sequence[ColumnSketch],
    codes: dict[str, Codes],
    coarse: dict[str, Codes],
    crossed: Sequence[tuple[str, str]],
) -> Sketch:
    by_name = {c.name: c for c in columns}
    pairs = tuple(
        PairSketch(first=a, second=b, counts=counts)
        for (a, b), counts in pair_tables(coarse).items()
    )
    groups = tuple(_cross(by_name[a], by_name[b], codes) for a, b in crossed)
    return Sketch(n=n, columns=tuple(columns), pairs=pairs, crossed=groups)


def _cross(group: ColumnSketch, outcome: ColumnSketch, codes: dict[str, Codes]) -> CrossSketch:
    sides = len(group.counts), len(outcome.counts)
    table = np.array(_table(codes[group.name], codes[outcome.name], sides)).reshape(sides)
    return CrossSketch(
        group=group.name,
        outcome=outcome.name,
        ordered=outcome.kind != "category",
        groups=_labels(group),
        outcomes=_labels(outcome),
        counts=tuple(table[:-1, :-1].ravel().tolist()),
    )


def _table(rows: Codes, columns: Codes, sides: tuple[int, int]) -> tuple[int, ...]:
    flat = np.bincount(rows * sides[1] + columns, minlength=sides[0] * sides[1])
    return tuple(flat.tolist())


def _labels(c: ColumnSketch) -> tuple[str, ...]:
    """Return the names of the cells but the last, which is for missing values."""
    if c.kind == "category":
        return (*c.levels, OTHER)
    # as numbers, dates too: sketches that were released name their cells so
    return (*(edge_words("number", e) for e in c.edges), "the highest")


def _filled(empty: ColumnSketch, codes: Codes, **own: object) -> ColumnSketch:
    counts = np.bincount(codes, minlength=len(empty.counts))
    return empty.model_copy(update={"counts": tuple(counts.tolist()), **own})


def _cells(s: Sketch) -> tuple[object, ...]:
    columns = [(c.name, c.kind, c.levels, c.edges) for c in s.columns]
    return (columns, [(p.first, p.second) for p in s.pairs], s.outcomes())


def _added(counts: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(np.sum(np.array(counts, dtype=np.int64), axis=0).tolist())


def _column(values: pl.Series) -> ColumnSketch:
    kind = kind_of(values.dtype)
    if kind == "category":
        counted = values.drop_nulls().cast(pl.String).value_counts(sort=True).rows()
        levels = tuple(sorted(level for level, _ in counted[:_LEVELS]))
        return ColumnSketch(
            name=values.name,
            kind=kind,
            levels=levels,
            edges=(),
            counts=(0,) * (len(levels) + 2),
            quantiles=(),
            n_unique=len(counted),
        )
    numbers = known(values)
    edges = edges_of(numbers)
    return ColumnSketch(
        name=values.name,
        kind=kind,
        levels=(),
        edges=tuple(f"{e!r}" for e in edges),
        counts=(0,) * (len(edges) + 2),
        quantiles=quantiles(numbers),
        n_unique=values.drop_nulls().n_unique(),
    )

"""Queries: how far the answers of counting queries can be relied on, by how much they ask."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.claim import Query
from assaymark.core.measurement import NO_SUBJECT, Measurement, Quantity
from assaymark.core.registry import component
from assaymark.errors import DataError, InputError
from assaymark.evaluate.analyses.sql import answers
from assaymark.evaluate.binning import bins_of
from assaymark.evaluate.features import measured_columns, why_incomparable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.measurement import Json
    from assaymark.core.streams import Streams

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

__all__ = ["Queries"]

COUNTS, ASKED = "queries.relative_error", "queries.declared_error"
_FEWEST, _QUERIES, _BINS, _SIZES = 10, 12, 5, (10, 30, 100)
_HALVES = 8


@component
class Queries:
    """Relative error of counts by one, two and three columns, and of the recipe's own queries.

    Columns are taken in up to five cells each; of the combinations of two and three columns, 12
    are drawn at random. Counted are cells with at least ten people of the holdout, as a share of
    the rows; the error is relative to the holdout's share, the baseline what is expected of right
    rows by chance, the details tell both by the size of the cell. A declared query is run by
    DuckDB on as many rows of the holdout and of each replicate; the answers of replicates are
    averaged, and its baseline is what halves of the holdout differ by, scaled.

    A query that asks for small cells is unreliable from real rows too: compare with the baseline.

    References
    ----------
    McKenna, Sheldon & Miklau (2019), Graphical-model based estimation and inference, for marginal
    workloads; Raab, Nowok & Dibben (2021), arXiv:2109.12717, for expectations under a right model.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=COUNTS,
            title="Relative error of counts",
            unit="share of the count",
            better="lower",
            meaning="Mean relative difference between counts from the synthetic rows and from the "
            "holdout, over cells with at least ten people; the baseline is chance.",
            gate=False,
            why_not="it depends on how small the cells are; compare it with its baseline",
        ),
        Quantity(
            name=ASKED,
            title="Relative error of a declared query",
            unit="share of the answer",
            better="lower",
            meaning="Median relative difference between the query's answers on the synthetic rows "
            "and on the holdout; the baseline is what halves of the holdout differ by.",
            gate=False,
            why_not="nothing is known of the query's error; declare a claim of another kind",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the error by number of columns, and of each declared query."""
        reason, holdout = why_incomparable(case), case.holdout
        if reason or holdout is None:
            for quantity in self.quantities:
                yield Measurement.missing(quantity.name, reason, "*")
            return
        real = holdout.one_row_each(streams.child("one row each").generator())
        yield from _counts(case, real, streams.child("columns").generator())
        asked = [c for c in case.questions.claim if isinstance(c, Query) and "analytics" in c.uses]
        if not asked:
            yield Measurement.missing(ASKED, "no query was declared", NO_SUBJECT)
        for spec in asked:
            yield _declared(spec, case, real, streams.child("halves", spec.name).generator())


def _counts(case: Case, real: Dataset, rng: np.random.Generator) -> Iterator[Measurement]:
    columns = sorted(measured_columns(case.train), key=lambda c: c.name)
    parts = [case.train] if case.holdout is None else [case.train, case.holdout]
    bins = [bins_of(c, parts, cells=_BINS, n_holdout=real.n) for c in columns]
    tables = [[b.codes(t) for b in bins] for t in (real, *case.synthetics)]
    sizes = [b.n_cells for b in bins]
    for wide in (1, 2, 3):
        every = list(combinations(range(len(columns)), wide))
        if len(every) > _QUERIES and wide > 1:
            every = [every[i] for i in np.sort(rng.permutation(len(every))[:_QUERIES])]
        found = [_cells(tables, sizes, chosen) for chosen in every]
        cells = np.concatenate([f for f in found if len(f)] or [np.zeros((0, 3))])
        subject = f"columns:{wide}"
        if not len(cells):
            reason = f"no cell of {wide} columns has {_FEWEST} people in the holdout"
            yield Measurement.missing(COUNTS, reason, subject, n=real.n)
            continue
        yield Measurement(
            metric=COUNTS,
            subject=subject,
            value=float(cells[:, 1].mean()),
            n=real.n,
            baseline=float(cells[:, 2].mean()),
            details={"queries": len(every), "by size of the cell": _by_size(cells)},
        )


def _cells(tables: list[list[Codes]], sizes: list[int], chosen: tuple[int, ...]) -> Floats:
    """Return holdout count, relative error and its expectation of each cell, shape ``(c, 3)``."""
    shape = tuple(sizes[j] for j in chosen)
    counts = []
    for codes in tables:
        flat = np.ravel_multi_index([codes[j] for j in chosen], shape)
        counts.append(np.bincount(flat, minlength=math.prod(shape)).astype(np.float64))
    n, m = counts[0].sum(), len(counts) - 1
    rows = float(np.mean([c.sum() for c in counts[1:]]))
    real = counts[0] / n
    made = np.mean([c / c.sum() for c in counts[1:]], axis=0)
    kept = counts[0] >= _FEWEST
    p = real[kept]
    # holdout, the people behind the rows (about as many as rows), and the rows
    noise = np.sqrt(p * (1 - p) * (1 / n + (1 + 1 / m) / rows))
    error = np.abs(made[kept] - p) / p
    return np.column_stack([counts[0][kept], error, math.sqrt(2 / math.pi) * noise / p])


def _by_size(cells: Floats) -> list[Json]:
    lines: list[Json] = []
    for low, high in zip(_SIZES, (*_SIZES[1:], math.inf), strict=True):
        inside = (cells[:, 0] >= low) & (cells[:, 0] < high)
        if inside.any():
            error, chance = cells[inside, 1:].mean(axis=0)
            lines.append({"from": low, "error": f"{error:.3f}", "chance": f"{chance:.3f}"})
    return lines


def _declared(spec: Query, case: Case, real: Dataset, rng: np.random.Generator) -> Measurement:
    subject = f"query:{spec.name}"
    rows = min(real.n, *(s.n for s in case.synthetics))
    try:

        def ask(data: Dataset) -> dict[tuple[str, ...], float]:
            return answers(spec.sql, data.frame, time_limit=spec.time_limit)

        right = ask(real.take(np.arange(rows)))
        made = [ask(s.take(np.arange(rows))) for s in case.synthetics]
        halves = []
        for _ in range(_HALVES):
            order = rng.permutation(real.n)
            parts = [np.sort(order[: real.n // 2]), np.sort(order[real.n // 2 :])]
            one, other = (ask(real.take(p)) for p in parts)
            halves.append(_apart(one, [other]) / math.sqrt(2))
    except (DataError, InputError) as error:
        return Measurement.missing(ASKED, str(error).partition("\n")[0], subject, n=real.n)
    if not any(right.values()):
        return Measurement.missing(ASKED, "the holdout has no answer but 0", subject, n=real.n)
    return Measurement(
        metric=ASKED,
        subject=subject,
        value=_apart(right, made),
        n=rows,
        baseline=float(np.mean(halves)),
        details={"answers": len(right)},
    )


def _apart(right: dict[tuple[str, ...], float], made: list[dict[tuple[str, ...], float]]) -> float:
    """Return the median relative error; a group without an answer counts as 0."""
    errors = [
        abs(float(np.mean([m.get(k, 0.0) for m in made])) - v) / abs(v)
        for k, v in right.items()
        if v
    ]
    return float(np.median(errors)) if errors else 0.0

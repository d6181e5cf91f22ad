"""Group fidelity: whether the rows of every group look like that group's real rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import NO_SUBJECT, Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.binning import Sample, bins_of, cells_for, compare_cells, mean_gap
from assaymark.evaluate.crossings import MINIMUM_CELL
from assaymark.evaluate.features import measured_columns, why_incomparable
from assaymark.evaluate.groups import NO_GROUPS, banded, groups_of
from assaymark.evaluate.statistics import persons_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.groups import Group

    Codes = dict[str, NDArray[np.int64]]

__all__ = ["GroupFidelity"]

MEAN, SMALL = "group_fidelity.mean", "group_fidelity.mean_small"
_LARGE = 500  # people of the holdout from which a right generator is shown to be within 0.1
_CELLS = 6


@component
class GroupFidelity:
    """Distance between a group's synthetic rows and its real ones, averaged over the columns.

    As the distance of columns (``one_way``), within each protected group: cells are fixed by all
    real rows, at most six a column, the comparison is with the group's holdout rows, and what
    chance alone makes of so few rows is taken off. ``floor`` is what the group's train rows give.
    Groups of fewer than 500 people of the holdout are measured under a name of their own, those
    of fewer than 30 have a reason. The worst column is in the details.

    Columns that look right one by one may hang together wrongly.

    References
    ----------
    Bhanot et al. (2021), The problem of fairness in synthetic healthcare data.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = tuple(
        Quantity(
            name=name,
            title=f"Distance of a {size} group's columns from the real ones",
            unit="total variation distance, 0 to 1",
            better="lower",
            meaning="Share of a group's rows that would have to change for a column to look like "
            "the group's real rows, beyond what chance makes of it, averaged over the columns.",
        )
        for name, size in ((MEAN, "large"), (SMALL, "small"))
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:  # noqa: ARG002
        """Yield the mean distance of each group."""
        reason, holdout = why_incomparable(case), case.holdout
        if reason or holdout is None:
            yield from (Measurement.missing(m, reason, "group:*") for m in (MEAN, SMALL))
            return
        groups = list(groups_of(case))
        parts = (holdout, case.synthetic, case.train)
        coded = self._codes(case, holdout) if groups else []
        found = [_distance(group, parts, coded) for group in groups]
        yield from found
        for name, size in ((MEAN, "large"), (SMALL, "small")):
            if not any(m.metric == name for m in found):
                why = f"no group is {size}" if groups else NO_GROUPS
                yield Measurement.missing(name, why, NO_SUBJECT)

    @staticmethod
    def _codes(case: Case, holdout: Dataset) -> list[tuple[str, int, list[NDArray[np.int64]]]]:
        """Return name, number of cells, and each part's cells, of every column."""
        found = []
        cells = min(_CELLS, cells_for(holdout.n_persons))
        for column in measured_columns(case.train):
            bins = bins_of(column, (case.train, holdout), cells=cells, n_holdout=holdout.n)
            parts = (holdout, case.synthetic, case.train)
            found.append((column.name, bins.n_cells, [bins.codes(d) for d in parts]))
        return found


def _distance(
    group: Group,
    parts: tuple[Dataset, Dataset, Dataset],
    coded: list[tuple[str, int, list[NDArray[np.int64]]]],
) -> Measurement:
    inside = [group.holds(d) for d in parts]
    people = [
        persons_in(None if d.persons is None else d.persons[rows], int(rows.sum()))
        for d, rows in zip(parts, inside, strict=True)
    ]
    metric = MEAN if people[0] >= _LARGE else SMALL
    others = [c for c in coded if c[0] != group.bins.column.name]
    if min(people[:2]) < MINIMUM_CELL or not others:
        reason = f"fewer than {MINIMUM_CELL} people of the group in the holdout or synthetic rows"
        said = reason if others else "there is no other column to compare"
        return Measurement.missing(metric, said, group.subject)
    who = [None if d.persons is None else d.persons[r] for d, r in zip(parts, inside, strict=True)]
    means = []
    for other in (1, 2):
        gaps, signs = [], (np.zeros(int(inside[0].sum())), np.zeros(int(inside[other].sum())))
        for _, n_cells, codes in others:
            real, made = codes[0][inside[0]], codes[other][inside[other]]
            gap = compare_cells(Sample(real, who[0]), Sample(made, who[other]), n_cells)
            gaps.append(gap)
            signs[0][:] += gap.signs[real] / len(others)
            signs[1][:] += gap.signs[made] / len(others)
        nothing = np.zeros(0, dtype=np.int64)
        sides = (Sample(nothing, who[0]), Sample(nothing, who[other]))
        means.append((mean_gap(gaps, *sides, signs), gaps))
        if not people[2]:
            break
    (value, low, high), gaps = means[0]
    worst = max(range(len(gaps)), key=lambda i: gaps[i].interval.low)
    return Measurement(
        metric=metric,
        subject=group.subject,
        value=value,
        low=low,
        high=high,
        n=banded(people[0]),
        floor=means[1][0].value if len(means) > 1 else None,
        details={
            "group": group.subject.removeprefix("group:"),
            "worst_column": others[worst][0],
            "worst_distance": round(gaps[worst].interval.value, 3),
        },
    )

"""Shortcuts: columns that give the label away in synthetic rows, and not in real ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.binning import bins_of
from assaymark.evaluate.features import measured_columns
from assaymark.evaluate.models.predictors import task_and_test
from assaymark.evaluate.statistics import auc_of, mean_variance, persons_in, quantile_of_t

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.binning import Bins
    from assaymark.evaluate.models.predictors import Task

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

__all__ = ["Shortcuts"]

EXCESS, REAL = "shortcuts.excess", "shortcuts.real"
_CELLS, _FEWEST, _MOST_LABELS = 20, 20, 4
_PRIOR = 2.0  # rows of the overall rate that a cell's rate starts from
LEAK = 0.95
"""AUC of one real column from which the target is said to leak through it."""


@component
class Shortcuts:
    """How much better one column alone tells the label in synthetic rows than in real ones.

    A column is cut into at most twenty cells. The rate of a label in each cell, counted in one
    half of the rows, scores the other half, and the other way round; the AUC of that score is how
    well the column alone tells the label. ``excess`` is the AUC among synthetic rows (the mean of
    all sets) less that among real rows (train and holdout together). For several labels it is the
    mean over the four commonest; for a number the label is whether it is above the median of
    train. ``real`` is the AUC among real rows: from 0.95 the target leaks through that column of
    the source itself, and any model of it may rest on that column alone.

    The interval covers other rows on both sides, persons counted once, and the spread between
    synthetic sets. A shortcut made of several columns together is not seen.

    References
    ----------
    Geirhos et al. (2020), Shortcut learning in deep neural networks.
    Kaufman, Rosset & Perlich (2012), Leakage in data mining, for leaks in the source.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=EXCESS,
            title="The label is given away by one column alone",
            unit="AUC",
            better="lower",
            meaning="How much better this column alone tells the label in synthetic rows than in "
            "real ones; 0 is as well. "
            "A shortcut made of several columns together is not seen.",
        ),
        Quantity(
            name=REAL,
            title="How well one column alone tells the label in real rows",
            unit="AUC",
            better="lower",
            meaning="0.5 tells nothing, 1 tells everything: the target leaks through this column, "
            "which may have been written down after it.",
        ),
    )

    most_rows: int = 10_000
    """Rows of a part that are looked at, to bound the time."""

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield both figures for each column but the target."""
        tested = task_and_test(case)
        if isinstance(tested, str):
            yield from _missing(tested, "column:*", 0)
            return
        task, holdout = tested
        real = [_known(task, d, self.most_rows, streams) for d in (case.train, holdout)]
        made = [_known(task, s, self.most_rows, streams) for s in case.synthetics]
        n = persons_in(real[1].persons, real[1].n)
        short = min(s.n for s in made)
        if short < _FEWEST:
            few = f"{short} synthetic rows with a known label, and {_FEWEST} are needed"
            yield from _missing(few, "column:*", n)
            return
        labels = _labels(task, real)
        if not labels:
            few = f"no label has {_FEWEST} real rows with it and {_FEWEST} without"
            yield from _missing(few, "column:*", n)
            return
        parts = [_Part.of(task, real, labels, streams.child("real"))]
        for i, rows in enumerate(made):
            parts.append(_Part.of(task, [rows], labels, streams.child("set", i)))
        for column in measured_columns(case.train):
            if column.name == task.target:
                continue
            bins = bins_of(column, real, cells=_CELLS, n_holdout=holdout.n)
            yield from _of_column(bins, parts, n)


class _Part(NamedTuple):
    """Rows of one side with 0/1 labels, shape ``(n, labels)``, in two halves of persons."""

    rows: Sequence[Dataset]
    labels: NDArray[np.bool_]
    half: NDArray[np.bool_]
    persons: Codes | None

    @classmethod
    def of(
        cls,
        task: Task,
        rows: Sequence[Dataset],
        labels: Sequence[float],
        streams: Streams,
    ) -> _Part:
        targets = np.concatenate([task.targets(d) for d in rows])
        first, codes = 0, []
        for d in rows:
            codes.append(d.person_codes + first)
            first += int(d.person_codes.max(initial=-1)) + 1
        persons = np.concatenate(codes)
        if task.regression:
            found = (targets > labels[0])[:, None]
        else:
            found = targets[:, None] == np.array(labels)
        return cls(
            rows=rows,
            labels=found,
            half=(streams.generator().permutation(first) % 2 == 0)[persons],
            persons=None if all(d.persons is None for d in rows) else persons,
        )


def _of_column(bins: Bins, parts: Sequence[_Part], n: int) -> Iterator[Measurement]:
    subject = f"column:{bins.column.name}"
    told = [_told(bins, part) for part in parts]
    real, persons = told[0], parts[0].persons
    one = quantile_of_t(persons_in(persons, len(real.influence)) - 1)
    error = math.sqrt(mean_variance(real.influence, persons))
    yield Measurement(
        metric=REAL,
        subject=subject,
        value=real.value,
        low=real.value - one * error,
        high=real.value + one * error,
        n=n,
        baseline=0.5,
    )
    values = np.array([t.value for t in told[1:]])
    count = len(values)
    within = float(np.mean([mean_variance(t.influence) for t in told[1:]])) / count
    between = float(values.var(ddof=1)) / count if count > 1 else 0.0
    wide = math.sqrt(error**2 + max(within, between))
    wide *= one if between <= within else quantile_of_t(count - 1)
    excess = float(values.mean()) - real.value
    yield Measurement(
        metric=EXCESS,
        subject=subject,
        value=excess,
        low=excess - wide,
        high=excess + wide,
        n=n,
        details={"real": real.value, "synthetic": float(values.mean())},
    )


class _Told(NamedTuple):
    value: float
    influence: Floats


def _told(bins: Bins, part: _Part) -> _Told:
    """Return the mean AUC of the column alone; 0.5 for a label that is not there to be told."""
    codes = np.concatenate([bins.codes(d) for d in part.rows])
    values, influences = [], []
    for label in part.labels.T:
        scores = np.zeros(len(codes))
        for half in (part.half, ~part.half):
            scores[~half] = _rates(codes[half], label[half], bins.n_cells)[codes[~half]]
        if min(int(label.sum()), int((~label).sum())) < 1:
            values.append(0.5)
            influences.append(np.zeros(len(codes)))
            continue
        found = auc_of(scores, label)
        values.append(found.value)
        influences.append(found.influence)
    return _Told(float(np.mean(values)), np.mean(influences, axis=0))


def _rates(codes: Codes, label: NDArray[np.bool_], cells: int) -> Floats:
    counts = np.bincount(codes, minlength=cells)
    hits = np.bincount(codes, weights=label, minlength=cells)
    overall = float(label.mean()) if len(label) else 0.0
    return np.asarray((hits + _PRIOR * overall) / (counts + _PRIOR))


def _labels(task: Task, real: Sequence[Dataset]) -> list[float]:
    """Return the label positions that are looked at, or the number that parts high from low."""
    targets = np.concatenate([task.targets(d) for d in real])
    if task.regression:
        cut = float(np.median(targets)) if len(targets) else 0.0
        return [cut] if min((targets > cut).sum(), (targets <= cut).sum()) >= _FEWEST else []
    first = 1 if len(task.classes) == 2 else 0
    wanted = range(first, min(len(task.classes), first + _MOST_LABELS))
    counts = [int((targets == k).sum()) for k in wanted]
    enough = [_FEWEST <= c <= len(targets) - _FEWEST for c in counts]
    return [float(k) for k, e in zip(wanted, enough, strict=True) if e]


def _known(task: Task, rows: Dataset, most: int, streams: Streams) -> Dataset:
    known = np.flatnonzero(~np.isnan(task.targets(rows)))
    if len(known) > most:
        rng = streams.child("looked at").generator()
        known = np.sort(rng.choice(known, most, replace=False))
    return rows.take(known)


def _missing(reason: str, subject: str, n: int) -> Iterator[Measurement]:
    for metric in (EXCESS, REAL):
        yield Measurement.missing(metric, reason, subject, n=n)

"""By group: what models lose in each protected group by training on synthetic rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.core.measurement import NO_SUBJECT, Measurement, Quantity
from assaymark.evaluate.groups import NO_GROUPS, banded, groups_of
from assaymark.evaluate.models.predictors import Predictor, Score, fewest_persons, score
from assaymark.evaluate.models.two_level import difference_of, estimate, level_of
from assaymark.evaluate.statistics import persons_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.measurement import Json
    from assaymark.evaluate.groups import Group
    from assaymark.evaluate.models.families import Family
    from assaymark.evaluate.models.predictors import Task
    from assaymark.evaluate.models.rehearsal import Rehearsal
    from assaymark.evaluate.statistics import Interval

    Floats = NDArray[np.float64]

__all__ = ["GROUP_QUANTITIES", "GroupLoss", "losses_by_group", "of_groups"]

_LARGE = 50  # people on the smaller side of the rarest class from which a group is judged

GROUP_QUANTITIES = tuple(
    Quantity(
        name=name,
        title=f"Score lost in a {size} group by training on synthetic rows",
        unit="score (AUC or R squared)",
        better="lower",
        meaning="Score on the group's real test rows of models trained on real rows, less that of "
        "the same models trained on synthetic rows, the mean over four kinds.",
    )
    for name, size in (("tstr.group_loss", "large"), ("tstr.group_loss_small", "small"))
)


class GroupLoss(NamedTuple):
    """The score in one group after real and after synthetic training, and what is lost.

    ``loss`` is the reason, in words, where the group's test rows cannot be scored. ``n`` are its
    persons, ``fewest`` those on the smaller side of any class.
    """

    group: Group
    loss: Interval | str
    real: float
    made: float
    name: str
    n: int
    fewest: int


def losses_by_group(
    case: Case, task: Task, test: Dataset, targets: Floats, found: Rehearsal
) -> Iterator[GroupLoss]:
    """Yield the loss of each protected group, the mean over the families of models.

    A group's AUC ranks its own people against each other. For a number the error is in units of
    the variance over all test rows, so that a group of like people is not held to more.
    """
    total = float(np.var(targets)) or 1.0
    for group in groups_of(case):
        if group.bins.column.name == task.target:
            continue
        inside = group.holds(test)
        own = None if test.persons is None else test.persons[inside]
        n = persons_in(own, int(inside.sum()))
        sides = [
            _scores(task, side, inside, targets[inside], total) for side in (found.real, found.made)
        ]
        real, made = sides
        if isinstance(real, str) or isinstance(made, str):
            said = real if isinstance(real, str) else str(made)
            yield GroupLoss(group, said, 0.0, 0.0, "", n, 0)
            continue
        first, second = level_of(real), level_of(made)
        fewest = n if task.regression else fewest_persons(task, targets[inside], own)
        loss = estimate(
            first.value - second.value,
            difference_of(first, second),
            ((first, 0.0), (second, 0.0)),
            persons=own,
            fewest=fewest,
        )
        yield GroupLoss(group, loss, first.value, second.value, real[0].name, n, fewest)


def _scores(
    task: Task,
    side: Mapping[Family, tuple[Floats, ...]],
    inside: NDArray[np.bool_],
    targets: Floats,
    total: float,
) -> list[Score] | str:
    """Return the mean score over the families for each training block, or why there is none."""
    scores = []
    for predictions in zip(*side.values(), strict=True):
        parts = [_score(task, p[inside], targets, total) for p in predictions]
        known = [p for p in parts if isinstance(p, Score)]
        if len(known) < len(parts):
            return next(p for p in parts if isinstance(p, str))
        scores.append(
            Score(
                value=float(np.mean([s.value for s in known])),
                influence=np.mean([s.influence for s in known], axis=0),
                name=known[0].name,
            )
        )
    return scores


def _score(task: Task, predicted: Floats, targets: Floats, total: float) -> Score | str:
    if not task.regression:
        return score(task, Predictor(predicted=predicted), targets)
    if len(targets) < 2:
        return "fewer than two test rows are in the group"
    lost = np.square(targets - predicted[:, 0]) / total
    mean = float(lost.mean())
    return Score(value=1 - mean, influence=mean - lost, name="R squared")


def of_groups(
    case: Case, task: Task, test: Dataset, targets: Floats, found: Rehearsal
) -> Iterator[Measurement]:
    """Yield the loss of each group as a measurement, and say so where there is none."""
    large, small = (q.name for q in GROUP_QUANTITIES)
    said = set()
    for g in losses_by_group(case, task, test, targets, found):
        metric, subject, n = large if g.fewest >= _LARGE else small, g.group.subject, banded(g.n)
        said.add(metric)
        if isinstance(g.loss, str):
            yield Measurement.missing(metric, g.loss, subject, n=n)
            continue
        details: dict[str, Json] = {
            "score": g.name,
            "real": round(g.real, 4),
            "synthetic": round(g.made, 4),
        }
        yield Measurement(metric=metric, subject=subject, **g.loss._asdict(), n=n, details=details)
    for metric, size in ((large, "large"), (small, "small")):
        if metric not in said:
            yield Measurement.missing(
                metric, f"no group is {size}" if said else NO_GROUPS, NO_SUBJECT
            )

"""Disparity: what training on synthetic rows adds to a model's unequal treatment of groups."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import NO_SUBJECT, Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.groups import FEWEST, NO_GROUPS, banded, groups_of
from assaymark.evaluate.models.predictors import task_and_test, train
from assaymark.evaluate.statistics import mean_variance, persons_in, quantile_of_t

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.groups import Group
    from assaymark.evaluate.models.predictors import Predictor, Task

    Floats = NDArray[np.float64]

__all__ = ["Disparity"]

INTRODUCED, SELECTION = "disparity.introduced", "disparity.introduced_selection"
NAMES = (INTRODUCED, f"{INTRODUCED}_small", SELECTION, f"{SELECTION}_small")
_LARGE = 100  # test persons from which a group's interval is narrow enough for a verdict


@component
class Disparity:
    """Disparity that a group gains when the model is trained on synthetic instead of real rows.

    Two gradient boosting models, one trained on train, one on as many synthetic rows (at most
    ``most_rows``), meet the same holdout rows. The disparity of a group is its mean error less
    that of all other rows; "introduced" is that disparity after synthetic less after real
    training, so that inequality which the real data carries is not held against the synthetic
    rows. Error: share of wrong classes, or absolute error in standard deviations for a number.
    Selection: the share predicted to have the rarer of two classes, the cut chosen so that each
    model selects as many test rows as have it. Persons count once; ``n`` is rounded to tens.
    Groups of fewer than 100 test persons are measured under names of their own (``_small``),
    since their intervals are too wide for most verdicts; below 10 there is a reason instead.
    Where no group is small, or none large, there is nothing to judge under that name.

    It is about this target and this kind of model only.

    References
    ----------
    Hardt, Price & Srebro (2016), Equality of opportunity in supervised learning.
    Bhanot et al. (2021), The problem of fairness in synthetic healthcare data.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = tuple(
        Quantity(name=name + suffix, title=title + which, unit=unit, better="zero", meaning=meaning)
        for name, title, unit, meaning in (
            (
                INTRODUCED,
                "Disparity of errors introduced by the synthetic rows",
                "difference of error rates",
                "How much more (above 0) the group suffers from wrong predictions, compared with "
                "everyone else, once the model is trained on synthetic rows.",
            ),
            (
                SELECTION,
                "Disparity of selection introduced by the synthetic rows",
                "difference of shares",
                "How much more (above 0) often the group is predicted to have the rarer outcome, "
                "compared with everyone else, once the model is trained on synthetic rows.",
            ),
        )
        for suffix, which in (("", ""), ("_small", " (small group)"))
    )

    most_rows: int = 10_000
    """Rows that a model is trained on, to bound the time."""

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield what is introduced for each group."""
        tested, groups = task_and_test(case), list(groups_of(case))
        if not isinstance(tested, str):
            groups = [g for g in groups if g.bins.column.name != tested[0].target]
            tested = tested if groups else NO_GROUPS
        if isinstance(tested, str):
            yield from (Measurement.missing(name, tested, "group:*") for name in NAMES)
            return
        task, holdout = tested
        known = np.flatnonzero(~np.isnan(task.targets(holdout)))
        test = holdout.take(known)
        most = min(self.most_rows, case.train.n, case.synthetic.n)
        real, made = (
            train(task, "boosting", rows, test, streams.child(name), most=most)
            for name, rows in (("real", case.train), ("synthetic", case.synthetic))
        )
        change = _errors(task, made, test) - _errors(task, real, test)
        selection = None
        if len(task.classes) == 2:
            selection = _selected(task, made, test) - _selected(task, real, test)
        found = [_introduced(INTRODUCED, group, test, change) for group in groups]
        if selection is not None:
            found += [_introduced(SELECTION, group, test, selection) for group in groups]
        yield from found
        for name in NAMES:
            if not any(m.metric == name for m in found):
                no_group = "no group is that large" if "small" not in name else "no group is small"
                unfit = name.startswith(SELECTION) and selection is None
                reason = "selection is defined for a target with two classes" if unfit else no_group
                yield Measurement.missing(name, reason, NO_SUBJECT)


def _errors(task: Task, model: Predictor, test: Dataset) -> Floats:
    """Return the error of each row: 0 or 1 for a class, standard deviations for a number."""
    targets = task.targets(test)
    if task.regression:
        scale = float(targets.std()) if len(targets) else 1.0
        return np.asarray(np.abs(model.predicted[:, 0] - targets) / (scale or 1.0))
    return np.asarray((model.predicted.argmax(axis=1) != targets).astype(np.float64))


def _selected(task: Task, model: Predictor, test: Dataset) -> Floats:
    """Return 1 for the rows most likely to have the rarer class, as many as have it."""
    wanted = int((task.targets(test) == 1).sum())
    chance = model.predicted[:, 1]
    if wanted in {0, len(chance)}:
        return np.full(len(chance), float(wanted > 0))
    cut = np.partition(chance, len(chance) - wanted)[len(chance) - wanted]
    above, tied = chance > cut, chance == cut
    share = (wanted - above.sum()) / tied.sum()  # ties are selected in part
    return np.asarray(above + tied * share)


def _introduced(metric: str, group: Group, test: Dataset, change: Floats) -> Measurement:
    inside = group.holds(test)
    n, others = _count(test, inside), _count(test, ~inside)
    metric = metric if min(n, others) >= _LARGE else f"{metric}_small"
    if min(n, others) < FEWEST:
        reason = f"fewer than {FEWEST} people in or outside the group among the test rows"
        return Measurement.missing(metric, reason, group.subject)
    difference = float(change[inside].mean() - change[~inside].mean())
    centred = np.where(inside, change - change[inside].mean(), change[~inside].mean() - change)
    weight = np.where(inside, len(change) / inside.sum(), len(change) / (~inside).sum())
    # one more changed row, so that two models that agree everywhere are not thought identical
    extra = 1.0 / n**2 + 1.0 / others**2
    error = math.sqrt(mean_variance(centred * weight, test.persons) + extra)
    wide = quantile_of_t(min(n, others) - 1) * error
    return Measurement(
        metric=metric,
        subject=group.subject,
        value=difference,
        low=difference - wide,
        high=difference + wide,
        n=banded(n),
        details={"column": group.bins.column.name, "group": group.bins.labels[group.cell]},
    )


def _count(data: Dataset, rows: NDArray[np.bool_]) -> int:
    own = None if data.persons is None else data.persons[rows]
    return persons_in(own, int(rows.sum()))

"""Train on synthetic, test on real: what a model loses that never saw a real row."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.groups import banded
from assaymark.evaluate.models.by_group import GROUP_QUANTITIES, of_groups
from assaymark.evaluate.models.calibration import brier, slope_of
from assaymark.evaluate.models.families import FAMILIES
from assaymark.evaluate.models.importance import agreement
from assaymark.evaluate.models.predictors import (
    Predictor,
    Score,
    fewest_persons,
    score,
    task_and_test,
)
from assaymark.evaluate.models.rare import gone_of, rare_of
from assaymark.evaluate.models.rehearsal import FEWEST_ROWS, rehearse
from assaymark.evaluate.models.two_level import difference_of, estimate, level_of, spread_of
from assaymark.evaluate.statistics import persons_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.measurement import Json
    from assaymark.core.streams import Streams
    from assaymark.evaluate.models.families import Family
    from assaymark.evaluate.models.predictors import Task
    from assaymark.evaluate.models.rehearsal import Rehearsal
    from assaymark.evaluate.models.two_level import Level

    Floats = NDArray[np.float64]
    _Levels = dict[Family, Level]

__all__ = ["Tstr"]

LOSS, SYNTHETIC, REAL = "tstr.loss", "tstr.synthetic", "tstr.real"
BRIER, RARE = "tstr.brier_loss", "tstr.rare_loss"
RANKING, IMPORTANCE = "tstr.ranking", "tstr.importance"
_FAMILY, _TABLE = (LOSS, SYNTHETIC, REAL, BRIER), (RARE, RANKING, IMPORTANCE)


@component
class Tstr:
    """Score lost by training on synthetic rows instead of train, tested on the holdout.

    Four families: a linear model (logistic or ridge regression), a forest of 30 trees, gradient
    boosting, and a network with one hidden layer; each tuned on train once, over a small grid,
    and used with these parameters on either side. Each family is trained on three blocks of train
    and on three of the synthetic rows that share no person, at most ``most_rows`` each; where
    there are several synthetic sets, on one block of each set. All models meet the same test
    rows. Score: AUC for two classes, mean one-against-rest AUC for more, R squared for a number.
    The interval is for the difference of the means; it covers other test rows, persons counted
    once, and other rows to train on, on both sides; and other runs of the generator where there
    are several sets. A family whose loss is the larger is the one that a rule over ``model:*`` is
    decided by. A class that the synthetic rows lack is predicted with probability 0, and counts.

    ``brier_loss`` is what the squared error of predicted probabilities gains. ``rare_loss`` is
    lost recall of the rarest class with 20 test rows, where as many rows are picked as have it;
    for a number it is the error gained among the highest 5 %; the mean over the families. Where
    the synthetic rows have a tenth or less of a class, it is the share of its rows that is missing,
    whatever models make of it.
    ``ranking`` is Kendall's tau between the orders of families after real and after synthetic
    training, over the pairs that the real rows tell apart. ``importance`` is the rank correlation
    of how far predictions of boosting move when a column of the test rows is shuffled; its floor
    is that between two models trained on real rows. ``group_loss`` is the loss within each
    protected group, the mean over the families, whose AUC ranks the group's own people; groups
    with fewer than 50 people on the smaller side of a class have a name of their own.

    A small loss on one target says nothing about other targets.

    References
    ----------
    Esteban, Hyland & Rätsch (2017), Real-valued (medical) time series generation, section 4.
    DeLong, DeLong & Clarke-Pearson (1988), for the influence of a row on an AUC.
    Brier (1950), Verification of forecasts expressed in terms of probability.
    Fisher, Rudin & Dominici (2019), All models are wrong, but many are useful, for importances.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=LOSS,
            title="Score lost by training on synthetic rows",
            unit="score (AUC or R squared)",
            better="lower",
            meaning="Score on real test rows of a model trained on real rows, less that of the "
            "same model trained on synthetic rows; 0 is no loss.",
        ),
        Quantity(
            name=SYNTHETIC,
            title="Score of a model trained on synthetic rows",
            unit="score (AUC or R squared)",
            better="higher",
            meaning="Score on real test rows of a model that was trained on synthetic rows.",
        ),
        Quantity(
            name=REAL,
            title="Score of a model trained on real rows",
            unit="score (AUC or R squared)",
            better="higher",
            meaning="Score on real test rows of the same model trained on train: the yardstick.",
        ),
        Quantity(
            name=BRIER,
            title="Risks that are further off after training on synthetic rows",
            unit="squared error of probabilities",
            better="lower",
            meaning="Mean squared error of the predicted probabilities on real test rows, after "
            "synthetic less after real training; 0 is no loss.",
        ),
        Quantity(
            name=RARE,
            title="Rare cases missed by training on synthetic rows",
            unit="share of rare rows (or standard deviations)",
            better="lower",
            meaning="Share of the real rows with the rarest outcome that models find after real "
            "training, less after synthetic training; for a number, the error gained among the "
            "highest 5 %.",
        ),
        *GROUP_QUANTITIES,
        Quantity(
            name=RANKING,
            title="Kinds of models come in the same order",
            unit="Kendall's tau",
            better="higher",
            meaning="Agreement of the order of the four kinds of models after real and after "
            "synthetic training, over pairs that real rows tell apart; 1 is the same order.",
            gate=False,
            why_not="it rests on six pairs of models at most",
        ),
        Quantity(
            name=IMPORTANCE,
            title="The same columns matter to a model",
            unit="rank correlation",
            better="higher",
            meaning="Agreement on which columns move a model's predictions most, after real and "
            "after synthetic training; 1 is the same order, the floor that of two real models.",
            gate=False,
            why_not="it is a correlation over the columns of one table, which are no sample",
        ),
    )

    most_rows: int = 1_500
    """Rows in a block that a model is trained on, to bound the time."""

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the figures of each family of models, and those of all together."""
        tested = task_and_test(case)
        short = min(case.train.n, *(s.n for s in case.synthetics))
        if not isinstance(tested, str) and short < FEWEST_ROWS:
            tested = f"{short} rows to train on, and {FEWEST_ROWS} are needed"
        if isinstance(tested, str):
            yield from _missing(tested, "model:*", 0)
            return
        task, holdout = tested
        targets = task.targets(holdout)
        test = holdout.take(np.flatnonzero(~np.isnan(targets)))
        targets = targets[~np.isnan(targets)]
        why = score(task, Predictor(predicted=np.zeros((test.n, max(1, task.width)))), targets)
        if isinstance(why, str):
            yield from _missing(why, "model:*", test.n_persons)
            return
        found = rehearse(task, case.train, case.synthetics, test, streams, most=self.most_rows)
        seen = _Seen(task=task, test=test, targets=targets, found=found)
        yield from _of_families(seen)
        yield _of_rare(seen, _known(task, [case.train]), _known(task, case.synthetics))
        yield _of_order(seen)
        yield from of_groups(case, seen.task, seen.test, seen.targets, found)
        agreed = agreement(found.models, task, test, streams.child("importance"))
        if agreed is None:
            few = "fewer than three columns to put in an order"
            yield Measurement.missing(IMPORTANCE, few, n=seen.n)
        else:
            yield Measurement(metric=IMPORTANCE, value=agreed.made, floor=agreed.real, n=seen.n)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seen:
    """Test rows whose targets are known, and what the models say of them."""

    task: Task
    test: Dataset
    targets: Floats
    found: Rehearsal

    @property
    def n(self) -> int:
        """Persons tested."""
        return persons_in(self.test.persons, self.test.n)

    def levels(self, by: Callable[[Floats], Score]) -> tuple[_Levels, _Levels]:
        """Return what ``by`` gives each family, after real and after synthetic training."""
        real, made = (
            {f: level_of([by(p) for p in side[f]]) for f in FAMILIES}
            for side in (self.found.real, self.found.made)
        )
        return real, made


def _of_families(seen: _Seen) -> Iterator[Measurement]:
    task, targets = seen.task, seen.targets
    name = _scored(task, targets, seen.found.real["logistic"][0]).name
    real, made = seen.levels(lambda p: _scored(task, targets, p))
    fewest = fewest_persons(task, targets, seen.test.persons)
    spreads = spread_of(list(real.values())), spread_of(list(made.values()))
    chance = 0.0 if task.regression else 0.5
    for family in FAMILIES:
        one, other = real[family], made[family]
        sides = (one, spreads[0]), (other, spreads[1])
        for metric, value, influence, trained, baseline in (
            (LOSS, one.value - other.value, difference_of(one, other), sides, one.value - chance),
            (SYNTHETIC, other.value, other.influence, sides[1:], chance),
            (REAL, one.value, one.influence, sides[:1], chance),
        ):
            got = estimate(value, influence, trained, persons=seen.test.persons, fewest=fewest)
            yield Measurement(
                metric=metric,
                subject=f"model:{family}",
                **got._asdict(),
                n=seen.n,
                baseline=baseline,
                details={
                    "score": name,
                    "target": task.target,
                    "trained_on": seen.found.rows,
                    "models": [len(one.values), len(other.values)],
                    "parameters": dict(seen.found.parameters[family]),
                },
            )
    yield from _of_brier(seen, fewest)


def _of_brier(seen: _Seen, fewest: int) -> Iterator[Measurement]:
    if seen.task.regression:
        numeric = "probabilities are defined for a target of classes, and this one is a number"
        yield from (Measurement.missing(BRIER, numeric, f"model:{f}", n=seen.n) for f in FAMILIES)
        return
    real, made = seen.levels(lambda p: brier(p, seen.targets))
    spreads = spread_of(list(real.values())), spread_of(list(made.values()))
    for f in FAMILIES:
        one, other = real[f], made[f]
        got = estimate(
            one.value - other.value,
            difference_of(one, other),
            ((one, spreads[0]), (other, spreads[1])),
            persons=seen.test.persons,
            fewest=fewest,
        )
        slopes: dict[str, Json] = {
            f"slope_{side}": slope_of(predictions[f][0], seen.targets)
            for side, predictions in (("real", seen.found.real), ("synthetic", seen.found.made))
        }
        yield Measurement(
            metric=BRIER, subject=f"model:{f}", **got._asdict(), n=seen.n, details=slopes
        )


def _known(task: Task, tables: Iterable[Dataset]) -> Floats:
    found = np.concatenate([task.targets(x) for x in tables])
    return np.asarray(found[~np.isnan(found)], dtype=np.float64)


def _of_rare(seen: _Seen, train: Floats, made_of: Floats) -> Measurement:
    gone = gone_of(seen.task, train, made_of, seen.targets)
    if gone is not None:
        persons = seen.test.persons
        few = persons_in(None if persons is None else persons[gone.inside], int(gone.inside.sum()))
        return Measurement(
            metric=RARE,
            **gone.missing._asdict(),
            n=banded(few),
            details={"rare": gone.words, "gone": True},
        )
    rare = rare_of(seen.task, train, seen.targets)
    if isinstance(rare, str):
        return Measurement.missing(RARE, rare, n=seen.n)
    real, made = (
        level_of(
            [_mean([rare.score(p) for p in parts]) for parts in zip(*side.values(), strict=True)]
        )
        for side in (seen.found.real, seen.found.made)
    )
    own = seen.test.persons
    fewest = persons_in(None if own is None else own[rare.inside], int(rare.inside.sum()))
    got = estimate(
        real.value - made.value,
        difference_of(real, made),
        ((real, 0.0), (made, 0.0)),
        persons=own,
        fewest=fewest,
    )
    return Measurement(
        metric=RARE,
        **got._asdict(),
        n=banded(fewest),
        details={"rare": rare.words, "real": real.value, "synthetic": made.value},
    )


def _of_order(seen: _Seen) -> Measurement:
    """Compare the order of families, over the pairs that real rows tell apart."""
    real, made = seen.levels(lambda p: _scored(seen.task, seen.targets, p))
    same = told = 0
    for a, b in combinations(FAMILIES, 2):
        gaps = level_of(
            [
                Score(value=x - y, influence=real[a].influence - real[b].influence, name="")
                for x, y in zip(real[a].values, real[b].values, strict=True)
            ]
        )
        own = seen.test.persons
        got = estimate(gaps.value, gaps.influence, ((gaps, 0.0),), persons=own, fewest=seen.n)
        if got.low > 0 or got.high < 0:
            told += 1
            same += 1 if gaps.value * (made[a].value - made[b].value) > 0 else -1
    if not told:
        return Measurement.missing(RANKING, "real rows do not tell the families apart", n=seen.n)
    details: dict[str, Json] = {"pairs": told}
    return Measurement(metric=RANKING, value=same / told, n=seen.n, details=details)


def _scored(task: Task, targets: Floats, predicted: Floats) -> Score:
    got = score(task, Predictor(predicted=predicted), targets)
    assert not isinstance(got, str)  # noqa: S101  (whether it can be scored was asked before)
    return got


def _mean(scores: Sequence[Score]) -> Score:
    return Score(
        value=float(np.mean([s.value for s in scores])),
        influence=np.mean([s.influence for s in scores], axis=0),
        name=scores[0].name,
    )


def _missing(reason: str, subject: str, n: int) -> Iterator[Measurement]:
    for metric in _FAMILY:
        yield Measurement.missing(metric, reason, subject, n=n)
    for metric in _TABLE:
        yield Measurement.missing(metric, reason, n=n)
    for q in GROUP_QUANTITIES:
        yield Measurement.missing(q.name, reason, "group:*", n=n)

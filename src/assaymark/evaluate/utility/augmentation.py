"""Augmentation: what synthetic rows add to few real ones, in real rows that would do the same."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.groups import banded
from assaymark.evaluate.models.families import learn
from assaymark.evaluate.models.finetuning import finetuned
from assaymark.evaluate.models.learning_curve import Curve, equivalent
from assaymark.evaluate.models.oversampling import repeated, smote
from assaymark.evaluate.models.predictors import (
    Predictor,
    Score,
    fewest_persons,
    one_thread,
    score,
    task_and_test,
)
from assaymark.evaluate.models.rehearsal import blocks_of
from assaymark.evaluate.models.two_level import estimate, level_of
from assaymark.evaluate.statistics import persons_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.measurement import Json
    from assaymark.core.streams import Streams
    from assaymark.evaluate.models.predictors import Task

    Floats = NDArray[np.float64]
    Rows = tuple[Floats, Floats]

__all__ = ["Augmentation"]

GAIN, WORTH = "augmentation.gain", "augmentation.real_rows"
CONTROL, FINETUNED = "augmentation.control", "augmentation.finetuned"
_TREES, _BIGGER = {"trees": 40.0, "leaves": 8.0}, {"trees": 160.0, "leaves": 16.0}
_ASKED = "it is measured on request only, so that no run would ever pass the rule"
_REPEATS, _STEPS, _FACTOR, _FEWEST = 4, 4, 3, 30


@component
class Augmentation:
    """What a model gains when synthetic rows are added to few real ones.

    Train is dealt into four blocks that share no person, and so are the synthetic rows (where
    there are several sets, the blocks come from them in turn). In each block, boosting is trained
    on growing numbers of real rows, each three times the one before, with and without the
    synthetic rows of the block, and scored on the holdout as by ``tstr``. ``gain`` is the
    difference at each number. ``real_rows`` is how many more real rows give the same score, read
    off the curve of real rows alone, between its points in the logarithm of rows: negative where
    the synthetic rows do harm, and at most what the curve reaches, which the details say. Its
    interval is a bootstrap over test persons and blocks.

    ``control`` is the gain of what needs no synthetic rows, at the second number of rows: real
    rows repeated until classes are even, SMOTE, and a model four times as big. ``finetuned`` is
    the gain of a network that passes over the synthetic rows first, then over the real ones,
    against the same network from the same start that sees the real ones only.

    It is measured on request: ``assaymark evaluate --only augmentation``. The curve ends at a
    quarter of train, and what more rows would add is not known.

    References
    ----------
    van Breugel, Qian & van der Schaar (2023), Synthetic data, real errors.
    Räisä & Honkela (2025), A bias-variance decomposition for ensembles over multiple synthetic
    datasets.
    Chawla et al. (2002), SMOTE: synthetic minority over-sampling technique.
    """

    on_request: ClassVar[bool] = True
    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=GAIN,
            title="Score gained by adding synthetic rows to so many real ones",
            unit="score (AUC or R squared)",
            better="higher",
            meaning="Score on real test rows of a model trained on real and synthetic rows, less "
            "that of one trained on the same real rows alone.",
            gate=False,
            why_not=_ASKED,
        ),
        Quantity(
            name=WORTH,
            title="Real rows that would add as much as the synthetic ones",
            unit="real rows",
            better="higher",
            meaning="How many more real rows give a model the same score as adding the synthetic "
            "rows does; below 0 the synthetic rows do harm.",
        ),
        Quantity(
            name=CONTROL,
            title="Score gained without any synthetic row",
            unit="score (AUC or R squared)",
            better="higher",
            meaning="The same gain by repeating real rows, by SMOTE, or by a bigger model: what "
            "synthetic rows must do better than.",
            gate=False,
            why_not="it says nothing about the synthetic rows",
        ),
        Quantity(
            name=FINETUNED,
            title="Score gained by training on synthetic rows first",
            unit="score (AUC or R squared)",
            better="higher",
            meaning="Score of a network that learns from synthetic rows first and from few real "
            "ones after, less that of the same network that sees the real ones alone.",
            gate=False,
            why_not=_ASKED,
        ),
    )

    most_rows: int = 2_500
    """Real and synthetic rows of a block, to bound the time."""

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield gains along the curve, their worth in real rows, and the controls."""
        tested = task_and_test(case)
        if isinstance(tested, str):
            yield from _missing(tested, 0)
            return
        task, holdout = tested
        known = np.flatnonzero(~np.isnan(task.targets(holdout)))
        test = holdout.take(known)
        targets = task.targets(test)
        n = persons_in(test.persons, test.n)
        empty = Predictor(predicted=np.zeros((test.n, max(1, task.width))))
        why = score(task, empty, targets)
        if isinstance(why, str):
            yield from _missing(why, n)
            return
        blocks = _blocks(task, case, self.most_rows, streams)
        steps = _steps(min(len(b.real[1]) for b in blocks))
        short = min(len(b.made[1]) for b in blocks)
        if len(steps) < 2 or short < _FEWEST:
            few = (
                f"too few rows: a quarter of train must hold {_FACTOR * _FEWEST} rows with a known "
                f"target, and a quarter of the synthetic rows {_FEWEST}"
            )
            yield from _missing(few, n)
            return
        school = _School(task=task, x=task.encoder.ordinal(test), targets=targets)
        with one_thread():
            curve = _curve(school, blocks, steps, streams)
            yield from _gains(school, test, curve, short)
            yield from _worth(curve, test, streams.child("bootstrap"))
            yield from _controls(school, test, blocks, steps[1], streams)
            yield _finetuned(school, test, blocks, steps[1], streams)


class _Block(NamedTuple):
    """Real and synthetic rows of one repeat as features and targets, in random order."""

    real: Rows
    made: Rows
    dense: tuple[Rows, Rows]


class _School(NamedTuple):
    """What is learnt, and the test rows that every model meets."""

    task: Task
    x: Floats
    targets: Floats

    def score(self, rows: Rows, streams: Streams, *, bigger: bool = False) -> Score:
        """Train on ``rows`` and score on the test rows."""
        model = learn(
            "boosting",
            *rows,
            classes=self.task.width,
            parameters=_BIGGER if bigger else _TREES,
            streams=streams,
        )
        return self.scored(model.predict(self.x))

    def scored(self, predicted: Floats) -> Score:
        """Score predictions of the test rows."""
        got = score(self.task, Predictor(predicted=predicted), self.targets)
        assert not isinstance(got, str)  # noqa: S101  (whether it can be scored was asked before)
        return got


def _blocks(task: Task, case: Case, most: int, streams: Streams) -> list[_Block]:
    real = list(blocks_of(case.train, _REPEATS, case.train.n, streams.child("real")))
    sets = case.synthetics
    each = math.ceil(_REPEATS / len(sets))
    made = [
        block
        for i, rows in enumerate(sets)
        for block in blocks_of(rows, each, rows.n, streams.child("synthetic", i))
    ]
    found = []
    for i, one in enumerate(real):
        rng = streams.child("order", i).generator()
        other = made[i * len(made) // _REPEATS]
        sides = []
        for rows in (one, other):
            known = rng.permutation(np.flatnonzero(~np.isnan(task.targets(rows))))[:most]
            part = rows.take(known)
            y = task.targets(part)
            sides.append(((task.encoder.ordinal(part), y), (task.encoder.dense(part), y)))
        (a, dense_a), (b, dense_b) = sides
        found.append(_Block(real=a, made=b, dense=(dense_a, dense_b)))
    return found


def _steps(most: int) -> list[int]:
    steps = [banded(most // _FACTOR**k) for k in range(_STEPS)]  # counts of the source
    return sorted(s for s in steps if s >= _FEWEST)


def _first(rows: Rows, n: int) -> Rows:
    return rows[0][:n], rows[1][:n]


def _both(a: Rows, b: Rows) -> Rows:
    return np.concatenate([a[0], b[0]]), np.concatenate([a[1], b[1]])


def _curve(school: _School, blocks: Sequence[_Block], steps: list[int], streams: Streams) -> Curve:
    plain, added = [], []
    for i, block in enumerate(blocks):
        own = streams.child("model", i)
        plain.append([school.score(_first(block.real, n), own) for n in steps])
        added.append([school.score(_both(_first(block.real, n), block.made), own) for n in steps])
    return Curve(steps=tuple(steps), plain=plain, added=added)


def _gained(school: _School, test: Dataset, pairs: Sequence[tuple[Score, Score]]) -> dict[str, Any]:
    """Return value and ends of the mean difference of paired scores, second less first."""
    gains = level_of(
        [
            Score(value=b.value - a.value, influence=b.influence - a.influence, name="")
            for a, b in pairs
        ]
    )
    fewest = fewest_persons(school.task, school.targets, test.persons)
    got = estimate(
        gains.value, gains.influence, ((gains, 0.0),), persons=test.persons, fewest=fewest
    )
    return got._asdict()


def _gains(school: _School, test: Dataset, curve: Curve, added: int) -> Iterator[Measurement]:
    for k, n in enumerate(curve.steps):
        pairs = [(p[k], a[k]) for p, a in zip(curve.plain, curve.added, strict=True)]
        details: dict[str, Json] = {
            "rows": n,
            "added": added,
            "real": float(np.mean([p.value for p, _ in pairs])),
            "both": float(np.mean([a.value for _, a in pairs])),
            "score": pairs[0][0].name,
        }
        yield Measurement(
            metric=GAIN,
            subject=f"rows:{k + 1} of {len(curve.steps)}",
            **_gained(school, test, pairs),
            n=persons_in(test.persons, test.n),
            details=details,
        )


def _worth(curve: Curve, test: Dataset, streams: Streams) -> Iterator[Measurement]:
    for k, n in enumerate(curve.steps[:-1]):
        got = equivalent(curve, k, test.person_codes, streams.child(k).generator())
        details: dict[str, Json] = {"rows": n, "at_most": curve.steps[-1] - n, "end": got.end}
        yield Measurement(
            metric=WORTH,
            subject=f"rows:{k + 1} of {len(curve.steps)}",
            value=got.value,
            low=got.low,
            high=got.high,
            n=test.n_persons,
            details=details,
        )


def _controls(
    school: _School, test: Dataset, blocks: Sequence[_Block], n: int, streams: Streams
) -> Iterator[Measurement]:
    pairs: dict[str, list[tuple[Score, Score]]] = {"repeated": [], "smote": [], "bigger": []}
    for i, block in enumerate(blocks):
        own, rows = streams.child("control", i), _first(block.real, n)
        more, rng = len(block.made[1]), own.child("rows").generator()
        plain = school.score(rows, own)
        again, between = _oversampled(school.task, rows, more, rng)
        pairs["repeated"].append((plain, school.score(again, own)))
        pairs["smote"].append((plain, school.score(between, own)))
        pairs["bigger"].append((plain, school.score(rows, own, bigger=True)))
    for name, found in pairs.items():
        yield Measurement(
            metric=CONTROL,
            subject=f"control:{name}",
            **_gained(school, test, found),
            n=test.n_persons,
            details={"rows": n},
        )


def _oversampled(task: Task, rows: Rows, more: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Return the rows with repeated ones, and with those of SMOTE, where a number is mixed too."""
    ordered = np.array([c.column.kind.ordered for c in task.encoder.coded])
    if not task.regression:
        return repeated(*rows, more, rng), smote(*rows, ordered, more, rng)
    whole, none = np.column_stack(rows), np.zeros(len(rows[1]))
    again, _ = repeated(whole, none, more, rng)
    between, _ = smote(whole, none, np.append(ordered, True), more, rng)
    return (again[:, :-1], again[:, -1]), (between[:, :-1], between[:, -1])


def _finetuned(
    school: _School, test: Dataset, blocks: Sequence[_Block], n: int, streams: Streams
) -> Measurement:
    x = school.task.encoder.dense(test)
    pairs = []
    for i, block in enumerate(blocks):
        real, made = block.dense
        got = finetuned(_first(real, n), made, x, school.task.width, streams.child("network", i))
        pairs.append((school.scored(got.scratch), school.scored(got.first)))
    return Measurement(
        metric=FINETUNED,
        **_gained(school, test, pairs),
        n=test.n_persons,
        details={"rows": n, "score": pairs[0][0].name},
    )


def _missing(reason: str, n: int) -> Iterator[Measurement]:
    for metric, subject in (
        (GAIN, "rows:*"),
        (WORTH, "rows:*"),
        (CONTROL, "control:*"),
        (FINETUNED, "table"),
    ):
        yield Measurement.missing(metric, reason, subject, n=n)

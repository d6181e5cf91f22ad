"""Membership: telling who was in train from the synthetic rows and a reference sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.controls import (
    SHIFT_AT_MOST,
    capped,
    detection,
    null_line,
    shift_of,
    why_no_attack,
)
from assaymark.evaluate.isolation import FEWEST, most_isolated, scene_of
from assaymark.evaluate.statistics import Interval, auc_of, mean_variance, symmetric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.measurement import Json
    from assaymark.core.streams import Streams
    from assaymark.evaluate.isolation import People

    Floats = NDArray[np.float64]

__all__ = ["Membership"]

AUC, EXCESS = "membership.auc", "membership.excess_tpr"
_FPR, _ISOLATED = 0.05, 400
_WHOM = {"table": "Anyone", "records:isolated": "The most isolated"}


@component
class Membership:
    """Ratio attack: a record nearer to the synthetic rows than to a reference was in train.

    One score per person. The threshold for a false-alarm rate of 5 % comes from one half of the
    controls and is judged on the other, both ways. Isolated: the 400 most isolated members
    against controls isolated as much. Plants are exact copies of people of the more isolated
    half. It covers this attack only, not one that refits the
    generator.

    References
    ----------
    Yao, Krco, Ganev & de Montjoye (2025), The DCR delusion, arXiv:2505.01524.
    Meeus et al. (2023), Achilles' heels, arXiv:2306.10308, for the isolated records.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=AUC,
            title="Telling members from others",
            unit="AUC",
            better="lower",
            meaning="Chance that the attack ranks a person of train above one who was not in it; "
            "0.5 is a coin toss.",
        ),
        Quantity(
            name=EXCESS,
            title="Members recognised beyond false alarms",
            unit="share of people",
            better="lower",
            meaning="Share of train people called members, less the share of others called so, at "
            "about 5 % false alarms; 0 is no leak.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield AUC and excess over all people, then the excess over isolated people."""
        reason = why_no_attack(case)
        if reason:
            yield Measurement.missing(AUC, reason)
            yield Measurement.missing(EXCESS, reason)
            yield Measurement.missing(EXCESS, reason, "records:isolated")
            return
        scene, shift = scene_of(case), shift_of(case)
        everyone = (scene.members, scene.controls)
        for metric, subject, (members, controls) in (
            (AUC, "table", everyone),
            (EXCESS, "table", everyone),
            (EXCESS, "records:isolated", most_isolated(*everyone, _ISOLATED)),
        ):
            if min(members.n, controls.n) < FEWEST:
                few = f"only {controls.n} people of the holdout are as isolated as the members"
                yield Measurement.missing(metric, few, subject, n=controls.n)
                continue
            child = streams.child(metric, subject)
            yield _measured(metric, subject, (members, controls), child, shift)


def _measured(
    metric: str, subject: str, people: tuple[People, People], streams: Streams, shift: Interval
) -> Measurement:
    members, controls = people
    attack, nothing = (_auc, 0.5) if metric == AUC else (_excess, 0.0)
    found = capped(attack(members.score, controls.score), nothing, shift)
    caught = detection(_planter(attack, members, controls), streams.generator())
    size = caught.smallest if shift.high <= SHIFT_AT_MOST else None
    null = streams.child("null").generator()
    half = null.permutation(controls.score)
    copied = _planted(members, max(1, members.n // 10), null)
    return Measurement(
        metric=metric,
        subject=subject,
        value=found.value,
        low=found.low,
        high=found.high,
        n=members.n,
        baseline=nothing,
        limit_of_detection=0.5 + size / 2 if size and metric == AUC else size,
        details={
            "title": f"Can one tell who was in the training data? {_WHOM[subject]}",
            "meaning": "The attacker has a person's rows, the released rows and rows of others; "
            "the planted curve has copies of a tenth of the people.",
            "curve": _curve(members.score, controls.score),
            "planted_curve": _curve(copied, controls.score),
            "null_curve": _curve(half[: controls.n // 2], half[controls.n // 2 :]),
            "controls": [*caught.lines, null_line(attack, controls.score, nothing, null)],
        },
    )


def _planted(members: People, count: int, rng: np.random.Generator) -> Floats:
    """Return the scores after ``count`` people of the more isolated half were copied."""
    order = np.argsort(-members.isolation, kind="stable")
    likely = order[: max(1, (members.n + 1) // 2)]
    chosen = rng.choice(likely, min(len(likely), count), replace=False)
    score = members.score.copy()
    score[chosen] = members.planted_score[chosen]
    return score


def _planter(
    attack: Callable[[Floats, Floats], Interval], members: People, controls: People
) -> Callable[[float, np.random.Generator], bool]:
    nothing = 0.5 if attack is _auc else 0.0

    def caught(size: float, rng: np.random.Generator) -> bool:
        score = _planted(members, max(1, round(size * members.n)), rng)
        return attack(score, controls.score).low > nothing

    return caught


def _auc(members: Floats, controls: Floats) -> Interval:
    labels = np.repeat([True, False], [len(members), len(controls)])
    auc = auc_of(np.concatenate([members, controls]), labels)
    error = max(float(np.sqrt(mean_variance(auc.influence))), 0.5 / len(labels))
    found = symmetric(auc.value, error)
    return Interval(auc.value, max(0.0, found.low), min(1.0, found.high))


def _excess(members: Floats, controls: Floats) -> Interval:
    half = np.arange(len(controls)) % 2 == 0
    called = np.zeros(len(members))
    alarms = np.zeros(len(controls))
    for learn in (half, ~half):
        threshold = np.quantile(controls[learn], 1 - _FPR, method="higher")
        called += (members > threshold) / 2
        alarms[~learn] = controls[~learn] > threshold
    value = float(called.mean() - alarms.mean())
    error = np.sqrt(_variance(called) + _variance(alarms))
    found = symmetric(value, float(error))
    return Interval(value, max(-1.0, found.low), min(1.0, found.high))


def _variance(hits: Floats) -> float:
    """Variance of a share with one hit and one miss added, so that none is never certain."""
    n = len(hits) + 2
    share = (float(hits.sum()) + 1) / n
    return share * (1 - share) / n


def _curve(members: Floats, controls: Floats) -> Json:
    cuts = np.quantile(controls, np.linspace(0, 1, 41))
    return [[float((controls > c).mean()), float((members > c).mean())] for c in cuts[::-1]]

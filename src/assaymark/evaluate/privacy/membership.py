"""Membership: telling who was in train from the synthetic rows and a reference sample."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.contest import auc, called, curve, excess, operating_points
from assaymark.evaluate.controls import (
    SIZES,
    detection,
    fair,
    null_line,
    possible,
    shift_of,
    why_no_attack,
)
from assaymark.evaluate.exposure import Called, exposure_of
from assaymark.evaluate.isolation import FEWEST, most_isolated, rarest, scene_of, sides_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.measurement import Json
    from assaymark.core.streams import Streams
    from assaymark.evaluate.isolation import Scene
    from assaymark.evaluate.people import People
    from assaymark.evaluate.statistics import Interval

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["Membership"]

AUC, EXCESS = "membership.auc", "membership.excess_tpr"
_UNLIKE = 400
_TIERS = {"records:isolated": most_isolated, "records:rare": rarest}
_WHOM = {"table": "Anyone", "records:isolated": "The most isolated", "records:rare": "The rarest"}
_HOW = {AUC: "on average", EXCESS: "at 5 % false alarms"}


@component
class Membership:
    """Ratio attack: a record nearer to the synthetic rows than to a reference was in train.

    One score per person. The threshold for a false-alarm rate of 5 % comes from one half of the
    controls and is judged on the other, both ways. Isolated: the 400 most isolated members
    against controls isolated as much; rare: the 400 rarest by one value against controls as rare.
    Plants are exact copies of people of the more isolated half; for the excess, of those whom a
    copy tells: where many unseen people have an equal row too, a copy gives nobody away. It covers
    this attack only, not one that refits the generator.

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
            pitfalls="An average: a few people who are recognised with certainty do not move it. "
            "It is one attack, by distance; others may do better.",
            meaning="Chance that the attack ranks a person of train above one who was not in it; "
            "0.5 is a coin toss.",
        ),
        Quantity(
            name=EXCESS,
            title="Members recognised beyond false alarms",
            unit="share of people",
            better="lower",
            pitfalls="Holds for about 5 % false alarms; where one person in a thousand is a "
            "member, most of those accused are innocent even so. Attackers who refit the "
            "generator are another rung.",
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
            for subject in _TIERS:
                yield Measurement.missing(EXCESS, reason, subject)
            return
        scene, shift = scene_of(case), shift_of(case)
        everyone = (scene.members, scene.controls)
        drawn = (scene.members.some, scene.controls.some)
        for metric, subject, (members, controls) in (
            (AUC, "table", drawn),
            (EXCESS, "table", drawn),
            *((EXCESS, tier, chosen(*everyone, _UNLIKE)) for tier, chosen in _TIERS.items()),
        ):
            if min(members.n, controls.n) < FEWEST:
                few = f"only {controls.n} people of the holdout are as unlike others as the members"
                yield Measurement.missing(metric, few, subject, n=controls.n)
                continue
            child = streams.child(metric, subject)
            found = _measured(metric, subject, (members, controls), child, shift)
            if (metric, subject) == (EXCESS, "table"):
                found = replace(found, details={**found.details, **_groups(case, scene)})
            yield found


def _measured(
    metric: str, subject: str, people: tuple[People, People], streams: Streams, shift: Interval
) -> Measurement:
    members, controls = people
    attack, nothing = (auc, 0.5) if metric == AUC else (excess, 0.0)
    found = attack(members.score, controls.score)
    likely = _likely(members) if metric == AUC else _telling(members, controls)
    sizes = [s for s in SIZES if metric == AUC or max(1, round(s * members.n)) <= len(likely)]
    caught = detection(_planter(attack, (members, controls), likely), streams.generator(), sizes)
    size = caught.smallest if metric == AUC else possible(caught, len(likely) / members.n, SIZES)
    null = streams.child("null").generator()
    half = null.permutation(controls.score)
    copied = _planted(members, likely, max(1, members.n // 10), null)
    measured = Measurement(
        metric=metric,
        subject=subject,
        value=found.value,
        low=found.low,
        high=found.high,
        n=members.n,
        baseline=nothing,
        limit_of_detection=0.5 + size / 2 if size and metric == AUC else size,
        details={
            "title": f"Can one tell who was in the training data? {_WHOM[subject]}, {_HOW[metric]}",
            "meaning": "The attacker has a person's rows, the released rows and rows of others; "
            "the planted curve has copies of a tenth of the people, or of all whom a copy tells.",
            "curve": curve(members.score, controls.score),
            "planted_curve": curve(copied, controls.score),
            "null_curve": curve(half[: controls.n // 2], half[controls.n // 2 :]),
            "operating_points": operating_points(members.score, controls.score),
            "controls": [*caught.lines, null_line(attack, controls.score, nothing, null)],
        },
    )
    return fair(measured, shift)


def _groups(case: Case, scene: Scene) -> dict[str, Json]:
    """Return how exposed each protected group is to this attack, and what a hit is."""
    sides = (case.train, scene.members.some), (sides_of(case)[0], scene.controls.some)
    flags = called(*(people.score for _, people in sides))
    lines = exposure_of(
        case,
        *(
            Called(data.take(people.record), flag)
            for (data, people), flag in zip(sides, flags, strict=True)
        ),
    )
    return {"groups": lines, "hit": "called members"}


def _likely(members: People) -> Codes:
    """Return the more isolated half, whom a leak is likelier to hit."""
    order = np.argsort(-members.isolation, kind="stable")
    return order[: max(1, (members.n + 1) // 2)]


def _telling(members: People, controls: People) -> Codes:
    """Return those of the more isolated half who are called members if copied, and are not now."""
    likely = _likely(members)
    copied, _ = called(members.planted_score, controls.score)
    before, _ = called(members.score, controls.score)
    return likely[copied[likely] & ~before[likely]]


def _planted(members: People, likely: Codes, count: int, rng: np.random.Generator) -> Floats:
    """Return the scores after ``count`` of these people were copied."""
    chosen = rng.choice(likely, min(len(likely), count), replace=False)
    score = members.score.copy()
    score[chosen] = members.planted_score[chosen]
    return score


def _planter(
    attack: Callable[[Floats, Floats], Interval], people: tuple[People, People], able: Codes
) -> Callable[[float, np.random.Generator], bool]:
    members, controls = people
    nothing = 0.5 if attack is auc else 0.0

    def caught(size: float, rng: np.random.Generator) -> bool:
        score = _planted(members, able, max(1, round(size * members.n)), rng)
        return attack(score, controls.score).low > nothing

    return caught

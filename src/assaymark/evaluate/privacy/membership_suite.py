"""Membership suite: every registered attack on membership, and what they learn together."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.attacks import attacks
from assaymark.evaluate.contest import auc, curve, excess, operating_points, planted
from assaymark.evaluate.controls import (
    detection,
    fair,
    null_line,
    shift_of,
    why_no_attack,
)
from assaymark.evaluate.ground import ground_of
from assaymark.evaluate.isolation import FEWEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.measurement import Json
    from assaymark.core.streams import Streams
    from assaymark.evaluate.ground import Ground, Side
    from assaymark.evaluate.statistics import Interval

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["MembershipSuite"]

AUC, EXCESS = "membership_suite.auc", "membership_suite.excess_tpr"
TOGETHER = "together"
_ISOLATED = "records:isolated"
_HOW = {AUC: "on average", EXCESS: "at 5 % false alarms"}
_TITLES = {
    "classifier": "a model that knows synthetic rows from others",
    "density_ratio": "how densely synthetic rows lie around",
    "distance_difference": "how near the nearest synthetic row is",
    "gen_lra": "how much likelier the released rows become",
    "neighbourhood": "how many synthetic rows are near",
    TOGETHER: "all of these together",
}


@component
class MembershipSuite:
    """Attacks on membership of several families, each by itself, and all of them together.

    Every attack gives each record a score, each person the highest of their records; the gate
    looks at every attack, so that the strongest decides. ``together`` is a logistic rule over all
    scores that is learnt on half of the people, members and controls, and judged on the other
    half, both ways. Subjects are ``attack:<name>`` for people drawn evenly from the table, and
    ``records:isolated,attack:<name>`` for the 400 most isolated members against controls isolated
    at least as much. Plants are exact copies; attacks whose score after a copy cannot be told
    without attacking anew have no limit of detection.

    References
    ----------
    Yao et al. (2025), The DCR delusion, arXiv:2505.01524, and the sources that each attack names.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=AUC,
            title="Telling members from others, by other attacks",
            unit="AUC",
            better="lower",
            pitfalls="The strongest of these attacks is not the strongest there is. Several are "
            "looked at, so that one is high by accident more often than a single one "
            "would be.",
            meaning="Chance that this attack ranks a person of train above one who was not in it; "
            "0.5 is a coin toss.",
        ),
        Quantity(
            name=EXCESS,
            title="Members recognised beyond false alarms, by other attacks",
            unit="share of people",
            better="lower",
            pitfalls="Measured on a sample of about 2,000 records a side, hence wide. Attacks "
            "without a planted control (classifier) show no limit of detection.",
            meaning="Share of train people that this attack calls members, less the share of "
            "others called so, at about 5 % false alarms; 0 is no leak.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield AUC and excess of each attack, and its excess over isolated people."""
        reason = why_no_attack(case)
        if reason:
            for metric in (AUC, EXCESS):
                yield Measurement.missing(metric, reason, "attack:*")
            yield Measurement.missing(EXCESS, reason, f"{_ISOLATED},attack:*")
            return
        ground, shift = ground_of(case), shift_of(case)
        scored = {}
        for name in attacks.names():
            found = attacks.build(name).score(ground, streams.child(name))
            of_members = ground.members.of_persons
            scored[name] = _Scored(
                of_members(found.members),
                ground.controls.of_persons(found.controls),
                None if found.copied is None else of_members(found.copied),
            )
        scored[TOGETHER] = _together(scored, streams.child(TOGETHER).generator())
        for name, each in scored.items():
            yield from _measured(name, each, ground, shift, streams.child(name))


class _Scored(NamedTuple):
    """Scores of the persons attacked, and of the members were they copied."""

    members: Floats
    controls: Floats
    copied: Floats | None

    def among(self, members: Bools, controls: Bools) -> _Scored:
        copied = None if self.copied is None else self.copied[members]
        return _Scored(self.members[members], self.controls[controls], copied)


def _measured(
    name: str, scored: _Scored, ground: Ground, shift: Interval, streams: Streams
) -> Iterator[Measurement]:
    sides: tuple[Side, Side] = (ground.members, ground.controls)
    drawn = scored.among(*(s.drawn for s in sides))
    lone = scored.among(*(s.isolated for s in sides))
    for metric, subject, people in (
        (AUC, f"attack:{name}", drawn),
        (EXCESS, f"attack:{name}", drawn),
        (EXCESS, f"{_ISOLATED},attack:{name}", lone),
    ):
        if min(len(people.members), len(people.controls)) < FEWEST:
            few = f"only {len(people.controls)} people of the holdout can serve as controls"
            yield Measurement.missing(metric, few, subject, n=len(people.controls))
            continue
        yield _measurement(metric, subject, people, shift, streams.child(metric, subject))


def _measurement(
    metric: str, subject: str, people: _Scored, shift: Interval, streams: Streams
) -> Measurement:
    crossed = partial(auc, crossed=subject == f"attack:{TOGETHER}")
    attack, nothing = (crossed, 0.5) if metric == AUC else (excess, 0.0)
    members, controls, copied = people
    found = attack(members, controls)
    null = streams.child("null").generator()
    half = null.permutation(controls)
    lines: list[Json] = [null_line(attack, controls, nothing, null)]
    details: dict[str, Json] = {
        "title": f"{_title(subject)}, {_HOW[metric]}",
        "meaning": "The attacker has a person's rows, the released rows and rows of others.",
        "curve": curve(members, controls),
        "null_curve": curve(half[: len(half) // 2], half[len(half) // 2 :]),
        "operating_points": operating_points(members, controls),
    }
    size = None
    if copied is not None:

        def caught(size: float, rng: np.random.Generator) -> bool:
            return attack(planted(members, copied, size, rng), controls).low > nothing

        proof = detection(caught, streams.generator())
        size = proof.smallest
        lines = [*proof.lines, *lines]
        details["planted_curve"] = curve(planted(members, copied, 0.1, null), controls)
    measured = Measurement(
        metric=metric,
        subject=subject,
        value=found.value,
        low=found.low,
        high=found.high,
        n=len(members),
        baseline=nothing,
        limit_of_detection=0.5 + size / 2 if size and metric == AUC else size,
        details={**details, "controls": lines},
    )
    return fair(measured, shift)


def _title(subject: str) -> str:
    name = subject.rpartition("attack:")[2]
    whom = "the most isolated" if subject.startswith(_ISOLATED) else "anyone"
    how = _TITLES.get(name, name.replace("_", " "))
    return f"Can one tell members by {how}? {whom.capitalize()}"


def _together(scored: dict[str, _Scored], rng: np.random.Generator) -> _Scored:
    """Return the scores of a logistic rule over all attacks, learnt on the people not scored."""
    from sklearn.linear_model import LogisticRegression

    each = list(scored.values())
    members = np.column_stack([s.members for s in each])
    controls = np.column_stack([s.controls for s in each])
    copied = np.column_stack([s.members if s.copied is None else s.copied for s in each])
    found = _Scored(np.empty(len(members)), np.empty(len(controls)), np.empty(len(members)))
    folds = [rng.permutation(len(x)) % 2 == 0 for x in (members, controls)]
    for side in (True, False):
        here, there = ([f == s for f in folds] for s in (side, not side))
        x = np.vstack([members[there[0]], controls[there[1]]])
        y = np.repeat([True, False], [int(t.sum()) for t in there])
        ranks = np.sort(x, axis=0)
        model = LogisticRegression(C=0.1, class_weight="balanced").fit(_standing(x, ranks), y)
        assert found.copied is not None  # noqa: S101
        for out, rows, mask in (
            (found.members, members, here[0]),
            (found.controls, controls, here[1]),
            (found.copied, copied, here[0]),
        ):
            out[mask] = model.decision_function(_standing(rows[mask], ranks))
    return found


def _standing(x: Floats, ranks: Floats) -> Floats:
    """Return normal scores of each column of ``x`` among the sorted columns of ``ranks``."""
    from scipy.special import ndtri

    n = len(ranks)
    middle = [
        np.searchsorted(r, c, side="left") + np.searchsorted(r, c, side="right")
        for c, r in zip(x.T, ranks.T, strict=True)
    ]
    return np.asarray(ndtri((np.stack(middle, axis=1) / 2 + 0.5) / (n + 1)))

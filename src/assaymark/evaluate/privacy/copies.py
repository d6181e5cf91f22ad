"""Copies: whether synthetic rows repeat people of train more often than people never seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.controls import (
    SHIFT_AT_MOST,
    capped,
    detection,
    difference,
    shift_of,
    why_no_attack,
)
from assaymark.evaluate.isolation import FEWEST, most_isolated, scene_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.streams import Streams

__all__ = ["Copies"]

EXACT, ISOLATED = "copies.exact_excess", "copies.isolated_excess"
_NEAR = 0.05
_TIERS = (("records:isolated", 300), ("records:most_isolated", 150))


@component
class Copies:
    """Shares of train people with a copy among the synthetic rows, less those of the holdout.

    Exact: a record that no other real person has, repeated in every measured column. Isolated:
    the 300 and the 150 most isolated people, with a synthetic row nearer than a twentieth of the
    distance to their five nearest other people; controls are isolated as much. Shares of people,
    not of synthetic rows, so that parts of different size compare. A copy with one changed
    category escapes the near-copy figure.

    References
    ----------
    Meehan, Chaudhuri & Dasgupta (2020), A non-parametric test to detect data-copying.
    Newcombe (1998), Interval estimation for the difference between independent proportions.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=EXACT,
            title="People copied exactly",
            unit="share of people",
            better="lower",
            meaning="Share of train people whose unlike-any-other record is repeated exactly, "
            "less the same share of people who were not in train; 0 is no leak.",
        ),
        Quantity(
            name=ISOLATED,
            title="Isolated people copied",
            unit="share of people",
            better="lower",
            meaning="Share of isolated train people with a copy or near copy, less the same share "
            "of equally isolated people who were not in train; 0 is no leak.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the excess of exact copies, then that of isolated people, two tiers."""
        reason = why_no_attack(case)
        if reason:
            yield Measurement.missing(EXACT, reason)
            for subject, _ in _TIERS:
                yield Measurement.missing(ISOLATED, reason, subject)
            return
        scene = scene_of(case)
        yield _excess(case, streams, EXACT, "table", scene.members.copied, scene.controls.copied)
        for subject, wanted in _TIERS:
            members, controls = most_isolated(scene, wanted)
            if min(members.n, controls.n) < FEWEST:
                few = f"only {controls.n} people of the holdout are as isolated as the members"
                yield Measurement.missing(ISOLATED, few, subject, n=controls.n)
                continue
            hits = members.synthetic < _NEAR * members.isolation
            misses = controls.synthetic < _NEAR * controls.isolation
            yield _excess(case, streams, ISOLATED, subject, hits, misses)


def _excess(
    case: Case,
    streams: Streams,
    metric: str,
    subject: str,
    hits: NDArray[np.bool_],
    control_hits: NDArray[np.bool_],
) -> Measurement:
    shift = shift_of(case)
    n, controls, control_sum = len(hits), len(control_hits), int(control_hits.sum())

    def caught(size: float, rng: np.random.Generator) -> bool:
        planted = hits.copy()
        planted[rng.choice(n, max(1, round(size * n)), replace=False)] = True
        return difference(int(planted.sum()), n, control_sum, controls).low > 0

    found = capped(difference(int(hits.sum()), n, control_sum, controls), 0.0, shift)
    proof = detection(caught, streams.child(metric, subject).generator())
    return Measurement(
        metric=metric,
        subject=subject,
        value=found.value,
        low=found.low,
        high=found.high,
        n=n,
        limit_of_detection=proof.smallest if shift.high <= SHIFT_AT_MOST else None,
        details={"title": "Are people copied?", "controls": proof.lines},
    )

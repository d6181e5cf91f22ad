"""Claim order: whether the groups of a column come in the same order, where it is clear."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.measurement import Measurement
from assaymark.evaluate.claims.estimand import average
from assaymark.evaluate.claims.sides import AGREEMENT, CLEAR, DIFFERENCE, pooled_estimate
from assaymark.evaluate.groups import FEWEST
from assaymark.evaluate.statistics import Z

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assaymark.core.measurement import Json
    from assaymark.evaluate.claims.estimand import Estimate
    from assaymark.evaluate.claims.sides import Asked, Sides

__all__ = ["of_order"]

_MARGIN = 0.2


def of_order(asked: Asked, sides: Sides) -> Iterator[Measurement]:
    """Yield the share of clear pairs of groups that is turned round, and that in the same order.

    A pair is clear where the real means are five standard errors apart. The ends of the interval
    are pairs that the synthetic rows prove to be turned round, and pairs that they do not prove to
    be in the same order, each pair at 95 %. Without a clear pair the claim stays open.
    """
    subject = f"claim:{asked.spec.name}"
    bins = sides.bins
    if bins is None:
        return
    cells = [
        c
        for c in np.unique(sides.real.values["group"]).astype(int).tolist()
        if sides.within(c).real.n_persons >= FEWEST and bins.labels[c] != "missing"
    ]
    groups = [sides.within(c) for c in cells]
    real = [average(g.real) for g in groups]
    made = [pooled_estimate([average(m) for m in g.made]) for g in groups]
    pairs = [p for p in combinations(range(len(cells)), 2) if abs(_apart(real, *p)) > CLEAR]
    margin = asked.spec.margin or _MARGIN
    details: dict[str, Json] = {
        "claim": asked.spec.name,
        "claim_kind": "ranking",
        "unit": "share of clear pairs",
        "margin": margin,
        "declared_margin": bool(asked.spec.margin),
        "proposed": asked.proposed,
        "part": "",
        "group": "",
        "where": asked.spec.where,
        "shared_people": True,
        "pairs": len(pairs),
        "groups": len(cells),
        "resolved": bool(pairs),
    }
    n = sides.held_out
    if not pairs:
        yield Measurement(
            metric=DIFFERENCE,
            subject=subject,
            value=0.0,
            low=-1 / margin,
            high=0.0,
            n=n,
            details=details,
        )
        return
    scores = [math.copysign(1, _apart(real, *p)) * _apart(made, *p) for p in pairs]
    same, proven, not_refuted = (float(np.mean([s > cut for s in scores])) for cut in (0.0, Z, -Z))
    yield Measurement(
        metric=DIFFERENCE,
        subject=subject,
        value=(same - 1) / margin,
        low=(proven - 1) / margin,
        high=(not_refuted - 1) / margin,
        n=n,
        details={**details, "real": [1.0, 1.0, 1.0], "synthetic": [same, proven, not_refuted]},
    )
    yield Measurement(
        metric=AGREEMENT,
        subject=subject,
        value=same,
        low=proven,
        high=not_refuted,
        n=n,
        details=details,
    )


def _apart(means: Sequence[Estimate | str], i: int, j: int) -> float:
    """Return the difference of two means in standard errors; a lost group proves nothing."""
    one, other = means[i], means[j]
    if isinstance(one, str) or isinstance(other, str):
        return 0.0
    error = math.sqrt(one.variance + other.variance)
    return (one.value - other.value) / error if error > 0 else 0.0

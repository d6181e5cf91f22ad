"""Exposure: which groups an attack hits more often than others, never which person."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from assaymark.evaluate.discoveries import discoveries, shrunk
from assaymark.evaluate.groups import groups_of
from assaymark.evaluate.statistics import symmetric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.measurement import Json

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["FEWEST", "Called", "exposure_of", "together"]

FEWEST = 30
"""Groups with fewer members or controls attacked are not shown."""


class Called(NamedTuple):
    """People of one side: a record of each, and whether the attack hit them, or how far, in [0, 1].

    A hit is what the attack counts: called a member, copied, linked, or guessed rightly.
    """

    records: Dataset
    called: Bools | Floats


def together(*parts: Called) -> Called:
    """Return the people of all parts."""
    frame = pl.concat([p.records.frame for p in parts])
    records = replace(parts[0].records, frame=frame, persons=None)
    return Called(records, np.concatenate([p.called for p in parts]))


def exposure_of(case: Case, members: Called, controls: Called) -> Json:
    """Return the excess of members hit in each protected group, as JSON lines.

    ``value`` is drawn towards that of all people by as much as its noise explains, so that small
    groups do not stand out by accident; ``low`` and ``high`` are of the unshrunk difference.
    ``exposed`` marks groups whose excess is above that of everybody, false discoveries held to
    5 % over all groups (Benjamini-Hochberg). Groups with fewer than 30 on either side are left
    out, and only counts rounded down to tens are given. Exploratory: nothing is judged by it.

    References
    ----------
    Benjamini & Hochberg (1995), Controlling the false discovery rate.
    Efron & Morris (1975), Data analysis using Stein's estimator, for the shrinkage.
    """
    from scipy.special import ndtr

    overall = float(members.called.mean() - controls.called.mean())
    found = []
    for group in groups_of(case):
        inside = [side.called[group.holds(side.records)] for side in (members, controls)]
        if min(len(i) for i in inside) >= FEWEST:
            found.append((group.subject.removeprefix("group:"), *_difference(*inside)))
    if not found:
        return []
    values = np.array([v for _, v, _, _ in found])
    errors = np.array([e for _, _, e, _ in found])
    drawn = shrunk(values, errors, overall)
    exposed = discoveries(ndtr(-(values - overall) / errors))
    return [
        {
            "group": name,
            "value": float(shrunk),
            "low": symmetric(value, error).low,
            "high": symmetric(value, error).high,
            "n": n // 10 * 10,
            "exposed": bool(flag),
        }
        for (name, value, error, n), shrunk, flag in zip(found, drawn, exposed, strict=True)
    ]


def _difference(members: Bools | Floats, controls: Bools | Floats) -> tuple[float, float, int]:
    """Return the difference of shares, its standard error and the members; one hit, one miss in.

    The error is that of hits and misses, the most that shares between them can have.
    """
    shares = [(float(side.sum()) + 1) / (len(side) + 2) for side in (members, controls)]
    variances = [
        p * (1 - p) / (len(side) + 2) for p, side in zip(shares, (members, controls), strict=True)
    ]
    value = float(members.mean() - controls.mean())
    return value, math.sqrt(sum(variances)), len(members)

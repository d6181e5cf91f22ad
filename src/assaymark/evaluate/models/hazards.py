"""Hazards: models of when an event comes, and how well they put people in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from assaymark.evaluate.models.families import learn
from assaymark.evaluate.models.predictors import Score

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.streams import Streams

    Floats = NDArray[np.float64]

__all__ = ["HAZARDS", "Hazard", "Times", "concordance", "cox_risk", "forest_risk"]

Hazard = Literal["cox", "survival_forest"]
HAZARDS: tuple[Hazard, ...] = ("cox", "survival_forest")

_PENALTY, _STEPS, _ENOUGH = 1.0, 25, 1e-6
_INTERVALS, _LEAF = 8, 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Times:
    """Features of rows, shape ``(n, d)``, their times, 0 or more, and whether the event came."""

    x: Floats
    time: Floats
    event: NDArray[np.bool_]


def cox_risk(train: Times, x: Floats) -> Floats:
    """Return the log hazard of each row of ``x`` under a ridge-penalised Cox regression.

    Breslow's way with ties. Times of zero are times like others: only their order counts.

    References
    ----------
    Cox (1972), Regression models and life-tables.
    Verweij & van Houwelingen (1994), Penalized likelihood in Cox regression.
    """
    centre = train.x.mean(axis=0) if len(train.x) else np.zeros(x.shape[1])
    order = np.argsort(-train.time, kind="stable")
    z, time, event = train.x[order] - centre, train.time[order], train.event[order]
    # the risk set of a row ends with the last row of the same time
    last = np.searchsorted(-time, -time, "right") - 1
    beta = np.zeros(z.shape[1])
    for _ in range(_STEPS if event.any() else 0):
        weight = np.exp(np.clip(z @ beta, -30, 30))
        total = np.cumsum(weight)[last][event]
        mean = np.cumsum(weight[:, None] * z, axis=0)[last][event] / total[:, None]
        gradient = (z[event] - mean).sum(axis=0) - _PENALTY * beta
        # each row counts in the risk sets of all events at or before its time
        share = np.bincount(last[event], weights=1 / total, minlength=len(z))
        exposed = weight * np.cumsum(share[::-1])[::-1]
        hessian = (z.T * exposed) @ z - mean.T @ mean + _PENALTY * np.eye(len(beta))
        step = np.linalg.lstsq(hessian, gradient, rcond=None)[0]
        beta = beta + np.clip(step, -1, 1)
        if np.abs(step).max(initial=0.0) < _ENOUGH:
            break
    return np.asarray((x - centre) @ beta)


def forest_risk(train: Times, x: Floats, streams: Streams) -> Floats:
    """Return the cumulative hazard of each row of ``x`` by a forest on intervals of time.

    A row of ``train`` stands once in each of up to eight intervals that it lived into; what is
    learnt is whether the event came in that interval.

    References
    ----------
    Singer & Willett (1993), It's about time: using discrete-time survival analysis.
    """
    times = train.time[train.event]
    if not len(times):
        return np.zeros(len(x))
    cuts = np.unique(np.quantile(times, np.arange(1, _INTERVALS) / _INTERVALS))
    ends = np.searchsorted(cuts, train.time, "left")
    who = np.repeat(np.arange(len(train.x)), ends + 1)
    spell = np.concatenate([np.arange(e + 1) for e in ends])
    came = train.event[who] & (spell == ends[who])
    model = learn(
        "forest",
        np.column_stack([train.x[who], spell]),
        came.astype(np.float64),
        classes=2,
        parameters={"leaf": _LEAF},
        streams=streams,
    )
    risk = np.zeros(len(x))
    for k in range(len(cuts) + 1):
        hazard = model.predict(np.column_stack([x, np.full(len(x), k)]))[:, 1]
        risk -= np.log(np.maximum(1 - hazard, 1e-6))
    return risk


def concordance(risk: Floats, times: Times) -> Score | str:
    """Return the share of comparable pairs in which who had the event first has the higher risk.

    Ties of risk count half. Of two rows, those are comparable of which the earlier had the event;
    at the same time, where one had it and the other left.

    References
    ----------
    Harrell et al. (1982), Evaluating the yield of medical tests.
    """
    earlier = times.time[:, None] < times.time[None]
    same = times.time[:, None] == times.time[None]
    pairs = times.event[:, None] & (earlier | (same & ~times.event[None]))
    total = int(pairs.sum())
    if not total:
        return "no two test rows can be compared: no event, or all at one time"
    right = pairs * (0.5 + 0.5 * np.sign(risk[:, None] - risk[None]))
    value = float(right.sum()) / total
    own = (right.sum(axis=0) + right.sum(axis=1)) - value * (pairs.sum(axis=0) + pairs.sum(axis=1))
    return Score(value=value, influence=own * len(risk) / total, name="C-index")

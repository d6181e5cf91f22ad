"""Contest: members against controls, each person with one score of an attack."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from assaymark.evaluate.risk import precision_at_prior
from assaymark.evaluate.statistics import (
    Interval,
    auc_of,
    clopper_pearson,
    mean_variance,
    symmetric,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.measurement import Json

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["ALARMS", "auc", "called", "curve", "excess", "operating_points", "planted"]

ALARMS = 0.05
"""Share of false alarms at which members recognised are counted for a verdict."""

_RATES = (0.001, 0.01, 0.1)
_PRIORS = (0.001, 0.01, 0.1, 0.5)
_POINTS = 41


def auc(members: Floats, controls: Floats, *, crossed: bool = False) -> Interval:
    """Return the chance that a member scores above a control, ties counted half.

    ``crossed`` says that each half was scored by a rule learnt on the other. Where nothing is to be
    learnt, chance in one half turns the rule that judges the other, and the other way round, so
    that both halves err alike: the error of their mean is then that of one half.

    References
    ----------
    DeLong, DeLong & Clarke-Pearson (1988), Comparing the areas under two or more correlated
    receiver operating characteristic curves.
    """
    labels = np.repeat([True, False], [len(members), len(controls)])
    found = auc_of(np.concatenate([members, controls]), labels)
    error = max(float(np.sqrt(mean_variance(found.influence))), 0.5 / len(labels))
    wide = symmetric(found.value, error * math.sqrt(2) if crossed else error)
    return Interval(found.value, max(0.0, wide.low), min(1.0, wide.high))


def excess(members: Floats, controls: Floats) -> Interval:
    """Return the share of members called so, less that of controls, at about 5 % false alarms.

    The threshold comes from one half of the controls and is judged on the other, both ways.
    """
    half = np.arange(len(controls)) % 2 == 0
    called = np.zeros(len(members))
    alarms = np.zeros(len(controls))
    for learn in (half, ~half):
        threshold = np.quantile(controls[learn], 1 - ALARMS, method="higher")
        called += (members > threshold) / 2
        alarms[~learn] = controls[~learn] > threshold
    value = float(called.mean() - alarms.mean())
    error = np.sqrt(_variance(called) + _variance(alarms))
    found = symmetric(value, float(error))
    return Interval(value, max(-1.0, found.low), min(1.0, found.high))


def called(members: Floats, controls: Floats) -> tuple[Bools, Bools]:
    """Return whom of either side the attack calls members at 5 % false alarms among all controls.

    For looking at parts of the people only: the threshold has seen the controls it is used on.
    """
    threshold = np.quantile(controls, 1 - ALARMS, method="higher")
    return members > threshold, controls > threshold


def planted(members: Floats, copied: Floats, size: float, rng: np.random.Generator) -> Floats:
    """Return the scores of members after a share ``size`` of them was copied, one at least.

    ``copied`` has each member's score were that one copied; a copy lowers nobody's.
    """
    chosen = rng.permutation(len(members))[: max(1, round(size * len(members)))]
    score = members.copy()
    score[chosen] = np.maximum(copied[chosen], score[chosen])
    return score


def curve(members: Floats, controls: Floats) -> Json:
    """Return points ``[false alarms, members recognised]`` of the ROC curve, both ascending.

    Half of the points are spread evenly, half by the logarithm of the share of false alarms, for
    a picture on logarithmic axes.
    """
    n = max(len(controls), 2)
    shares = np.unique(
        np.concatenate([np.linspace(0, 1, _POINTS), np.geomspace(1 / n, 1, _POINTS)])
    )
    cuts = np.quantile(controls, 1 - shares, method="higher")
    return [[float((controls > c).mean()), float((members > c).mean())] for c in cuts]


def operating_points(members: Floats, controls: Floats) -> Json:
    """Return the members recognised at 0.1, 1 and 10 % false alarms, with exact intervals.

    Thresholds come from one half of the controls and are judged on the other. ``certified`` says
    whether there are at least three controls per false alarm wanted; ``precision`` is the share of
    those called members who are, if one in a thousand, hundred, ten, two of the people asked
    about is.

    References
    ----------
    Carlini et al. (2022), Membership inference attacks from first principles, arXiv:2112.03570.
    Francis & Wagner (2024), arXiv:2403.06595, for realistic priors.
    """
    learn, judge = controls[::2], controls[1::2]
    points: list[Json] = []
    for rate in _RATES:
        threshold = np.quantile(learn, 1 - rate, method="higher")
        hits = clopper_pearson(int((members > threshold).sum()), len(members))
        alarms = float((judge > threshold).mean())
        points.append(
            {
                "false_alarms": rate,
                "measured_false_alarms": alarms,
                "recognised": hits.value,
                "low": hits.low,
                "high": hits.high,
                "certified": len(judge) * rate >= 3,
                "precision": [
                    [p, precision_at_prior(hits.value, max(alarms, rate), p)] for p in _PRIORS
                ],
            }
        )
    return points


def _variance(hits: Floats) -> float:
    """Variance of a share with one hit and one miss added, so that none is never certain."""
    n = len(hits) + 2
    share = (float(hits.sum()) + 1) / n
    return share * (1 - share) / n

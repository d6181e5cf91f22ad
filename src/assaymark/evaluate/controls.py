"""Controls: planted leaks that an attack must catch, and whether the holdout is a fair control.

A copy in the synthetic rows changes one thing for an attack by distance: that person's distance
to the synthetic rows. So plants are made on the scores and cost next to nothing.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from assaymark.evaluate.features import NO_HOLDOUT, encoder_of, measured_columns
from assaymark.evaluate.isolation import FEWEST
from assaymark.evaluate.statistics import (
    Interval,
    auc_of,
    clopper_pearson,
    mean_variance,
    symmetric,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.measurement import Json, Measurement

    Floats = NDArray[np.float64]

__all__ = [
    "PLANTS",
    "SHIFT_AT_MOST",
    "SIZES",
    "Detection",
    "detection",
    "difference",
    "fair",
    "hits_difference",
    "mean_difference",
    "null_line",
    "possible",
    "shift_of",
    "why_no_attack",
]

PLANTS = 14
"""Plants of each size, all of which must be caught: 14 of 14 has the lower bound 80 %."""

SIZES = (0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.12, 0.15, 0.2, 0.3, 0.5)
"""Shares of people whose copy is planted."""

SHIFT_AT_MOST = 0.6
"""Train and holdout that can be told apart better than this (AUC) are no fair comparison."""


class Detection(NamedTuple):
    """Smallest share caught every time, or ``None``, and the counts for the report."""

    smallest: float | None
    lines: list[Json]


def why_no_attack(case: Case) -> str:
    """Return why members cannot be held against controls, empty where they can."""
    if case.holdout is None:
        return NO_HOLDOUT
    needed = {"train": (case.train, FEWEST), "holdout": (case.holdout, 2 * FEWEST)}
    for name, (part, least) in needed.items():
        if part.n_persons < least:
            return f"the {name} part has {part.n_persons} persons, and an attack needs {least}"
    if case.synthetic.n < 2:
        return f"there are {case.synthetic.n} synthetic rows, and an attack needs 2"
    if not measured_columns(case.train):
        return "the table has no column that can be compared"
    return ""


def difference(hits: int, n: int, control_hits: int, control_n: int) -> Interval:
    """Return the difference of two shares, its interval from the exact ones of both.

    References
    ----------
    Newcombe (1998), Interval estimation for the difference between independent proportions,
    method 10, here with Clopper-Pearson instead of Wilson limits.
    """
    a, b = clopper_pearson(hits, n), clopper_pearson(control_hits, control_n)
    value = a.value - b.value
    low = value - math.hypot(a.value - a.low, b.high - b.value)
    return Interval(value, low, value + math.hypot(a.high - a.value, b.value - b.low))


def hits_difference(members: NDArray[np.bool_], unseen: NDArray[np.bool_]) -> Interval:
    """Return :func:`difference` of the shares of people who are hit."""
    return difference(int(members.sum()), len(members), int(unseen.sum()), len(unseen))


def mean_difference(members: Floats, unseen: Floats) -> Interval:
    """Return the difference of means of scores in [-1, 1].

    One person more on each side, as far off as can be, keeps it from being certain.
    """
    variance = sum((float(x.var()) + 1 / len(x)) / len(x) for x in (members, unseen))
    found = symmetric(float(members.mean() - unseen.mean()), math.sqrt(variance))
    return Interval(found.value, max(found.low, -1.0), min(found.high, 1.0))


def detection(
    caught: Callable[[float, np.random.Generator], bool],
    rng: np.random.Generator,
    sizes: Sequence[float] = SIZES,
    *,
    name: str = "exact copies",
) -> Detection:
    """Plant leaks from large to small until one is missed; return the smallest all were caught."""
    smallest: float | None = None
    lines: list[Json] = []
    for size in sorted(sizes, reverse=True):
        count = sum(caught(size, rng) for _ in range(PLANTS))
        lines.append({"name": name, "kind": "planted", "size": size, "caught": count, "of": PLANTS})
        if count < PLANTS:
            break
        smallest = size
    return Detection(smallest, lines[::-1])


def possible(proof: Detection, able: float, sizes: Sequence[float]) -> float | None:
    """Return the limit of detection where only a share ``able`` of people can be copied at all.

    A leak beyond that share cannot be, so nothing has to show that it would be caught, whatever
    became of smaller ones: a table whose rows repeat by nature gives nobody away by a copy.
    """
    if proof.smallest is not None:
        return proof.smallest
    return min((s for s in sizes if s > able), default=None)


def null_line(
    read: Callable[[Any, Any], Interval],
    controls: NDArray[Any],
    nothing: float,
    rng: np.random.Generator,
) -> dict[str, Json]:
    """Hold random halves of the controls against each other; count how often one is accused."""
    accused, half = 0, len(controls) // 2
    for _ in range(PLANTS):
        mixed = rng.permutation(controls)
        accused += read(mixed[:half], mixed[half:]).low > nothing
    return {
        "name": "two halves of people the generator did not see",
        "kind": "null",
        "caught": int(accused),
        "of": PLANTS,
        "size": None,
        "note": "a fair attack accuses next to none of these",
    }


@lru_cache(maxsize=1)
def shift_of(case: Case) -> Interval:
    """Return how well a linear rule tells train from holdout (AUC out of fold); 0.5 is not at all.

    Squares of the ordered columns are included; two folds of persons. Where there is no shift the
    rule of each fold, learnt from the other, does as well by accident on both: the variance is
    that of one fold.
    """
    assert case.holdout is not None  # noqa: S101
    parts = (case.train, case.holdout)
    encoder = encoder_of(measured_columns(case.train), parts)
    dense = np.vstack([encoder.dense(d) for d in parts])
    x = np.hstack([np.ones((len(dense), 1)), dense, np.square(dense)])
    y = np.repeat([1.0, 0.0], [d.n for d in parts])
    codes = [d.person_codes for d in parts]
    who = np.concatenate([codes[0], codes[0].max() + 1 + codes[1]])
    folds = np.concatenate([c % 2 for c in codes])
    score = np.zeros(len(y))
    for f in (0, 1):
        learn, test = folds != f, folds == f
        weight = np.where(y[learn] == 1, 0.5 / y[learn].mean(), 0.5 / (1 - y[learn]).mean())
        xw = x[learn] * weight[:, None]
        gram = xw.T @ x[learn] + np.eye(x.shape[1]) * 1e-3 * learn.sum()
        beta = np.linalg.solve(gram, xw.T @ y[learn])
        score[test] = x[test] @ beta
    auc = auc_of(score, y == 1)
    found = symmetric(auc.value, math.sqrt(2 * mean_variance(auc.influence, who)))
    return Interval(auc.value, max(found.low, 0.0), min(found.high, 1.0))


def fair(measured: Measurement, shift: Interval) -> Measurement:
    """Return ``measured`` as far as train and holdout are one population, by :func:`shift_of`.

    A train and holdout of two populations make every attack look successful. Then the interval
    reaches back to the baseline, and no leak counts as detectable: neither a FAIL nor a PASS
    can follow.
    """
    if shift.high <= SHIFT_AT_MOST or measured.low is None or measured.high is None:
        return measured
    nothing = measured.baseline or 0.0
    return replace(
        measured,
        low=min(measured.low, nothing),
        high=max(measured.high, nothing),
        limit_of_detection=None,
    )

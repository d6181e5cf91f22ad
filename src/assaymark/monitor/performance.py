"""Performance: how well a model does on rows without labels, if its risks are honest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Calibrator", "Expected", "contradiction", "expected"]

DRAWS = 300
"""Calibrations and outcomes that are drawn for an interval."""

_EDGE = 1e-6
_GROUPS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibrator:
    """Scores with their known outcomes (0 or 1), from which risks are learnt by isotonic steps."""

    scores: Floats
    outcomes: Floats

    def risks(self, scores: Floats, rng: np.random.Generator | None = None) -> Floats:
        """Return the risk at each score; with ``rng`` learnt from rows drawn again."""
        from sklearn.isotonic import IsotonicRegression

        n = len(self.scores)
        rows = np.arange(n) if rng is None else rng.integers(0, n, n)
        steps = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
        steps.fit(self.scores[rows], self.outcomes[rows])
        return np.asarray(np.clip(steps.predict(scores), _EDGE, 1 - _EDGE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a figure of performance is expected to be on these rows, with its interval.

    The interval is for the figure that labels of these very rows would give; ``spread`` is the
    standard deviation of that.
    """

    name: str
    value: float
    low: float
    high: float
    spread: float


def expected(
    scores: Floats, calibrator: Calibrator | None, rng: np.random.Generator
) -> tuple[Expected, ...]:
    """Return expected accuracy (at a score of one half) and AUC of scores, shape ``(n,)``.

    Outcomes are drawn from the risks, and these from the calibrator drawn again; without one the
    scores are the risks. It holds if the risk at a given score is what it was where the calibrator
    learnt: other people may come, but those alike must fare alike.

    References
    ----------
    Garg et al. (2022), Leveraging unlabeled data to predict out-of-distribution performance.
    """
    risks = np.clip(scores, _EDGE, 1 - _EDGE) if calibrator is None else calibrator.risks(scores)
    guess, ranks = scores >= 0.5, _ranks(scores)
    found = np.zeros((DRAWS, 2))
    for i in range(DRAWS):
        drawn = risks if calibrator is None else calibrator.risks(scores, rng)
        happened = rng.random(len(scores)) < drawn
        found[i] = (guess == happened).mean(), _auc(ranks, happened)
    accuracy = float(np.where(guess, risks, 1 - risks).mean())
    auc = float(np.nanmean(found[:, 1]))
    ends = np.nanquantile(found, [0.025, 0.975], axis=0)
    spread = np.nanstd(found, axis=0)
    return tuple(
        Expected(name=n, value=v, low=float(low), high=float(high), spread=float(sd))
        for n, v, low, high, sd in zip(
            ("accuracy", "AUC"), (accuracy, auc), *ends, spread, strict=True
        )
    )


def contradiction(scores: Floats, outcomes: Floats, calibrator: Calibrator | None) -> float:
    """Return the p-value of known outcomes under the risks: small where these do not hold.

    In each tenth of the rows the noise of the outcomes counts, and that of the risks, which were
    learnt from so many rows with scores in that range.

    References
    ----------
    Hosmer & Lemeshow (1980), Goodness of fit tests for the multiple logistic regression model.
    """
    from scipy.special import chdtrc

    risks = np.clip(scores, _EDGE, 1 - _EDGE) if calibrator is None else calibrator.risks(scores)
    order = np.argsort(risks, kind="stable")
    total = 0.0
    for rows in np.array_split(order, _GROUPS):
        variance = float((risks[rows] * (1 - risks[rows])).sum())
        if calibrator is not None:
            low, high = scores[rows].min(), scores[rows].max()
            learnt = ((calibrator.scores >= low) & (calibrator.scores <= high)).sum()
            variance *= 1 + len(rows) / max(1, int(learnt))
        total += float((outcomes[rows] - risks[rows]).sum()) ** 2 / max(variance, _EDGE)
    return float(chdtrc(_GROUPS, total))


def _ranks(scores: Floats) -> Floats:
    from scipy.stats import rankdata

    return np.asarray(rankdata(scores), dtype=np.float64)


def _auc(ranks: Floats, happened: NDArray[np.bool_]) -> float:
    positive = int(happened.sum())
    negative = len(happened) - positive
    if not positive or not negative:
        return float("nan")
    return float((ranks[happened].sum() - positive * (positive + 1) / 2) / (positive * negative))

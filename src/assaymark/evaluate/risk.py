"""Risk: rates of attacks and what follows from them, as published, without a look at any row."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from assaymark.errors import DataError
from assaymark.evaluate.statistics import CONFIDENCE, Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "accuracy_ceiling",
    "advantage_ceiling",
    "anonymity_loss",
    "audit_p_value",
    "audited_epsilon",
    "precision_at_prior",
    "precision_recall",
    "random_link",
    "residual_risk",
    "singling_out_chance",
    "tpr_ceiling",
    "wilson",
]

_LEAST_RECALL, _ALPHA = 1e-4, 3.0
_HALVINGS = 60


def wilson(hits: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Return the centre of Wilson's interval of a share, and its ends; 0 to 1 where ``n`` is 0.

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    if n == 0:
        return Interval(0.5, 0.0, 1.0)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = hits / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    error = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return Interval(centre, centre - error, centre + error)


def residual_risk(attack: Interval, control: Interval) -> Interval:
    """Return what an attack gains of what is left to gain, at most 1: (a - c) / (1 - c).

    Half widths of both rates (independent) are carried over to first order; nothing is cut off
    at 0, since a loss is as telling as a gain.

    Raises
    ------
    DataError
        When the control succeeds always: nothing is left to gain.

    References
    ----------
    Giomi et al. (2023), A unified framework for quantifying privacy risk in synthetic data, 4.2.
    """
    left = 1 - control.value
    if left <= 0:
        raise DataError(
            f"the control succeeds in {control.value:.0%} of cases: no risk is left over\n\n"
            "Hint: give the attacker less, or attack people that the control does not always hit"
        )
    value = (attack.value - control.value) / left
    own = (attack.high - attack.low) / 2 / left
    other = (control.high - control.low) / 2 * (attack.value - 1) / left**2
    error = math.hypot(own, other)
    return Interval(value, value - error, value + error)


def random_link(n_synthetic: int, k: int) -> float:
    """Return how likely two random choices of ``k`` of ``n_synthetic`` rows have one in common."""
    if 2 * k > n_synthetic:
        return 1.0
    apart = math.comb(n_synthetic - k, k) / math.comb(n_synthetic, k)
    return 1 - apart


def singling_out_chance(n: int, lightest: float, heaviest: float) -> float:
    """Return the integral of n w (1 - w)^(n - 1) over weights w from ``lightest`` to ``heaviest``.

    ``n w (1 - w)^(n - 1)`` is how likely a condition that a share w of the population meets is
    met by exactly one of ``n`` people drawn at random. Divide by ``heaviest - lightest`` for the
    mean over weights that are spread evenly.

    References
    ----------
    Cohen & Nissim (2020), Towards formalizing the GDPR's notion of singling out, section 2.
    """

    def above(w: float) -> float:
        return float((n * w + 1) * (1 - w) ** n)

    return (above(lightest) - above(heaviest)) / (n + 1)


def precision_at_prior(tpr: float, fpr: float, prior: float) -> float:
    """Return the share of the accused that are members, where a share ``prior`` of all are.

    0 where nobody is accused.

    References
    ----------
    Francis & Wagner (2024), Towards more realistic membership inference, arXiv:2403.06595.
    """
    accused = tpr * prior + fpr * (1 - prior)
    return tpr * prior / accused if accused > 0 else 0.0


def precision_recall(precision: float, recall: float) -> float:
    """Return precision marked down for a small recall: P (1 - (log R / log 0.0001)^3).

    Recall is the share of targets that are guessed at all; below 0.0001 the result is 0.

    References
    ----------
    Francis & Wagner (2025), Towards more accurate measures of attribute inference risk,
    arXiv:2507.01710: the precision-recall coefficient.
    """
    kept = max(recall, _LEAST_RECALL)
    return precision * (1 - math.pow(math.log10(kept) / math.log10(_LEAST_RECALL), _ALPHA))


def anonymity_loss(attack: float, baseline: float) -> float:
    """Return the anonymity loss coefficient of two :func:`precision_recall`, at most 1.

    0 is no loss beyond the best guess without the person's data, and also where that guess is
    perfect: nothing is left to lose.

    References
    ----------
    Francis & Wagner (2025), arXiv:2507.01710.
    """
    return (attack - baseline) / (1 - baseline) if baseline < 1 else 0.0


def audit_p_value(
    canaries: int, guesses: int, right: int, *, epsilon: float, delta: float = 0.0
) -> float:
    """Return how likely so many right guesses are at most, were the claim (epsilon, delta) true.

    Each of ``canaries`` records was put into the training data by the flip of a fair coin; the
    auditor guessed ``guesses`` of the flips and had ``right`` of them.

    References
    ----------
    Steinke, Nasr & Jagielski (2023), Privacy auditing with one (1) training run, theorem 5.2.
    """
    from scipy.stats import binom

    share = 1 / (1 + math.exp(-epsilon))
    tail = float(binom.sf(right - 1, guesses, share))
    steps = np.arange(1, right + 1)
    sums = np.cumsum(binom.pmf(right - steps, guesses, share))
    worst = float((sums / steps).max(initial=0.0))
    return min(1.0, tail + 2 * canaries * delta * worst)


def audited_epsilon(
    canaries: int, guesses: int, right: int, *, delta: float = 0.0, alpha: float = 0.05
) -> float:
    """Return the largest epsilon refuted at level ``alpha``; 0 where none is.

    The true epsilon is above it in all but a share ``alpha`` of audits; nothing is said of how
    far above.

    References
    ----------
    Steinke, Nasr & Jagielski (2023), Privacy auditing with one (1) training run, section 6.
    """

    def refuted(epsilon: float) -> bool:
        p = audit_p_value(canaries, guesses, right, epsilon=epsilon, delta=delta)
        return p < alpha

    low, high = 0.0, 1.0
    if not refuted(low):
        return 0.0
    while refuted(high):
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if refuted(middle) else (low, middle)
    return low


def tpr_ceiling(fpr: float, epsilon: float, delta: float = 0.0) -> float:
    """Return the largest true positive rate at ``fpr`` that (epsilon, delta) allows any attack.

    References
    ----------
    Kairouz, Oh & Viswanath (2015), The composition theorem for differential privacy, theorem 2.1.
    """
    steep = math.exp(epsilon) * fpr + delta
    flat = 1 - math.exp(-epsilon) * (1 - delta - fpr)
    return max(0.0, min(1.0, steep, flat))


def accuracy_ceiling(epsilon: float) -> float:
    """Return the largest accuracy of telling members, half of all, from others under epsilon.

    References
    ----------
    Kairouz, Oh & Viswanath (2015), The composition theorem for differential privacy.
    """
    return 1 / (1 + math.exp(-epsilon))


def advantage_ceiling(epsilon: float) -> float:
    """Return the largest true less false positive rate under epsilon: (e^e - 1) / (e^e + 1).

    References
    ----------
    Humphries et al. (2023), Investigating membership inference attacks under data dependencies.
    """
    return math.tanh(epsilon / 2)

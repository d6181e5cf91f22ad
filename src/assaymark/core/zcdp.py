"""zCDP: how much privacy several mechanisms cost together, and that as epsilon and delta."""

from __future__ import annotations

import math

from assaymark.errors import InputError

__all__ = [
    "best_success",
    "best_tpr",
    "check_delta",
    "check_epsilon",
    "delta_of",
    "epsilon_of",
    "rho_of",
]

_STEPS = 200
_LEAST_ORDER = 1 + 1e-9


def delta_of(rho: float, epsilon: float) -> float:
    """Return the delta at which rho-zCDP is (epsilon, delta)-DP: the least this bound gives.

    The logarithm of the bound has one minimum over the order, where its derivative
    ``(2a - 1) rho - epsilon + log(1 - 1/a)`` is 0; any order is valid, so that a search that
    stops early errs to the safe side.

    References
    ----------
    Canonne, Kamath & Steinke (2020), The discrete Gaussian for differential privacy,
    proposition 12; Bun & Steinke (2016), Concentrated differential privacy.
    """
    if rho <= 0:
        return 0.0
    low, high = _LEAST_ORDER, (epsilon + 1) / (2 * rho) + 2
    for _ in range(_STEPS):
        order = (low + high) / 2
        if (2 * order - 1) * rho - epsilon + math.log1p(-1 / order) < 0:
            low = order
        else:
            high = order
    order = (low + high) / 2
    exponent = (order - 1) * (order * rho - epsilon) + order * math.log1p(-1 / order)
    return math.exp(min(exponent - math.log(order - 1), 0.0))


def epsilon_of(rho: float, delta: float) -> float:
    """Return the least epsilon, rounded up, at which rho-zCDP is (epsilon, delta)-DP."""
    check_delta(delta)
    if rho <= 0:
        return 0.0
    low, high = 0.0, rho + 2 * math.sqrt(rho * math.log(1 / delta))  # Bun & Steinke, prop. 1.3
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if delta_of(rho, middle) <= delta:
            high = middle
        else:
            low = middle
    return high


def rho_of(epsilon: float, delta: float) -> float:
    """Return the largest rho, rounded down, that is (epsilon, delta)-DP.

    Raises
    ------
    InputError
        When epsilon is not a positive number, or delta not one between 0 and 1.
    """
    check_epsilon(epsilon)
    check_delta(delta)
    low, high = 0.0, epsilon + 1
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if delta_of(middle, epsilon) <= delta:
            low = middle
        else:
            high = middle
    return low


def best_success(epsilon: float, delta: float = 0.0) -> float:
    """Return how often the best attacker tells who was in from who was not, at even odds.

    In [0.5, 1]: ``(e^epsilon + delta) / (1 + e^epsilon)`` at most, whatever he knows besides.

    References
    ----------
    Kairouz, Oh & Viswanath (2015), The composition theorem for differential privacy.
    """
    away = math.exp(-epsilon)
    return (1 + delta * away) / (1 + away)


def best_tpr(epsilon: float, delta: float, fpr: float) -> float:
    """Return the share of those who were in that the best attacker finds, in [0, 1].

    ``fpr`` is the share of those who were not in whom he takes for members.
    """
    if epsilon > 700:
        return 1.0
    likely = math.exp(epsilon) * fpr + delta
    return min(1.0, likely, 1 - math.exp(-epsilon) * (1 - delta - fpr))


def check_epsilon(epsilon: float) -> None:
    """Raise unless epsilon is a positive, finite number."""
    if not (math.isfinite(epsilon) and epsilon > 0):
        raise InputError(
            f"epsilon is {epsilon}, and must be a positive, finite number\n\nHint: 1 is a common "
            "choice; below 0.1 little is left of most tables, and above 10 little of the promise"
        )


def check_delta(delta: float) -> None:
    """Raise unless delta lies between 0 and 1."""
    if not 0 < delta < 1:
        raise InputError(
            f"delta is {delta}, and must lie between 0 and 1\n\nHint: well below one in the number "
            "of persons, such as 1e-6"
        )

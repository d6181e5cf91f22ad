"""Alone, budget: the accounting of differential privacy done again, on plain values."""

from __future__ import annotations

import math

from assaymark.release.alone.pieces import Plain, need

__all__ = ["check_budget"]


def least_delta(rho: float, epsilon: float) -> float:
    """Return delta of rho-zCDP at epsilon: Canonne, Kamath & Steinke (2020), proposition 12."""
    low, high = 1 + 1e-9, (epsilon + 1) / (2 * rho) + 2
    for _ in range(200):
        order = (low + high) / 2
        if (2 * order - 1) * rho - epsilon + math.log1p(-1 / order) < 0:
            low = order
        else:
            high = order
    order = (low + high) / 2
    exponent = (order - 1) * (order * rho - epsilon) + order * math.log1p(-1 / order)
    return math.exp(min(exponent - math.log(order - 1), 0.0))


def chance_of(audit: Plain, epsilon: float, delta: float) -> float:
    """Return how likely so many right guesses are: Steinke, Nasr & Jagielski (2023), theorem 5.2.

    At most, were (epsilon, delta) true.
    """
    n, right = audit["guesses"], audit["right"]
    away = math.log1p(math.exp(-epsilon))
    ways = [math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in range(n + 1)]
    each = [math.exp(w - i * away - (n - i) * (epsilon + away)) for i, w in enumerate(ways)]
    worst, total, spread = 0.0, 0.0, float(2 * audit["canaries"] * delta)
    for i in range(1, right + 1):
        total += each[right - i]
        worst = max(worst, total / i)
    return min(1.0, math.fsum(each[right:]) + spread * worst)


def refuted(audit: Plain, delta: float) -> float:
    """Return the largest epsilon that the guesses refute at a level of 5 %, 0 where none."""
    if chance_of(audit, 0.0, delta) >= 0.05:
        return 0.0
    low, high = 0.0, 1.0
    while chance_of(audit, high, delta) < 0.05:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if chance_of(audit, middle, delta) < 0.05 else (low, middle)
    return low


def check_audit(audit: Plain, epsilon: float, delta: float) -> str:
    """Do the audit by canaries again; it must be as said, and must not refute the claim."""
    fits = 0 <= audit["right"] <= audit["guesses"] <= audit["canaries"] <= 10_000_000
    need(fits and audit["guesses"] > 0, "an audit with more guesses than canaries")
    found, said = refuted(audit, delta), float(audit["lower_bound"])
    need(abs(found - said) <= 1e-6 * (1 + found), f"the guesses refute {found:.6g}, not {said:.6g}")
    need(found <= epsilon, f"the audit refutes epsilon {epsilon:.6g}: it is above {found:.6g}")
    return f"; {audit['right']} of {audit['guesses']} guesses at canaries do not refute it"


def check_budget(privacy: Plain) -> str:
    """Add the charges up and compare with the claim; return what holds, in words."""
    rho, delta, epsilon = (float(privacy[n]) for n in ("rho", "delta", "epsilon"))
    costs = [float(c[n]) for c in privacy["charges"] for n in ("rho", "delta")]
    need(all(math.isfinite(x) and x >= 0 for x in (rho, delta, epsilon, *costs)), "no such cost")
    spent = math.fsum(float(c["rho"]) for c in privacy["charges"])
    beside = math.fsum(float(c["delta"]) for c in privacy["charges"])
    need(privacy["charges"] and 0 < spent <= rho * (1 + 1e-9), f"the looks cost rho {spent:.6g}")
    need(beside < delta < 1, "delta does not cover the looks")
    need(privacy["accountant"] == "zCDP", "an accountant that this file does not know")
    found = least_delta(rho, epsilon * (1 + 1e-9))
    need(found <= (delta - beside) * (1 + 1e-9), f"epsilon {epsilon:.6g} does not follow from rho")
    audit = privacy.get("audit")
    return (
        f"({epsilon:.6g}, {delta:.6g})-differential privacy for each {privacy['unit']}: "
        f"{len(privacy['charges'])} looks add up to it"
        f"{check_audit(audit, epsilon, delta) if audit else ''}"
    )

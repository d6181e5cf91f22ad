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
    return (
        f"({epsilon:.6g}, {delta:.6g})-differential privacy for each {privacy['unit']}: "
        f"{len(privacy['charges'])} looks add up to it"
    )

"""Audit: what canaries put into a fit say against the epsilon that is claimed for it."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from assaymark.core.document import Document
from assaymark.errors import IntegrityError

__all__ = ["Audit", "lower_bound", "p_value"]

ALPHA = 0.05
_HALVINGS = 60


def p_value(canaries: int, guesses: int, right: int, epsilon: float, delta: float) -> float:
    """Return how likely so many right guesses are at most, were (epsilon, delta) true.

    Each of ``canaries`` made-up persons was put into the fit by the flip of a fair coin.

    References
    ----------
    Steinke, Nasr & Jagielski (2023), Privacy auditing with one (1) training run, theorem 5.2.
    """
    away = math.log1p(math.exp(-epsilon))
    chance = [_pmf(guesses, i, -away, -epsilon - away) for i in range(guesses + 1)]
    tail = math.fsum(chance[right:])
    worst, total = 0.0, 0.0
    for i in range(1, right + 1):
        total += chance[right - i]
        worst = max(worst, total / i)
    return min(1.0, tail + 2 * canaries * delta * worst)


def lower_bound(canaries: int, guesses: int, right: int, delta: float) -> float:
    """Return the largest epsilon that the guesses refute at a level of 5 %, 0 where none."""
    if p_value(canaries, guesses, right, 0.0, delta) >= ALPHA:
        return 0.0
    low, high = 0.0, 1.0
    while p_value(canaries, guesses, right, high, delta) < ALPHA:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        refuted = p_value(canaries, guesses, right, middle, delta) < ALPHA
        low, high = (middle, high) if refuted else (low, middle)
    return low


class Audit(Document):
    """Canaries in one fit: how many guesses at their coins were right, and what that refutes.

    ``commitment`` is the SHA-256 of rows, coins and salt, which is in the ledger from before the
    fit. The bound can refute a claim and never confirm one.
    """

    schema_id: Literal["assaymark/canary-audit/v0"] = "assaymark/canary-audit/v0"
    canaries: int = Field(ge=1)
    guesses: int = Field(ge=1)
    right: int = Field(ge=0)
    lower_bound: str
    commitment: str

    def check(self, epsilon: float, delta: float) -> None:
        """Do it again.

        Raises
        ------
        IntegrityError
            When the bound does not follow from the guesses, or refutes ``epsilon``.
        """
        if not self.right <= self.guesses <= self.canaries:
            raise IntegrityError("an audit with more guesses than canaries")
        found = lower_bound(self.canaries, self.guesses, self.right, delta)
        if abs(found - float(self.lower_bound)) > 1e-6 * (1 + found):
            raise IntegrityError(
                f"{self.right} of {self.guesses} guesses right refute epsilon {found:.6g}, and "
                f"{float(self.lower_bound):.6g} is said"
            )
        if found > epsilon:
            raise IntegrityError(
                f"the audit refutes epsilon {epsilon:.6g}: it is above {found:.6g}"
            )

    def words(self, epsilon: str) -> str:
        """Say what was found, beside the claim."""
        share = float(self.lower_bound) / float(epsilon)
        return (
            f"{self.canaries} made-up persons were put in or left out by coins; {self.right} of "
            f"{self.guesses} guesses at them from the model were right, which refutes every "
            f"epsilon below {float(self.lower_bound):.3g} ({share:.0%} of the claim). It could "
            "have refuted the claim, and cannot confirm it."
        )


def _pmf(n: int, i: int, log_p: float, log_q: float) -> float:
    ways = math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1)
    return math.exp(ways + i * log_p + (n - i) * log_q)

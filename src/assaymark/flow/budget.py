"""Budget: what the same people's privacy has cost so far, and the refusal once it is spent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.core.zcdp import epsilon_of, rho_of
from assaymark.errors import NotApprovedError
from assaymark.flow.population import populations_of

if TYPE_CHECKING:
    from assaymark.core.entry import Entry
    from assaymark.core.privacy_spec import PrivacySpec
    from assaymark.flow.queries import Asked
    from assaymark.source.folds import Folds
    from assaymark.source.split import Split

__all__ = ["CHARGED", "DEFAULT_CAP", "Balance", "balance_of", "charge"]

CHARGED = "budget.charged"
DEFAULT_CAP = 10.0
"""Epsilon for one population, where no recipe named a budget: a proposal, not a standard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What was charged to some people: in rho and delta, as epsilon, and the cap on it."""

    charges: int
    rho: float
    delta: float
    cap: float

    @property
    def epsilon(self) -> float:
        """All charges together as one epsilon; it holds at the sum of their deltas and a quarter.

        The quarter is what candidates spend at most on finding categories.
        """
        return epsilon_of(self.rho, self.delta) if self.charges else 0.0


def charge(asked: Asked, spec: PrivacySpec, parts: Split | Folds, key: str) -> Balance:
    """Charge a candidate to the people it is made of, before a mechanism opens their rows.

    A population that shares more than 5 % of its persons with these is charged too, whatever its
    file is called. A fit that fails afterwards stays charged, and so does one that is thrown away.

    Raises
    ------
    NotApprovedError
        When all charges together would come above the cap; nothing is charged then.
    """
    people = sorted({asked.population, *_sharing(asked, parts)})
    cap = DEFAULT_CAP if spec.budget is None else spec.budget
    rho = rho_of(spec.epsilon, spec.delta)
    before = _balance(asked, people, cap if spec.budget is not None else None)
    after = Balance(
        charges=before.charges + 1,
        rho=before.rho + rho,
        delta=before.delta + spec.delta,
        cap=before.cap,
    )
    if after.delta >= 1 or after.epsilon > after.cap * (1 + 1e-9):
        raise NotApprovedError(
            f"the privacy budget of these people is spent: {before.charges} earlier candidates "
            f"cost epsilon {before.epsilon:.3g} together, and this one would bring it to "
            f"{after.epsilon:.3g}, above {after.cap:.3g}; their rows stay closed\n\nHint: a lower "
            "epsilon, or take a candidate that is there: `assaymark ledger list`"
        )
    body = {
        "populations": people,
        "key": key,
        "unit": "row" if spec.unit == "row" else "person",
        "epsilon": repr(spec.epsilon),
        "delta": repr(spec.delta),
        "rho": repr(rho),
        "cap": None if spec.budget is None else repr(spec.budget),
    }
    asked.workspace.ledger.append(CHARGED, asked.population, body, asked.actor)
    return after


def balance_of(asked: Asked, parts: Split | Folds) -> Balance:
    """Return what was charged to the people of a prepared table so far."""
    return _balance(asked, sorted({asked.population, *_sharing(asked, parts)}), None)


def _sharing(asked: Asked, parts: Split | Folds) -> frozenset[str]:
    return populations_of(asked.workspace, parts.confirmation_hashes)


def _balance(asked: Asked, people: list[str], asked_cap: float | None) -> Balance:
    entries = [e for e in asked.workspace.ledger.entries(kind=CHARGED) if _about(e, people)]
    caps = [float(str(e.body["cap"])) for e in entries if e.body.get("cap") is not None]
    caps += [] if asked_cap is None else [asked_cap]
    return Balance(
        charges=len(entries),
        rho=math.fsum(float(str(e.body["rho"])) for e in entries),
        delta=math.fsum(float(str(e.body["delta"])) for e in entries),
        cap=min(caps, default=DEFAULT_CAP),
    )


def _about(entry: Entry, people: list[str]) -> bool:
    named = entry.body.get("populations")
    return isinstance(named, list) and bool(set(map(str, named)) & set(people))

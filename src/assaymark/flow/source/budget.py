"""Budget: what the same people's privacy has cost so far, and the refusal once it is spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.comparison import Plain
from assaymark.core.zcdp import epsilon_of, rho_of
from assaymark.errors import NotApprovedError
from assaymark.flow.source.accounts import known, matches, remember

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.entry import Entry
    from assaymark.core.privacy_spec import PrivacySpec
    from assaymark.flow.source.queries import Asked
    from assaymark.source.prints import Match, Prints
    from assaymark.store.workspace import Workspace

__all__ = ["CHARGED", "DEFAULT_CAP", "AccountLine", "Balance", "balance_of", "charge", "listed"]

CHARGED = "budget.charged"
DEFAULT_CAP = 10.0
"""Epsilon for the same people, where no recipe named a budget: a proposal, not a standard."""

_SAID = {
    "persons": "shares person keys",
    "values": "shares values as only the same people do",
    "doubt": "has values that cannot tell whether the people are the same, and no person key",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What was charged to some people: in rho and delta, as epsilon, and the cap on it.

    Where some of them paid for more than others, it is what the one who paid most did.
    ``matched`` says which accounts were found to be of the same people, and how.
    """

    charges: int
    rho: float
    delta: float
    cap: float
    matched: dict[str, str]

    @property
    def epsilon(self) -> float:
        """All charges together as one epsilon; it holds at the sum of their deltas and a quarter.

        The quarter is what candidates spend at most on finding categories.
        """
        return epsilon_of(self.rho, self.delta) if self.charges else 0.0


class AccountLine(Plain):
    """An account as shown: what its people were charged, and the accounts charged with it."""

    account: str
    charges: int
    epsilon: float
    cap: float
    kin: dict[str, str]

    def plain(self) -> dict[str, object]:
        """Return it as JSON."""
        return self.model_dump(mode="json")


def charge(
    asked: Asked, spec: PrivacySpec, prints: Prints | None, key: str, *, times: int = 1
) -> Balance:
    """Charge candidates to the people they are made of, before a mechanism opens their rows.

    Whatever a file is called, and whether it was shuffled, cut or merged: an account of the same
    people is charged too. A fit that fails afterwards stays charged, and so does one that is
    thrown away. ``times`` is how many fits are about to be made.

    Raises
    ------
    NotApprovedError
        When all charges together would come above the cap; nothing is charged then.
    """
    assert prints is not None  # noqa: S101
    workspace, own = asked.workspace, prints.id
    remember(workspace, prints)
    rho, delta = rho_of(spec.epsilon, spec.delta) * times, spec.delta * times
    before = _balance(workspace, prints, asked.population, spec.budget)
    after = Balance(
        charges=before.charges + times,
        rho=before.rho + rho,
        delta=before.delta + delta,
        cap=before.cap,
        matched=before.matched,
    )
    if after.delta >= 1 or after.epsilon > after.cap * (1 + 1e-9):
        raise NotApprovedError(_refusal(before, after, own, times))
    body = {
        "people": own,
        "matched": dict(before.matched),
        "key": key,
        "unit": "row" if spec.unit == "row" else "person",
        "fits": times,
        "epsilon": repr(spec.epsilon),
        "delta": repr(delta),
        "rho": repr(rho),
        "cap": None if spec.budget is None else repr(spec.budget),
    }
    workspace.ledger.append(CHARGED, asked.population, body, asked.actor)
    return after


def balance_of(asked: Asked, prints: Prints) -> Balance:
    """Return what was charged to the people of a prepared table so far."""
    return _balance(asked.workspace, prints, asked.population, None)


def listed(workspace: Workspace) -> tuple[AccountLine, ...]:
    """Return every account that was charged, with what its people were charged in all."""
    entries = list(workspace.ledger.entries(kind=CHARGED))
    names = dict.fromkeys(str(e.body["people"]) for e in entries if "people" in e.body)
    lines = []
    for name in names:
        found = _balance(workspace, known(workspace, name), "", None)
        kin = {a: by for a, by in found.matched.items() if a != name}
        lines.append(
            AccountLine(
                account=name,
                charges=found.charges,
                epsilon=found.epsilon,
                cap=found.cap,
                kin=kin,
            )
        )
    return tuple(lines)


def _balance(
    workspace: Workspace, prints: Prints, population: str, asked_cap: float | None
) -> Balance:
    every = list(workspace.ledger.entries(kind=CHARGED))
    accounts = {str(e.body["people"]) for e in every if "people" in e.body}
    found = matches(workspace, prints, accounts)
    entries = [e for e in every if _about(e, found, population)]
    caps = [float(str(e.body["cap"])) for e in entries if e.body.get("cap") is not None]
    caps += [] if asked_cap is None else [asked_cap]
    rho, delta = _most(workspace, prints, found, entries)
    return Balance(
        charges=sum(int(str(e.body.get("fits", 1))) for e in entries),
        rho=rho,
        delta=delta,
        cap=min(caps, default=DEFAULT_CAP),
        matched={a: m.by for a, m in found.items()},
    )


def _most(
    workspace: Workspace, prints: Prints, found: dict[str, Match], entries: list[Entry]
) -> tuple[float, float]:
    """Return the rho and the delta of whoever paid most.

    Who was in what is known one by one where all person keys are in the sketches; else everybody
    is taken to have been in all of it.
    """
    costs: dict[str, NDArray[np.float64]] = {}
    for e in entries:
        own = str(e.body.get("people", ""))
        cost = np.array([float(str(e.body[name])) for name in ("rho", "delta")])
        costs[own] = costs.get(own, np.zeros(2)) + cost
    all_of_them, each = np.zeros(2), np.zeros((1, 2))
    for account, cost in costs.items():
        there = _members(workspace, prints, account, found)
        if there is None:
            all_of_them += cost
        else:
            each = each + there[:, None] * cost
    rho, delta = (all_of_them + each.max(axis=0, initial=0.0)).tolist()
    return rho, delta


def _members(
    workspace: Workspace, prints: Prints, account: str, found: dict[str, Match]
) -> NDArray[np.bool_] | None:
    """Return which of these people were charged, where that is known of each."""
    if account not in found or found[account].by != "persons" or account == prints.id:
        return None
    theirs = known(workspace, account).persons
    if theirs is None or prints.persons is None or not (theirs.whole and prints.persons.whole):
        return None
    return theirs.known(prints.persons.hashes)


def _about(entry: Entry, found: dict[str, Match], population: str) -> bool:
    if "people" in entry.body:
        return str(entry.body["people"]) in found
    named = entry.body.get("populations")  # charged before people were known by their prints
    return isinstance(named, list) and population in map(str, named)


def _refusal(before: Balance, after: Balance, own: str, times: int) -> str:
    others = {a: by for a, by in before.matched.items() if a != own}
    said = "".join(f"\n  account {a} {_SAID[by]}" for a, by in others.items())
    fits = "this one" if times == 1 else f"these {times}"
    earlier = (
        "1 earlier candidate cost"
        if before.charges == 1
        else (f"{before.charges} earlier candidates cost together")
    )
    apart = [a for a, by in others.items() if by != "persons"]
    hint = "a lower epsilon, or take a candidate that is there: `assaymark ledger list`"
    if apart:
        hint += (
            f"; where the people are others, the privacy role signs that: `assaymark budget "
            f"separate {own} {apart[0]} --reason TEXT --key FILE`"
        )
    return (
        f"the privacy budget of these people is spent: {earlier} "
        f"epsilon {before.epsilon:.3g}, and {fits} would bring it to "
        f"{after.epsilon:.3g}, above {after.cap:.3g}; their rows stay closed"
        f"{said}\n\nHint: {hint}"
    )

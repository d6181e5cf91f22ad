"""Verification: what was checked of a release in twelve steps, and what cannot be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["NOT_VERIFIED", "STEPS", "Check", "Step", "Verification"]

_LONG = 600
STEPS = (
    "People and keys",
    "Files",
    "Signatures",
    "Chain of digests",
    "Ledger",
    "Verdicts",
    "Controls",
    "Attempts",
    "Privacy budget",
    "Waivers",
    "Status",
    "Documents and boundary",
)
"""The steps in the order in which they are shown, from 1."""

NOT_VERIFIED = (
    (
        "Truth of the measurements",
        "they were computed from real rows, which only the holder of the source can look at",
    ),
    ("The person behind the key", "a key proves the same signer, not who that is"),
    (
        "The rest of the ledger",
        "its owner proves with `assaymark ledger prove --since` that it only grew",
    ),
    ("Attempts outside the ledger", "what was never entered leaves no trace in it"),
    ("Attacks outside the threat model", "threat.json says what was not covered"),
    ("That nothing leaks", "no known accidental leak was found, which is no proof of privacy"),
)

Outcome = Literal["ok", "FAILED", "not applicable", "not checked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was checked in a step, or that cannot be (step 0)."""

    title: str
    outcome: Outcome
    said: str = ""
    step: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One of the twelve steps, with all that was found in it."""

    number: int
    title: str
    outcome: Literal["OK", "FAILED", "NOT APPLICABLE", "NOT RUN"]
    said: str


@dataclass(slots=True)
class Verification:
    """All checks, and what the release is approved for if they hold.

    ``status`` is where it stands by the notices that were seen, empty where nobody looked;
    ``stale`` are uses whose verdicts rest on what is no longer so.
    """

    checks: list[Check] = field(default_factory=list)
    uses: dict[str, str] = field(default_factory=dict)
    signer: str = ""
    self_attested: bool = True
    status: str = ""
    stale: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything that could be checked holds."""
        return bool(self.checks) and all(c.outcome != "FAILED" for c in self.checks)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The twelve steps; one that was not reached, because an earlier one failed, says so."""
        return tuple(self._step(n, title) for n, title in enumerate(STEPS, 1))

    def hold(self, step: int, title: str, said: str = "") -> None:
        """Record that something holds."""
        self.checks.append(Check(step=step, title=title, outcome="ok", said=said))

    def lack(self, step: int, title: str, said: str) -> None:
        """Record that a step has nothing to check in this release, and why."""
        self.checks.append(Check(step=step, title=title, outcome="not applicable", said=said))

    def fail(self, step: int, title: str, said: str) -> None:
        """Record that something does not hold: then the release is approved for nothing."""
        shown = said if len(said) <= _LONG else f"{said[:_LONG]} ..."
        self.checks.append(Check(step=step, title=title, outcome="FAILED", said=shown))
        self.uses = {}

    def leave(self, title: str, said: str) -> None:
        """Record that something was not checked, and why."""
        self.checks.append(Check(title=title, outcome="not checked", said=said))

    def _stopped(self) -> str:
        failed = next((c for c in self.checks if c.outcome == "FAILED"), None)
        return f"step {failed.step}, {STEPS[failed.step - 1]}, failed" if failed else "not reached"

    def _step(self, number: int, title: str) -> Step:
        mine = [c for c in self.checks if c.step == number]
        broken = [c for c in mine if c.outcome == "FAILED"]
        held = [c for c in mine if c.outcome == "ok"]
        if broken:
            return Step(number=number, title=title, outcome="FAILED", said=broken[0].said)
        said = "; ".join(c.said for c in mine if c.said)
        if not mine:
            return Step(number=number, title=title, outcome="NOT RUN", said=self._stopped())
        return Step(
            number=number, title=title, outcome="OK" if held else "NOT APPLICABLE", said=said
        )

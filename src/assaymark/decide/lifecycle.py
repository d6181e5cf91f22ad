"""Lifecycle of a release: states and transitions as data."""

from __future__ import annotations

from enum import StrEnum

from assaymark.errors import IntegrityError

__all__ = ["NEEDS", "TRANSITIONS", "Status", "check_transition"]


class Status(StrEnum):
    """Where a release stands; always derived by replaying the ledger, never stored."""

    DRAFT = "DRAFT"
    CANDIDATE = "CANDIDATE"
    EVALUATED = "EVALUATED"
    DECIDED = "DECIDED"
    READY = "READY"
    RELEASED = "RELEASED"
    DEGRADED = "DEGRADED"
    CONTESTED = "CONTESTED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"


_S = Status
TRANSITIONS: dict[Status, frozenset[Status]] = {
    _S.DRAFT: frozenset({_S.CANDIDATE}),
    _S.CANDIDATE: frozenset({_S.EVALUATED}),
    _S.EVALUATED: frozenset({_S.EVALUATED, _S.DECIDED}),
    _S.DECIDED: frozenset({_S.EVALUATED, _S.DECIDED, _S.READY, _S.RELEASED}),
    _S.READY: frozenset({_S.EVALUATED, _S.DECIDED, _S.RELEASED}),
    _S.RELEASED: frozenset({_S.DEGRADED, _S.CONTESTED, _S.EXPIRED, _S.WITHDRAWN}),
    _S.DEGRADED: frozenset({_S.RELEASED, _S.CONTESTED, _S.EXPIRED, _S.WITHDRAWN}),
    _S.CONTESTED: frozenset({_S.RELEASED, _S.DEGRADED, _S.EXPIRED, _S.WITHDRAWN}),
    _S.EXPIRED: frozenset({_S.WITHDRAWN}),
    _S.WITHDRAWN: frozenset(),
}

NEEDS: dict[Status, str] = {
    _S.DRAFT: "nothing: a run was started",
    _S.CANDIDATE: "rows were made, and entered with the digests of their files",
    _S.EVALUATED: "evidence about exactly these rows; on sealed people only after their opening "
    "was entered",
    _S.DECIDED: "a policy that was in use before the sealed people were looked at, and verdicts "
    "that judging the evidence again gives too; every waiver signed by who may",
    _S.READY: "a use that the sealed verdicts approve, and a second person who is registered",
    _S.RELEASED: "the last decision, with every required rule PASS or validly WAIVED for an "
    "approved use; enough persons of the roles that the policy asks for, none of them the author; "
    "the proof that it is in the log",
    _S.DEGRADED: "a finding that was upheld, or an observation that its policy says degrades it",
    _S.CONTESTED: "a signed finding that is not answered yet",
    _S.EXPIRED: "the day after the last day that source and waivers allow",
    _S.WITHDRAWN: "a withdrawal, signed by the key that signed the release; final",
}
"""What must have been said before a release can stand there."""


def check_transition(now: Status, then: Status) -> None:
    """Refuse a step that the lifecycle does not have."""
    if then not in TRANSITIONS[now]:
        valid = ", ".join(sorted(TRANSITIONS[now])) or "none: it is final"
        raise IntegrityError(f"{now} cannot become {then}\n\nHint: valid next states: {valid}")

"""Lifecycle of a release: states and transitions as data."""

from __future__ import annotations

from enum import StrEnum

from assaymark.errors import IntegrityError

__all__ = ["TRANSITIONS", "Status", "check_transition"]


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
    _S.DECIDED: frozenset({_S.READY, _S.RELEASED}),
    _S.READY: frozenset({_S.RELEASED}),
    _S.RELEASED: frozenset({_S.DEGRADED, _S.CONTESTED, _S.EXPIRED, _S.WITHDRAWN}),
    _S.DEGRADED: frozenset({_S.RELEASED, _S.CONTESTED, _S.EXPIRED, _S.WITHDRAWN}),
    _S.CONTESTED: frozenset({_S.RELEASED, _S.DEGRADED, _S.EXPIRED, _S.WITHDRAWN}),
    _S.EXPIRED: frozenset({_S.WITHDRAWN}),
    _S.WITHDRAWN: frozenset(),
}


def check_transition(now: Status, then: Status) -> None:
    """Refuse a step that the lifecycle does not have."""
    if then not in TRANSITIONS[now]:
        valid = ", ".join(sorted(TRANSITIONS[now])) or "none: it is final"
        raise IntegrityError(f"{now} cannot become {then}\n\nHint: valid next states: {valid}")

"""Standing: where a release stands, replayed from what was said of it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from assaymark.core.notice import Answer, Finding, Withdrawal
from assaymark.decide.lifecycle import Status, check_transition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assaymark.core.notice import Notice

__all__ = ["Standing", "standing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A status and the words that explain it; ``open`` are the findings without an answer."""

    status: Status
    why: str = ""
    open: tuple[str, ...] = ()


def standing(notices: Iterable[tuple[str, Notice]], *, expires: str, today: date) -> Standing:
    """Return where a release stands after ``notices`` (digest and content), in their order.

    A withdrawal is final. A finding contests the release until it is answered; one that was upheld
    degrades it. The day after ``expires`` it is expired, unless it was withdrawn.
    """
    now = Standing(status=Status.RELEASED)
    upheld = ""
    for digest, notice in notices:
        if now.status is Status.WITHDRAWN:
            break
        if isinstance(notice, Answer) and notice.finding in now.open:
            if notice.outcome == "upheld":
                upheld = f"a finding was upheld: {notice.reason}"
            left = tuple(f for f in now.open if f != notice.finding)
            now = _after(now, left, upheld)
        elif isinstance(notice, Finding) and digest not in now.open:
            now = _moved(now, Status.CONTESTED, f"contested: {notice.claim}", (*now.open, digest))
        elif isinstance(notice, Withdrawal):
            why = f"withdrawn ({notice.reason}): {notice.why}; {notice.instruct}"
            now = _moved(now, Status.WITHDRAWN, why, ())
    if expires and date.fromisoformat(expires) < today and now.status is not Status.WITHDRAWN:
        now = _moved(now, Status.EXPIRED, f"it expired on {expires}", now.open)
    return now


def _after(now: Standing, left: tuple[str, ...], upheld: str) -> Standing:
    if left:
        return Standing(status=now.status, why=now.why, open=left)
    return _moved(now, Status.DEGRADED if upheld else Status.RELEASED, upheld, ())


def _moved(now: Standing, then: Status, why: str, left: tuple[str, ...]) -> Standing:
    if then is not now.status:
        check_transition(now.status, then)
    return Standing(status=then, why=why, open=left)

"""Standing: where a release stands, replayed from what was said of it; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from assaymark.core.day import day_of
from assaymark.core.notice import Answer, Finding, Observation, Withdrawal
from assaymark.decide.lifecycle import Status, check_transition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assaymark.core.notice import Notice

__all__ = ["Stale", "Standing", "standing"]

_LESS = {
    "degraded": "",
    "recommend_withdrawal": "withdrawal is recommended: ",
    "withdrawn": "it is being withdrawn: ",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A use whose verdicts rest on what is no longer so, and why."""

    use: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A status and the words that explain it.

    ``open`` are the findings without an answer, ``stale`` the uses that are inconclusive since.
    """

    status: Status
    why: str = ""
    open: tuple[str, ...] = ()
    stale: tuple[Stale, ...] = ()

    @property
    def words(self) -> str:
        """Status, why, and the uses that are STALE, for people to read."""
        said = f"{self.status.value}: {self.why}" if self.why else self.status.value
        return "; ".join([said, *(f"STALE for {s.use}: {s.why}" for s in self.stale)])


def standing(notices: Iterable[tuple[str, Notice]], *, expires: str, today: date) -> Standing:
    """Return where a release stands after ``notices`` (digest and content), in their order.

    A withdrawal is final. A finding contests the release until it is answered; one that was upheld
    degrades it, and so does an observation of which the policy says so. The day after ``expires``
    it is expired, unless it was withdrawn.
    """
    now = Standing(status=Status.RELEASED)
    less = ""
    for digest, notice in notices:
        if now.status is Status.WITHDRAWN:
            break
        if isinstance(notice, Answer) and notice.finding in now.open:
            if notice.outcome == "upheld":
                less = f"a finding was upheld: {notice.reason}"
            left = tuple(f for f in now.open if f != notice.finding)
            now = _after(now, left, less)
        elif isinstance(notice, Finding) and digest not in now.open:
            now = _moved(now, Status.CONTESTED, f"contested: {notice.claim}", (*now.open, digest))
        elif isinstance(notice, Observation) and notice.then == "stale":
            now = replace(now, stale=_stale(now, notice))
        elif isinstance(notice, Observation):
            less = f"{_LESS[notice.then]}{'; '.join(notice.seen)}"
            now = now if now.open else _moved(now, Status.DEGRADED, less, ())
        elif isinstance(notice, Withdrawal):
            why = f"withdrawn ({notice.reason}): {notice.why}; {notice.instruct}"
            now = _moved(now, Status.WITHDRAWN, why, ())
    if expires and day_of(expires) < today and now.status is not Status.WITHDRAWN:
        now = _moved(now, Status.EXPIRED, f"it expired on {expires}", now.open)
    return now


def _stale(now: Standing, seen: Observation) -> tuple[Stale, ...]:
    why = f"the verdict of {', '.join(seen.verdicts)} is STALE since {'; '.join(seen.seen)}"
    known = {s.use for s in now.stale}
    return (*now.stale, *(Stale(use=u, why=why) for u in seen.uses if u not in known))


def _after(now: Standing, left: tuple[str, ...], less: str) -> Standing:
    if left:
        return replace(now, open=left)
    return _moved(now, Status.DEGRADED if less else Status.RELEASED, less, ())


def _moved(now: Standing, then: Status, why: str, left: tuple[str, ...]) -> Standing:
    if then is not now.status:
        check_transition(now.status, then)
    return replace(now, status=then, why=why, open=left)

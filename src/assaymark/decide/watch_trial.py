"""Watch trial: each entry of a policy's ``[[watch]]`` held against made-up observations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from assaymark.core.document import Document
from assaymark.core.notice import Observe, Then
from assaymark.decide.watch import Seen, fired

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.decide.policy import Policy
    from assaymark.decide.watch import Watch

__all__ = ["WatchResult", "watch_trials"]

_KINDS: tuple[Observe, ...] = get_args(Observe)
_ORDER: tuple[Then, ...] = get_args(Then)


class WatchResult(Document):
    """What came of observations at the limit, below it and of another kind; and what is wrong."""

    watch: str
    then: str
    at_limit: str
    below: str
    other_kind: str
    problems: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The entry as a row of a table."""
        return self.watch, self.then, self.at_limit, self.below, self.other_kind


def watch_trials(policy: Policy) -> tuple[WatchResult, ...]:
    """Show each entry what it is about, and what it is not; each must decide something."""
    return tuple(_trial(policy, w) for w in policy.watch)


def _trial(policy: Policy, w: Watch) -> WatchResult:
    at, below = _said(policy, w, w.at_least), "not asked"
    if w.at_least > 0:
        below = _said(policy, w, w.at_least * 0.99)
    other = next(k for k in _KINDS if k != w.observe)
    else_ = _said(policy, w, w.at_least, other)
    return WatchResult(
        watch=w.id,
        then=w.then,
        at_limit=at,
        below=below,
        other_kind=else_,
        problems=tuple(_problems(policy, w, at, below, else_)),
    )


def _problems(policy: Policy, w: Watch, at: str, below: str, other: str) -> Iterator[str]:
    if at != w.then:
        yield f"an observation at its limit ends {at}, not {w.then}"
    if w.then in (below, other):
        yield "it follows from observations that it is not about"
    blocking = {r.id for r in policy.rule if r.severity == "block"}
    if w.rules and not blocking & set(w.rules):
        yield "none of its rules blocks, so that no use becomes inconclusive by it"
    graver = [
        f.watch.id
        for f in fired(policy.watch, [_seen(w, w.at_least, w.observe)])
        if f.watch.then != "stale" and _ORDER.index(f.watch.then) > _ORDER.index(w.then)
    ]
    if graver and w.then != "stale":
        yield f"it decides nothing: {graver[0]!r} is graver and always comes with it"


def _said(policy: Policy, w: Watch, size: float, kind: Observe | None = None) -> str:
    found = fired(policy.watch, [_seen(w, size, kind or w.observe)])
    return w.then if any(f.watch is w for f in found) else "nothing"


def _seen(w: Watch, size: float, kind: Observe) -> Seen:
    subject = re.sub(r"\[([^]!])[^]]*\]|[*?]", lambda m: m[1] or "x", w.subject)
    against = "" if w.against == "either" else w.against
    return Seen(observe=kind, subject=subject, size=size, words="made up", against=against)

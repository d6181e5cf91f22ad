"""Difference: what changed between two policies, and whether it is looser or tighter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from assaymark.core.document import Document
from assaymark.core.notice import Then
from assaymark.core.threat import threat_of
from assaymark.decide.policy import Policy, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.decide.watch import Watch

__all__ = ["Change", "Effect", "changes"]

Effect = Literal["looser", "tighter", "other", "words"]
"""More may pass, less may, it depends on the rows, or nothing is decided by it."""

_SEVERITIES = ("info", "warn", "block")
_WORDS = ("title", "why", "remedy", "origin")
_THEN: tuple[Then, ...] = get_args(Then)


class Change(Document):
    """One thing that differs; ``rule`` is empty where it is about the whole policy."""

    rule: str
    what: str
    before: str
    after: str
    effect: Effect

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The change as a row of a table."""
        return self.effect, self.rule or "(policy)", self.what, self.before, self.after


def changes(old: Policy, new: Policy) -> tuple[Change, ...]:
    """Return all that differs from ``old`` to ``new``; rules are matched by their id."""
    before, after = ({r.id: r for r in p.rule} for p in (old, new))
    found = list(_whole(old, new))
    for rule, a in before.items():
        if rule in after:
            found += _rule(a, after[rule])
        else:
            found.append(_change(rule, "rule", _short(a), "removed", _weight(a, "looser")))
    for rule, b in after.items():
        if rule not in before:
            found.append(_change(rule, "rule", "not there", _short(b), _weight(b, "tighter")))
    return (*found, *_watches(old, new))


def _watches(old: Policy, new: Policy) -> Iterator[Change]:
    before, after = ({w.id: w for w in p.watch} for p in (old, new))
    for name, a in before.items():
        if name in after:
            yield from _watch(a, after[name])
        else:
            yield _change(name, "watch", _seen(a), "removed", "looser")
    for name, b in after.items():
        if name not in before:
            yield _change(name, "watch", "not there", _seen(b), "tighter")


def _watch(a: Watch, b: Watch) -> Iterator[Change]:
    if a.then != b.then:
        up = _THEN.index(b.then) > _THEN.index(a.then)
        yield _change(a.id, "then", a.then, b.then, "tighter" if up else "looser")
    yield from _ordered(a.id, "at_least", a.at_least, b.at_least, less="tighter")
    for key in ("observe", "against", "subject"):
        if getattr(a, key) != getattr(b, key):
            yield _change(a.id, key, getattr(a, key), getattr(b, key), "other")
    lost, won = set(a.rules) - set(b.rules), set(b.rules) - set(a.rules)
    if lost or won:
        effect: Effect = "other" if lost and won else "looser" if lost else "tighter"
        yield _change(a.id, "rules", ", ".join(a.rules), ", ".join(b.rules), effect)
    words = [key for key in _WORDS if getattr(a, key) != getattr(b, key)]
    if words:
        yield _change(a.id, ", ".join(words), "other words", "other words", "words")


def _seen(w: Watch) -> str:
    return f"{w.observe} of {w.at_least:g} or more: {w.then}"


def _whole(old: Policy, new: Policy) -> Iterator[Change]:
    if old.name != new.name:
        yield _change("", "name", old.name, new.name, "words")
    if old.profile is not new.profile:
        a, b = (set(threat_of(p.profile).attacks) for p in (old, new))
        effect: Effect = "tighter" if a < b else "looser" if b < a else "other"
        yield _change("", "profile", old.profile.value, new.profile.value, effect)
    yield from _ordered("", "require_second_person", *_both(old, new, "require_second_person"))
    yield from _ordered("", "waivers_at_most", *_both(old, new, "waivers_at_most"), less="tighter")
    yield from _members("never_waived", set(old.never_waived), set(new.never_waived))
    for role in dict.fromkeys((*old.approvals, *new.approvals)):
        counts = old.approvals.get(role, 0), new.approvals.get(role, 0)
        yield from _ordered("", f"approvals of {role}", *counts)
    if old.fixture != new.fixture:
        yield _change("", "fixture", f"{len(old.fixture)}", f"{len(new.fixture)}", "words")


def _rule(a: Rule, b: Rule) -> Iterator[Change]:
    rank = _SEVERITIES.index
    if a.severity != b.severity:
        effect: Effect = "tighter" if rank(b.severity) > rank(a.severity) else "looser"
        yield _change(a.id, "severity", a.severity, b.severity, effect)
    for key in ("metric", "subject", "direction"):
        before, after = getattr(a, key), getattr(b, key)
        if before != after:
            yield _change(a.id, key, before, after, "other")
    upwards: Effect = "tighter" if b.direction == "at_least" else "looser"
    if a.threshold != b.threshold:
        same = a.direction == b.direction and a.metric == b.metric
        effect = _flipped(upwards, flip=b.threshold < a.threshold) if same else "other"
        yield _change(a.id, "threshold", f"{a.threshold:g}", f"{b.threshold:g}", effect)
    yield from _ordered(a.id, "confidence", a.confidence, b.confidence)
    yield from _ordered(a.id, "minimum_n", a.minimum_n, b.minimum_n)
    yield from _detect(a, b)
    yield from _uses(a, b)
    words = [key for key in _WORDS if getattr(a, key) != getattr(b, key)]
    if words:
        yield _change(a.id, ", ".join(words), "other words", "other words", "words")


def _detect(a: Rule, b: Rule) -> Iterator[Change]:
    if a.detect != b.detect:
        sizes = [float("inf") if r.detect is None else r.detect for r in (a, b)]
        said = ["none" if r.detect is None else f"{r.detect:g}" for r in (a, b)]
        effect: Effect = "looser" if sizes[1] > sizes[0] else "tighter"
        yield _change(a.id, "detect", said[0], said[1], effect)


def _uses(a: Rule, b: Rule) -> Iterator[Change]:
    if set(a.uses) != set(b.uses):
        lost, won = set(a.uses) - set(b.uses), set(b.uses) - set(a.uses)
        effect: Effect = "other" if lost and won else "looser" if lost else "tighter"
        yield _change(a.id, "uses", ", ".join(a.uses), ", ".join(b.uses), effect)


def _ordered(rule: str, what: str, a: float, b: float, less: Effect = "looser") -> Iterator[Change]:
    if a != b:
        yield _change(rule, what, _plain(a), _plain(b), _flipped(less, flip=b > a))


def _members(what: str, a: set[str], b: set[str]) -> Iterator[Change]:
    for name in sorted(a - b):
        yield _change(name, what, "listed", "not listed", "looser")
    for name in sorted(b - a):
        yield _change(name, what, "not listed", "listed", "tighter")


def _both(old: Policy, new: Policy, key: str) -> tuple[float, float]:
    return getattr(old, key), getattr(new, key)


def _plain(x: float) -> str:
    return str(x).lower() if isinstance(x, bool) else f"{x:g}"


def _flipped(effect: Effect, *, flip: bool) -> Effect:
    if not flip:
        return effect
    return "tighter" if effect == "looser" else "looser"


def _weight(rule: Rule, effect: Effect) -> Effect:
    """Return the effect of a rule that came or went: none but for one that blocks."""
    return effect if rule.severity == "block" else "other"


def _short(r: Rule) -> str:
    return f"{r.severity}: {r.metric} {r.direction.replace('_', ' ')} {r.threshold:g}"


def _change(rule: str, what: str, before: str, after: str, effect: Effect) -> Change:
    return Change(rule=rule, what=what, before=before, after=after, effect=effect)

"""Plain words of a report: what a verdict, a use and a mode mean to somebody who must decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.release.drawing.marks import figure
from assaymark.release.pages.too_few import more_people

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.core.measurement import Measurement
    from assaymark.core.threat import ThreatModel
    from assaymark.release.pages.report_content import ReportContent, UseLine, VerdictLine

__all__ = [
    "BADGES",
    "HEADINGS",
    "MODES",
    "ORDER",
    "SEVERITIES",
    "STAGES",
    "Answer",
    "Badge",
    "UseCard",
    "allowed",
    "answer",
    "listed",
    "measured",
    "must_know",
    "spoken_subject",
    "spoken_use",
    "together",
    "use_card",
]

MODES = {
    "release": "Release report",
    "refusal": "Refusal report",
    "evaluation": "Evaluation of given files",
    "draft": "Ungated draft",
}
HEADINGS = {
    "release": ("Which uses passed", "Know this before you use it", "What to do next"),
    "refusal": ("What was asked for", "What these verdicts rest on", "What to change"),
    "evaluation": (
        "Which uses passed",
        "Know this before you rely on it",
        "What to do next",
    ),
    "draft": ("Which uses passed", "Know this before you use it", "What to do next"),
}
SEVERITIES = {
    "block": "required",
    "warn": "warns, does not block",
    "info": "for information, does not block",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A verdict or status as shown: a mark, a word, and the name of its colours."""

    mark: str
    word: str
    tone: str


BADGES = {
    "FAIL": Badge(mark="✕", word="Fail", tone="bad"),
    "STALE": Badge(mark="↻", word="Stale", tone="open"),
    "NOT_RUN": Badge(mark="–", word="Not run", tone="open"),
    "INCONCLUSIVE": Badge(mark="?", word="Inconclusive", tone="open"),
    "WAIVED": Badge(mark="!", word="Waived", tone="waived"),
    "PASS": Badge(mark="✓", word="Pass", tone="good"),
}
ORDER = tuple(BADGES)
STAGES = {
    "development": "the development holdout",
    "confirmation": "the confirmation holdout",
    "given files": "the given files",
    "cross-fit": "refits of the recipe, each on people it has not seen",
}
_SPOKEN = {
    "FAIL": "fails",
    "STALE": "out of date",
    "NOT_RUN": "could not be judged",
    "INCONCLUSIVE": "not proven",
}
_STATUSES = {
    "approved": Badge(mark="✓", word="Passed", tone="good"),
    "refused": Badge(mark="✕", word="Did not pass", tone="bad"),
    "inconclusive": Badge(mark="?", word="Not proven", tone="open"),
    "not asked": Badge(mark="–", word="Not asked for", tone="quiet"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The first words of a report: headline, one sentence below, colours."""

    headline: str
    sentence: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCard:
    """One use on the first screen."""

    use: str
    badge: Badge
    sentence: str
    reasons: tuple[str, ...]
    next_action: str


def spoken_use(use: str) -> str:
    """Return a use as people say it."""
    return use.replace("_", " ")


def spoken_subject(subject: str) -> str:  # noqa: PLR0911
    """Return a subject as people say it; names of columns and groups stay as they are."""
    whom, attack, how = subject.partition("attack:")
    if attack:
        how = "every attack" if how == "*" else how.replace("_", " ")
        return f"{spoken_subject(whom.rstrip(','))}, {how}" if whom else how
    what, inside, group = subject.partition(",group:")
    if inside and not what.startswith("claim:"):
        return f"{spoken_subject(what)} of {spoken_subject('group:' + group)}"
    column, tail, end = subject.rpartition(",tail:")
    if tail:
        return f"{spoken_subject(column)}, {end} end"
    kind, _, name = subject.partition(":")
    if name == "*" and kind in {"column", "pair", "model", "group", "outcome"}:
        return f"every {kind}"
    if kind in {"outcome", "estimand", "rule"} and name:
        return name.replace("=", " = ", 1) if kind == "outcome" else name
    if kind == "group":
        return " = ".join(name.split("=", 1))
    if kind in {"column", "pair"}:
        two = kind == "pair" and name.count(",") == 1
        return name.replace(",", " with ") if two else name
    if kind == "claim" and name != "*":
        claim, _, group = name.partition(",group:")
        said = claim.replace(":", ": ")
        return f"{said}, {spoken_subject(f'group:{group}')}" if group else said
    if kind in {"model", "records"} and name:
        return f"{name.replace('_', ' ')} {kind}"
    return {"table": "whole table", "*": "nothing measured"}.get(subject, subject)


def allowed(threshold: float, direction: str) -> str:
    """Say which side of the threshold is good."""
    if direction == "within":
        return f"between {figure(-abs(threshold))} and {figure(abs(threshold))}"
    return f"{direction.replace('_', ' ')} {figure(threshold)}"


def measured(m: Measurement) -> str:
    """Say value and interval, or why there is none."""
    if m.value is None:
        return m.reason
    if m.low is None:
        return figure(m.value)
    return f"{figure(m.value)} (between {figure(m.low)} and {figure(m.high)})"


def listed(names: Sequence[str]) -> str:
    """Join names as in a sentence."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def scope(content: ReportContent, use: str) -> str:
    """Say what a verdict of one use is bound to: policy, use and threat model."""
    policy = f"policy “{content.policy_name}” " if content.policy_name else "the policy "
    threat = (
        f" under threat model “{content.threat.profile.value}”"
        if content.threat is not None
        else ""
    )
    return f"{policy}for {spoken_use(use)}{threat}"


def answer(content: ReportContent) -> Answer:
    """Return the first words for the content's mode."""
    if content.mode == "draft":
        tried = "attacks below are a first look" if content.attacks else "no attack was run"
        return Answer(
            headline="Ungated draft: nobody has checked the privacy of these rows.",
            sentence=f"No policy was applied, {tried}, and nothing was signed. "
            "Keep the rows where the real rows may be.",
            tone="open",
        )
    if content.mode == "refusal":
        return Answer(
            headline="Nothing was released.",
            sentence=f"The synthetic rows stay quarantined in "
            f"{content.workspace or 'the workspace'}. Below is why, and what to change.",
            tone="bad",
        )
    sentence = {
        "evaluation": "This judges the files you gave, at development grade: it releases nothing "
        "and signs nothing.",
        "release": "Each line below holds for the named policy, use and threat model, and for "
        "nothing else.",
    }[content.mode]
    headline, tone = _headline(content)
    return Answer(headline=headline, sentence=sentence, tone=tone)


def _headline(content: ReportContent) -> tuple[str, str]:
    """Say for which uses the rows passed, did not, or stayed unproven; and in which colour."""
    passed = "Released for" if content.mode == "release" else "Passed for"
    said, tone = [], "good"
    for status, words, colour in (
        ("approved", passed, "good"),
        ("refused", "Did not pass for", "bad"),
        ("inconclusive", "Not proven for", "open"),
    ):
        uses = [spoken_use(u.use) for u in content.uses if u.status == status]
        if uses:
            said.append(f"{words} {listed(uses)}.")
            tone = colour if len(said) == 1 else "open"
    return " ".join(said) or "No use was asked for.", tone if said else "open"


def use_card(content: ReportContent, line: UseLine) -> UseCard:
    """Return one use in plain words; what the flow left out is read off the verdicts."""
    where = scope(content, line.use)
    sentence = {
        "approved": f"Passed {where}.",
        "refused": f"Did not pass {where}.",
        "inconclusive": f"Not proven either way: {where}.",
        "not asked": "Not asked for, so nothing is claimed for it.",
    }[line.status]
    blocking = _blocking(content, line.use)
    reasons, action = line.reasons, line.next_action
    if line.status in {"refused", "inconclusive"}:
        reasons = reasons or _reasons(blocking)
        action = action or more_people(blocking)
        action = action or next((v.remedy for v in blocking if v.remedy), "")
    elif line.status == "approved":
        reasons = reasons or _grounds(content, line.use)
    return UseCard(
        use=spoken_use(line.use),
        badge=_STATUSES[line.status],
        sentence=sentence,
        reasons=reasons,
        next_action=action,
    )


def together(threat: ThreatModel) -> str:
    """Say how many earlier releases of the same people were attacked together with the rows."""
    if not threat.earlier:
        return "No earlier release of the same people was attacked together with these rows."
    some = (
        "1 earlier release of the same people was"
        if threat.earlier == 1
        else (f"{threat.earlier} earlier releases of the same people were")
    )
    return f"{some} attacked together with these rows."


def must_know(content: ReportContent) -> tuple[str, ...]:
    """Return what a reader must know before use: what the mode demands, then the given ones."""
    said: list[str] = []
    if content.self_attested and content.mode == "release":
        said.append("Self-attested, no second person: one person alone decided and signed.")
    waived = {v.title for v in content.verdicts if v.verdict == "WAIVED"}
    if waived:
        said.append(f"Waived, that is let through without proof: {listed(sorted(waived))}.")
    said += content.must_know
    said += content.notices
    threat = content.threat
    if threat is not None and content.mode != "draft":
        if threat.earlier:
            said.append(together(threat))
        said += [
            f"The verdicts assume that the rows go to {threat.recipient}, and an attacker who "
            f"knows {threat.knowledge}.",
            f"They say nothing about {threat.not_covered}.",
            f"Accepted are {threat.residual_risk}.",
        ]
    return tuple(dict.fromkeys(said))


def _blocking(content: ReportContent, use: str) -> list[VerdictLine]:
    found = [
        v
        for v in content.verdicts
        if v.use == use and v.severity == "block" and v.verdict not in {"PASS", "WAIVED"}
    ]
    return sorted(found, key=lambda v: ORDER.index(v.verdict))


_WARNED = {
    "FAIL": "failed",
    "INCONCLUSIVE": "is not proven",
    "NOT_RUN": "was not run",
    "STALE": "rests on old evidence",
}


def _grounds(content: ReportContent, use: str) -> tuple[str, ...]:
    """Say what an approval rests on, and which warnings it leaves."""
    lines = [v for v in content.verdicts if v.use == use]
    required = {v.rule for v in lines if v.severity == "block"}
    waived = {v.rule for v in lines if v.verdict == "WAIVED"} & required
    open_ = [v for v in lines if v.severity == "warn" and v.verdict in _WARNED]
    worst = {v.title: v.verdict for v in sorted(open_, key=lambda v: -ORDER.index(v.verdict))}
    warned = [f"“{title}” {_WARNED[verdict]}" for title, verdict in worst.items()]
    if not required:
        return ()
    said = [f"{_rules(len(required) - len(waived), 'required rule')} passed."]
    if waived:
        said.append(f"{_rules(len(waived), 'required rule')} waived.")
    if warned:
        said.append(f"Of the rules that only warn: {listed(warned)}.")
    return tuple(said)


def _rules(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _key(line: VerdictLine) -> tuple[str, str]:
    return line.rule, line.verdict


def _reasons(blocking: Sequence[VerdictLine]) -> tuple[str, ...]:
    if not blocking:
        return ()
    first = blocking[0]
    subject = first.measurement.subject
    what = f" for {spoken_subject(subject)}" if subject not in {"table", "*"} else ""
    alike = {v.measurement.subject for v in blocking if _key(v) == _key(first)} - {subject}
    if alike:
        what += f" and {len(alike)} other{'s' if len(alike) > 1 else ''}"
    said = f"{first.title}: {_SPOKEN[first.verdict]}{what}, "
    if first.measurement.value is None:
        said += f"{measured(first.measurement)}."
    elif first.verdict == "FAIL":
        limit = allowed(first.threshold, first.direction)
        said += f"measured {measured(first.measurement)}; allowed is {limit}."
    else:
        said += f"since {first.reason}."
    others = len({v.rule for v in blocking} - {first.rule})
    if others:
        said += f" {others} more required rule{'s' if others > 1 else ''} did not pass either."
    return (said,)

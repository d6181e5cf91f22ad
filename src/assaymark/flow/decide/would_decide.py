"""Would decide: what would change a rule that is not proven, unlike what would mend a FAIL."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from assaymark.decide.verdict import Verdict
from assaymark.evaluate import metrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assaymark.decide.policy import Rule
    from assaymark.decide.verdict import RuleVerdict

__all__ = ["remedy_of", "unproven", "what_would_decide"]


class _Lack(Enum):
    """Why a rule is not proven, and what would change it."""

    PEOPLE = ("too few people stand behind it", "")
    PLANT = (
        "a planted leak of the size asked was not shown to be seen",
        "more people, or differential privacy",
    )
    LEAK = (
        "the interval is too wide",
        "more people, or differential privacy; or less of a leak, where there is one",
    )
    CLOSENESS = (
        "the interval is too wide",
        "more people, or rows that are closer to the source",
    )


def what_would_decide(verdicts: Iterable[RuleVerdict], *, dealt: str = "") -> tuple[str, ...]:
    """Return what would change each required or warning rule that is INCONCLUSIVE.

    Rules are put together that need the same: more people than there are, a planted leak that is
    seen, a narrower interval. ``dealt`` is a further way to have more people behind a figure.
    """
    open_ = [v for v in verdicts if v.verdict is Verdict.INCONCLUSIVE]
    said = []
    for least in sorted({v.rule.minimum_n for v in open_ if _lack(v) is _Lack.PEOPLE}):
        few = [v for v in open_ if _lack(v) is _Lack.PEOPLE and v.rule.minimum_n == least]
        said.append(
            f"Not proven, since {_Lack.PEOPLE.value[0]}: {_once(few)}. What would change it: "
            f"{_people(least, dealt)}."
        )
    for lack in (_Lack.PLANT, _Lack.LEAK, _Lack.CLOSENESS):
        alike = [v for v in open_ if _lack(v) is lack]
        why, what = lack.value
        if alike:
            said.append(f"Not proven, since {why}: {_once(alike)}. What would change it: {what}.")
    return tuple(said)


def remedy_of(v: RuleVerdict) -> str:
    """Return what to do about a verdict: the rule's remedy is for what was found to be bad.

    What is only not proven needs evidence first. Nothing is said of the figure itself, which may
    be of the sealed holdout.
    """
    if v.verdict is not Verdict.INCONCLUSIVE:
        return v.rule.remedy
    lack = _lack(v)
    why, what = lack.value
    what = what or _people(v.rule.minimum_n, "")
    said = f"Not proven either way, since {why}. What would change it: {what}."
    also = lack in {_Lack.LEAK, _Lack.CLOSENESS}
    return f"{said} Where the figure itself is bad: {v.rule.remedy}" if also else said


def unproven(rule: Rule) -> str:
    """Return what to do where a rule is not proven, whatever was measured."""
    least = f" (at least {rule.minimum_n:,} behind the figure)" if rule.minimum_n else ""
    ways = [f"more people{least}"]
    ways += ["differential privacy"] if _attacks(rule) else ["rows that are closer to the source"]
    return f"Nothing bad was shown. What would change it: {', or '.join(ways)}."


def _people(least: int, dealt: str) -> str:
    ways = f"{least:,} people behind the figure{f' ({dealt})' if dealt else ''}"
    return f"{ways}, or differential privacy, whose promise needs no holdout"


def _lack(v: RuleVerdict) -> _Lack:
    if v.measurement.n < v.rule.minimum_n:
        return _Lack.PEOPLE
    if not _attacks(v.rule):
        return _Lack.CLOSENESS
    return _Lack.PLANT if v.reason.startswith("a planted leak") else _Lack.LEAK


def _attacks(rule: Rule) -> bool:
    return metrics.family(rule.metric.partition(".")[0]) == "privacy"


def _once(verdicts: Sequence[RuleVerdict]) -> str:
    return "; ".join(f"“{t}”" for t in dict.fromkeys(v.rule.title for v in verdicts))

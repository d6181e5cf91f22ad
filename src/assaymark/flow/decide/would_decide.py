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


_CLOSER = (
    "Rows under differential privacy carry its noise. Less of it is needed with more people, fewer "
    'columns, and [privacy.bounds] and categories declared; effort = "thorough" and a larger '
    "epsilon bring the rows closer, too."
)


class _Lack(Enum):
    """Why a rule is not proven, and what would change it; the last is said where nothing proves."""

    PEOPLE = ("too few people stand behind it", "", "")
    PLANT = (
        "a planted leak of the size asked was not shown to be seen",
        "more people",
        ", or differential privacy",
    )
    LEAK = (
        "the interval is too wide",
        "more people",
        ", or differential privacy; or less of a leak, where there is one",
    )
    CLOSENESS = (
        "the interval is too wide",
        "more people, or rows that are closer to the source",
        "",
    )

    @property
    def why(self) -> str:
        """Why it is not proven."""
        return self.value[0]

    def what(self, *, private: bool) -> str:
        """Return what would change it; no differential privacy where there is that already."""
        _, what, unproved = self.value
        return what + (unproved.replace(", or differential privacy", "") if private else unproved)


def what_would_decide(
    verdicts: Iterable[RuleVerdict], *, dealt: str = "", private: bool = False
) -> tuple[str, ...]:
    """Return what would change each required or warning rule that is INCONCLUSIVE.

    Rules are put together that need the same: more people than there are, a planted leak that is
    seen, a narrower interval. ``dealt`` is a further way to have more people behind a figure.
    ``private`` rows have differential privacy already; elsewhere it is offered for attacks, which
    are what it bounds.
    """
    open_ = [v for v in verdicts if v.verdict is Verdict.INCONCLUSIVE]
    few = [v for v in open_ if _lack(v) is _Lack.PEOPLE]
    said = []
    for least, attacks in sorted({(v.rule.minimum_n, not _attacks(v.rule)) for v in few}):
        alike = [v for v in few if (v.rule.minimum_n, not _attacks(v.rule)) == (least, attacks)]
        said.append(
            f"Not proven, since {_Lack.PEOPLE.why}: {_once(alike)}. What would change it: "
            f"{_people(alike[0].rule, dealt, private=private)}."
        )
    for lack in (_Lack.PLANT, _Lack.LEAK, _Lack.CLOSENESS):
        alike = [v for v in open_ if _lack(v) is lack]
        if alike:
            said.append(
                f"Not proven, since {lack.why}: {_once(alike)}. "
                f"What would change it: {lack.what(private=private)}."
            )
    return tuple(said)


def remedy_of(v: RuleVerdict, *, private: bool = False) -> str:
    """Return what to do about a verdict: the rule's remedy is for what was found to be bad.

    What is only not proven needs evidence first. Nothing is said of the figure itself, which may
    be of the sealed holdout. How far ``private`` rows are from real ones is first of all noise.
    """
    bad = _noisy(v) if private and not _attacks(v.rule) else v.rule.remedy
    if v.verdict is not Verdict.INCONCLUSIVE:
        return bad
    lack = _lack(v)
    few = lack is _Lack.PEOPLE
    what = _people(v.rule, "", private=private) if few else lack.what(private=private)
    said = f"Not proven either way, since {lack.why}. What would change it: {what}."
    also = lack in {_Lack.LEAK, _Lack.CLOSENESS}
    return f"{said} Where the figure itself is bad: {bad}" if also else said


def unproven(rule: Rule) -> str:
    """Return what to do where a rule is not proven, whatever was measured."""
    least = f" (at least {rule.minimum_n:,} behind the figure)" if rule.minimum_n else ""
    ways = [f"more people{least}"]
    ways += ["differential privacy"] if _attacks(rule) else ["rows that are closer to the source"]
    return f"Nothing bad was shown. What would change it: {', or '.join(ways)}."


def _noisy(v: RuleVerdict) -> str:
    """Return the remedy where the rows carry noise: the default generator would be without."""
    said, never = v.rule.remedy, v.verdict is Verdict.NOT_RUN
    if "default generator" in said:
        said = f"Without differential privacy: {said}"
        if never:
            said = f"Leave {v.use.replace('_', ' ')} out of what is asked for. {said}"
    return said if never else f"{_CLOSER} {said}"


def _people(rule: Rule, dealt: str, *, private: bool) -> str:
    ways = f"{rule.minimum_n:,} people behind the figure{f' ({dealt})' if dealt else ''}"
    if private or not _attacks(rule):
        return ways
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

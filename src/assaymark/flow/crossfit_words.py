"""What a reader must know of a cross-fit: what was done, what it is about, what would decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.decide.verdict import Verdict
from assaymark.evaluate import metrics
from assaymark.evaluate.repeats import REPEATED, REPEATED_BUT_ONE
from assaymark.source.band import band
from assaymark.source.folds import CROSS_FIT_BELOW, FOLDS, Folds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from assaymark.core.measurement import Measurement
    from assaymark.decide.policy import Rule
    from assaymark.decide.verdict import RuleVerdict
    from assaymark.flow.decide import Decision
    from assaymark.flow.source import Prepared

__all__ = ["LIMITS", "notices_of", "what_would_decide"]

LIMITS = (
    "Verdicts are about the recipe: how refits of it did against people that they had not seen, "
    "under the threat model named here, and for no other attack.",
    "Not controlled: what the released rows themselves give away beyond what refits do on "
    "average. They were fitted to everybody, so that nobody is left to hold them against; only "
    "plain repeats were counted in them.",
    "The refits saw four fifths of the people, and the released rows rest on all of them.",
)
"""What a cross-fit leaves open."""


def notices_of(prepared: Prepared, decision: Decision) -> tuple[str, ...]:
    """Return what stands on the first screen of a cross-fitted run; nothing for any other."""
    parts = prepared.parts
    if not isinstance(parts, Folds):
        return ()
    people = prepared.n_persons
    few = (
        f"Fewer than {CROSS_FIT_BELOW:,} people ({band(people)}), too few to be split."
        if people < CROSS_FIT_BELOW
        else "Cross-fitted, as the recipe says, instead of split."
    )
    if decision.confirmation is None:
        return (f"{few} They would have been cross-fitted, and were not looked at.",)
    return (
        f"{few} The recipe was fitted {FOLDS} times, each time to four fifths of them, and the "
        "rows were attacked and measured with the fifth that was left out. This look at everybody "
        "counts as one opening of the confirmation holdout.",
        "The verdicts are therefore about the recipe, measured on refits, not about these exact "
        "rows, which come from one more fit to everybody.",
        *_repeats(decision.confirmation.assessment.measurements),
        *what_would_decide(decision.confirmation.judgement.verdicts),
    )


def _repeats(measured: Iterable[Measurement]) -> Iterator[str]:
    how = {REPEATED: "exactly", REPEATED_BUT_ONE: "exactly or in all columns but one"}
    for m in measured:
        if m.metric in how and m.value is not None:
            yield (
                f"In these exact rows, {m.value:.0f} people have a record that nobody else has "
                f"repeated {how[m.metric]}; refits, with four fifths as many rows, repeat "
                f"{m.baseline or 0:.0f} people whom they had not seen. No rule judges this."
            )


def what_would_decide(verdicts: Iterable[RuleVerdict]) -> tuple[str, ...]:
    """Return what would change each required or warning rule that is INCONCLUSIVE.

    Rules are put together that need the same: more people than there are, a planted leak that is
    seen, a narrower interval.
    """
    few: dict[int, list[str]] = {}
    unseen: list[str] = []
    wide: list[str] = []
    fidelity: list[str] = []
    for v in verdicts:
        if v.verdict is not Verdict.INCONCLUSIVE:
            continue
        if v.measurement.n < v.rule.minimum_n:
            few.setdefault(v.rule.minimum_n, []).append(v.rule.title)
        elif not _attacks(v.rule):
            fidelity.append(v.rule.title)
        elif v.reason.startswith("a planted leak"):
            unseen.append(v.rule.title)
        else:
            wide.append(v.rule.title)
    said = [
        f"Not proven, since too few people stand behind it: {_once(titles)}. What would change it: "
        f"{least:,} people behind the figure, or differential privacy, whose promise needs no "
        "holdout."
        for least, titles in sorted(few.items())
    ]
    said += [
        f"Not proven, {why}: {_once(titles)}. What would change it: {what}."
        for why, titles, what in (
            (
                "since a planted leak of the size asked was not shown to be seen",
                unseen,
                "more people, or differential privacy",
            ),
            (
                "since the interval is too wide",
                wide,
                "more people, or differential privacy; or less of a leak, where there is one",
            ),
            (
                "since the interval is too wide",
                fidelity,
                "more people, or rows that are closer to the source",
            ),
        )
        if titles
    ]
    return tuple(said)


def _attacks(rule: Rule) -> bool:
    return metrics.family(rule.metric.partition(".")[0]) == "privacy"


def _once(titles: Sequence[str]) -> str:
    return "; ".join(f"“{t}”" for t in dict.fromkeys(titles))

"""What a reader must know of how people were held out: a cross-fit, and what would decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.evaluate.repeats import REPEATED, REPEATED_BUT_ONE
from assaymark.flow.decide.would_decide import what_would_decide
from assaymark.source.band import band
from assaymark.source.folds import CROSS_FIT_BELOW, FOLDS, SPLIT_TRAIN, Folds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from assaymark.core.measurement import Measurement
    from assaymark.flow.decide.verdicts import Decision
    from assaymark.flow.source.read import Prepared

__all__ = ["LIMITS", "notices_of"]

_DEALT = "`cross_fit = true` in [split] puts everybody behind it"
LIMITS = (
    "Verdicts are about the recipe: how refits of it did against people that they had not seen, "
    "under the threat model named here, and for no other attack.",
    "Not controlled: what the released rows themselves give away beyond what refits do on "
    "average. They were fitted to everybody, so that nobody is left to hold them against; only "
    "plain repeats were counted in them.",
    "The refits saw four fifths of the people, and the released rows rest on all of them.",
)
"""What a cross-fit leaves open."""


def notices_of(prepared: Prepared, decision: Decision, *, private: bool = False) -> tuple[str, ...]:
    """Return what stands on the first screen: how people were held out, what would decide.

    ``private`` rows have differential privacy, which is not offered to them again.
    """
    parts = prepared.parts
    if not isinstance(parts, Folds):
        return what_would_decide(decision.verdicts, dealt=_DEALT, private=private)
    people = prepared.n_persons
    few = "Cross-fitted, as the recipe says, instead of split."
    if people < CROSS_FIT_BELOW:
        few = f"Fewer than {CROSS_FIT_BELOW:,} people ({band(people)}), too few to be split."
    elif not parts.asked:
        few = (
            f"Too few people to be split ({band(people)}): fewer than {SPLIT_TRAIN:,} would be "
            "left to fit to, and rules of the shipped policies ask for 1,500."
        )
    if decision.confirmation is None:
        return (f"{few} They would have been cross-fitted, and were not looked at.",)
    return (
        f"{few} The recipe was fitted {FOLDS} times, each time to four fifths of the people, and "
        "the rows were attacked and measured with the fifth that was left out. This look at "
        "everybody counts as one opening of the confirmation holdout.",
        "The verdicts are therefore about the recipe, measured on refits, not about these exact "
        "rows, which come from one more fit to everybody.",
        *_repeats(decision.confirmation.assessment.measurements),
        *what_would_decide(decision.confirmation.judgement.verdicts, private=private),
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

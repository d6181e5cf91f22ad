"""Words of a comparison: which recipe is closest, which leaks, what each costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.release.drawing.marks import figure, percent
from assaymark.release.pages.report_words import Answer, Badge, listed, spoken_subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.core.comparison import Attack, Comparison, Contender, Figure

__all__ = [
    "HELD",
    "attack_words",
    "badge_of",
    "compared_answer",
    "cost_words",
    "leak_words",
    "level_with_best",
    "score_words",
    "sorted_contenders",
    "speed_words",
]

HELD = {
    "leaks": Badge(mark="✕", word="Leaks", tone="bad"),
    "not shown": Badge(mark="?", word="Not proven", tone="open"),
    "held": Badge(mark="✓", word="Within limits", tone="good"),
    "not measured": Badge(mark="–", word="Not attacked", tone="quiet"),
}
_NEVER = Badge(mark="✕", word="Leaks on purpose", tone="bad")


_CLOSEST = {
    False: "is closest to the real rows",
    True: "came closest to the real rows, which may be chance",
}


def badge_of(c: Contender) -> Badge:
    """Return what the attacks say of a recipe, in one badge."""
    return _NEVER if c.holds_records else HELD[c.held]


def sorted_contenders(found: Comparison) -> list[Contender]:
    """Return the recipes, closest first; those whose rows may never be handed on come last."""
    return sorted(
        found.contenders,
        key=lambda c: (c.closeness.value is None, c.holds_records, -(c.closeness.value or 0.0)),
    )


def level_with_best(c: Contender) -> bool:
    """Whether a recipe's distance to the closest one may be chance."""
    f = c.behind
    return f.low is not None and f.low <= 0 and (f.low, f.high) != (0, 0)


def compared_answer(found: Comparison) -> Answer:
    """Say in a headline and a few sentences which is closest, which leaks, what each costs."""
    able = [c for c in sorted_contenders(found) if c.closeness.value is not None]
    able = [c for c in able if not c.holds_records]
    whole = [c for c in able if c.held != "leaks"]
    if not able:
        return Answer(headline="No recipe has a figure", sentence=_why(found), tone="bad")
    first = f"{able[0].name} {_CLOSEST[any(level_with_best(c) for c in able[1:])]}"
    if not whole:
        said = f"{first}, and it leaks"
        if len(able) > 1:
            said = f"Every recipe leaks; {first}"
        return Answer(headline=said, sentence=_sentence(found, able), tone="bad")
    best = whole[0]
    if best is able[0]:
        held = "every attack stays within the policy’s limits"
        if best.held != "held":
            held = "whether it leaks is not proven on so few people"
        head = f"{first}, and {held}"
        tone = "good" if best.held == "held" else "open"
    else:
        head = f"{first}, and it leaks; of those that were not caught, {best.name} is closest"
        tone = "open"
    return Answer(headline=head, sentence=_sentence(found, able), tone=tone)


def score_words(f: Figure) -> str:
    """Say a score with its interval, or why there is none."""
    if f.value is None:
        return f.reason
    ends = "" if f.low is None or f.high is None else f" ({f.low:.3f} to {f.high:.3f})"
    return f"{f.value:.3f}{ends}".replace("-", "−")


def leak_words(attack: Attack | None) -> str:
    """Say what the most successful attack finds beyond false alarms, and of whom."""
    if attack is None or attack.figure.value is None:
        return "no attack gave a figure"
    f, whom = attack.figure, "of the most isolated" if "isolated" in attack.subject else "of all"
    low, high = (percent(x) for x in (f.low, f.high))
    return f"{percent(f.value)} {whom} recognised beyond chance ({low} to {high})"


def cost_words(c: Contender) -> str:
    """Say the processor seconds of a fit."""
    if c.fit_seconds is None:
        return "none"
    return f"{figure(c.fit_seconds)} s" if c.fit_seconds < 90 else f"{c.fit_seconds / 60:.1f} min"


def speed_words(c: Contender) -> str:
    """Say how many rows are drawn in a processor second."""
    if c.rows_per_second is None:
        return "none"
    step = 10 ** max(0, len(str(int(c.rows_per_second))) - 2)
    return f"{int(c.rows_per_second) // step * step:,}"


def attack_words(attack: Attack) -> str:
    """Name an attack and whom it is made on."""
    return f"{attack.title}: {spoken_subject(attack.subject)}"


def _sentence(found: Comparison, able: Sequence[Contender]) -> str:
    said = [
        f"{able[0].name} scores {_short(able[0].closeness)}, where 1 cannot be told from people "
        f"it has not seen and the real rows that it was fitted to score {_short(found.ceiling)}"
    ]
    level = [c.name for c in able[1:] if level_with_best(c)]
    behind = [f"{c.name} {_short(c.closeness)}" for c in able[1:] if not level_with_best(c)]
    if level:
        said.append(f"the difference to {listed(level)} may be chance")
    if behind:
        said.append(f"further off: {listed(behind)}")
    leaky = [c.name for c in found.contenders if c.held == "leaks"]
    if leaky:
        said.append(f"caught leaking: {listed(leaky)}")
    said.append("a fit takes " + listed([f"{cost_words(c)} with {c.name}" for c in able]))
    return ". ".join(s[:1].upper() + s[1:] if i else s for i, s in enumerate(said)) + "."


def _short(f: Figure) -> str:
    return "nothing" if f.value is None else f"{f.value:.2f}"


def _why(found: Comparison) -> str:
    return " ".join(f"{c.name}: {c.reason or c.closeness.reason}." for c in found.contenders)

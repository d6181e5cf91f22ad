"""Words of a dial: how far it can be turned, and what each setting gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.release.drawing.marks import percent
from assaymark.release.pages.report_words import Answer

if TYPE_CHECKING:
    from assaymark.core.comparison import Figure
    from assaymark.core.dial import Dialled, Notch

__all__ = [
    "dialled_answer",
    "most_recognised",
    "notch_tone",
    "recognised_words",
    "settings_words",
]


def dialled_answer(found: Dialled) -> Answer:
    """Say in a headline and a few sentences which setting holds, and what it costs."""
    chosen = next((n for n in found.notches if n.name == found.chosen), None)
    limit = percent(found.at_most)
    if chosen is None:
        known = [n for n in found.notches if not n.reason]
        first = f" {known[0].name}: {recognised_words(known[0].isolated)}." if known else ""
        return Answer(
            headline=f"No setting keeps recognition within {limit}",
            sentence=f"Of members, at most {limit} may be recognised where 1 % of others are, and "
            f"even the safest setting may be beyond it.{first} More people, or fewer columns, "
            "lower it; more fits make the intervals narrower.",
            tone="bad",
        )
    last = found.notches[-1]
    place, of = found.notches.index(chosen) + 1, len(found.notches)
    head = f"The dial can go to {chosen.name!r}, setting {place} of {of} from the safest"
    said = (
        f"An attacker who refits the generator recognises {recognised_words(chosen.isolated)} of "
        f"the most isolated members, and {recognised_words(chosen.anyone)} of all, where 1 % of "
        f"others are called members by mistake; {limit} was allowed. Rows score "
        f"{_short(chosen.closeness)} in closeness, where real rows score {_short(found.ceiling)}"
    )
    if chosen.name == last.name:
        return Answer(headline=head, sentence=f"{said}. It is the closest there is.", tone="good")
    after = found.notches[place]
    more = f"; the next setting, {after.name!r}, would score {_short(after.closeness)}"
    return Answer(headline=head, sentence=f"{said}{more}, and may be beyond.", tone="good")


def recognised_words(f: Figure) -> str:
    """Say a share with its interval, or why there is none."""
    if f.value is None:
        return f.reason
    if f.low is None or f.high is None:
        return percent(f.value)
    return f"{percent(f.value)} ({percent(f.low)} to {percent(f.high)})"


def most_recognised(n: Notch) -> Figure:
    """Return the figure of anyone or of the most isolated, whichever reaches further."""
    return max(n.isolated, n.anyone, key=lambda f: -1.0 if f.high is None else f.high)


def settings_words(n: Notch) -> str:
    """Say the parameters of a setting."""
    said = ", ".join(f"{k} = {str(v).lower()}" for k, v in n.parameters.items())
    return said or "as shipped"


def notch_tone(n: Notch, found: Dialled) -> str:
    """Return how a setting is coloured: chosen, within the limit, or beyond it."""
    if n.name == found.chosen:
        return "held"
    return "open" if n.within else "leaks"


def _short(f: Figure) -> str:
    return "nothing" if f.value is None else f"{f.value:.2f}"

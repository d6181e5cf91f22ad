"""Bias: gaps between groups and impossible records, as lines of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from assaymark.release.pages.report_content import BreachLine, GapLine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assaymark.core.measurement import Json, Measurement

__all__ = ["breaches_of", "gaps_of", "repeated_of"]

_LEVELS: dict[str, Literal["judged", "judged widely", "looked at", "corrected"]] = {
    "outcome_gap.introduced": "judged",
    "outcome_gap.introduced_small": "judged widely",
    "outcome_gap.exploratory": "looked at",
    "outcome_gap.correction": "corrected",
}
_MOST = 6


def gaps_of(measured: Sequence[Measurement]) -> tuple[GapLine, ...]:
    """Return the gap of each group and outcome: real, synthetic, and what was brought in."""
    by = {(m.metric, m.subject): m for m in measured}
    lines = []
    for m in measured:
        real = by.get(("outcome_gap.real", m.subject))
        made = by.get(("outcome_gap.synthetic", m.subject))
        level = _LEVELS.get(m.metric)
        if level is None or real is None or made is None or m.value is None:
            continue
        details = real.details
        lines.append(
            GapLine(
                group=str(details.get("group", m.subject)),
                crossing=len(_list(details, "columns")) > 1,
                outcome=str(details.get("outcome", "")),
                rate=bool(details.get("rate")),
                real=_number(real.value),
                real_low=_number(real.low),
                real_high=_number(real.high),
                synthetic=_number(made.value),
                introduced=m.value,
                low=_number(m.low),
                high=_number(m.high),
                level=level,
                intended=_intended(m),
                stands_out=bool(m.details.get("stands_out")),
                n=m.n,
            )
        )
    return tuple(lines)


def breaches_of(measured: Sequence[Measurement]) -> tuple[BreachLine, ...]:
    """Return how many synthetic rows break each plausibility rule, most first."""
    hard = {m.subject: m for m in measured if m.metric == "plausibility.hard"}
    excess = {m.subject: m for m in measured if m.metric == "plausibility.soft_excess"}
    lines = []
    for m in measured:
        if m.metric != "plausibility.rate" or m.value is None:
            continue
        details = m.details
        count = hard.get(m.subject)
        beyond = excess.get(m.subject)
        lines.append(
            BreachLine(
                rule=str(details.get("rule", m.subject)),
                hard=details.get("severity") == "hard",
                rows=round(count.value if count and count.value is not None else m.value * m.n),
                n=m.n,
                rate=m.value,
                high=_number(m.high),
                real=_optional(details.get("real_rate")),
                excess=None if beyond is None else beyond.value,
                source=", ".join(str(details[k]) for k in ("source", "who") if details.get(k)),
            )
        )
    return tuple(sorted(lines, key=lambda line: (not line.hard, -line.rows, line.rule)))


def repeated_of(gaps: Sequence[GapLine]) -> tuple[str, ...]:
    """Return as limitations which inequality is repeated, and which was corrected on purpose."""
    sure = [
        g
        for g in gaps
        if not g.crossing
        and (g.real_low > 0 or g.real_high < 0)
        and g.real * g.synthetic > 0
        and g.level in {"judged", "judged widely"}
    ]
    sure.sort(key=lambda g: -abs(g.real))
    said = [
        f"{g.outcome} is {'higher' if g.real > 0 else 'lower'} for {g.group} than for everyone else"
        for g in sure[:_MOST]
    ]
    meant = tuple(
        f"Corrected on purpose: the gap of {g.outcome} for {g.group} was {g.intended}."
        for g in gaps
        if g.level == "corrected"
    )
    if not said:
        return meant
    more = len(sure) - len(said)
    rest = f"; and {more} more such gaps" if more else ""
    return ("Inequality of the real rows is repeated, not judged: " + "; ".join(said) + rest + ".",)


def _intended(m: Measurement) -> str:
    change, why, who = (m.details.get(k) for k in ("change", "why", "who"))
    return "" if change is None else f"meant to change by {change:g} in its own unit: {why} ({who})"


def _number(x: float | None) -> float:
    return 0.0 if x is None else x


def _optional(x: Json) -> float | None:
    return float(x) if isinstance(x, int | float) else None


def _list(details: Mapping[str, Json], key: str) -> list[Json]:
    found = details.get(key)
    return found if isinstance(found, list) else []

"""The page of a comparison: one HTML file, offline, without script, as the report is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.release.drawing.plane import draw_plane, shown_in_plane
from assaymark.release.pages.comparison_words import (
    attack_words,
    badge_of,
    compared_answer,
    cost_words,
    leak_words,
    level_with_best,
    score_words,
    sorted_contenders,
    speed_words,
)
from assaymark.release.pages.report import page_of
from assaymark.release.pages.report_words import BADGES

if TYPE_CHECKING:
    from assaymark.core.comparison import Attack, Comparison

__all__ = ["render_comparison"]


def render_comparison(found: Comparison) -> bytes:
    """Return the page as one HTML file in UTF-8: same content, same bytes."""
    return page_of(
        "comparison.html.j2",
        "comparison.css.j2",
        found=found,
        answer=compared_answer(found),
        contenders=sorted_contenders(found),
        badge_of=badge_of,
        verdict_of=BADGES.get,
        score_words=score_words,
        leak_words=leak_words,
        cost_words=cost_words,
        speed_words=speed_words,
        level=level_with_best,
        plane=draw_plane(found) if shown_in_plane(found) else None,
        attacks=_attacks(found),
    )


def _attacks(found: Comparison) -> list[tuple[str, dict[str, Attack]]]:
    """Return each attack by name, and what it found of each recipe."""
    table: dict[str, dict[str, Attack]] = {}
    for c in sorted_contenders(found):
        for a in c.attacks:
            table.setdefault(attack_words(a), {})[c.name] = a
    return list(table.items())

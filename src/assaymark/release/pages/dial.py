"""The page of a dial: one HTML file, offline, without script, as the report is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.release.drawing.dial import draw_dial, shown_on_dial
from assaymark.release.pages.comparison_words import score_words
from assaymark.release.pages.dial_words import (
    dialled_answer,
    notch_tone,
    recognised_words,
    settings_words,
)
from assaymark.release.pages.report import page_of

if TYPE_CHECKING:
    from assaymark.core.dial import Dialled

__all__ = ["render_dial"]


def render_dial(found: Dialled) -> bytes:
    """Return the page as one HTML file in UTF-8: same content, same bytes."""
    return page_of(
        "dial.html.j2",
        "comparison.css.j2",
        found=found,
        answer=dialled_answer(found),
        tone_of=notch_tone,
        score_words=score_words,
        recognised_words=recognised_words,
        settings_words=settings_words,
        curve=draw_dial(found) if shown_on_dial(found) else None,
    )

"""The page of a dial: one HTML file, offline, without script, as the report is."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from markupsafe import Markup

from assaymark.release.comparison_words import score_words
from assaymark.release.dial_words import (
    dialled_answer,
    notch_tone,
    recognised_words,
    settings_words,
)
from assaymark.release.drawing_dial import draw_dial, shown_on_dial
from assaymark.release.report import environment

if TYPE_CHECKING:
    from assaymark.core.dial import Dialled

__all__ = ["render_dial"]


def render_dial(found: Dialled) -> bytes:
    """Return the page as one HTML file in UTF-8: same content, same bytes."""
    made = environment()
    style = made.get_template("report.css.j2").render()
    style += made.get_template("comparison.css.j2").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    page = made.get_template("dial.html.j2").render(
        found=found,
        style=Markup(style),  # noqa: S704  # our own files, no outside text in them
        style_digest=digest,
        answer=dialled_answer(found),
        tone_of=notch_tone,
        score_words=score_words,
        recognised_words=recognised_words,
        settings_words=settings_words,
        curve=draw_dial(found) if shown_on_dial(found) else None,
    )
    return page.encode("utf-8")

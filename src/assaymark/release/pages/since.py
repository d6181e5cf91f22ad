"""The page of what became of a release: one HTML file, offline, without script."""

from __future__ import annotations

from dataclasses import dataclass

from assaymark.release.drawing.timeline import draw_timeline
from assaymark.release.pages.report import page_of
from assaymark.release.pages.report_words import Answer

__all__ = ["LookedAt", "SinceContent", "render_since"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAt:
    """One timeline: in a sentence, and its evidence after each look, if it is known here."""

    words: str
    alarmed: bool
    evidence: tuple[float, ...]
    times: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SinceContent:
    """What the page says; ``said`` are (when, what kind, what was said, what follows)."""

    title: str
    status: str
    standing: str
    said: tuple[tuple[str, str, str, str], ...]
    looked: tuple[LookedAt, ...]


def render_since(content: SinceContent) -> bytes:
    """Return the page as one HTML file in UTF-8: same content, same bytes."""
    drawn = [draw_timeline(x.evidence, x.times) if x.evidence else "" for x in content.looked]
    return page_of(
        "since.html.j2",
        "watch.css.j2",
        content=content,
        answer=_answer(content),
        looked=list(zip(content.looked, drawn, strict=True)),
    )


def _answer(c: SinceContent) -> Answer:
    sentence = c.standing.partition(": ")[2] or "Nothing that was said of it takes anything back."
    if c.status != "RELEASED":
        return Answer(headline=f"{c.status}: not to be used now", sentence=sentence, tone="bad")
    if "STALE" in c.standing:
        stale = c.standing.partition("; ")[2]
        return Answer(headline="In force, but not for every use", sentence=stale, tone="open")
    if any(x.alarmed for x in c.looked):
        changed = "A monitor saw a change; nothing was signed of it."
        return Answer(headline="In force, with a change seen", sentence=changed, tone="open")
    return Answer(headline="In force", sentence=sentence, tone="good")

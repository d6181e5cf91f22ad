"""The page of a monitor: one HTML file, offline, without script, as the report is."""

from __future__ import annotations

from dataclasses import dataclass

from assaymark.release.drawing.timeline import draw_timeline
from assaymark.release.pages.report import page_of
from assaymark.release.pages.report_words import Answer, spoken_subject

__all__ = ["WatchContent", "render_watch"]

_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchContent:
    """What the page says.

    ``alarms`` are (subject, what, share before, share now, rows, look since, claims that rest on
    it); ``evidence`` has the largest log10 evidence over its threshold after each look;
    ``columns`` are rows of a table, those that claims rest on first. ``apart`` says how
    well a model tells the batch from the released rows, and by what; ``note`` says so where the
    release is no longer in force, ``taken`` through which steps the batch was taken first.
    """

    title: str
    says: str
    against: str
    looks: int
    rows: int
    tolerance: float
    false_alarm: float
    odd: tuple[str, ...]
    alarms: tuple[tuple[str, str, float, float, int, int, str], ...]
    evidence: tuple[float, ...]
    times: tuple[str, ...]
    columns: tuple[tuple[str, str, str, str, str, str], ...]
    summary: str
    apart: str = ""
    note: str = ""
    taken: str = ""


def render_watch(content: WatchContent) -> bytes:
    """Return the page as one HTML file in UTF-8: same content, same bytes."""
    return page_of(
        "watch.html.j2",
        "watch.css.j2",
        content=content,
        answer=_answer(content),
        timeline=draw_timeline(content.evidence, content.times),
        tables=_tables(content),
    )


def _tables(
    c: WatchContent,
) -> tuple[tuple[str, tuple[tuple[str, str, str, str, str, str], ...]], ...]:
    """Return the columns that claims rest on, and the others, each with its heading."""
    relied = tuple(row for row in c.columns if row[-1])
    other = tuple(row for row in c.columns if not row[-1])
    heading = "The other columns" if relied else ""
    parts = (("Columns that claims rest on", relied), (heading, other))
    return tuple((title, rows) for title, rows in parts if rows)


def _changed(c: WatchContent) -> str:
    """Return which columns changed, by name while they are few."""
    names = [spoken_subject(alarm[0]) for alarm in c.alarms]
    if c.odd or len(names) > _NAMED:
        n = len(c.odd) + len(names)
        return f"{n} {'thing' if n == 1 else 'things'} changed"
    *first, last = names
    return f"{', '.join(first)} and {last} changed" if first else f"{last} changed"


def _answer(c: WatchContent) -> Answer:
    what = "the real rows behind the release" if c.against == "source" else "the released rows"
    looks = "one look" if c.looks == 1 else f"{c.looks:,} looks"
    said = f"By {looks} at {c.rows:,} rows, held against {what}."
    if c.alarms or c.odd:
        return Answer(
            headline=_changed(c),
            sentence=f"{said} What was concluded from the release may not hold for such rows.",
            tone="bad",
        )
    if c.says == "no change seen":
        allowed = (
            f" Changes of a share by up to {c.tolerance:.0%} are not looked for."
            if c.tolerance
            else ""
        )
        return Answer(headline="No change was seen", sentence=said + allowed, tone="good")
    return Answer(headline="Too few rows to tell", sentence=said, tone="open")

"""Watch page: the timeline of a monitor as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assaymark.flow.monitor.watch import odd_words
from assaymark.release.pages.watch import WatchContent, render_watch

if TYPE_CHECKING:
    from assaymark.flow.monitor.batches import Monitored

__all__ = ["watch_page"]


def watch_page(found: Monitored) -> bytes:
    """Return the page of what a monitor found."""
    together = found.watched
    return render_watch(
        WatchContent(
            title=Path(found.release).resolve().name,
            says=together.says,
            against=together.against,
            looks=together.looks,
            rows=together.rows,
            tolerance=together.tolerance,
            false_alarm=together.false_alarm,
            odd=odd_words(together.odd),
            alarms=tuple(
                (a.subject, a.what, a.before, a.after, a.rows, a.since, "; ".join(a.rests))
                for a in together.alarms
            ),
            evidence=together.evidence,
            times=together.times,
            columns=tuple(line.cells for line in found.lines),
            apart="" if found.apart is None else found.apart.words,
            note=found.note,
            taken=found.taken,
            summary=found.summary,
        )
    )

"""Watch: whether anything changed for certain, over all batches that a timeline holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.document import Document
from assaymark.errors import DataError, InputError
from assaymark.flow.monitor.timeline import Look, append_look, check_order, previous_of
from assaymark.monitor.compare import as_kept, renamed
from assaymark.monitor.parts import relation_words
from assaymark.monitor.shares import shares_of
from assaymark.monitor.sketch import counted
from assaymark.monitor.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assaymark.flow.monitor.timeline import Against
    from assaymark.monitor.sketch import Sketch
    from assaymark.monitor.watcher import Alarm

__all__ = [
    "FEWEST",
    "AlarmLine",
    "Batch",
    "Timeline",
    "Watched",
    "check_next",
    "look_at",
    "odd_words",
    "take_in",
    "watched",
]

FEWEST = 50
"""Rows from which looks without an alarm say that no change was seen."""

_SHOWN = 5
_AT_ONCE = 50
_GONE, _RETYPED = " is not there", " holds values of another type"


class AlarmLine(Document):
    """A column, relation or group that changed for certain, by its surest share.

    ``evidence`` is the base-10 logarithm of the e-value over its threshold; ``since`` the look
    from which the change is most likely. ``also`` are further shares of the same subject, and
    ``rests`` the claims that rest on a column of it.
    """

    subject: str
    what: str
    before: float
    after: float
    rows: int
    since: int
    evidence: float
    also: tuple[str, ...] = ()
    rests: tuple[str, ...] = ()


class Watched(Document):
    """What all looks so far say together; ``evidence`` has the largest of each look."""

    looks: int
    rows: int
    against: str
    tolerance: float
    false_alarm: float
    says: str
    alarms: tuple[AlarmLine, ...]
    odd: tuple[str, ...]
    evidence: tuple[float, ...]
    times: tuple[str, ...]

    @property
    def alarmed(self) -> bool:
        """Whether anything changed."""
        return bool(self.alarms or self.odd)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """What all looks of a timeline share: the release by its manifest's digest, and how it is held.

    ``tolerance`` is the change of a share that is none: one that is chosen after looking would
    choose whether there is an alarm.
    """

    release: str
    against: Against
    tolerance: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """Rows of one time, with their name, digest and time (ISO 8601)."""

    frame: pl.DataFrame
    name: str
    digest: str
    at: str


def look_at(layout: Sketch, batch: Batch, of: Timeline, looks: Sequence[Look]) -> Look:
    """Count a batch on the cells of the released rows.

    A column that is not there, or of another type, counts as missing values and is named in
    ``odd``: what the batch says of a column is then nothing.

    Raises
    ------
    DataError
        When the batch has no rows.
    """
    if not batch.frame.height:
        raise DataError("the batch has no rows: there is nothing to compare")
    known = {c.name for c in layout.columns}
    odd, columns = [], []
    for c in layout.columns:
        values = None
        if c.name in batch.frame.columns:
            values = as_kept(c, batch.frame[c.name])
            if values is None:
                odd.append(f"column:{c.name}{_RETYPED}")
        else:
            odd.append(f"column:{c.name}{_GONE}")
        empty = pl.Series(c.name, [None] * batch.frame.height, dtype=pl.String)
        columns.append(empty if values is None else values.alias(c.name))
    like = renamed(layout, batch.frame)
    for name in (n for n in batch.frame.columns if n not in known):
        as_was = f", with values like those of {like[name]}" if name in like else ""
        odd.append(f"column:{name} is new{as_was}")
    return Look(
        number=len(looks) + 1,
        at=batch.at,
        name=batch.name,
        batch=batch.digest,
        release=of.release,
        against=of.against,
        tolerance=f"{of.tolerance:g}",
        odd=tuple(odd),
        counts=counted(layout, pl.DataFrame(columns)),
        previous=previous_of(looks),
    )


def check_next(state: Path, look: Look, looks: Sequence[Look]) -> None:
    """Check that a look is of the release and reference of its timeline, and can be its next.

    Raises
    ------
    InputError
        When it is not.
    """
    for before in looks[-1:]:
        if (before.release, before.against) != (look.release, look.against):
            raise InputError(
                f"{str(state)!r} is the timeline of another release, or of another reference "
                f"(--against {before.against})\n\nHint: one timeline for each: --state FILE"
            )
        if before.tolerance not in {"", look.tolerance}:
            raise InputError(
                f"{str(state)!r} was looked at with --tolerance {before.tolerance} so far, and "
                f"this look asks for {look.tolerance}: chosen after looking, it would choose "
                "whether there is an alarm\n\nHint: leave --tolerance out, or begin another "
                "timeline: --state FILE"
            )
    check_order(looks, look)


def take_in(state: Path, look: Look, looks: Sequence[Look], found: Watched) -> None:
    """Add a look to its timeline, with the evidence that was found by it."""
    kept = look.model_copy(update={"evidence": f"{found.evidence[-1]:.3f}"})
    append_look(state, looks, kept.checked())


def watched(
    reference: Sketch, looks: Sequence[Look], *, tolerance: float, layout: Sketch
) -> Watched:
    """Hold all looks against the reference, in order; what a look found then is not found again.

    ``layout`` is the sketch of the released rows: both were counted on its cells, and it says what
    rests on a column.
    """
    watcher = Watcher(shares_of(reference), tolerance=tolerance)
    evidence, waiting = [], []
    for look in looks:
        waiting.append(shares_of(look.counts, _untold(look)))
        kept = look.evidence if look is not looks[-1] else ""
        if not kept or len(waiting) == _AT_ONCE:
            watcher.see(*waiting)
            waiting.clear()
        evidence.append(float(kept or f"{watcher.surest():.3f}"))
    alarms = _lines(watcher.alarms(), layout)
    odd = looks[-1].odd if looks else ()
    rows = sum(look.counts.n for look in looks)
    return Watched(
        looks=len(looks),
        rows=rows,
        against=looks[-1].against if looks else "",
        tolerance=tolerance,
        false_alarm=watcher.false_alarm,
        says=_says(alarms, odd, rows),
        alarms=alarms,
        odd=odd,
        evidence=tuple(evidence),
        times=tuple(look.at for look in looks),
    )


def _untold(look: Look) -> frozenset[str]:
    """Return the columns of which a look says nothing."""
    said = (o.removeprefix("column:") for o in look.odd)
    return frozenset(
        o.removesuffix(end) for o in said for end in (_GONE, _RETYPED) if o.endswith(end)
    )


def _what(alarm: Alarm, layout: Sketch) -> str:
    share = alarm.share
    return (
        relation_words(share, {c.name: c for c in layout.columns})
        if share.kind == "pair"
        else share.what
    )


def odd_words(odd: Sequence[str]) -> tuple[str, ...]:
    """Return what was odd about columns; many that are new are said in one line."""
    said = [o.removeprefix("column:") for o in odd]
    new = [o.removesuffix(" is new") for o in said if o.endswith(" is new")]
    if len(new) <= _SHOWN:
        return tuple(said)
    others = tuple(o for o in said if not o.endswith(" is new"))
    named = f"{', '.join(new[:_SHOWN])} and {len(new) - _SHOWN} more"
    return (
        *others,
        f"{len(new)} columns are new: {named}; rows as the source has them are taken through the "
        "steps of the release by --recipe",
    )


def _says(alarms: Sequence[AlarmLine], odd: Sequence[str], rows: int) -> str:
    if alarms or odd:
        return "changed"
    return "no change seen" if rows >= FEWEST else "too few rows to tell"


def _lines(alarms: Sequence[Alarm], layout: Sketch) -> tuple[AlarmLine, ...]:
    """Return one line a subject; relations only of columns that did not change themselves."""
    changed = {n for a in alarms if a.share.kind == "column" for n in a.share.columns}
    by_subject: dict[tuple[str, ...], list[Alarm]] = {}
    for alarm in alarms:
        of = alarm.share
        if of.kind != "pair" or not changed & {*of.columns}:
            by_subject.setdefault((of.subject, *of.columns), []).append(alarm)
    found = [_line(rows, layout) for rows in by_subject.values()]
    order = ("column", "group", "pair")
    found.sort(key=lambda a: (order.index(a.subject.partition(":")[0]), not a.rests, -a.evidence))
    return tuple(found)


def _line(alarms: Sequence[Alarm], layout: Sketch) -> AlarmLine:
    first, *others = alarms[:_SHOWN]
    return AlarmLine(
        subject=first.share.subject,
        what=_what(first, layout),
        before=round(first.before, 6),
        after=round(first.after, 6),
        rows=first.n,
        since=first.since,
        evidence=round(first.evidence, 3),
        also=tuple(_what(a, layout) for a in others),
        rests=tuple(dict.fromkeys(by for n in first.share.columns for by in layout.rests_on(n))),
    )

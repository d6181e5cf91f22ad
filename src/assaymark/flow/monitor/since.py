"""Since: what became of a release after it was issued: where it stands, what was seen of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assaymark.core.document import Document
from assaymark.core.notice import Answer, Finding, Observation
from assaymark.decide.standing import standing
from assaymark.errors import InputError
from assaymark.flow.monitor.batches import reference_of, tolerance_of
from assaymark.flow.monitor.timeline import read_looks
from assaymark.flow.monitor.watch import Watched, odd_words, watched
from assaymark.flow.release.heard import heard_of
from assaymark.flow.release.recall import issued
from assaymark.release.pages.report_words import spoken_subject
from assaymark.release.pages.since import LookedAt, SinceContent, render_since

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from assaymark.core.notice import Notice

__all__ = ["Looked", "Said", "Since", "since", "since_page"]

_FOLLOWS = {
    "degraded": "DEGRADED",
    "recommend_withdrawal": "DEGRADED, withdrawal recommended",
    "withdrawn": "withdrawn",
}


class Said(Document):
    """One thing that was said of the release: when, by what, what, and what follows."""

    at: str
    kind: str
    what: str
    follows: str

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """The statement as a row of a table."""
        return _clock(self.at), self.kind, self.what, self.follows


def _clock(at: str) -> str:
    """Return a time in UTC, to the minute, as people write it."""
    return f"{at[:16].replace('T', ' ')} UTC"


class Looked(Document):
    """A timeline of a monitor: its last look, and what all looks say together.

    ``why`` says why they cannot be held against their reference here, if they cannot.
    """

    file: str
    against: str
    looks: int
    last: str
    batch: str
    found: Watched | None
    why: str = ""

    @property
    def words(self) -> str:
        """The timeline in one sentence."""
        count = "one look" if self.looks == 1 else f"{self.looks} looks"
        said = f"{count} against the {self.against}, the last {_clock(self.last)} ({self.batch})"
        if self.found is None:
            return f"{said}: {self.why}"
        told = [spoken_subject(a.subject) for a in self.found.alarms]
        names = list(dict.fromkeys([*told, *odd_words(self.found.odd)]))
        changed = f": {', '.join(names)}" if names else ""
        return f"{said}: {self.found.says}{changed}"


class Since(Document):
    """Where a release stands today, all that was said of it, and the timelines beside it."""

    name: str
    status: str
    standing: str
    said: tuple[Said, ...]
    looked: tuple[Looked, ...]


def since(release: Path, *, timelines: Sequence[Path] = (), workspace: Path | None = None) -> Since:
    """Return what is known here of a release after it was issued.

    Statements are looked for in the workspace where it lies and in ``RELEASE.notices``, timelines
    of monitors in ``RELEASE*.timeline.jsonl`` beside it and in the files given.

    Raises
    ------
    IntegrityError
        When the release, a statement or a timeline was altered.
    """
    made = issued(release)
    said = heard_of(made)
    now = standing(said, expires=made.released.expires, today=datetime.now(UTC).date())
    beside = sorted(release.parent.glob(f"{release.name}*.timeline.jsonl"))
    files = dict.fromkeys((*beside, *timelines))
    return Since(
        name=release.resolve().name,
        status=now.status.value,
        standing=now.words,
        said=tuple(_said(n) for _, n in said),
        looked=tuple(x for f in files for x in _looked(release, f, made.manifest, workspace)),
    )


def since_page(found: Since) -> bytes:
    """Return the page of what became of a release."""
    return render_since(
        SinceContent(
            title=found.name,
            status=found.status,
            standing=found.standing,
            said=tuple(s.cells for s in found.said),
            looked=tuple(
                LookedAt(
                    words=x.words,
                    alarmed=x.found is not None and x.found.alarmed,
                    evidence=() if x.found is None else x.found.evidence,
                    times=() if x.found is None else x.found.times,
                )
                for x in found.looked
            ),
        )
    )


def _said(n: Notice) -> Said:
    if isinstance(n, Observation):
        stale = f"STALE: {', '.join(n.verdicts)}"
        uses = f"; not for {', '.join(n.uses)}" if n.uses else ""
        follows = _FOLLOWS.get(n.then, stale + uses)
        return Said(at=n.made_at, kind="observation", what="; ".join(n.seen), follows=follows)
    if isinstance(n, Finding):
        return Said(at=n.made_at, kind="finding", what=n.claim, follows="CONTESTED until answered")
    if isinstance(n, Answer):
        follows = "DEGRADED" if n.outcome == "upheld" else "none"
        return Said(at=n.made_at, kind=f"answer: {n.outcome}", what=n.reason, follows=follows)
    follows = f"WITHDRAWN; {n.instruct}" + (f", use {n.successor}" if n.successor else "")
    return Said(at=n.made_at, kind=f"withdrawal ({n.reason})", what=n.why, follows=follows)


def _looked(release: Path, file: Path, manifest: str, workspace: Path | None) -> Iterator[Looked]:
    looks = read_looks(file)
    if not looks or looks[-1].release != manifest:
        return
    last = looks[-1]
    found, why = None, ""
    try:
        released, reference = reference_of(release, last.against, workspace)
        tolerance = tolerance_of(looks, last.against)
        found = watched(reference, looks, tolerance=tolerance, layout=released)
    except InputError as error:
        why = str(error).partition("\n")[0]
    yield Looked(
        file=file.name,
        against="released rows" if last.against == "released" else "real rows behind it",
        looks=len(looks),
        last=last.at,
        batch=last.name,
        found=found,
        why=why,
    )

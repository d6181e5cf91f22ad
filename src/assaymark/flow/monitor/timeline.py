"""Timeline: the batches that were held against a release so far, in a file of one line each."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Literal

from assaymark.core.document import Document, sha256
from assaymark.errors import InputError, IntegrityError
from assaymark.monitor.sketch import Sketch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["Against", "Look", "append_look", "check_order", "previous_of", "read_looks"]

Against = Literal["released", "source"]
_HINT = "\n\nHint: take the timeline from a backup, or begin a new one with --state FILE"


class Look(Document):
    """One batch: when it was held against what, and its counts on the reference's cells.

    ``previous`` is the SHA-256 of the line before, so that a line that was altered, taken out or
    put in is found; ``batch`` that of the rows. ``odd`` says which columns were not there, were
    new, or held values of another type. ``tolerance`` is the change of a share that is none, and
    ``evidence`` the largest after this look (log10 over its threshold), as decimal strings;
    timelines of before do not say them. ``check`` is the SHA-256 of the look without it: no line
    comes after the last that would tell that it was altered.
    """

    LATER: ClassVar[tuple[str, ...]] = ("tolerance", "evidence", "check")

    schema_id: Literal["assaymark/look/v0"] = "assaymark/look/v0"
    number: int
    at: str
    name: str
    batch: str
    release: str
    against: Against
    odd: tuple[str, ...] = ()
    counts: Sketch
    previous: str
    tolerance: str = ""
    evidence: str = ""
    check: str = ""

    def checked(self) -> Look:
        """Return the look with its own digest."""
        return self.model_copy(update={"check": self._own()})

    def holds(self) -> bool:
        """Whether it is as it was written, as far as it says."""
        return self.check in {"", self._own()}

    def _own(self) -> str:
        return self.model_copy(update={"check": ""}).digest()


def read_looks(path: Path) -> list[Look]:
    """Return the looks of a timeline, none where there is no file yet.

    Raises
    ------
    IntegrityError
        When a line is no look, or the lines do not follow each other.
    """
    if not path.exists():
        return []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror}") from error
    looks, previous = [], ""
    for i, line in enumerate(lines, 1):
        try:
            look = Look.parse(line)
        except IntegrityError as error:
            raise IntegrityError(f"line {i} of {str(path)!r} is no look: {error}{_HINT}") from error
        if i == len(lines) and not look.holds():
            raise IntegrityError(
                f"line {i} of {str(path)!r}, the last, is not as it was written{_HINT}"
            )
        if look.previous != previous or look.number != i:
            raise IntegrityError(
                f"line {i} of {str(path)!r} does not follow the line before: the timeline was "
                f"altered{_HINT}"
            )
        looks.append(look)
        previous = sha256(line)
    return looks


def check_order(looks: Sequence[Look], look: Look) -> None:
    """Check that a look can be the next.

    Raises
    ------
    InputError
        When the batch was seen before, or the time is before the last look's.
    """
    for before in looks:
        if before.batch == look.batch:
            raise InputError(
                f"the batch was seen before, as look {before.number} ({before.name}, {before.at})"
            )
    if looks and datetime.fromisoformat(look.at) < datetime.fromisoformat(looks[-1].at):
        raise InputError(
            f"the batch is of {look.at}, and the last look was of {looks[-1].at}: looks must come "
            "in order\n\nHint: is the clock right? --at gives the time of a batch"
        )


def append_look(path: Path, looks: Sequence[Look], look: Look) -> None:
    """Write the timeline with one more look; the old file stays whole until the new one is.

    Of processes that write at once, each waits for the one before and sees what it wrote.

    Raises
    ------
    InputError
        When the look cannot be the next, another look came in between, or the file cannot be
        written.
    """
    check_order(looks, look)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            _add(path, look)
    except OSError as error:
        raise InputError(f"cannot write {str(path)!r}: {error.strerror}") from error


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until nobody else writes the timeline; a killed process leaves no lock behind."""
    with path.with_name(path.name + ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _add(path: Path, look: Look) -> None:
    written = path.read_bytes().rstrip(b"\n") if path.exists() else b""
    last = written.rpartition(b"\n")[2]
    if look.previous != (sha256(last) if last else ""):
        raise InputError(
            f"another look was added to {str(path)!r} in between\n\nHint: run it again, one "
            "after the other"
        )
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(written + b"\n" * bool(written) + look.canonical() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def previous_of(looks: Sequence[Look]) -> str:
    """Return what the next look names as its previous line."""
    return sha256(looks[-1].canonical()) if looks else ""

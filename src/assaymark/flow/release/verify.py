"""Verify: read a release's folder and check it; needs neither workspace nor network."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.document import Document
from assaymark.errors import IntegrityError
from assaymark.flow.decide.governed import check_governed
from assaymark.flow.decide.verdicts import controls, needed_approvals, refitness, rejudge
from assaymark.flow.release.folder import Folder, read_release
from assaymark.flow.release.lot_check import verify_lot
from assaymark.flow.release.sketch_check import check_sketch
from assaymark.flow.release.standing_check import check_standing
from assaymark.release.boundary.parquet_footer import read_footer
from assaymark.release.build import RELEASE
from assaymark.release.documents.quoted import check_pages
from assaymark.release.envelope import payload_of
from assaymark.release.lots import LOT
from assaymark.release.predicates import Provenance, Released
from assaymark.release.reading import Policies
from assaymark.release.statement import read_statement
from assaymark.release.trusted import check_trusted
from assaymark.release.verification import Verification
from assaymark.release.verify import verify as verify_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from assaymark.release.contained import Contained

__all__ = ["CheckLine", "StepLine", "Verified", "check_verifies", "verify"]

POLICIES = Policies(
    rejudge=rejudge, refitness=refitness, needed=needed_approvals, controls=controls
)
_COMPARED = 32 << 20
_AT_ONCE = 50_000
_LESS = {"CONTESTED", "DEGRADED"}


class CheckLine(Document):
    """One check as shown."""

    title: str
    outcome: str
    said: str
    step: int = 0


class StepLine(Document):
    """One of the twelve steps as shown."""

    number: int
    title: str
    outcome: str
    said: str


class Verified(Document):
    """What was verified, and what was not.

    ``status`` is where it stands by the notices that were seen, ``stale`` are uses whose verdicts
    rest on what is no longer so.
    """

    release: str
    ok: bool
    uses: dict[str, str]
    signer: str
    self_attested: bool
    status: str = ""
    stale: tuple[str, ...] = ()
    steps: tuple[StepLine, ...]
    checks: tuple[CheckLine, ...]

    @property
    def now(self) -> dict[str, str]:
        """Each use and what holds of it by now: its verdict, or ``stale``."""
        return self.uses | {u: "stale" for u in self.stale if u in self.uses}

    @property
    def stands(self) -> bool:
        """Whether it is neither contested nor degraded, by the notices that were seen."""
        return self.status not in _LESS

    @property
    def usable(self) -> bool:
        """Whether it holds, stands, and is approved for a use by now."""
        return self.ok and self.stands and "approved" in self.now.values()

    @property
    def not_verified(self) -> tuple[CheckLine, ...]:
        """What was not checked, and why."""
        return tuple(c for c in self.checks if c.outcome == "not checked")


def verify(
    release: Path, *, trusted: Sequence[str] = (), today: date | None = None, status: bool = True
) -> Verified:
    """Check the release, or the lot of one, in this folder.

    ``today`` is the day on which it must not have expired, now by default. ``status`` False
    leaves open whether it has expired or was withdrawn. Notices are read beside the folder and
    in the workspace that it lies in, if any.

    Raises
    ------
    InputError
        When there is no such folder, or ``trusted`` has what is no fingerprint. What does not
        hold is a finding, not an error.
    """
    trusted = check_trusted(trusted)
    try:
        files = Folder(release)
    except IntegrityError as error:
        found = Verification()
        found.fail(2, "Files", str(error))
        return _shown(release, found)
    day = today or datetime.now(UTC).date()
    if LOT in files:
        return _shown(release, _lot(release, trusted, day, status=status))
    found = verify_files(files, trusted=trusted, policies=POLICIES)
    if found.ok:
        _same_rows(files, found)
    if found.ok:
        check_sketch(files, found, _COMPARED)
        _pages(files, found)
    if found.ok:
        check_governed(files, found)
    if found.ok and status:
        _status(release, files, found, day)
    return _shown(release, found)


def check_verifies(release: Path, *, status: bool) -> Verified:
    """Return what :func:`verify` finds of a release that verifies.

    Raises
    ------
    IntegrityError
        When it does not; the message names the first check that fails.
    """
    found = verify(release, status=status)
    if not found.ok:
        broken = next(c for c in found.checks if c.outcome == "FAILED")
        raise IntegrityError(f"the release does not verify: {broken.title}: {broken.said}")
    return found


def _lot(release: Path, trusted: Sequence[str], day: date, *, status: bool) -> Verification:
    return verify_lot(read_release(release), trusted, day, release if status else None)


def _shown(release: Path, found: Verification) -> Verified:
    return Verified(
        release=str(release),
        ok=found.ok,
        uses=found.uses,
        signer=found.signer,
        self_attested=found.self_attested,
        status=found.status,
        stale=found.stale,
        steps=tuple(
            StepLine(number=s.number, title=s.title, outcome=s.outcome, said=s.said)
            for s in found.steps
        ),
        checks=tuple(
            CheckLine(title=c.title, outcome=c.outcome, said=c.said, step=c.step)
            for c in found.checks
        ),
    )


def _same_rows(files: Folder, found: Verification) -> None:
    for path in sorted(p for p in files if p.endswith(".parquet")):
        csv = path.removesuffix(".parquet") + ".csv"
        whole = files.size(csv) <= _COMPARED if csv in files else True
        try:
            same = csv in files and (_all_rows if whole else _some_rows)(files, path, csv)
        except pl.exceptions.PolarsError as error:
            found.fail(12, "CSV", f"{path} cannot be read: {str(error)[:200]}")
            return
        if not same:
            found.fail(12, "CSV", f"{path} and its CSV hold different rows")
            return
    how = "holds the same rows as the Parquet file"
    found.hold(12, "CSV", how if whole else f"{how}, looked at from its start and its end")


def _all_rows(files: Folder, parquet: str, csv: str) -> bool:
    """Compare all rows, some at a time; what unpacks to more than the CSV holds is not unpacked."""
    at, size, n = 0, files.size(csv), read_footer(files, parquet).rows
    if n > size:
        return False
    lazy = pl.scan_parquet(files.file(parquet))
    for start in range(0, max(n, 1), _AT_ONCE):
        frame, out = lazy.slice(start, _AT_ONCE).collect(), io.BytesIO()
        texts = frame.select(pl.col(pl.String).str.len_bytes().sum())
        if sum(texts.row(0)) > size:
            return False
        frame.write_csv(out, include_header=not start)
        rows = out.getvalue()
        if files.part(csv, at, len(rows)) != rows:
            return False
        at += len(rows)
    return at == size


def _some_rows(files: Folder, parquet: str, csv: str) -> bool:
    """Compare the first and the last rows of a large file."""
    lazy = pl.scan_parquet(files.file(parquet))
    first, last = io.BytesIO(), io.BytesIO()
    lazy.head(1000).collect().write_csv(first)
    lazy.tail(1000).collect().write_csv(last, include_header=False)
    start, end = first.getvalue(), last.getvalue()
    return (
        files.part(csv, 0, len(start)) == start
        and files.part(csv, files.size(csv) - len(end), len(end)) == end
    )


def _status(release: Path, files: Contained, found: Verification, today: date) -> None:
    released = Released.parse(read_statement(payload_of(files[RELEASE]), "release")[1])
    made = Provenance.parse(
        read_statement(payload_of(files["attestations/provenance.dsse.json"]), "provenance")[1]
    )
    check_standing(
        release,
        found,
        today,
        manifest=files.digest("manifest.json"),
        public=bytes.fromhex(files[f"keys/{found.signer}.pub"].decode().strip()),
        expires=released.expires,
        ancestry=made.ancestry,
    )


def _pages(files: Folder, found: Verification) -> None:
    """Hold what card, datasheet and page in plain words quote against the statements."""
    try:
        quotes = check_pages(files)
    except IntegrityError as error:
        found.fail(12, "Documents", str(error))
        return
    if quotes:
        said = f"all {quotes:,} numbers and words that they quote are what the statements say"
        found.hold(12, "Documents", said)

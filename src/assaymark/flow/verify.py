"""Verify: read a release's folder and check it; needs neither workspace nor network."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.document import Document
from assaymark.decide.policy import parse_policy
from assaymark.errors import InputError, IntegrityError
from assaymark.flow.affecting import check_affecting
from assaymark.flow.decide import needed_approvals, rejudge
from assaymark.flow.descent import check_descent
from assaymark.flow.lot_check import verify_lot
from assaymark.release.envelope import payload_of
from assaymark.release.generator import check_generator, check_made
from assaymark.release.lots import LOT
from assaymark.release.predicates import Decided, Provenance
from assaymark.release.statement import read_statement
from assaymark.release.verify import Check, Verification
from assaymark.release.verify import verify as verify_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["CheckLine", "Verified", "read_release", "verify"]


class CheckLine(Document):
    """One check as shown."""

    title: str
    outcome: str
    said: str


class Verified(Document):
    """What was verified, and what was not."""

    release: str
    ok: bool
    uses: dict[str, str]
    signer: str
    self_attested: bool
    checks: tuple[CheckLine, ...]


def verify(release: Path, *, trusted: Sequence[str] = ()) -> Verified:
    """Check the release, or the lot of one, in this folder.

    Raises
    ------
    InputError
        When there is no such folder. What does not hold is a finding, not an error.
    """
    try:
        files = read_release(release)
    except IntegrityError as error:
        line = CheckLine(title="Files", outcome="FAILED", said=str(error))
        return Verified(
            release=str(release),
            ok=False,
            uses={},
            signer="",
            self_attested=True,
            checks=(line,),
        )
    if LOT in files:
        return _verified(release, verify_lot(files, trusted))
    found = verify_files(files, trusted=trusted, rejudge=rejudge, needed=needed_approvals)
    if found.ok:
        odd = [p for p in files if p.endswith(".parquet") and not _same_rows(files, p)]
        if odd:
            found.checks.append(_failed(f"{odd[0]} and its CSV hold different rows"))
            found.uses = {}
        else:
            found.hold("CSV", "holds the same rows as the Parquet file")
            _again(files, found)
    return _verified(release, found)


def _verified(release: Path, found: Verification) -> Verified:
    return Verified(
        release=str(release),
        ok=found.ok,
        uses=found.uses,
        signer=found.signer,
        self_attested=found.self_attested,
        checks=tuple(
            CheckLine(title=c.title, outcome=c.outcome, said=c.said) for c in found.checks
        ),
    )


def read_release(folder: Path) -> dict[str, bytes]:
    """Return every file of a release by its path in the folder; links are refused."""
    if not folder.is_dir():
        raise InputError(
            f"there is no folder {str(folder)!r}\n\nHint: name the folder of a release; `assaymark "
            "show` lists them"
        )
    files: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise IntegrityError(f"{name} is a link; a release holds plain files only")
        if path.is_file():
            try:
                files[name] = path.read_bytes()
            except OSError as error:
                raise InputError(f"cannot read {name}: {error.strerror}") from error
    return files


def _same_rows(files: dict[str, bytes], parquet: str) -> bool:
    csv = files.get(parquet.removesuffix(".parquet") + ".csv")
    out = io.BytesIO()
    pl.read_parquet(io.BytesIO(files[parquet])).write_csv(out)
    return csv == out.getvalue()


def _again(files: dict[str, bytes], found: Verification) -> None:
    """Check what the policy asks for besides its rules."""
    made, decided = (
        kind.parse(read_statement(payload_of(files[f"attestations/{name}.dsse.json"]), name)[1])
        for name, kind in (("provenance", Provenance), ("decision", Decided))
    )
    assert isinstance(made, Provenance)  # noqa: S101
    assert isinstance(decided, Decided)  # noqa: S101
    title = "Ancestry"
    try:
        found.hold(title, check_descent(made, parse_policy(files["policy.toml"])))
        title = "Generator"
        _hold(found, title, check_generator(files, made, decided, found.signer))
        title = "Lineage"
        _hold(found, title, check_made(files, made))
        title = "Rights of people"
        if decided.affects_rights:
            found.hold(title, check_affecting(decided, files))
    except IntegrityError as error:
        found.checks.append(_failed(str(error), title))
        found.uses = {}


def _hold(found: Verification, title: str, said: str) -> None:
    if said:
        found.hold(title, said)


def _failed(said: str, title: str = "CSV") -> Check:
    return Check(title=title, outcome="FAILED", said=said)

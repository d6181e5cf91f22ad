"""Admit: a release is taken into use, or refused, at the place where it is used."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.actor import Actor
from assaymark.core.document import sha256
from assaymark.core.notice import Admission
from assaymark.core.rights import USES
from assaymark.decide.lifecycle import Status
from assaymark.decide.standing import standing
from assaymark.errors import InputError, IntegrityError, NotApprovedError, UnknownNameError
from assaymark.flow.recall import issued, notices_of
from assaymark.flow.verify import read_release
from assaymark.release.notices import read_notice
from assaymark.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assaymark.core.notice import Notice
    from assaymark.flow.recall import Issued

__all__ = ["admit", "load"]


def admit(  # noqa: PLR0913
    folder: Path,
    use: str,
    *,
    into: str = "",
    notices: Sequence[Path] = (),
    trusted: Sequence[str] = (),
    provenance: Path | None = None,
    workspace: Path | None = None,
) -> Admission:
    """Verify a release and take it into use for ``use``; record that where it is used.

    Notices are looked for in the files given, in the folder ``RELEASE.notices`` beside the
    release, and in the ledger where the release lies in the workspace that issued it. The
    admission is added as a line to ``provenance`` and to the ledger of ``workspace``.

    Raises
    ------
    IntegrityError
        When the release does not verify, or its signer is not among ``trusted``.
    NotApprovedError
        When the use was not approved, or the release is expired, contested, degraded, withdrawn.
    """
    if use not in USES:
        raise UnknownNameError("use", use, USES)
    release = issued(folder)
    if trusted and release.signer not in trusted:
        raise IntegrityError(f"{release.signer} is not among the keys that you trust")
    if use not in release.released.approved:
        raise NotApprovedError(
            f"{folder.name} is not approved for {use}\n\nHint: it is approved for "
            f"{', '.join(release.released.approved)}"
        )
    said = _notices(release, notices)
    now = standing(said, expires=release.released.expires, today=datetime.now(UTC).date())
    if now.status is not Status.RELEASED:
        raise NotApprovedError(
            f"{folder.name} is {now.status.value}: {now.why}\n\nHint: ask who issued it"
        )
    made = Admission(
        release=release.manifest,
        name=release.released.name,
        signer=release.signer,
        use=use,
        into=into,
        expires=release.released.expires,
        checked=("verify", "use", "expiry", f"{len(said)} notices"),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    _record(made, provenance, workspace)
    return made


def load(
    folder: Path, use: str, *, provenance: Path | None = None, notices: Sequence[Path] = ()
) -> list[pl.DataFrame]:
    """Return the rows of a release that may be used for ``use``, one table a replicate."""
    admit(folder, use, provenance=provenance, notices=notices, into="loaded in Python")
    files = read_release(folder)
    rows = [p for p in files if p.startswith("data/") and p.endswith(".parquet")]
    return [pl.read_parquet(io.BytesIO(files[p])) for p in sorted(rows, key=lambda p: (len(p), p))]


def _notices(release: Issued, given: Sequence[Path]) -> list[tuple[str, Notice]]:
    found: dict[str, Notice] = {}
    home = release.folder.resolve().parent.parent
    if (home / "ledger.db").exists():
        found.update(notices_of(Workspace.open(home), release))
    beside = release.folder.with_name(release.folder.name + ".notices")
    for path in (*given, *sorted(beside.glob("*.dsse.json"))):
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise InputError(f"cannot read {str(path)!r}: {error.strerror}") from error
        notice = read_notice(raw, signer=release.signer, public=release.public)
        if notice.release == release.manifest:
            found.setdefault(sha256(raw), notice)
    order = {"Finding": 0, "Answer": 1, "Withdrawal": 2}
    return sorted(found.items(), key=lambda f: (f[1].made_at, order[type(f[1]).__name__]))


def _record(made: Admission, provenance: Path | None, workspace: Path | None) -> None:
    if provenance is not None:
        try:
            with provenance.open("ab") as file:
                file.write(made.canonical() + b"\n")
        except OSError as error:
            raise InputError(f"cannot write {str(provenance)!r}: {error.strerror}") from error
    if workspace is not None:
        place = Workspace.open(workspace)
        body = {"name": made.name, "use": made.use, "into": made.into}
        actor = Actor(key=place.key().fingerprint)
        place.ledger.append("admission", made.release, body, actor)

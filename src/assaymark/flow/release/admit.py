"""Admit: a release is taken into use, or refused, at the place where it is used."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.actor import Actor
from assaymark.core.document import sha256
from assaymark.core.notice import Admission
from assaymark.core.rights import USES
from assaymark.errors import InputError, IntegrityError, NotApprovedError, UnknownNameError
from assaymark.flow.decide.fitness import check_group, why_not
from assaymark.flow.release.folder import read_release
from assaymark.flow.release.heard import check_in_force
from assaymark.flow.release.log import workspace_at
from assaymark.flow.release.recall import issued
from assaymark.release.trusted import check_trusted, is_trusted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from assaymark.core.notice import MadeKind
    from assaymark.flow.release.issued import Issued
    from assaymark.store.keys import SigningKey
    from assaymark.store.workspace import Workspace

__all__ = ["Consumer", "admit", "check_use", "digest_of", "load"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """What a release goes into, and who has that.

    ``made`` is its file or folder, whose digest is recorded; ``key`` that of who has it, so that
    nobody else can say it was destroyed.
    """

    kind: MadeKind = "other"
    made: Path | None = None
    key: SigningKey | None = None


def admit(  # noqa: PLR0913
    folder: Path,
    use: str,
    *,
    group: str = "",
    into: str = "",
    consumer: Consumer | None = None,
    notices: Sequence[Path] = (),
    trusted: Sequence[str] = (),
    provenance: Path | None = None,
    workspace: Path | None = None,
) -> Admission:
    """Verify a release and take it into use for ``use``; record that where it is used.

    With a ``group``, such as ``"sex=F"``, for the study of these people, which a release may be
    unfit for though it is approved.

    Notices are looked for as in :func:`assaymark.flow.release.heard.check_in_force`. The admission
    is added as a line to ``provenance`` and to the ledger of ``workspace``.

    Raises
    ------
    IntegrityError
        When the release does not verify, or its signer is not among ``trusted``.
    NotApprovedError
        When the use was not approved or its verdicts are STALE, or the release is expired,
        contested, degraded, withdrawn, or made of one that was withdrawn.
    """
    if use not in USES:
        raise UnknownNameError("use", use, USES)
    release, who = issued(folder), consumer or Consumer()
    if trusted and not is_trusted(release.signer, check_trusted(trusted)):
        raise IntegrityError(f"{release.signer} is not among the keys that you trust")
    place = () if workspace is None else (workspace_at(workspace, make=True),)
    now = datetime.now(UTC)
    heard = check_use(release, use, notices, place, today=now.date())
    if group:
        check_group(folder, use, group)
    made = "" if who.made is None else _other_than(release, who.made)
    admission = Admission(
        release=release.manifest,
        name=release.released.name,
        signer=release.signer,
        use=use,
        group=group,
        into=into or ("" if who.made is None else who.made.name),
        kind=who.kind,
        made=made,
        consumer="" if who.key is None else who.key.fingerprint,
        expires=release.released.expires,
        checked=("verify", "use", *["group"] * bool(group), "expiry", f"{heard} notices"),
        made_at=now.isoformat(timespec="seconds"),
    )
    _record(admission, provenance, place)
    return admission


def check_use(
    release: Issued,
    use: str,
    notices: Sequence[Path] = (),
    workspaces: Sequence[Workspace] = (),
    *,
    today: date,
) -> int:
    """Return how many notices were heard of, if the release may be used for ``use``."""
    if use not in release.released.approved:
        why = why_not(release.folder, use)
        raise NotApprovedError(
            f"{release.folder.name} is not approved for {use}{': ' if why else ''}{why}\n\n"
            f"Hint: it is approved for {', '.join(release.released.approved)}"
        )
    return check_in_force(release, notices, workspaces, today=today, use=use)


def load(  # noqa: PLR0913
    folder: Path,
    use: str,
    *,
    group: str = "",
    into: str = "loaded in Python",
    provenance: Path | None = None,
    notices: Sequence[Path] = (),
    workspace: Path | None = None,
) -> list[pl.DataFrame]:
    """Return all rows of a release that may be used for ``use``, one table a replicate."""
    admit(
        folder,
        use,
        group=group,
        into=into,
        provenance=provenance,
        notices=notices,
        workspace=workspace,
    )
    files = read_release(folder)
    rows = [p for p in files if p.startswith("data/") and p.endswith(".parquet")]
    return [pl.read_parquet(io.BytesIO(files[p])) for p in sorted(rows, key=lambda p: (len(p), p))]


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, or of the names and digests of a folder's files.

    Raises
    ------
    InputError
        When there is nothing to read.
    """
    try:
        if not path.is_dir():
            return sha256(path.read_bytes())
        files = sorted(p for p in path.rglob("*") if p.is_file())
        lines = [f"{p.relative_to(path).as_posix()} {sha256(p.read_bytes())}" for p in files]
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror}") from error
    return sha256("\n".join(lines).encode())


def _other_than(release: Issued, made: Path) -> str:
    digest = digest_of(made)
    if digest in {f.sha256 for f in release.files}:
        raise InputError(
            f"{str(made)!r} is a file of the release itself: nothing was made of it yet\n\n"
            "Hint: name what the rows went into, a model or another table"
        )
    return digest


def _record(made: Admission, provenance: Path | None, places: Sequence[Workspace]) -> None:
    if provenance is not None:
        try:
            with provenance.open("ab") as file:
                file.write(made.canonical() + b"\n")
        except OSError as error:
            raise InputError(f"cannot write {str(provenance)!r}: {error.strerror}") from error
    for place in places:
        body = {n: getattr(made, n) for n in ("name", "use", "into", "kind", "made", "consumer")}
        actor = Actor(key=place.key().fingerprint)
        place.ledger.append("admission", made.release, body, actor)

"""Recall: what happens to a release after it was issued, and who must hear of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from assaymark.core.actor import Actor
from assaymark.core.document import Document, sha256
from assaymark.core.notice import (
    Answer,
    Descendant,
    Finding,
    Notice,
    ReasonClass,
    Withdrawal,
)
from assaymark.decide.standing import Standing, standing
from assaymark.errors import InputError, IntegrityError, UnknownNameError
from assaymark.flow.decide.people import author_of
from assaymark.flow.release.descendants import descendants_of
from assaymark.flow.release.folder import read_release
from assaymark.flow.release.heard import notices_in
from assaymark.flow.release.issued import Issued
from assaymark.flow.release.verify import check_verifies
from assaymark.release.envelope import payload_of
from assaymark.release.logged import STATEMENT
from assaymark.release.lots import LOT, check_lot
from assaymark.release.notices import notice_bytes, read_notice
from assaymark.release.predicates import Manifest, Provenance, Released
from assaymark.release.statement import read_statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.store.keys import SigningKey
    from assaymark.store.workspace import Workspace

__all__ = [
    "Recalled",
    "answer",
    "challenge",
    "enter",
    "issued",
    "notices_of",
    "of_workspace",
    "said_in_words",
    "standing_of",
    "take_in",
    "time_now",
    "withdraw",
]


class Recalled(Document):
    """What a withdrawal did, or would do: whom to tell, and how long until that could be done.

    ``seconds`` are those from the command to the signed notice with the list of whom to tell;
    ``made`` is that list with digests.
    """

    name: str
    release: str
    drill: bool
    descendants: tuple[str, ...]
    made: tuple[Descendant, ...]
    notice: str
    seconds: float


def issued(folder: Path) -> Issued:
    """Return a release that verifies, or the one that a lot in ``folder`` is of.

    Raises
    ------
    IntegrityError
        When it does not; the message names the first check that fails.
    """
    folder = folder if folder.name not in {"", ".."} else folder.resolve()
    found = check_verifies(folder, status=False)
    if (folder / LOT).is_file():
        return _of_lot(folder)
    public = (folder / f"keys/{found.signer}.pub").read_text("ascii")
    manifest = (folder / "manifest.json").read_bytes()
    return Issued(
        folder=folder,
        manifest=sha256(manifest),
        files=Manifest.parse(manifest).files,
        signer=found.signer,
        public=bytes.fromhex(public),
        released=Released.parse(_predicate(folder, "release")),
        made=Provenance.parse(_predicate(folder, "provenance")),
    )


def _of_lot(folder: Path) -> Issued:
    """Return the release that a lot is of, with the lot's folder: its notices are the lot's."""
    lot = check_lot(read_release(folder))
    return Issued(
        folder=folder,
        manifest=lot.manifest,
        files=lot.files.files,
        signer=lot.signer,
        public=bytes.fromhex(lot.public),
        released=lot.released,
        made=lot.made,
    )


def _predicate(folder: Path, kind: str) -> bytes:
    raw = (folder / f"attestations/{kind}.dsse.json").read_bytes()
    return read_statement(payload_of(raw), kind)[1]


def withdraw(  # noqa: PLR0913
    workspace: Workspace,
    name: str,
    reason: ReasonClass,
    why: str,
    *,
    instruct: str = "stop",
    successor: str = "",
    drill: bool = False,
    admissions: Sequence[Path] = (),
) -> Recalled:
    """Take a release back for good, and say who must hear of it; a drill changes nothing.

    The signed notice lists what is known to be made of the release, by the ledger and by
    ``admissions`` (files of them, or folders of releases). It is written to ``notices`` in the
    workspace, to be sent to recipients.
    """
    begun = time.monotonic()
    release = of_workspace(workspace, name)
    now = standing_of(workspace, release)
    if now.status == "WITHDRAWN":
        raise InputError(f"{name} is {now.why}: a withdrawal is final")
    found = descendants_of(workspace, release.manifest, admissions)
    notice = Withdrawal.model_validate(
        {
            "release": release.manifest,
            "name": name,
            "reason": reason,
            "why": said_in_words(why, "--why"),
            "instruct": instruct,
            "successor": successor,
            "descendants": found,
            "made_at": time_now(),
        }
    )
    key = workspace.key()
    raw = notice_bytes(notice, key.sign, key.fingerprint)
    where = "" if drill else str(enter(workspace, name, raw, "withdrawal"))
    seconds = round(time.monotonic() - begun, 3)
    if drill:
        body = {"seconds": seconds, "descendants": len(found), "bytes": len(raw)}
        actor = Actor(key=author_of(workspace))
        workspace.ledger.append("recall.drill", release.manifest, body, actor)
    return Recalled(
        name=name,
        release=release.manifest,
        drill=drill,
        descendants=tuple(d.words for d in found),
        made=found,
        notice=where,
        seconds=seconds,
    )


def challenge(
    folder: Path, key: SigningKey, claim: str, method: str, evidence: Path | None = None
) -> bytes:
    """Return a signed finding against a claim of a release; needs no workspace."""
    release = issued(folder)
    try:
        digest = "" if evidence is None else sha256(evidence.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {str(evidence)!r}: {error.strerror}") from error
    finding = Finding(
        release=release.manifest,
        claim=said_in_words(claim, "--claim"),
        method=said_in_words(method, "--method"),
        evidence=digest,
        public=key.public.hex(),
        made_at=time_now(),
    )
    return notice_bytes(finding, key.sign, key.fingerprint)


def take_in(workspace: Workspace, name: str, raw: bytes) -> str:
    """Enter a finding that somebody sent, which contests the release; return its digest."""
    release = of_workspace(workspace, name)
    notice = _read(raw, release)
    if not isinstance(notice, Finding) or notice.release != release.manifest:
        raise InputError(f"this is not a finding about {name}")
    enter(workspace, name, raw, "finding")
    return sha256(raw)


def answer(workspace: Workspace, name: str, finding: str, outcome: str, reason: str) -> Standing:
    """Answer an open finding, named by the first digits of its digest."""
    release = of_workspace(workspace, name)
    open_ = standing_of(workspace, release).open
    named = [f for f in open_ if finding and f.startswith(finding)]
    if len(named) != 1:
        raise UnknownNameError("finding", finding, [f[:16] for f in open_] or ["none is open"])
    made = Answer.model_validate(
        {
            "release": release.manifest,
            "finding": named[0],
            "outcome": outcome,
            "reason": said_in_words(reason, "--reason"),
            "made_at": time_now(),
        }
    )
    key = workspace.key()
    enter(workspace, name, notice_bytes(made, key.sign, key.fingerprint), "answer")
    return standing_of(workspace, release)


def standing_of(workspace: Workspace, release: Issued) -> Standing:
    """Return where a release stands by the ledger of the workspace that issued it."""
    today = datetime.now(UTC).date()
    notices = notices_of(workspace, release)
    return standing(notices, expires=release.released.expires, today=today)


def notices_of(workspace: Workspace, release: Issued) -> list[tuple[str, Notice]]:
    """Return what the ledger holds about a release, oldest first."""
    return notices_in(workspace, release.manifest, signer=release.signer, public=release.public)


def _read(raw: bytes, release: Issued) -> Notice:
    return read_notice(raw, signer=release.signer, public=release.public)


def of_workspace(workspace: Workspace, name: str) -> Issued:
    """Return a release that this workspace issued, by the name of its folder.

    Raises
    ------
    UnknownNameError
        When there is none of that name.
    IntegrityError
        When it does not verify, or another release lies in its folder than the ledger says.
    """
    folders = {p.name: p for p in (workspace.path / "releases").iterdir() if p.is_dir()}
    if name not in folders:
        raise UnknownNameError("release", name, folders or ["none was issued"])
    release = issued(folders[name])
    entered = {
        str(e.body.get("manifest"))
        for e in workspace.ledger.entries(kind="release")
        if e.body.get("name") == name
    }
    if entered and release.manifest not in entered:
        raise IntegrityError(
            f"releases/{name} holds another release than was issued under that name "
            f"({release.manifest[:16]}, not {', '.join(sorted(m[:16] for m in entered))}): its "
            "folder was replaced\n\nHint: put it back from a backup, or from a copy that was "
            "handed on"
        )
    return release


def enter(workspace: Workspace, name: str, raw: bytes, kind: str) -> Path:
    """Enter a signed notice about a release into the ledger, and write it for its recipients."""
    manifest = sha256((workspace.path / "releases" / name / "manifest.json").read_bytes())
    body = {"statement": kind, "release": manifest}
    digest = workspace.put(raw)
    workspace.ledger.append(STATEMENT, digest, body, Actor(key=author_of(workspace)))
    return workspace.write(f"notices/{name}.{kind}.{digest[:12]}.dsse.json", raw)


def said_in_words(text: str, option: str) -> str:
    """Return ``text`` on one line; ask for ``option`` where it says nothing."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not clean:
        raise InputError(f"say it in words\n\nHint: {option} TEXT")
    return clean


def time_now() -> str:
    """Return the time now, UTC, as statements have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")

"""Ready: a decision that waits for people, and its release once enough of them approved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assaymark.core.actor import Actor
from assaymark.core.document import sha256
from assaymark.core.people import lacking
from assaymark.errors import InputError, IntegrityError, NotApprovedError, UnknownNameError
from assaymark.flow.decide.people import author_of, check_may_sign, current, roles_bytes
from assaymark.flow.decide.story import check_story
from assaymark.flow.decide.verdicts import needed_approvals
from assaymark.flow.release.folder import read_release
from assaymark.flow.release.heard import check_ancestors
from assaymark.flow.release.history import shown_entries, write_decision
from assaymark.flow.release.log import logged
from assaymark.release.approved import APPROVALS, CARD, DECISION, read_approval, signed_card
from assaymark.release.approved import ROLES as ROLE_FILE
from assaymark.release.boundary.linter import check_boundary
from assaymark.release.build import MANIFEST, RELEASE, manifest_of, sealed
from assaymark.release.contained import held
from assaymark.release.envelope import payload_of
from assaymark.release.generator import check_generator
from assaymark.release.logged import STATEMENT
from assaymark.release.predicates import Decided, Provenance
from assaymark.release.statement import read_statement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import JsonValue

    from assaymark.core.entry import Entry
    from assaymark.core.people import RoleFile, Signed
    from assaymark.store.workspace import Workspace

__all__ = [
    "READY",
    "Ready",
    "enter_release",
    "make_ready",
    "ready_called",
    "release_ready",
    "waits_for",
]

READY = "ready"
_PROVENANCE = "attestations/provenance.dsse.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A decision that waits: its files, what was entered of it, and who may sign.

    ``signed`` are the approvals of exactly these files, oldest first, with their envelopes.
    """

    entry: Entry
    files: Mapping[str, bytes]
    people: RoleFile
    author: str
    signed: tuple[tuple[Signed, bytes], ...]

    @property
    def name(self) -> str:
        """The name of the folder."""
        return str(self.entry.body["name"])

    @property
    def decision(self) -> str:
        """The SHA-256 of the signed decision."""
        return sha256(self.files[DECISION])

    @property
    def missing(self) -> tuple[str, ...]:
        """Which approvals block, in words."""
        needed = needed_approvals(self.files["policy.toml"])
        return lacking(self.people, self.author, [s for s, _ in self.signed], needed)


def make_ready(
    workspace: Workspace,
    name: str,
    files: Mapping[str, bytes],
    body: Mapping[str, JsonValue],
    candidate: str,
) -> Path:
    """Keep a decision for review and enter it; one that is there already stays as it is."""
    folder = workspace.path / READY / name
    check_boundary(files)
    if not folder.exists():
        workspace.write_folder(f"{READY}/{name}", files)
    kept = read_release(folder)
    said = {
        **body,
        "decision": sha256(kept[DECISION]),
        "files": manifest_of(kept).digest(),
    }
    actor = Actor(key=author_of(workspace))
    entries = workspace.ledger.entries(kind=READY)
    before = [e for e in entries if e.body.get("recipe") == body.get("recipe")]
    write_decision(workspace, kept, candidate)
    if not before or before[-1].body != said or _later(workspace.ledger.entries(), before[-1]):
        workspace.ledger.append(READY, candidate, said, actor)
    return folder


def ready_called(workspace: Workspace, name: str) -> Ready:
    """Return the decision that waits under ``name``.

    Raises
    ------
    IntegrityError
        When a file is not as it was when the decision became ready: that resets approvals.
    NotApprovedError
        When a later run of the same recipe superseded it, or the role file has expired.
    """
    entries = workspace.ledger.entries()
    waiting = {str(e.body["name"]): e for e in entries if e.kind == READY}
    if name not in waiting:
        raise UnknownNameError("decision", name, waiting or ["none waits for a review"])
    entry = waiting[name]
    people = current(workspace)
    if people is None:
        raise InputError("no people are registered in this workspace")
    check_may_sign(people, datetime.now(UTC).date())
    if people.person_of(author_of(workspace)) is None:
        raise NotApprovedError(
            "the key of this workspace is held by nobody in the role file, so that nobody can tell "
            "who made the decision\n\nHint: a root person runs `assaymark people add NAME --key "
            "PUBLIC --sign-with FILE`"
        )
    _check_latest(entries, entry)
    folder = workspace.path / READY / name
    if not folder.is_dir():
        raise IntegrityError(
            f"the files of {name!r} are gone from {READY}/ in the workspace\n\nHint: put them back "
            "from a backup, or run the recipe again: earlier approvals are void then"
        )
    files = read_release(folder)
    if manifest_of(files).digest() != entry.body["files"]:
        raise IntegrityError(
            f"files of {name!r} were changed since it became ready: earlier approvals are void"
            "\n\nHint: run the recipe again"
        )
    return Ready(
        entry=entry,
        files=files,
        people=people,
        author=author_of(workspace),
        signed=_signed(workspace, people, files),
    )


def waits_for(workspace: Workspace, candidate: str) -> tuple[str, ...]:
    """Say which approvals the last decision about ``candidate`` waits for."""
    entries = workspace.ledger.entries(kind=READY, subject=candidate)
    if not entries:
        return ()
    name = str(entries[-1].body["name"])
    try:
        ready = ready_called(workspace, name)
    except NotApprovedError as error:
        return (str(error),)
    return tuple(f"{said}: `assaymark review {ready.name}`" for said in ready.missing)


def release_ready(workspace: Workspace, ready: Ready) -> Path:
    """Release what enough people approved.

    Raises
    ------
    NotApprovedError
        When approvals block; the message says which. Or an ancestor was withdrawn meanwhile,
        or who approved the generator has no such role any more.
    """
    if ready.missing:
        raise NotApprovedError(
            f"{ready.name} waits: {'; '.join(ready.missing)}\n\nHint: `assaymark review "
            f"{ready.name}`"
        )
    signed = tuple(s for s, _ in ready.signed)
    made = Provenance.parse(read_statement(payload_of(ready.files[_PROVENANCE]), "provenance")[1])
    check_ancestors(ready.name, made.ancestry, (), (workspace,))
    people = {ROLE_FILE: roles_bytes(workspace) or b""}
    try:
        check_generator(held({**ready.files, **people}), made, _decided(ready), ready.author)
    except IntegrityError as error:
        raise NotApprovedError(f"{error}\n\nHint: approve it, and run the recipe again") from error
    files = {
        **ready.files,
        CARD: signed_card(ready.files[CARD], ready.people, signed),
        **people,
        **{f"{APPROVALS}{i + 1}.dsse.json": raw for i, (_, raw) in enumerate(ready.signed)},
    }
    check_story(workspace, ready.entry.subject, files, signed)
    whole = sealed(files, str(ready.entry.body["title"]), _decided(ready), workspace.key().sign)
    return enter_release(workspace, ready.name, whole, ready.entry.body, ready.entry.subject)


def _decided(ready: Ready) -> Decided:
    return Decided.parse(read_statement(payload_of(ready.files[DECISION]), "decision")[1])


def enter_release(
    workspace: Workspace,
    name: str,
    files: Mapping[str, bytes],
    body: Mapping[str, JsonValue],
    candidate: str,
) -> Path:
    """Enter a signed release into the ledger, and write it with the proof of that.

    Raises
    ------
    LeakError
        When a file gives away what must not leave; nothing is entered or written then.
    """
    check_boundary(files)
    actor = Actor(key=author_of(workspace))
    folder = workspace.path / "releases" / name
    if not folder.exists():
        write_decision(workspace, files, candidate)
        shown = shown_entries(workspace, files, candidate)
        about = {"statement": "release", "manifest": sha256(files[MANIFEST])}
        entry = workspace.ledger.append(STATEMENT, sha256(files[RELEASE]), about, actor)
        workspace.write_folder(f"releases/{name}", {**files, **logged(workspace, entry, shown)})
    manifest = sha256((folder / MANIFEST).read_bytes())
    workspace.ledger.append("release", candidate, {**body, "manifest": manifest}, actor)
    return folder


def _signed(
    workspace: Workspace, people: RoleFile, files: Mapping[str, bytes]
) -> tuple[tuple[Signed, bytes], ...]:
    """Return the approvals of exactly these files by people who are registered now."""
    digests = {path: sha256(raw) for path, raw in files.items()}
    decision, found = digests[DECISION], []
    for e in workspace.ledger.entries(kind=STATEMENT):
        if (e.body.get("statement"), e.body.get("decision")) != ("approval", decision):
            continue
        if str(e.body["key"]) in people.public_keys:
            raw = workspace.get(e.subject)
            found.append((read_approval(raw, people, digests), raw))
    return tuple(found)


def _later(entries: list[Entry], entry: Entry) -> list[Entry]:
    """Return the decisions about the same recipe that came after this one."""
    decided = {READY, "refusal", "release"}
    return [
        e
        for e in entries
        if e.index > entry.index
        and e.kind in decided
        and e.body.get("recipe") == entry.body.get("recipe")
        and e.body["name"] != entry.body["name"]
    ]


def _check_latest(entries: list[Entry], entry: Entry) -> None:
    later = _later(entries, entry)
    if later:
        last = later[-1]
        todo = {
            READY: f"`assaymark review {last.body['name']}`",
            "refusal": "that one was refused; change the recipe or the policy, and run it again",
        }
        raise NotApprovedError(
            f"{entry.body['name']} was superseded by {last.body['name']}: a decision that is "
            "not the last one cannot be approved\n\nHint: "
            + todo.get(last.kind, "that one is released already; `assaymark show` lists both")
        )

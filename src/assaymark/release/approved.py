"""Approved: what people signed of a decision, and whether it was enough."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from assaymark.core.day import day_of
from assaymark.core.document import sha256
from assaymark.core.people import Approval, RoleFile, lacking
from assaymark.core.plain import read_plain
from assaymark.errors import IntegrityError
from assaymark.release.documents.card import escaped
from assaymark.release.envelope import open_cosigned, open_envelope, payload_of, seal_envelope
from assaymark.release.statement import read_statement, statement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from assaymark.core.people import Signed
    from assaymark.release.contained import Contained

__all__ = [
    "APPROVALS",
    "CARD",
    "DECISION",
    "ROLES",
    "WORDS",
    "approval_bytes",
    "check_approved",
    "read_approval",
    "read_roles",
    "signed_card",
]

ROLES = "people/roles.dsse.json"
APPROVALS = "approvals/"
WORDS = "review.txt"
CARD = "card.md"
DECISION = "attestations/decision.dsse.json"
_HEAD = "\n## Approvals\n\n"


def read_roles(raw: bytes) -> RoleFile:
    """Return a role file that holds together and that enough of its root persons signed."""
    try:
        plain = read_plain(payload_of(raw), ROLES)["predicate"]
    except (KeyError, TypeError) as error:
        raise IntegrityError("not a role file") from error
    file = RoleFile.parse(json.dumps(plain))
    file.check()
    payload, signers = open_cosigned(raw, file.public_keys)
    subjects, predicate = read_statement(payload, "roles")
    if subjects != {"roles": file.digest()} or predicate != file.canonical():
        raise IntegrityError("the role file is about something else than it says")
    file.check_signed(signers)
    return file


def approval_bytes(
    approval: Approval, files: Mapping[str, bytes], sign: Callable[[bytes], bytes], key: str
) -> bytes:
    """Return a signed approval about every file that is ready."""
    subjects = {path: sha256(raw) for path, raw in files.items()}
    return seal_envelope(statement("approval", subjects, approval), sign, key)


def read_approval(raw: bytes, people: RoleFile, digests: Mapping[str, str]) -> tuple[str, Approval]:
    """Return the key that signed an approval of files with these digests, and what it says.

    Raises
    ------
    IntegrityError
        When it was signed by a stranger, or is about other bytes: any change resets approvals.
    """
    payload, key = open_envelope(raw, people.public_keys)
    subjects, predicate = read_statement(payload, "approval")
    approval = Approval.parse(predicate)
    if subjects != digests:
        raise IntegrityError("the approval is about other files than these")
    if approval.decision != digests.get(DECISION):
        raise IntegrityError("the approval is about another decision")
    if approval.words != digests.get(WORDS):
        raise IntegrityError("the approval is about other words than these")
    return key, approval


def signed_card(card: bytes, people: RoleFile, signed: tuple[Signed, ...]) -> bytes:
    """Return the card with who approved it, by role and person id, never by name."""
    lines = []
    for key, a in signed:
        person = people.person_of(key)
        who = "somebody who is not registered any more" if person is None else person.id
        said = f"{a.outcome.replace('_', ' ')}, {a.made_at}; conflict of interest: {a.conflict}"
        reason = f"; {a.reason}" if a.reason else ""
        role = a.role.replace("_", " ")
        lines.append("- " + escaped(f"{role} ({who}): {said}{reason}"))
    return card + (_HEAD + "\n".join(lines) + "\n").encode()


def check_approved(
    files: Contained,
    digests: Mapping[str, str],
    *,
    author: str,
    needed: Mapping[str, int],
    made_at: str,
) -> tuple[RoleFile, tuple[Signed, ...]]:
    """Return the people and their approvals of a release, if they are enough.

    ``digests`` are those of all its files but manifest, release statement and log.

    Raises
    ------
    IntegrityError
        When an approval is not about these bytes, or too few of the right people approved.
    """
    people = read_roles(_there(files, ROLES))
    people.check_in_force(day_of(made_at))
    if people.person_of(author) is None:
        raise IntegrityError("who signed the decision is not in the role file")
    paths = sorted((p for p in digests if p.startswith(APPROVALS)), key=lambda p: (len(p), p))
    whole = _there(files, CARD)
    card = whole[: whole.rfind(_HEAD.encode())] if _HEAD.encode() in whole else whole
    ready = {p: d for p, d in digests.items() if p not in paths and p != ROLES}
    ready[CARD] = sha256(card)
    _there(files, WORDS)
    signed = tuple(read_approval(files[p], people, ready) for p in paths)
    missing = lacking(people, author, signed, needed)
    if missing:
        raise IntegrityError(f"the approvals are not enough: {'; '.join(missing)}")
    if whole != signed_card(card, people, signed):
        raise IntegrityError(f"{CARD} does not say who approved")
    return people, signed


def _there(files: Contained, path: str) -> bytes:
    if path not in files:
        raise IntegrityError(f"{path} is missing")
    return files[path]

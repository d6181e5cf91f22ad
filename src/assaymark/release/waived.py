"""Waived: the signed waivers of a release, and whether who signed them may."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from assaymark.core.day import day_of
from assaymark.core.document import sha256
from assaymark.core.waiver import Waiver
from assaymark.errors import IntegrityError
from assaymark.release.approved import ROLES, read_roles
from assaymark.release.envelope import open_envelope, seal_envelope
from assaymark.release.statement import read_statement, statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from assaymark.core.people import RoleFile
    from assaymark.release.contained import Contained
    from assaymark.release.predicates import Decided

__all__ = ["WAIVED", "check_waived", "read_waiver", "waiver_bytes"]

WAIVED = "waivers/"


def waiver_bytes(waiver: Waiver, sign: Callable[[bytes], bytes]) -> bytes:
    """Return a signed waiver about one candidate."""
    return seal_envelope(
        statement("waiver", {"candidate": waiver.candidate}, waiver), sign, waiver.signer
    )


def read_waiver(raw: bytes, people: RoleFile, *, author: str, day: date) -> Waiver:
    """Return a waiver that somebody signed who may, and that holds on ``day``."""
    payload, key = open_envelope(raw, people.public_keys)
    subjects, predicate = read_statement(payload, "waiver")
    waiver = Waiver.parse(predicate)
    if subjects != {"candidate": waiver.candidate}:
        raise IntegrityError("the waiver is about other rows than it says")
    waiver.check(people, author=author, key=key, day=day)
    return waiver


def check_waived(files: Contained, decided: Decided, author: str) -> tuple[Waiver, ...]:
    """Return the waivers that a decision names, each about these rows and this policy.

    Raises
    ------
    IntegrityError
        When one is missing, extra, expired when the decision was made, or by who may not.
    """
    paths = sorted((p for p in files if p.startswith(WAIVED)), key=lambda p: (len(p), p))
    if tuple(sha256(files[p]) for p in paths) != decided.waivers:
        raise IntegrityError("the waivers are not those that the decision names")
    if not paths:
        return ()
    if decided.self_attested or ROLES not in files:
        raise IntegrityError("a decision without a second person has no waivers")
    people, day = read_roles(files[ROLES]), day_of(decided.made_at)
    found = tuple(read_waiver(files[p], people, author=author, day=day) for p in paths)
    for w in found:
        if (w.candidate, w.policy) != (decided.candidate, decided.policy):
            raise IntegrityError(f"the waiver of {w.rule!r} is about other rows or another policy")
    if decided.expires > min(w.expires for w in found) or not decided.expires:
        raise IntegrityError("the decision outlives a waiver that it rests on")
    return found

"""People: the role file of a workspace, and the erasable directory that knows the names."""

from __future__ import annotations

import json
import secrets
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from assaymark.core.actor import Actor
from assaymark.core.document import Document, sha256
from assaymark.core.people import ROLES, Person, PersonKey, RoleFile
from assaymark.core.plain import read_plain
from assaymark.errors import InputError, IntegrityError, NotApprovedError, UnknownNameError
from assaymark.flow.decide.key_file import new_key, public_key, read_key
from assaymark.release.approved import read_roles
from assaymark.release.envelope import (
    countersign,
    kept_signatures,
    open_cosigned,
    payload_of,
    seal_envelope,
)
from assaymark.release.logged import STATEMENT
from assaymark.release.statement import statement
from assaymark.store.keys import SigningKey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from assaymark.store.workspace import Workspace

__all__ = [
    "PersonLine",
    "add",
    "author_of",
    "check_may_sign",
    "current",
    "init",
    "listed",
    "new_key",
    "read_key",
    "remove",
    "renew",
    "roles_bytes",
    "second_person",
    "sign_pending",
]

_ROLES = "people/roles.dsse.json"
_PENDING = "people/pending.dsse.json"
_DIRECTORY = "people-directory"
DAYS = 365
_MOST_DAYS = 36_600
_NAME_MOST = 1_000


class PersonLine(Document):
    """A person as shown; ``name`` is empty where the directory was erased."""

    id: str
    name: str
    roles: tuple[str, ...]
    keys: tuple[str, ...]
    root: bool


def current(workspace: Workspace) -> RoleFile | None:
    """Return the role file in force or expired, as the ledger says it is; none before init.

    Raises
    ------
    IntegrityError
        When the file is not the last one that was entered, or not signed by enough root persons.
    """
    raw = roles_bytes(workspace)
    return None if raw is None else read_roles(raw)


def roles_bytes(workspace: Workspace) -> bytes | None:
    """Return the signed role file, checked against the ledger."""
    entries = workspace.ledger.entries(kind=STATEMENT)
    last = [e.subject for e in entries if e.body.get("statement") == "roles"][-1:]
    path = workspace.path / _ROLES
    raw = path.read_bytes() if path.exists() else None
    if [sha256(raw)] != last if raw is not None else last:
        raise IntegrityError(
            f"{_ROLES} in the workspace is not the role file that the ledger knows"
        )
    return raw


def second_person(workspace: Workspace) -> bool:
    """Whether a second person is registered, so that the author cannot approve."""
    file = current(workspace)
    return file is not None and len(file.persons) > 1


def check_may_sign(people: RoleFile, day: date) -> None:
    """Raise where nobody may sign under the role file any more, since it has expired."""
    try:
        people.check_in_force(day)
    except IntegrityError as error:
        raise NotApprovedError(str(error)) from error


def author_of(workspace: Workspace) -> str:
    """Return the key that signs decisions in this workspace."""
    return workspace.key().fingerprint


def init(workspace: Workspace, name: str, roles: Sequence[str], *, days: int = DAYS) -> RoleFile:
    """Begin with one person, who holds the workspace's key and signs role files alone.

    Alone, everything is self-attested; with the second person, the author cannot approve.
    """
    if current(workspace) is not None:
        raise InputError(
            "people are registered here already\n\nHint: `assaymark people add`, `people list`"
        )
    key = workspace.key()
    person = _person(key.public, roles)
    file = RoleFile(version=1, expires=_in(days), threshold=1, root=(person.id,), persons=(person,))
    _names(workspace, {person.id: _clean(name)})
    return _adopt(workspace, file, None, (key,))


def add(  # noqa: PLR0913
    workspace: Workspace,
    name: str,
    roles: Sequence[str],
    public: str,
    *,
    root: bool = False,
    threshold: int | None = None,
    sign_with: Sequence[SigningKey] = (),
) -> RoleFile:
    """Add a person, or a key and roles to a person of that name, who then still counts once."""
    old, names = _needed(workspace), _directory(workspace)
    fresh = _person(public_key(public), roles)
    held = old.person_of(fresh.keys[0].id)
    if held is not None:
        raise InputError(
            f"this key is held by {names.get(held.id) or held.id} already\n\nHint: everybody has a "
            "key of their own: `assaymark people key --out FILE` makes one"
        )
    known = [p for p in old.persons if names.get(p.id, "").casefold() == _clean(name).casefold()]
    if known:
        fresh = Person(
            id=known[0].id,
            keys=(*known[0].keys, *fresh.keys),
            roles=tuple(dict.fromkeys((*known[0].roles, *fresh.roles))),
        )
    roots = tuple(dict.fromkeys((*old.root, fresh.id))) if root else old.root
    change: dict[str, object] = {
        "persons": (*(p for p in old.persons if p.id != fresh.id), fresh),
        "root": roots,
        "threshold": threshold or old.threshold,
    }
    _names(workspace, {**names, fresh.id: _clean(name)})
    return _changed(workspace, old, change, sign_with)


def remove(workspace: Workspace, who: str, *, sign_with: Sequence[SigningKey] = ()) -> RoleFile:
    """Take a person out of the role file, and the name out of the directory.

    What the person signed stays; what still waits for approval no longer counts it.
    """
    old, names = _needed(workspace), _directory(workspace)
    found = [p.id for p in old.persons if who in {p.id, names.get(p.id)}]
    if not found:
        raise UnknownNameError("person", who, [names.get(p.id) or p.id for p in old.persons])
    change: dict[str, object] = {
        "persons": tuple(p for p in old.persons if p.id != found[0]),
        "root": tuple(r for r in old.root if r != found[0]),
    }
    made = _changed(workspace, old, change, sign_with)
    _names(workspace, {i: n for i, n in names.items() if i != found[0]})
    return made


def renew(
    workspace: Workspace, *, days: int = DAYS, sign_with: Sequence[SigningKey] = ()
) -> RoleFile:
    """Sign the same people again, for some days from now."""
    return _changed(workspace, _needed(workspace), {}, sign_with, days=days)


def sign_pending(workspace: Workspace, key: SigningKey) -> RoleFile:
    """Add a root person's signature to the change that waits for it."""
    path = workspace.path / _PENDING
    if not path.exists():
        raise InputError("no change of people waits for a signature")
    return _put(workspace, countersign(path.read_bytes(), key.sign, key.fingerprint))


def listed(workspace: Workspace) -> tuple[PersonLine, ...]:
    """Return everybody in the role file."""
    file, names = _needed(workspace), _directory(workspace)
    return tuple(
        PersonLine(
            id=p.id,
            name=names.get(p.id, ""),
            roles=p.roles,
            keys=tuple(k.id for k in p.keys),
            root=p.id in file.root,
        )
        for p in file.persons
    )


def _changed(
    workspace: Workspace,
    old: RoleFile,
    change: dict[str, object],
    sign_with: Sequence[SigningKey],
    *,
    days: int = DAYS,
) -> RoleFile:
    new = old.model_copy(update={**change, "version": old.version + 1, "expires": _in(days)})
    return _adopt(workspace, new, old, (workspace.key(), *sign_with))


def _adopt(
    workspace: Workspace, new: RoleFile, old: RoleFile | None, keys: Sequence[SigningKey]
) -> RoleFile:
    try:
        new.check()
    except IntegrityError as error:
        raise InputError(str(error)) from error
    roots = {k.id for f in (old or new, new) for p in f.persons if p.id in f.root for k in p.keys}
    signers = [k for k in keys if k.fingerprint in roots]
    if not signers:
        raise InputError(
            "none of the keys given is a root person's\n\nHint: --sign-with FILE takes the key of "
            "a root person; `assaymark people list` names them"
        )
    payload = statement("roles", {"roles": new.digest()}, new)
    raw = seal_envelope(payload, signers[0].sign, signers[0].fingerprint)
    for key in signers[1:]:
        raw = countersign(raw, key.sign, key.fingerprint)
    return _put(workspace, raw)


def _put(workspace: Workspace, raw: bytes) -> RoleFile:
    """Put a role file in force, or let it wait where root persons have yet to sign."""
    old = current(workspace)
    new = RoleFile.parse(json.dumps(json.loads(payload_of(raw))["predicate"]))
    _, signers = open_cosigned(raw, {**({} if old is None else old.public_keys), **new.public_keys})
    try:
        new.check_signed(signers)
        if old is not None:
            new.check_signed(signers, by=old)
            if new.version != old.version + 1:
                raise InputError("another change was made first: make this one again")
    except IntegrityError as error:
        workspace.write(_PENDING, raw)
        raise NotApprovedError(
            f"{error}; the change waits\n\nHint: `assaymark people sign --key FILE` by another "
            "root person"
        ) from error
    raw = kept_signatures(raw, new.public_keys)
    body = {"statement": "roles", "version": new.version}
    actor = Actor(key=author_of(workspace))
    workspace.write(_ROLES, raw)
    workspace.ledger.append(STATEMENT, sha256(raw), body, actor)
    (workspace.path / _PENDING).unlink(missing_ok=True)
    return new


def _needed(workspace: Workspace) -> RoleFile:
    file = current(workspace)
    if file is None:
        raise InputError(
            "no people are registered in this workspace\n\nHint: `assaymark people init NAME`"
        )
    return file


def _person(public: bytes, roles: Sequence[str]) -> Person:
    for role in roles:
        if role not in ROLES:
            raise UnknownNameError("role", role, ROLES)
    key = PersonKey(id=sha256(public), public=public.hex())
    name = f"person-{secrets.token_hex(8)}"
    return Person.model_validate({"id": name, "keys": (key,), "roles": tuple(dict.fromkeys(roles))})


def _clean(name: str) -> str:
    whole = unicodedata.normalize("NFC", name)
    clean = " ".join("".join(c if c.isprintable() else " " for c in whole).split())
    if not 0 < len(clean) <= _NAME_MOST:
        raise InputError(
            f"a person needs a name of 1 to {_NAME_MOST} characters, and this has {len(clean)}; it "
            "is kept in the directory only"
        )
    return clean


def _in(days: int) -> str:
    if not 1 <= days <= _MOST_DAYS:
        raise InputError(
            f"a role file is in force for 1 to {_MOST_DAYS} days, not {days}\n\nHint: --days {DAYS}"
        )
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def _directory(workspace: Workspace) -> dict[str, str]:
    raw = workspace.unseal(_DIRECTORY)
    found = read_plain(raw, "the directory of names") if raw else {}
    if not isinstance(found, dict) or not all(isinstance(n, str) for n in found.values()):
        raise IntegrityError(
            f"the directory of names, sealed/{_DIRECTORY} in the workspace, is not one\n\nHint: "
            "put it back from a backup, or remove it: names are erased then, roles and keys stay"
        )
    return found


def _names(workspace: Workspace, names: dict[str, str]) -> None:
    workspace.seal(_DIRECTORY, json.dumps(names, ensure_ascii=False).encode())

"""People: who may sign for what, without their names, and when enough of them have."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Literal, get_args

from pydantic import Field

from assaymark.core.day import day_of
from assaymark.core.document import Document, sha256
from assaymark.core.weak_key import is_weak
from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "APPROVERS",
    "ROLES",
    "Approval",
    "Person",
    "PersonKey",
    "Role",
    "RoleFile",
    "Signed",
    "lacking",
    "one_of",
]

Role = Literal[
    "data_owner",
    "privacy",
    "domain",
    "fairness",
    "ml_owner",
    "release_manager",
    "auditor",
    "witness",
]
ROLES: tuple[Role, ...] = get_args(Role)
APPROVERS: tuple[Role, ...] = ("data_owner", "privacy", "domain", "fairness", "release_manager")
"""The roles of which one must approve where a policy names none."""


class PersonKey(Document):
    """An Ed25519 key; ``id`` is the SHA-256 of the raw public key, hex."""

    id: str = Field(pattern=r"^[0-9a-f]{64}$")
    public: str = Field(pattern=r"^[0-9a-f]{64}$")


class Person(Document):
    """Somebody with keys and roles; ``id`` says nothing of who it is."""

    id: str = Field(pattern=r"^person-[0-9a-f]{16}$")
    keys: tuple[PersonKey, ...] = Field(min_length=1)
    roles: tuple[Role, ...]


class RoleFile(Document):
    """Who has which role until ``expires``, signed by ``threshold`` of the persons in ``root``."""

    schema_id: Literal["assaymark/roles/v0"] = "assaymark/roles/v0"
    version: int = Field(ge=1)
    expires: str
    threshold: int = Field(ge=1)
    root: tuple[str, ...] = Field(min_length=1)
    persons: tuple[Person, ...] = Field(min_length=1)

    def check(self) -> None:
        """Raise where the file does not hold together: doubled keys, roles or persons."""
        said = next(self._wrong(), None)
        if said:
            raise IntegrityError(f"the role file does not hold together: {said}")

    def _wrong(self) -> Iterator[str]:
        for what, names in (
            ("person", [p.id for p in self.persons]),
            ("key", [k.id for p in self.persons for k in p.keys]),
            ("root person", list(self.root)),
        ):
            doubled = [n for n, times in Counter(names).items() if times > 1]
            if doubled:
                yield f"{what} {doubled[0][:24]} is there twice"
        for p in self.persons:
            if len(set(p.roles)) < len(p.roles):
                yield f"{p.id} has a role twice"
            if any(sha256(bytes.fromhex(k.public)) != k.id for k in p.keys):
                yield f"a key of {p.id} is not the one that its id says"
            if any(is_weak(bytes.fromhex(k.public)) for k in p.keys):
                yield f"a key of {p.id} is one that anybody can sign for"
        strangers = set(self.root) - {p.id for p in self.persons}
        if strangers:
            yield f"root person {min(strangers)} is not among the persons"
        if self.threshold > len(self.root):
            yield f"{self.threshold} root persons must sign, and there are {len(self.root)}"
        try:
            date.fromisoformat(self.expires)
        except ValueError:
            yield f"it expires on {self.expires!r}, which is not a date"

    @property
    def public_keys(self) -> dict[str, bytes]:
        """Every key by its id, raw."""
        return {k.id: bytes.fromhex(k.public) for p in self.persons for k in p.keys}

    def person_of(self, key: str) -> Person | None:
        """Return the person who holds a key."""
        return next((p for p in self.persons if any(k.id == key for k in p.keys)), None)

    def check_signed(self, signers: Iterable[str], by: RoleFile | None = None) -> None:
        """Raise unless enough root persons of ``by`` (of this file itself) are among signers.

        Persons are counted, not keys.
        """
        root = by or self
        found = {p.id for k in signers if (p := root.person_of(k)) is not None}
        signed = found & set(root.root)
        if len(signed) < root.threshold:
            raise IntegrityError(
                f"the role file is signed by {len(signed)} root persons, and {root.threshold} must"
            )

    def check_in_force(self, day: date) -> None:
        """Raise where the file has expired on ``day``."""
        if day_of(self.expires) < day:
            raise IntegrityError(
                f"the role file expired on {self.expires}\n\nHint: `assaymark people renew`"
            )


class Approval(Document):
    """What one person says of a decision, under a role, having been shown ``words``.

    ``decision`` is the SHA-256 of the signed decision, ``words`` that of the text that was shown;
    the statement's subjects are every file that was ready. ``conflict`` declares an interest.
    """

    schema_id: Literal["assaymark/approval/v0"] = "assaymark/approval/v0"
    decision: str
    words: str
    role: Role
    outcome: Literal["approve", "request_changes", "reject"]
    reason: str
    conflict: str
    made_at: str


Signed = tuple[str, Approval]
"""The id of the key that signed, and what it signed."""


def lacking(
    people: RoleFile, author: str, signed: Sequence[Signed], needed: Mapping[str, int]
) -> tuple[str, ...]:
    """Say which approvals are missing, or stand against; nothing when there are enough.

    ``signed`` are about one decision, oldest first; the last word of each person counts.
    ``author`` is the key that signed the decision: its holder cannot approve. ``needed`` is how
    many persons of each role must; each person counts for one role. Without it, one approver of
    any of :data:`APPROVERS` must.
    """
    maker = people.person_of(author)
    last: dict[str, Approval] = {}
    for key, approval in signed:
        person = people.person_of(key)
        if person is None or person == maker or approval.role not in person.roles:
            continue
        last[person.id] = approval
    against = [
        f"{who} ({a.role}) said {a.outcome.replace('_', ' ')}: {a.reason}"
        for who, a in last.items()
        if a.outcome != "approve"
    ]
    slots: list[tuple[str, ...]] = [(r,) for r, n in sorted(needed.items()) for _ in range(n)]
    held: dict[str, set[str]] = {p.id: set(p.roles) for p in people.persons}
    approving = {w: held[w] for w, a in last.items() if a.outcome == "approve"}
    open_slots = _unfilled(slots or [APPROVERS], approving)
    return (*against, *(f"an approval by {one_of(s)} is missing" for s in open_slots))


def one_of(roles: Sequence[str]) -> str:
    """Return roles in words, of which one is enough."""
    *most, last = (r.replace("_", " ") for r in roles)
    return f"{', '.join(most)} or {last}" if most else last


def _unfilled(
    slots: Sequence[Sequence[str]], approving: Mapping[str, set[str]]
) -> list[Sequence[str]]:
    """Return the slots that no assignment of one person a slot fills."""
    holder: dict[str, int] = {}

    def place(slot: int, tried: set[str]) -> bool:
        for person, roles in approving.items():
            if person in tried or not roles & set(slots[slot]):
                continue
            tried.add(person)
            if person not in holder or place(holder[person], tried):
                holder[person] = slot
                return True
        return False

    return [slots[i] for i in range(len(slots)) if not place(i, set())]

"""Separation: the privacy role's signed word that two tables are of different people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from assaymark.core.document import Document
from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from assaymark.core.people import RoleFile

__all__ = ["Separation"]

_ROLE = "privacy"


class Separation(Document):
    """Two accounts of a privacy budget are kept apart, because ``reason``.

    It counts against evidence from values only: where person keys show the same people, nobody
    can say otherwise. ``signer`` signs it.
    """

    schema_id: Literal["assaymark/separation/v0"] = "assaymark/separation/v0"
    accounts: tuple[str, str]
    reason: str
    signer: str
    made_at: str

    def check(self, people: RoleFile, *, author: str, key: str) -> None:
        """Raise unless ``key`` belongs to somebody else than ``author`` with the privacy role."""
        person = people.person_of(key)
        if person is None or self.signer != key:
            raise IntegrityError("accounts are kept apart by a key that nobody registered")
        if person == people.person_of(author):
            raise IntegrityError("accounts are kept apart by the one who spends the budget")
        if _ROLE not in person.roles:
            raise IntegrityError("accounts are kept apart by somebody without the role privacy")

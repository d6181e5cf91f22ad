"""Waiver: someone's signed decision to let one rule's finding stand, with a reason and an end."""

from __future__ import annotations

from datetime import date
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, ClassVar, Literal

from assaymark.core.day import day_of
from assaymark.core.document import Document
from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from assaymark.core.people import RoleFile

__all__ = ["WAIVERS", "Waiver"]

WAIVERS = ("data_owner", "privacy", "release_manager")
"""The roles that may waive a rule."""


class Waiver(Document):
    """One rule is waived for the subjects that match, until ``expires`` (ISO date, UTC).

    ``control`` is what is done instead. The waiver is about one ``candidate`` under one
    ``policy`` (SHA-256 of its bytes), and ``signer`` signs it in ``role``.
    """

    LATER: ClassVar[tuple[str, ...]] = ("control", "role", "candidate", "policy")

    schema_id: Literal["assaymark/waiver/v0"] = "assaymark/waiver/v0"
    rule: str
    subject: str = "*"
    reason: str
    signer: str
    expires: str
    control: str = ""
    role: str = ""
    candidate: str = ""
    policy: str = ""

    def covers(self, rule: str, subject: str) -> bool:
        """Whether the waiver is about this rule and subject."""
        return self.rule == rule and fnmatchcase(subject, self.subject)

    def check(self, people: RoleFile, *, author: str, key: str, day: date) -> None:
        """Raise unless ``key`` may waive, and the waiver still holds on ``day``."""
        person = people.person_of(key)
        if person is None or self.signer != key:
            raise IntegrityError(f"the waiver of {self.rule!r} is signed by nobody registered")
        if person == people.person_of(author):
            raise IntegrityError(f"the waiver of {self.rule!r} is by who made the decision")
        if self.role not in WAIVERS or self.role not in person.roles:
            raise IntegrityError(
                f"the waiver of {self.rule!r} needs one of the roles {', '.join(WAIVERS)}"
            )
        if day_of(self.expires) < day:
            raise IntegrityError(f"the waiver of {self.rule!r} expired on {self.expires}")

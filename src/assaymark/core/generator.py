"""Generator: which version made rows, and that somebody approved exactly this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from pydantic import JsonValue

from assaymark.core.document import Document
from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from assaymark.core.people import RoleFile

__all__ = ["GENERATOR_ROLES", "GeneratorApproval", "GeneratorVersion", "Package"]

GeneratorRole = Literal["ml_owner", "privacy", "release_manager"]
GENERATOR_ROLES: tuple[GeneratorRole, ...] = get_args(GeneratorRole)
"""The roles that may approve a generator."""


class Package(Document):
    """An installed package; ``wheel`` is the SHA-256 of what its wheel brought.

    That is over the lines of the wheel's RECORD about files of the package; it is empty where it
    was not installed from a wheel, as a working copy.
    """

    name: str
    version: str
    wheel: str


class GeneratorVersion(Document):
    """A generator with all of its parameters, and the code behind it.

    ``code`` is the SHA-256 over the names and bytes of its source files as they are now.
    """

    name: str
    parameters: dict[str, JsonValue]
    packages: tuple[Package, ...]
    code: str


class GeneratorApproval(Document):
    """What one person says of one version of a generator, under a role."""

    schema_id: Literal["assaymark/generator/v0"] = "assaymark/generator/v0"
    version: GeneratorVersion
    role: GeneratorRole
    outcome: Literal["approve", "reject"]
    reason: str
    made_at: str

    def check(self, people: RoleFile, *, author: str, key: str) -> None:
        """Raise unless the holder of ``key`` may say so; ``author`` made the rows.

        Raises
        ------
        IntegrityError
            When the holder is not registered, lacks the role, or made the rows.
        """
        person = people.person_of(key)
        if person is None or self.role not in person.roles:
            raise IntegrityError(
                f"the generator was approved by nobody registered as {self.role.replace('_', ' ')}"
            )
        if person == people.person_of(author):
            raise IntegrityError("the generator was approved by who made the rows")

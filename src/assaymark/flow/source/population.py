"""Population: which runs are about the same people, so that looks at the sealed holdout add up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from assaymark.core.document import sha256
from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Collection

    from assaymark.store.workspace import Workspace

__all__ = [
    "OPENINGS",
    "attempts_at",
    "known_populations",
    "openings_of",
    "population_of",
    "populations_of",
]

OPENINGS = 3
"""How many candidates may be held against one population's confirmation holdout."""

_SHARED = 0.05
_SEALED = "populations"


def population_of(workspace: Workspace, persons: Collection[str]) -> str:
    """Return the id of the population that ``persons`` (keyed hashes) belong to.

    A set that shares more than 5 % of its persons with a known population is that population,
    whatever the file, the recipe or the policy is called, and whatever its shares are; else it
    founds a new one. The hashes stay in the workspace's sealed tier.
    """
    known, new = _known(workspace), _short(persons)
    for name in _sharing(known, new):
        if not new <= set(known[name]):
            known[name] = sorted(new | set(known[name]))
            workspace.seal(_SEALED, json.dumps(known).encode())
        return name
    name = sha256("\n".join(sorted(new)).encode())[:16]
    workspace.seal(_SEALED, json.dumps({**known, name: sorted(new)}).encode())
    return name


def populations_of(workspace: Workspace, persons: Collection[str]) -> frozenset[str]:
    """Return every known population that shares more than 5 % of its persons with ``persons``."""
    return frozenset(_sharing(_known(workspace), _short(persons)))


def known_populations(workspace: Workspace) -> frozenset[str]:
    """Return the ids of every population whose people the workspace knows.

    Raises
    ------
    IntegrityError
        When what is sealed about them cannot be read.
    """
    try:
        return frozenset(_known(workspace))
    except (ValueError, AttributeError) as error:
        raise IntegrityError(
            f"sealed/{_SEALED} of the workspace cannot be read: {error}\n\nHint: put it back from "
            "a backup"
        ) from error


def _known(workspace: Workspace) -> dict[str, list[str]]:
    raw = workspace.unseal(_SEALED)
    found: dict[str, list[str]] = json.loads(raw) if raw else {}
    return {name: sorted(_short(members)) for name, members in found.items()}


def _short(persons: Collection[str]) -> set[str]:
    """Return the first 64 bits of each hash, which are enough to tell persons apart."""
    return {p[:16] for p in persons}


def _sharing(known: dict[str, list[str]], new: set[str]) -> list[str]:
    return [
        name
        for name, members in known.items()
        if len(new & set(members)) > _SHARED * min(len(new), len(members))
    ]


def attempts_at(workspace: Workspace, population: str) -> list[str]:
    """Return the distinct candidates made of this population's rows, oldest first."""
    entries = workspace.ledger.entries(kind="candidate")
    made = [e.subject for e in entries if e.body["population"] == population]
    return list(dict.fromkeys(made))


def openings_of(workspace: Workspace, population: str) -> list[str]:
    """Return the distinct candidates that the confirmation holdout was opened for."""
    entries = workspace.ledger.entries(kind="confirmation.opened")
    return list(dict.fromkeys(e.subject for e in entries if e.body["population"] == population))

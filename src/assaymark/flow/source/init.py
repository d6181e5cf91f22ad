"""Init: profile a table and write a recipe and a policy that run as they are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from assaymark.core.document import Document
from assaymark.core.threat import Profile
from assaymark.decide.policy import profile_bytes
from assaymark.errors import InputError, UnknownNameError
from assaymark.flow.written import write_files
from assaymark.source.profile import profile as profile_of
from assaymark.source.read import read_table
from assaymark.source.recipe_text import recipe_text

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Initialised", "ProposedColumn", "init"]


class ProposedColumn(Document):
    """One column as proposed: what it is taken for, and why."""

    name: str
    kind: str
    roles: tuple[str, ...]
    reason: str


class Initialised(Document):
    """What was found and where it was written."""

    recipe: str
    policy: str
    columns: tuple[ProposedColumn, ...]
    notices: tuple[str, ...]


def init(source: Path, out: Path, *, profile: str, force: bool) -> Initialised:
    """Profile ``source`` and write ``recipe.toml`` and ``policy.toml`` into ``out``.

    Raises
    ------
    InputError
        When one of the files is there already and ``force`` is not set.
    """
    if profile not in set(Profile):
        raise UnknownNameError("profile", profile, [p.value for p in Profile])
    targets = {"recipe": out / "recipe.toml", "policy": out / "policy.toml"}
    there = [str(t) for t in targets.values() if t.exists()]
    if there and not force:
        raise InputError(
            f"{' and '.join(there)} exist already\n\nHint: --out FOLDER, or --force to replace them"
        )
    found = profile_of(read_table(source), {})
    path = os.path.relpath(source.resolve(), out.resolve())
    text = recipe_text(source.stem, path, found)
    if profile != Profile.CONTROLLED:
        text = text.replace('profile = "controlled"', f'profile = "{profile}"')
    written = {"recipe": text.encode(), "policy": profile_bytes(Profile(profile))}
    write_files({targets[name]: raw for name, raw in written.items()}, "--out FOLDER")
    return Initialised(
        recipe=str(targets["recipe"]),
        policy=str(targets["policy"]),
        columns=tuple(
            ProposedColumn(
                name=c.column.name,
                kind=c.column.kind.value,
                roles=tuple(r.value for r in c.column.roles),
                reason=f"{c.kind_reason}; {c.role_reason}",
            )
            for c in found.columns
        ),
        notices=tuple(f"{c.column.name}: {note}" for c in found.columns for note in c.notes),
    )

"""Sources: registered once with their terms, which then hold for every recipe that reads them."""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from assaymark.core.actor import Actor
from assaymark.core.document import Document
from assaymark.core.licence import spdx
from assaymark.core.recipe import parse_recipe
from assaymark.core.rights import Rights, narrowed
from assaymark.errors import InputError, IntegrityError, RecipeError, UnknownNameError
from assaymark.store.workspace import Workspace

if TYPE_CHECKING:
    from assaymark.core.recipe import Recipe

__all__ = [
    "RegisteredSource",
    "SourceLine",
    "changed_since",
    "register",
    "registered",
    "source_called",
    "under_registered_terms",
]

_PREFIX = "source-"
_KIND = "source.registered"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_CHUNK = 1 << 20


class RegisteredSource(Document):
    """A source with its terms, as the workspace keeps it, sealed and erasable.

    ``fingerprint`` is the HMAC-SHA256 of the file's bytes under a secret of the workspace: it
    tells whether a file is the one that was registered, and nothing to those without the secret.
    """

    schema_id: Literal["assaymark/source/v0"] = "assaymark/source/v0"
    id: str
    title: str
    path: str
    fingerprint: str
    rights: Rights
    registered: str


class SourceLine(Document):
    """A registered source as shown; ``state`` says what its terms allow today, in a word."""

    id: str
    title: str
    path: str
    fingerprint: str
    rights: Rights
    registered: str
    state: Literal["usable", "no release", "expired"]
    next: str


def register(workspace: Workspace, recipe_path: Path, *, name: str = "") -> RegisteredSource:
    """Register the source of a recipe with its terms; again under the same id to change them.

    The terms are sealed in the workspace. The ledger gets keyed commitments to file and terms
    and nothing else, so that no name stands in it for ever.

    Raises
    ------
    InputError
        When the licence is not SPDX, the table is not there, or the id cannot be used.
    """
    try:
        recipe = parse_recipe(recipe_path.read_bytes())
    except OSError as error:
        raise RecipeError(f"cannot read {str(recipe_path)!r}: {error.strerror}") from error
    rights = recipe.source.rights
    if rights.licence:
        rights = rights.model_copy(update={"licence": spdx(rights.licence)})
    wanted = name or re.sub(r"[^A-Za-z0-9._-]+", "-", recipe.name).strip("-._")[:60]
    if not _ID.fullmatch(wanted):
        raise InputError(
            f"{wanted!r} cannot be the id of a source\n\nHint: --id takes up to 60 letters, "
            "digits, dots, dashes and underscores"
        )
    table = (recipe_path.parent / recipe.source.path).resolve()
    found = RegisteredSource(
        id=wanted,
        title=recipe.source.title or recipe.name,
        path=str(table),
        fingerprint=_fingerprint(workspace, table),
        rights=rights,
        registered=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    body = {"fingerprint": found.fingerprint, "terms": _commitment(workspace, found)}
    workspace.seal(_PREFIX + found.id, found.canonical())
    workspace.ledger.append(_KIND, found.id, body, Actor(key=workspace.key().fingerprint))
    return found


def registered(workspace: Workspace) -> list[RegisteredSource]:
    """Return every registered source, as the ledger says it was registered.

    Raises
    ------
    IntegrityError
        When the terms that are kept are not those that the ledger has a commitment to.
    """
    latest = {e.subject: e for e in workspace.ledger.entries(kind=_KIND)}
    found = []
    for name in workspace.sealed(_PREFIX):
        source = RegisteredSource.parse(workspace.unseal(name) or b"")
        entry = latest.get(source.id)
        if entry is None or entry.body.get("terms") != _commitment(workspace, source):
            raise IntegrityError(
                f"the terms kept of source {source.id!r} are not those in the ledger\n\nHint: "
                "register it again: `assaymark source register RECIPE`"
            )
        found.append(source)
    return found


def source_called(workspace: Workspace, name: str) -> SourceLine:
    """Return one registered source as shown."""
    found = {s.id: s for s in registered(workspace)}
    if name not in found:
        raise UnknownNameError("source", name, found or ["none is registered"])
    return shown(found[name])


def shown(source: RegisteredSource) -> SourceLine:
    """Return a source with what its terms allow today, and what to do next."""
    rights, state, then = source.rights, "usable", ""
    ended = rights.ended(datetime.now(UTC).date())
    if ended:
        state, then = "expired", f"{ended}: ask the owner to extend it"
    elif not rights.owner:
        state, then = "no release", "name the owner in [source.rights] and register again"
    elif not (rights.licence or rights.basis):
        state, then = "no release", "give a licence or a legal basis and register again"
    plain = source.plain()
    del plain["schema_id"]
    return SourceLine.model_validate({**plain, "state": state, "next": then}, strict=False)


def under_registered_terms(workspace: Path | None, recipe: Recipe, table: Path) -> Recipe:
    """Return the recipe with the terms that its source was registered with; reads no table."""
    source = _at(workspace, table)
    if source is None:
        return recipe
    rights = narrowed(source.rights, recipe.source.rights)
    spec = recipe.source.model_copy(update={"rights": rights})
    return recipe.model_copy(update={"source": spec})


def changed_since(workspace: Path | None, table: Path) -> str:
    """Say that the file is not the one that was registered, if so."""
    source = _at(workspace, table)
    if source is None or workspace is None:
        return ""
    if hmac.compare_digest(_fingerprint(Workspace.open(workspace), table), source.fingerprint):
        return ""
    return (
        f"the table is not the one that was registered as {source.id!r}: ask whether the terms "
        "still hold, then `assaymark source register RECIPE`"
    )


def _at(workspace: Path | None, table: Path) -> RegisteredSource | None:
    if workspace is None or not (workspace / "ledger.db").exists():
        return None
    path = str(table.resolve())
    found = [s for s in registered(Workspace.open(workspace)) if s.path == path]
    return max(found, key=lambda s: s.registered, default=None)


def _fingerprint(workspace: Workspace, table: Path) -> str:
    made = hmac.new(workspace.secret("source"), digestmod="sha256")
    try:
        with table.open("rb") as file:
            while chunk := file.read(_CHUNK):
                made.update(chunk)
    except OSError as error:
        raise InputError(f"cannot read the table {str(table)!r}: {error.strerror}") from error
    return made.hexdigest()


def _commitment(workspace: Workspace, source: RegisteredSource) -> str:
    return hmac.digest(workspace.secret("source"), source.canonical(), "sha256").hex()

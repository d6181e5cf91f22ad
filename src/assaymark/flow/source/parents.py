"""Parents: the releases that a source comes from, and what they demand of what is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import TYPE_CHECKING

from assaymark.core.ancestry import Ancestry, Parent, ancestry_of
from assaymark.core.licence import spdx
from assaymark.core.plain import read_plain
from assaymark.core.rights import Rights, combined, narrowed
from assaymark.errors import InputError, IntegrityError, NotApprovedError, RecipeError
from assaymark.flow.release.admit import check_use, digest_of
from assaymark.flow.release.recall import issued
from assaymark.release.lots import LOT, LOT_ROWS
from assaymark.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from assaymark.core.recipe import Recipe
    from assaymark.flow.release.issued import Issued

__all__ = ["Taken", "ancestry", "check_circle", "taken_from", "under_parents_terms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A release that rows of the source come from: ``rows`` of them, or all where ``None``."""

    release: Issued
    rows: int | None = None


def taken_from(
    workspace: Path | None, recipe: Recipe, home: Path, *, given: bool = False
) -> tuple[Taken, ...]:
    """Return the releases that the recipe's source comes from; each verifies and is in force.

    A table that is a file of a release, or of a lot of one, is recognised by its digest: in the
    folder where it lies, among the releases of ``workspace``, and by the admissions in its ledger.
    ``home`` is the recipe's folder; ``given`` says that rows are given in place of its table.

    Raises
    ------
    IntegrityError
        When a release does not verify.
    NotApprovedError
        When a release may not be used for a requested use.
    """
    spec = recipe.source
    found: dict[str, Taken] = {}
    if spec.release:
        taken = Taken(release=issued(home / spec.release))
        found[taken.release.manifest] = taken
    elif not given:
        for folder in _recognised(workspace, home / spec.path):
            taken = Taken(release=issued(folder))
            found[taken.release.manifest] = taken
    for part in spec.mixed:
        taken = Taken(release=issued(home / part.release), rows=part.rows)
        if taken.release.manifest in found:
            raise RecipeError(
                f"release {part.release!r} is named twice in [source]\n\nHint: name each once, "
                "with all of its rows"
            )
        found[taken.release.manifest] = taken
    return tuple(found.values())


def under_parents_terms(
    workspace: Path | None, recipe: Recipe, parents: Sequence[Taken], uses: Sequence[str]
) -> Recipe:
    """Return the recipe with the terms of the releases that its source comes from.

    Where the whole source comes of releases, the recipe may narrow their terms; where it is mixed
    with real rows, both sources' terms hold. A release's own end is one of its terms.

    Raises
    ------
    NotApprovedError
        When a release was not approved for a use, or is not in force.
    """
    if not parents:
        return recipe
    here = workspace is not None and (workspace / "ledger.db").exists()
    places = (Workspace.open(workspace),) if here and workspace is not None else ()
    today = datetime.now(UTC).date()
    for taken in parents:
        for use in uses:
            try:
                check_use(taken.release, use, workspaces=places, today=today)
            except NotApprovedError as error:
                raise NotApprovedError(f"the source comes of a release: {error}") from error
    terms = reduce(combined, map(_terms, parents))
    own, whole = recipe.source.rights, any(t.rows is None for t in parents)
    rights = narrowed(terms, own) if whole else combined(_spelt(own), terms)
    spec = recipe.source.model_copy(update={"rights": rights})
    return recipe.model_copy(update={"source": spec})


def ancestry(parents: Sequence[Taken], rows: int) -> Ancestry:
    """Return the ancestry of what is learnt from ``rows`` rows of which some are of releases.

    Raises
    ------
    RecipeError
        When the releases are said to have more rows than there are, or the line of releases
        would be longer than verifiers follow.
    """
    whole = [t for t in parents if t.rows is None]
    said = sum(t.rows or 0 for t in parents)
    if said > rows:
        raise RecipeError(
            f"[[source.mixed]] names {said:,} rows of releases, and the table has {rows:,}"
        )
    rest = (rows - said) / rows if rows else 0.0
    found = ancestry_of(
        (_parent(t.release), rest / len(whole) if t.rows is None else t.rows / rows)
        for t in parents
    )
    try:
        found.check_size()
    except IntegrityError as error:
        raise RecipeError(
            f"what is learnt from this source could not be verified: {error}\n\nHint: name a "
            "release in [source] that is nearer to real rows"
        ) from error
    return found


def check_circle(parents: Sequence[Taken], commitment: str) -> None:
    """Refuse a source that an ancestor of it was learnt from, by its keyed commitment.

    Raises
    ------
    InputError
        When a release would be its own ancestor.
    """
    for taken in parents:
        made = taken.release.made
        above = {p.source_commitment: p.name for p in made.ancestry.every()}
        above[made.source_commitment] = taken.release.folder.name
        if commitment in above:
            raise InputError(
                f"the ancestry would be a circle: release {above[commitment]} was itself made of "
                "this table\n\nHint: correct release or mixed in [source]"
            )


def _parent(release: Issued) -> Parent:
    made = release.made
    return Parent(
        manifest=release.manifest,
        name=made.name,
        candidate=made.candidate,
        source_commitment=made.source_commitment,
        signer=release.signer,
        public=release.public.hex(),
        share="0",
        ancestry=made.ancestry,
    )


def _terms(taken: Taken) -> Rights:
    """Return a release's terms, with its end among them."""
    rights, ends = _spelt(taken.release.made.rights), taken.release.released.expires
    days = [d for d in (rights.expires, ends) if d]
    return rights.model_copy(update={"expires": min(days, default="")})


def _spelt(rights: Rights) -> Rights:
    """Return terms whose licence can be joined with another by AND; one that is not SPDX stays."""
    try:
        licence = spdx(rights.licence) if rights.licence else ""
    except InputError:
        return rights
    either = " OR " in licence
    return rights.model_copy(update={"licence": f"({licence})" if either else licence})


def _recognised(workspace: Path | None, table: Path) -> Iterator[Path]:
    if not table.is_file():
        return
    digest = digest_of(table)
    beside = table.resolve().parent.parent
    folders = [beside, *_known(workspace)]
    seen = {
        f.resolve(): f for f in folders if any((f / n).is_file() for n in ("manifest.json", LOT))
    }
    found = False
    for folder in seen.values():
        if digest in _digests(folder):
            found = True
            yield folder
            break
    if not found and workspace is not None:
        _ask_for_release(workspace, table, digest)


def _known(workspace: Path | None) -> list[Path]:
    if workspace is None:
        return []
    return [p for kind in ("releases", "lots") for p in sorted((workspace / kind).glob("*"))]


def _ask_for_release(workspace: Path, table: Path, digest: str) -> None:
    """Refuse a table that an admission says was made of a release which nobody names."""
    if not (workspace / "ledger.db").exists():
        return
    for e in Workspace.open(workspace).ledger.entries(kind="admission"):
        if e.body.get("made") == digest:
            raise RecipeError(
                f"{table.name} was made of release {e.body['name']}, as an admission in the "
                'ledger says\n\nHint: release = "FOLDER" in [source] names the release\'s folder'
            )


def _digests(folder: Path) -> set[str]:
    if (folder / LOT).is_file():
        return {digest_of(folder / path) for path in LOT_ROWS}
    try:
        files = read_plain((folder / "manifest.json").read_bytes(), "it")["files"]
        return {str(f["sha256"]) for f in files}
    except (OSError, IntegrityError, KeyError, TypeError) as error:
        raise IntegrityError(f"the manifest of {folder.name} cannot be read") from error

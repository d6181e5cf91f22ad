"""Descendants: what was made of a release, at any distance, by ledger and by given records."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from assaymark.core.document import sha256
from assaymark.core.notice import MADE, Admission, Descendant
from assaymark.errors import InputError, IntegrityError
from assaymark.flow.release.folder import read_release
from assaymark.flow.release.handed import read_handed
from assaymark.release.envelope import payload_of
from assaymark.release.predicates import Provenance
from assaymark.release.statement import read_statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from assaymark.core.entry import Entry
    from assaymark.store.workspace import Workspace

__all__ = ["descendants_of"]


def descendants_of(
    workspace: Workspace, manifest: str, given: Sequence[Path] = ()
) -> tuple[Descendant, ...]:
    """Return what was made of a release or took it into use, the nearest first.

    ``given`` are files of admissions, as consumers keep them, and folders of releases that others
    made of it. Each thing is named once, also where the records lead in a circle.

    Raises
    ------
    InputError
        When something given is neither.
    """
    made: dict[str, list[Descendant]] = {}
    for child in (*_entered(workspace), *(d for path in given for d in _given(path))):
        made.setdefault(child.of, []).append(child)
    found: dict[str, Descendant] = {}
    todo = deque([manifest])
    while todo:
        for child in made.get(todo.popleft(), ()):
            if child.sha256 == manifest or child.identity in found:
                continue
            found[child.identity] = child
            todo += [child.sha256] if child.sha256 else []
    return tuple(found.values())


def _entered(workspace: Workspace) -> Iterator[Descendant]:
    for e in workspace.ledger.entries():
        if e.kind == "admission":
            yield _admitted(e)
        elif e.kind in {"release", "lot"}:
            parents = e.body.get("parents")
            for parent in parents if isinstance(parents, list) else []:
                yield Descendant.model_validate(
                    {
                        "kind": e.kind,
                        "name": str(e.body["name"]),
                        "sha256": str(e.body["manifest"]),
                        "of": str(parent),
                    }
                )


def _admitted(e: Entry) -> Descendant:
    said = {k: str(e.body.get(k) or "") for k in ("name", "into", "kind", "made", "consumer")}
    return _of_admission(e.subject, said)


def _of_admission(release: str, said: dict[str, str]) -> Descendant:
    return Descendant.model_validate(
        {
            "kind": said["kind"] if said["kind"] in MADE else "other",
            "name": said["into"] or f"{said['name']}, taken into use",
            "sha256": said["made"],
            "of": release,
            "consumer": said["consumer"],
        }
    )


def _given(path: Path) -> Iterator[Descendant]:
    if path.is_dir():
        yield from _of_folder(path)
        return
    lines = read_handed(path, "file of admissions").splitlines()
    for line in filter(bytes.strip, lines):
        try:
            a = Admission.parse(line)
        except IntegrityError as error:
            raise InputError(
                f"{str(path)!r} is no file of admissions\n\nHint: the file that `release admit "
                "--provenance` wrote, or the folder of a release"
            ) from error
        said = {k: str(getattr(a, k)) for k in ("name", "into", "kind", "made", "consumer")}
        yield _of_admission(a.release, said)


def _of_folder(folder: Path) -> Iterator[Descendant]:
    wanted = ("manifest.json", "attestations/provenance.dsse.json")
    if not all((folder / path).is_file() for path in wanted):
        raise InputError(f"{str(folder)!r} is no release\n\nHint: name the folder of one")
    files = read_release(folder)
    payload = payload_of(files["attestations/provenance.dsse.json"])
    made = Provenance.parse(read_statement(payload, "provenance")[1])
    manifest = sha256(files["manifest.json"])
    for parent in made.ancestry.parents:
        yield Descendant(kind="release", name=made.name, sha256=manifest, of=parent.manifest)
    for above in made.ancestry.every():
        for parent in above.ancestry.parents:
            yield Descendant(
                kind="release", name=above.name, sha256=above.manifest, of=parent.manifest
            )

"""Reproduce: the rows of a release made again from what is sealed, and held against its bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assaymark.core.document import Document, sha256
from assaymark.core.streams import Streams
from assaymark.errors import InputError
from assaymark.flow.generate.attempt import sealed_root
from assaymark.flow.generate.fit import candidate_of
from assaymark.flow.generate.row_files import csv_of
from assaymark.flow.job import read_job
from assaymark.flow.progress import silent
from assaymark.flow.release.recall import of_workspace
from assaymark.flow.source.queries import asked_of
from assaymark.flow.source.read import prepare
from assaymark.release.build import row_files
from assaymark.source.folds import Folds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assaymark.flow.progress import Progress
    from assaymark.release.predicates import FileDigest
    from assaymark.store.workspace import Workspace

__all__ = ["Again", "Reproduced", "reproduce"]


class Again(Document):
    """One file of rows: its digest in the release, and what it came to this time."""

    path: str
    released: str
    again: str

    @property
    def same(self) -> bool:
        """Whether it is the same to the last byte."""
        return self.released == self.again


class Reproduced(Document):
    """What came of making a release again."""

    name: str
    candidate: str
    files: tuple[Again, ...]
    made_at: str

    @property
    def same(self) -> bool:
        """Whether every file is the same to the last byte."""
        return all(f.same for f in self.files)


def reproduce(
    workspace: Workspace, name: str, recipe: Path, progress: Progress = silent
) -> Reproduced:
    """Fit and sample again from the recipe, the source and the root that was sealed for them.

    Real rows are read, which the ledger records; nothing is written but that, and the result. It
    needs the workspace that made the release, the table as it was, and the same version of
    assaymark and its packages.

    Raises
    ------
    UnknownNameError
        When the workspace issued no such release.
    InputError
        When nothing is sealed for it, or recipe and table are not those it was made of.
    """
    release = of_workspace(workspace, name)
    candidate = release.made.candidate
    if release.made.privacy is not None:
        raise InputError(
            f"{name!r} cannot be made again: the noise that its guarantee of differential privacy "
            "rests on came from the operating system and was not kept; whoever could repeat it "
            "could take it away\n\nHint: `assaymark release lot` draws more rows from this model"
        )
    root = sealed_root(workspace, candidate)
    if root is None:
        raise InputError(
            f"nothing is sealed for the rows of {name!r}: they were made elsewhere, or before "
            "assaymark kept what is needed to make them again"
        )
    with workspace.lock():
        job = read_job(recipe, workspace=workspace.path)
        progress("source", f"{job.frame.height:,} rows, {job.frame.width} columns", 0.2)
        prepared = prepare(job.frame, job.recipe, workspace.secret("split"))
        if prepared.parts.commitment != release.made.split_commitment:
            raise InputError(
                "table or split are not those that the release was made of\n\nHint: give the "
                f"recipe and the table as they were when {name!r} was made"
            )
        asked = asked_of(workspace, prepared)
        part = "everybody" if isinstance(prepared.parts, Folds) else "train"

        def record(who: str, _why: str) -> None:
            asked.record(who, "reproduce", (part,))

        progress("generate", f"fitting {job.recipe.generate.generator} again", 0.1)
        spec, train = job.recipe.making, prepared.parts.train
        made = candidate_of(spec, train, Streams(root), record)
        found = Reproduced(
            name=name,
            candidate=candidate,
            files=_compared(release.files, made.files),
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        body = {"release": name, "same": found.same, "files": len(found.files)}
        workspace.ledger.append("reproduced", candidate, body, asked.actor)
    progress("release", "the same bytes" if found.same else "other bytes", 1.0)
    return found


def _compared(released: Sequence[FileDigest], made: tuple[bytes, ...]) -> tuple[Again, ...]:
    again: dict[str, str] = {}
    for suffix, files in ((".parquet", made), (".csv", tuple(csv_of(raw) for raw in made))):
        names = row_files(len(made), suffix)
        again.update(zip(names, (sha256(raw) for raw in files), strict=True))
    known = {f.path: f.sha256 for f in released if f.path.startswith("data/")}
    paths = sorted({*known, *again})
    return tuple(Again(path=p, released=known.get(p, ""), again=again.get(p, "")) for p in paths)

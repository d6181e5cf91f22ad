"""Undeclared: rows of releases that stand in a source which does not name them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.document import sha256
from assaymark.core.plain import read_plain
from assaymark.core.streams import Streams
from assaymark.errors import AssaymarkError
from assaymark.flow.monitor.detect import ERROR, by_chance
from assaymark.monitor.fragments import recogniser
from assaymark.release.envelope import payload_of
from assaymark.release.lots import LOT, LOT_ROWS
from assaymark.source.read import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from assaymark.core.actor import Actor
    from assaymark.flow.source.parents import Taken
    from assaymark.store.workspace import Workspace

__all__ = ["MARGIN", "Search", "undeclared"]

MARGIN = 0.01
"""How much of a source must be rows of a release beyond what is declared or chance allows."""

SEARCHED = "source.searched"
_MOST_ROWS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How many releases were looked for in a source, and what stands in it undeclared, in words.

    ``unable`` are names of releases whose rows cannot be told from others by the columns that
    both tables have.
    """

    looked: int = 0
    unable: tuple[str, ...] = ()
    found: tuple[str, ...] = ()

    @property
    def notices(self) -> tuple[str, ...]:
        """What a reader of the report must know of releases that could not be looked for."""
        if not self.unable:
            return ()
        return (
            f"Whether rows of {', '.join(self.unable)} stand in the source could not be told by "
            "the columns that they share.",
        )


@dataclass(slots=True)
class _Known:
    """One set of released rows: a release with its lots, and releases of the same rows again."""

    name: str
    candidate: str
    manifests: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    @property
    def identity(self) -> str:
        """The rows, and how many files of them there are by now."""
        return f"{self.candidate}/{len(self.files)}"


def undeclared(
    workspace: Workspace, source: tuple[str, pl.DataFrame], parents: Sequence[Taken], actor: Actor
) -> Search:
    """Look in a source for rows of the releases and lots of a workspace that it does not name.

    ``source`` is its keyed commitment and its rows. The ledger keeps what was looked for and not
    found, which is not looked for again. Rows are recognised by fragments, also where cells of
    them were altered; over all releases together, a source without any of their rows is suspected
    at most at the rate ``ERROR``. Of released rows beyond 50,000, and of a source beyond 20,000, a
    sample is compared.
    """
    declared: dict[str, int | None] = {}
    for taken in parents:
        declared[taken.release.made.candidate] = taken.rows
    known = [k for k in _known(workspace.path) if declared.get(k.candidate, 0) is not None]
    commitment, frame = source
    before = workspace.ledger.entries(kind=SEARCHED)
    clean = {str(e.body.get("without")) for e in before if e.subject == commitment}
    unable, found = [], []
    for k in known:
        if not declared.get(k.candidate) and k.identity in clean:
            continue
        said = _looked_for(frame, k, declared.get(k.candidate) or 0, ERROR / len(known))
        if said is None:
            unable.append(k.name)
        elif said:
            found.append(said)
        elif not declared.get(k.candidate):
            workspace.ledger.append(SEARCHED, commitment, {"without": k.identity}, actor)
    return Search(looked=len(known), unable=tuple(unable), found=tuple(found))


def _looked_for(frame: pl.DataFrame, known: _Known, declared: int, level: float) -> str | None:
    """Say what stands in a source undeclared; ``None`` where that cannot be told."""
    tables = [read_table(path) for path in known.files]
    names = [n for n in frame.columns if all(n in t.columns for t in tables)]
    if len(names) < 2 or not frame.height:
        return None
    rng = Streams.from_seed(0).child("undeclared").generator()
    rows = pl.concat([t.select(names) for t in tables])
    if rows.height > _MOST_ROWS:
        rows = rows[rng.choice(rows.height, _MOST_ROWS, replace=False)]
    knows = recogniser(rows, names, rng)
    if not knows.able:
        return None
    hits = knows.recognised(frame, rng)
    share, allowed = float(hits.mean()), min(1.0, declared / frame.height + knows.chance)
    p = by_chance(int(hits.sum()), len(hits), allowed)
    if p > level or share <= allowed + MARGIN:
        return ""
    besides = f" beside the {declared:,} that are declared" if declared else ""
    return (
        f"about {share:.0%} of the rows of the source are rows of release {known.name}{besides}: "
        'name it in [source], as mixed = [{ release = "FOLDER", rows = N }]'
    )


def _known(workspace: Path) -> list[_Known]:
    """Return what a workspace released, by rows; a folder that cannot be read is passed over."""
    by_rows: dict[str, _Known] = {}
    for folder in sorted((workspace / "releases").glob("*")):
        try:
            manifest = sha256((folder / "manifest.json").read_bytes())
            candidate = str(_predicate(folder / "attestations/provenance.dsse.json")["candidate"])
        except (OSError, ValueError, KeyError, TypeError, AssaymarkError):
            continue
        if candidate not in by_rows:
            files = sorted((folder / "data").glob("*.parquet"))
            by_rows[candidate] = _Known(name=folder.name, candidate=candidate, files=files)
        by_rows[candidate].manifests.append(manifest)
    for release, path in _lots(workspace):
        for k in by_rows.values():
            if release in k.manifests:
                k.files.append(path)
    return list(by_rows.values())


def _lots(workspace: Path) -> Iterator[tuple[str, Path]]:
    for folder in sorted((workspace / "lots").glob("*")):
        try:
            yield str(_predicate(folder / LOT)["release"]), folder / LOT_ROWS[1]
        except (OSError, ValueError, KeyError, TypeError, AssaymarkError):
            continue


def _predicate(path: Path) -> dict[str, object]:
    found: dict[str, object] = read_plain(payload_of(path.read_bytes()), path.name)["predicate"]
    return found

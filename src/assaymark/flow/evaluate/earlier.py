"""Earlier: what was released of the same people before, and is attacked together with new rows."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.threat import threat_of
from assaymark.flow.source.population import populations_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from assaymark.core.schema import Schema
    from assaymark.core.threat import Profile, ThreatModel
    from assaymark.flow.source.read import Prepared
    from assaymark.store.ledger import Entry
    from assaymark.store.workspace import Workspace

__all__ = ["Earlier", "earlier_of", "said_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Earlier:
    """Earlier releases of the same people, by the digests of their candidates, oldest first.

    ``tables`` are the rows of those ``together``, every replicate; ``apart`` lack a column of the
    new rows, or hold it in another kind. ``resplit`` of those together were fitted to another
    split of the people.
    """

    together: tuple[str, ...]
    tables: tuple[Dataset, ...]
    apart: tuple[str, ...]
    resplit: int

    @property
    def notices(self) -> tuple[str, ...]:
        """What a reader must know of it."""
        said = said_of(len(self.apart))
        if self.resplit:
            said += (
                f"{_releases(self.resplit)} attacked together may come of another split of the "
                "people: whoever was in training then and is not now counts as unseen, which "
                "hides a leak of them.",
            )
        return said

    def threat(self, profile: Profile) -> ThreatModel:
        """Return the threat model of the profile, with these releases in the attacker's hands."""
        return threat_of(profile, earlier=len(self.together), apart=len(self.apart))


def said_of(apart: int) -> tuple[str, ...]:
    """Say that so many earlier releases were not attacked together with the new rows."""
    if not apart:
        return ()
    return (
        f"{_releases(apart)} of the same people could not be attacked together with these rows, "
        "since columns of these rows are missing there or are of another kind.",
    )


def earlier_of(workspace: Workspace, prepared: Prepared, *, candidate: str) -> Earlier:
    """Return the releases, but that of ``candidate`` itself, of these people's rows.

    The same people are those of the same source, or of a population that shares them. Each lot of
    such a release, or of ``candidate``, is one more. A release
    with more columns is attacked on the columns that both have. Every release counts, whatever
    became of it: its rows are in other hands.
    """
    ledger, parts = workspace.ledger, prepared.parts
    populations = populations_of(workspace, parts.account_hashes)
    released = dict.fromkeys(e.subject for e in ledger.entries(kind="release"))
    made = {e.subject: e for e in ledger.entries(kind="candidate")}
    same = [
        made[digest]
        for digest in released
        if digest != candidate and _of(made[digest], prepared.commitment, populations)
    ]
    ours = {candidate, *(e.subject for e in same)}
    lots = [e for e in ledger.entries(kind="lot") if e.body["candidate"] in ours]
    together, apart, tables, resplit = [], [], list[Dataset](), 0
    for entry in (*same, *lots):
        rows = _rows(workspace, entry, parts.train.schema)
        if not rows:
            apart.append(entry.subject)
            continue
        together.append(entry.subject)
        tables += rows
        split = made[str(entry.body.get("candidate", entry.subject))].body.get("split")
        resplit += split != parts.commitment
    return Earlier(
        together=tuple(together), tables=tuple(tables), apart=tuple(apart), resplit=resplit
    )


def _of(entry: Entry, source: str, populations: Collection[str]) -> bool:
    return entry.body["source"] == source or entry.body["population"] in populations


def _rows(workspace: Workspace, entry: Entry, schema: Schema) -> list[Dataset]:
    """Return the release's tables in these columns, nothing where they lack one."""
    files = entry.body["files"]
    frames = [
        pl.read_parquet(io.BytesIO(workspace.get(str(digest))))
        for digest in (files if isinstance(files, list) else [])
    ]
    alike = all(
        frame.schema.get(c.name) == POLARS_TYPES[c.kind] for frame in frames for c in schema.columns
    )
    if not alike:
        return []
    return [Dataset(schema=schema, frame=frame.select(schema.names)) for frame in frames]


def _releases(n: int) -> str:
    return f"{n} earlier release{'s' if n > 1 else ''}"

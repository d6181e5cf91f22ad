"""Ledger check: every hash of a ledger computed again, in one pass."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

from assaymark.core.entry import Entry
from assaymark.core.merkle import Tree, grown, leaf_hash
from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["checked", "may_be_ledger"]

_TABLES = {"entries", "heads"}


def may_be_ledger(path: Path) -> bool:
    """Whether a file is a ledger, or no database that can be read; nothing is written to it.

    A database of something else, which happens to have the name of a ledger, is none.
    """
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            names = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error:
        return True
    return names >= _TABLES


def checked(db: sqlite3.Connection) -> None:
    """Raise unless entries, kept subtrees and recorded roots are those of one growing tree.

    The database's own index must find what its table holds.
    """
    (whole,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if whole != "ok":
        raise IntegrityError(f"the ledger is not an intact database: {whole}")
    nodes: dict[tuple[int, int], bytes] = {}
    heads = db.execute("SELECT size, root FROM heads ORDER BY size").fetchall()
    before, n = "", 0
    for row in db.execute("SELECT * FROM entries ORDER BY position"):
        before, n = _entry(row, n, before), n + 1
        nodes[0, n - 1] = row[3]
        for level, found in enumerate(grown(n - 1, row[3], lambda k, i: nodes[k, i]), 1):
            nodes[level, (n - 1) >> level] = found
        recorded = heads[n - 1] if n <= len(heads) else None
        if recorded != (n, Tree(n, lambda k, i: nodes[k, i]).root()):
            raise IntegrityError(f"the ledger's root at {n} entries is not as recorded")
    if [size for size, _ in heads] != list(range(1, n + 1)):
        raise IntegrityError(
            f"the ledger has {n} entries and {len(heads)} recorded roots: entries were "
            "removed or added"
        )
    kept = {(k, i): h for k, i, h in db.execute("SELECT level, position, hash FROM nodes")}
    if kept != {at: h for at, h in nodes.items() if at[0]}:
        raise IntegrityError("the ledger's kept hashes are not those of its entries")


def _entry(row: tuple[int, str, str, bytes, bytes], i: int, before: str) -> str:
    """Return the time of an entry that is the one that was written."""
    position, kind, subject, leaf, raw = row
    try:
        entry = Entry.parse(raw)
    except IntegrityError as error:
        raise IntegrityError(f"entry {i} of the ledger cannot be read: {error}") from error
    same = (entry.index, entry.kind, entry.subject) == (position, kind, subject)
    if position != i or not same or leaf_hash(raw) != leaf:
        raise IntegrityError(f"entry {i} of the ledger is not the one that was written")
    if before and _when(entry.time) < _when(before):
        raise IntegrityError(f"entry {i} of the ledger is dated before the one that it follows")
    return entry.time


def _when(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise IntegrityError(f"{text[:40]!r} is not the time of an entry") from error

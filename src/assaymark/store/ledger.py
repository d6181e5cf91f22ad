"""Ledger: what happened, append-only, in SQLite under a Merkle tree."""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pydantic import JsonValue

from assaymark.core.actor import Actor
from assaymark.core.document import Document
from assaymark.core.merkle import inclusion_proof, leaf_hash, tree_hash
from assaymark.errors import IntegrityError, WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


__all__ = ["Entry", "Ledger"]

_TABLE = """
CREATE TABLE IF NOT EXISTS entries (
    position INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    leaf BLOB NOT NULL,
    raw BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS heads (size INTEGER PRIMARY KEY, root BLOB NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS no_update BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS no_delete BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""


class Entry(Document):
    """One thing that happened; its canonical bytes are the leaf of the tree."""

    schema_id: Literal["assaymark/entry/v0"] = "assaymark/entry/v0"
    index: int
    time: str
    kind: str
    subject: str
    body: dict[str, JsonValue]
    actor: Actor


class Ledger:
    """The entries of one workspace; ``append`` is the only way to change it.

    Appending takes SQLite's write lock, so that processes that append at once are put in a row;
    a process killed in the middle leaves the entry out as a whole.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as db:
            db.executescript(_TABLE)

    def append(self, kind: str, subject: str, body: Mapping[str, object], actor: Actor) -> Entry:
        """Add one entry and the root over all entries, in one transaction."""
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            leaves = [row[0] for row in db.execute("SELECT leaf FROM entries ORDER BY position")]
            entry = Entry(
                index=len(leaves),
                time=datetime.now(UTC).isoformat(timespec="milliseconds"),
                kind=kind,
                subject=subject,
                body=json.loads(json.dumps(body)),
                actor=actor,
            )
            raw = entry.canonical()
            leaf = leaf_hash(raw)
            db.execute(
                "INSERT INTO entries VALUES (?, ?, ?, ?, ?)",
                (entry.index, kind, subject, leaf, raw),
            )
            root = tree_hash([*leaves, leaf])
            db.execute("INSERT INTO heads VALUES (?, ?)", (len(leaves) + 1, root))
            db.execute("COMMIT")
        return entry

    def entries(self, *, kind: str | None = None, subject: str | None = None) -> list[Entry]:
        """Return the entries of this kind and subject, oldest first."""
        with self._open() as db:
            rows = db.execute(
                "SELECT raw FROM entries WHERE (?1 IS NULL OR kind = ?1) "
                "AND (?2 IS NULL OR subject = ?2) ORDER BY position",
                (kind, subject),
            ).fetchall()
        return [Entry.parse(row[0]) for row in rows]

    @property
    def size(self) -> int:
        """Number of entries."""
        with self._open() as db:
            found: int = db.execute("SELECT count(*) FROM entries").fetchone()[0]
        return found

    def root(self) -> str:
        """Return the tree's root over all entries, hex."""
        return tree_hash(self._leaves()).hex()

    def inclusion(self, index: int) -> list[str]:
        """Return the path from entry ``index`` to the root, hex."""
        return [p.hex() for p in inclusion_proof(self._leaves(), index)]

    def check(self) -> None:
        """Recompute every hash and every recorded root.

        Raises
        ------
        IntegrityError
            When an entry was changed, removed, added behind the ledger's back, or moved.
        """
        with self._open() as db:
            rows = db.execute("SELECT * FROM entries ORDER BY position").fetchall()
            heads = db.execute("SELECT size, root FROM heads ORDER BY size").fetchall()
        leaves = []
        for i, (position, kind, subject, leaf, raw) in enumerate(rows):
            entry = Entry.parse(raw)
            same = (entry.index, entry.kind, entry.subject) == (position, kind, subject)
            if position != i or not same or leaf_hash(raw) != leaf:
                raise IntegrityError(f"entry {i} of the ledger is not the one that was written")
            leaves.append(leaf)
        if [size for size, _ in heads] != list(range(1, len(rows) + 1)):
            raise IntegrityError(
                f"the ledger has {len(rows)} entries and {len(heads)} recorded roots: entries were "
                "removed or added"
            )
        for size, root in heads:
            if tree_hash(leaves[:size]) != root:
                raise IntegrityError(f"the ledger's root at {size} entries is not as recorded")

    def _leaves(self) -> list[bytes]:
        with self._open() as db:
            return [row[0] for row in db.execute("SELECT leaf FROM entries ORDER BY position")]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            db = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        except sqlite3.Error as error:
            raise WorkspaceError(f"the ledger {str(self._path)!r} cannot be opened") from error
        try:
            db.execute("PRAGMA synchronous = FULL")
            yield db
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise WorkspaceError(
                    f"the ledger cannot be written: {error}; nothing was lost\n\n"
                    "Hint: make room or give write access, then start the same command again"
                ) from error
            raise IntegrityError(f"the ledger is not an intact database: {error}") from error
        finally:
            db.close()

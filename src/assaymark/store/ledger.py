"""Ledger: what happened, append-only, in SQLite under a Merkle tree."""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assaymark.core.entry import Entry
from assaymark.core.merkle import Tree, grown, leaf_hash
from assaymark.errors import IntegrityError, WorkspaceError
from assaymark.store.ledger_check import checked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from assaymark.core.actor import Actor

__all__ = ["Entry", "Event", "Ledger"]

_VERSION = 1
_BACKUP = (
    "\n\nHint: nothing was changed; put ledger.db back as it was, from a backup. `assaymark ledger "
    "verify --against CHECKPOINT` compares it with a head that somebody else holds"
)
_TABLE = """
CREATE TABLE IF NOT EXISTS entries (
    position INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    leaf BLOB NOT NULL,
    raw BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS heads (size INTEGER PRIMARY KEY, root BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS nodes (
    level INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS of_kind ON entries (kind, subject);
CREATE TRIGGER IF NOT EXISTS no_update BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS no_delete BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""


Event = tuple[str, str, "Mapping[str, object]"]
"""Kind, subject and body of something that happened."""


class Ledger:
    """The entries of one workspace; ``append`` is the only way to change it.

    Appending takes SQLite's write lock, so that processes that append at once are put in a row;
    a process killed in the middle leaves the entry out as a whole. Whole subtrees are kept, so
    that appending, roots and proofs take O(log n) hashes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as db:
            self._prepare(db)

    def append(self, kind: str, subject: str, body: Mapping[str, object], actor: Actor) -> Entry:
        """Add one entry and the root over all entries, in one transaction."""
        return self.append_all([(kind, subject, body)], actor)[0]

    def append_all(self, events: Sequence[Event], actor: Actor) -> list[Entry]:
        """Add several entries in one transaction: all of them or none.

        The time of an entry is never before that of the one before it, so that a clock that was
        set back does not make the ledger look back-dated.
        """
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            n, last = _count(db), _last_time(db)
            made: list[Entry] = []
            for kind, subject, body in events:
                last = max(last, datetime.now(UTC).isoformat(timespec="seconds"))
                entry = Entry(
                    index=n + len(made),
                    time=last,
                    kind=kind,
                    subject=subject,
                    body=json.loads(json.dumps(body)),
                    actor=actor,
                )
                raw = entry.canonical()
                db.execute(
                    "INSERT INTO entries VALUES (?, ?, ?, ?, ?)",
                    (entry.index, kind, subject, leaf_hash(raw), raw),
                )
                _grow(db, entry.index)
                root = _tree(db, entry.index + 1).root()
                db.execute("INSERT INTO heads VALUES (?, ?)", (entry.index + 1, root))
                made.append(entry)
            db.execute("COMMIT")
        return made

    def entries(self, *, kind: str | None = None, subject: str | None = None) -> list[Entry]:
        """Return the entries of this kind and subject, oldest first."""
        asked = [(c, v) for c, v in (("kind", kind), ("subject", subject)) if v is not None]
        where = " AND ".join(f"{c} = ?" for c, _ in asked) or "1"
        with self._open() as db:
            rows = db.execute(
                f"SELECT raw FROM entries WHERE {where} ORDER BY position",  # noqa: S608
                [v for _, v in asked],
            ).fetchall()
        return [Entry.parse(row[0]) for row in rows]

    def entry(self, index: int) -> Entry:
        """Return entry ``index``."""
        with self._open() as db:
            found = db.execute("SELECT raw FROM entries WHERE position = ?", (index,)).fetchone()
            n = _count(db)
        if found is None:
            raise IntegrityError(f"no entry {index} in a ledger of {n}")
        return Entry.parse(found[0])

    @property
    def size(self) -> int:
        """Number of entries."""
        with self._open() as db:
            return _count(db)

    def root(self, size: int | None = None) -> str:
        """Return the tree's root over the first ``size`` entries, all by default, hex."""
        with self._open() as db:
            return _tree(db, _count(db)).root(size).hex()

    def head(self) -> tuple[int, bytes]:
        """Return the number of entries and the root over them, as one reading."""
        with self._open() as db:
            db.execute("BEGIN")
            n = _count(db)
            return n, _tree(db, n).root()

    def inclusion(self, index: int, size: int | None = None) -> list[str]:
        """Return the path from entry ``index`` to the root over ``size`` entries, hex."""
        with self._open() as db:
            tree = _tree(db, _count(db) if size is None else size)
            return [p.hex() for p in tree.inclusion(index)]

    def consistency(self, first: int, size: int | None = None) -> list[str]:
        """Return the proof that the first ``first`` of ``size`` entries are a prefix, hex."""
        with self._open() as db:
            tree = _tree(db, _count(db) if size is None else size)
            return [p.hex() for p in tree.consistency(first)]

    def check(self) -> None:
        """Recompute every hash and every recorded root, in time linear in the entries.

        Raises
        ------
        IntegrityError
            When an entry was changed, removed, added behind the ledger's back, moved, or dated
            before the one that it follows.
        """
        with self._open() as db:
            db.execute("BEGIN")
            try:
                checked(db)
            except IntegrityError as error:
                raise IntegrityError(f"{error}{_BACKUP}") from error

    def _leaves(self) -> list[bytes]:
        with self._open() as db:
            return [row[0] for row in db.execute("SELECT leaf FROM entries ORDER BY position")]

    def _prepare(self, db: sqlite3.Connection) -> None:
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise WorkspaceError(
                f"the ledger {str(self._path)!r} was written by a newer assaymark (format "
                f"{version}, this one knows {_VERSION})\n\nHint: use that version"
            )
        if version == _VERSION:
            return
        db.executescript(f"BEGIN IMMEDIATE; {_TABLE} COMMIT;")
        db.execute("BEGIN IMMEDIATE")
        if db.execute("SELECT count(*) FROM nodes").fetchone()[0] == 0:
            for index in range(_count(db)):
                _grow(db, index)
        db.execute(f"PRAGMA user_version = {_VERSION}")
        db.execute("COMMIT")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            db = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        except sqlite3.Error as error:
            raise WorkspaceError(
                f"the ledger {str(self._path)!r} cannot be opened: {error}\n\nHint: it is a plain "
                "file that you may read and write; --workspace FOLDER names another workspace"
            ) from error
        try:
            db.execute("PRAGMA synchronous = FULL")
            yield db
        except sqlite3.DatabaseError as error:
            gone = str(error).startswith(("no such table", "no such column"))
            if isinstance(error, sqlite3.OperationalError) and not gone:
                raise WorkspaceError(
                    f"the ledger cannot be written: {error}; nothing was lost\n\n"
                    "Hint: make room or give write access, then start the same command again"
                ) from error
            raise IntegrityError(
                f"the ledger is not an intact database: {error}{_BACKUP}"
            ) from error
        finally:
            db.close()


def _count(db: sqlite3.Connection) -> int:
    found: int = db.execute("SELECT coalesce(max(position) + 1, 0) FROM entries").fetchone()[0]
    return found


def _last_time(db: sqlite3.Connection) -> str:
    last = db.execute("SELECT raw FROM entries ORDER BY position DESC LIMIT 1").fetchone()
    return "" if last is None else Entry.parse(last[0]).time


def _tree(db: sqlite3.Connection, size: int) -> Tree:
    return Tree(size, lambda level, i: _hash(db, level, i))


def _hash(db: sqlite3.Connection, level: int, position: int) -> bytes:
    if level == 0:
        found = db.execute("SELECT leaf FROM entries WHERE position = ?", (position,)).fetchone()
    else:
        found = db.execute(
            "SELECT hash FROM nodes WHERE level = ? AND position = ?", (level, position)
        ).fetchone()
    if found is None:
        raise IntegrityError(
            f"the ledger lacks the hash at level {level}, place {position}: entries were removed"
            "\n\nHint: `assaymark ledger check` says which"
        )
    return bytes(found[0])


def _grow(db: sqlite3.Connection, index: int) -> None:
    """Keep the subtrees that entry ``index`` makes whole."""
    leaf = _hash(db, 0, index)
    hashes = grown(index, leaf, lambda level, i: _hash(db, level, i))
    for level, node in enumerate(hashes, 1):
        db.execute("INSERT INTO nodes VALUES (?, ?, ?)", (level, index >> level, node))

"""Alone, home: the workspace that a release lies in, and what its ledger says of the release."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from assaymark.release.alone.pieces import Broken, Plain, need, sha256

if TYPE_CHECKING:
    import sqlite3

__all__ = ["places_of", "told_at_home"]


def places_of(folder: Path) -> list[Path]:
    """Return where a folder lies as it was named, and where that leads if there is a link."""
    return list(dict.fromkeys((folder.absolute(), folder.resolve())))


def told_at_home(
    folder: Path, manifests: set[str], signer: str, head: tuple[int, bytes]
) -> list[tuple[str, bytes]] | None:
    """Return names and bytes of the notices that the workspace's ledger has of releases.

    None where it lies in no workspace, or in one whose ledger has no entry of its signer: that of
    somebody who was handed the release. ``head`` is size and root of the release's checkpoint.
    """
    for home in dict.fromkeys(p.parent.parent for p in places_of(folder)):
        ledger = home / "ledger.db"
        there = ledger.is_file() and ledger.stat().st_size
        kept = there and may_be_ledger(ledger)
        emptied = ledger.is_file() and not there
        dirs = all((home / name).is_dir() for name in ("blobs", "sealed"))
        if not kept and not emptied and not dirs:
            continue
        need(kept, f"the ledger of its workspace, {ledger.name}, was removed or emptied")
        raws = whole(ledger)
        entries = [json.loads(raw) for raw in raws]
        if entries and all(e["actor"]["key"] != signer for e in entries):
            continue
        check_grown(raws, *head)
        return [blob(home, e["subject"]) for e in entries if is_notice(e, manifests)]
    return None


def is_notice(entry: Plain, manifests: set[str]) -> bool:
    """Whether an entry is a notice about one of some releases."""
    kinds, body = ("finding", "answer", "observation", "withdrawal"), entry["body"]
    mine = entry["kind"] == "statement" and body.get("release") in manifests
    return mine and body.get("statement") in kinds


def blob(home: Path, digest: str) -> tuple[str, bytes]:
    """Return what a workspace keeps under a digest, and what to call it."""
    what, path = f"blob {digest[:16]} of its workspace", home / "blobs" / digest[:2] / digest[2:]
    need(path.is_file(), f"{what}, a notice in the ledger, is gone")
    raw = path.read_bytes()
    need(sha256(raw) == digest, f"{what}, a notice in the ledger, was altered")
    return what, raw


def read_only(ledger: Path) -> sqlite3.Connection:
    """Open a database so that nothing is written to it."""
    import sqlite3  # some builds of Python are without it

    return sqlite3.connect(f"{ledger.resolve().as_uri()}?mode=ro", uri=True)


def may_be_ledger(path: Path) -> bool:
    """Whether a file is a ledger, or no database that can be read."""
    import sqlite3

    try:
        with closing(read_only(path)) as db:
            names = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error:
        return True
    return names >= {"entries", "heads"}


def whole(ledger: Path) -> list[bytes]:
    """Return the entries of a ledger that is as it was written."""
    import sqlite3

    where = "the ledger of its workspace"
    try:
        with closing(read_only(ledger)) as db:
            (sound,) = db.execute("PRAGMA integrity_check(1)").fetchone()
            found = db.execute("SELECT position, raw FROM entries ORDER BY position").fetchall()
            heads = db.execute("SELECT size, root FROM heads ORDER BY size").fetchall()
    except sqlite3.Error as error:
        raise Broken(f"{where} cannot be read: {error}") from error
    need(sound == "ok", f"{where} is not an intact database: {sound}")
    raws = [raw for _, raw in found]
    need([n for n, _ in found] == list(range(len(raws))), f"{where} lacks entries")
    last = [(len(raws), tree_root(leaves(raws)))] if raws else []
    need(heads[-1:] == last, f"{where} was altered since")
    return raws


def check_grown(raws: list[bytes], size: int, root: bytes) -> None:
    """Raise unless a ledger is the checkpoint's, with what came after."""
    where, n = "the ledger of its workspace", len(raws)
    need(n >= size, f"{where} has {n} entries, and had {size} when this was entered")
    same = tree_root(leaves(raws[:size])) == root
    need(same, f"{where} is not the one that this was entered in")


def leaves(raws: list[bytes]) -> list[bytes]:
    """Return the hashes of entries as leaves of the tree."""
    return [hashlib.sha256(b"\x00" + raw).digest() for raw in raws]


def tree_root(leaves: list[bytes]) -> bytes:
    """Return the root over hashes of leaves (RFC 6962, section 2.1)."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    both = tree_root(leaves[:half]) + tree_root(leaves[half:])
    return hashlib.sha256(b"\x01" + both).digest()

import sqlite3
from concurrent.futures import ProcessPoolExecutor

import pytest

from assaymark.core.actor import Actor
from assaymark.core.merkle import check_consistency, check_inclusion, consistency_proof, tree_hash
from assaymark.errors import IntegrityError, WorkspaceError
from assaymark.store.ledger import Ledger

ACTOR = Actor(key="k")


def append(path, n):
    ledger = Ledger(path)
    for i in range(n):
        ledger.append("test", f"s{i}", {"i": i}, ACTOR)


def test_processes_that_append_at_once_lose_nothing(tmp_path):
    path = tmp_path / "ledger.db"
    Ledger(path)
    with ProcessPoolExecutor(3) as pool:
        list(pool.map(append, [path] * 3, [15] * 3))
    ledger = Ledger(path)
    assert ledger.size == 45
    assert [e.index for e in ledger.entries()] == list(range(45))
    ledger.check()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE entries SET subject = 'x' WHERE position = 2",
        "UPDATE entries SET raw = CAST(replace(raw, 's2', 's9') AS BLOB) WHERE position = 2",
        "UPDATE entries SET raw = x'7b' WHERE position = 2",
        "DELETE FROM entries WHERE position = 4",
        "DELETE FROM entries WHERE position = 1",
        "UPDATE heads SET root = x'00' WHERE size = 3",
    ],
)
def test_damage_behind_the_ledgers_back_is_found(tmp_path, damage):
    path = tmp_path / "ledger.db"
    append(path, 5)
    db = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute("DELETE FROM entries WHERE position = 0")
    db.executescript(f"DROP TRIGGER no_update; DROP TRIGGER no_delete; {damage};")
    db.close()
    with pytest.raises(IntegrityError):
        Ledger(path).check()


def test_proofs_lead_to_the_root(tmp_path):
    path = tmp_path / "ledger.db"
    append(path, 11)
    ledger = Ledger(path)
    leaves = ledger._leaves()
    root = bytes.fromhex(ledger.root())
    for i in range(11):
        proof = [bytes.fromhex(p) for p in ledger.inclusion(i)]
        check_inclusion(leaves[i], i, 11, proof, root)
        with pytest.raises(IntegrityError):
            check_inclusion(leaves[(i + 1) % 11], i, 11, proof, root)
    for first in range(1, 11):
        proof = consistency_proof(leaves, first)
        assert ledger.consistency(first) == [p.hex() for p in proof]
        check_consistency(first, 11, proof, tree_hash(leaves[:first]), root)
        with pytest.raises(IntegrityError):
            check_consistency(first, 11, proof, tree_hash(leaves[1 : first + 1]), root)


def test_a_ledger_of_a_newer_format_or_with_a_hole_in_its_tree_is_named(tmp_path):
    path = tmp_path / "ledger.db"
    append(path, 5)
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM nodes WHERE level = 2 AND position = 0")
    with pytest.raises(IntegrityError, match="lacks the hash at level 2, place 0"):
        Ledger(path).inclusion(4)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(WorkspaceError, match="written by a newer assaymark"):
        Ledger(path)

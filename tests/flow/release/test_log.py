import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from assaymark.core.actor import Actor
from assaymark.core.checkpoint import InclusionProof
from assaymark.core.note import NoteKey
from assaymark.errors import InputError, IntegrityError, WorkspaceError
from assaymark.flow.release.log import (
    checkpoint_of,
    compare,
    compare_offline,
    moment,
    prove_entry,
    prove_since,
)
from assaymark.store.ledger import Ledger
from assaymark.store.workspace import Workspace

ACTOR = Actor(key="k")


def grow(ledger, n, word="a"):
    first = ledger.size
    ledger.append_all([("t", f"{word}{first + i}", {"i": i}) for i in range(n)], ACTOR)


@pytest.fixture
def held(tmp_path):
    """Return a workspace of 9 entries, and the checkpoint that was taken at 6."""
    workspace = Workspace.open(tmp_path / "ws")
    grow(workspace.ledger, 6)
    head = checkpoint_of(workspace)
    grow(workspace.ledger, 3)
    return workspace, head


def test_a_ledger_that_only_grew_agrees_with_a_held_checkpoint(held):
    workspace, head = held
    found = compare(workspace, head.checkpoint.encode())
    assert (found.held, found.size, found.added) == (6, 9, 3)
    proof = prove_since(workspace, head.checkpoint.encode())
    assert compare_offline(head.checkpoint.encode(), proof, head.key).added == 3
    entry = workspace.ledger.entry(4)
    proven = InclusionProof.parse(prove_entry(workspace, 4))
    assert proven.check(entry.canonical(), NoteKey.parse(head.key)).size == 9


def rebuilt(workspace, subjects):
    """Replace the ledger by one that holds together by itself, with other entries."""
    (workspace.path / "ledger.db").unlink()
    ledger = Ledger(workspace.path / "ledger.db")
    ledger.append_all([("t", s, {}) for s in subjects], ACTOR)
    ledger.check()
    return Workspace.open(workspace.path)


NAMES = [f"a{i}" for i in range(9)]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (NAMES[:5], "1 were removed from its end"),
        (NAMES[1:], "not those that the checkpoint was signed over"),
        ([*NAMES[:2], NAMES[3], NAMES[2], *NAMES[4:]], "reordered"),
        ([*NAMES[:3], "other", *NAMES[4:]], "fork"),
        ([], "6 were removed"),
    ],
)
def test_a_ledger_written_anew_is_found_against_the_checkpoint(held, names, said):
    workspace, head = held
    other = rebuilt(workspace, names)
    with pytest.raises(IntegrityError, match=said):
        compare(other, head.checkpoint.encode())
    with pytest.raises(IntegrityError):
        prove_since(other, head.checkpoint.encode())


def test_a_back_dated_entry_is_found(held, monkeypatch):
    workspace, head = held
    later = datetime.now(UTC) + timedelta(days=1)
    with pytest.raises(IntegrityError, match="back-dated"):
        compare(workspace, head.checkpoint.encode(), since=later)
    compare(workspace, head.checkpoint.encode(), since=moment("2020-01-01"))
    db = sqlite3.connect(workspace.path / "ledger.db")
    db.executescript("DROP TRIGGER no_update")
    entry = workspace.ledger.entry(8).model_copy(update={"time": "2020-01-01T00:00:00.000+00:00"})
    db.execute("UPDATE entries SET raw = ? WHERE position = 8", (entry.canonical(),))
    db.commit()
    db.close()
    with pytest.raises(IntegrityError):
        workspace.ledger.check()


def test_a_clock_that_was_set_back_leaves_a_ledger_that_verifies(held, monkeypatch):
    workspace, head = held

    class Earlier(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2001, 1, 1, tzinfo=tz)

    monkeypatch.setattr("assaymark.store.ledger.datetime", Earlier)
    grow(workspace.ledger, 2)
    assert compare(workspace, head.checkpoint.encode()).size == 11
    assert workspace.ledger.entry(10).time == workspace.ledger.entry(8).time


def test_checkpoints_of_others_and_wrong_keys_are_refused(held, tmp_path):
    workspace, head = held
    stranger = Workspace.open(tmp_path / "other")
    grow(stranger.ledger, 6)
    with pytest.raises(IntegrityError, match="not one of the ledger"):
        compare(workspace, checkpoint_of(stranger).checkpoint.encode())
    proof = prove_since(workspace, head.checkpoint.encode())
    with pytest.raises(IntegrityError, match="not one of the ledger"):
        compare_offline(head.checkpoint.encode(), proof, checkpoint_of(stranger).key)
    with pytest.raises(IntegrityError, match="not the Ed25519 key"):
        compare_offline(head.checkpoint.encode(), proof, head.key.replace("assaymark", "x"))
    with pytest.raises(InputError, match="ISO"):
        moment("yesterday")


def test_an_empty_ledger_has_a_checkpoint_that_everything_agrees_with(tmp_path):
    workspace = Workspace.open(tmp_path)
    head = checkpoint_of(workspace).checkpoint.encode()
    grow(workspace.ledger, 3)
    assert compare(workspace, head).added == 3
    key = checkpoint_of(workspace).key
    assert compare_offline(head, prove_since(workspace, head), key).size == 3


def test_a_ledger_of_an_older_assaymark_is_read_and_a_newer_one_is_named(tmp_path):
    path = tmp_path / "ledger.db"
    grow(Ledger(path), 11)
    db = sqlite3.connect(path)
    db.executescript("DROP TABLE nodes; PRAGMA user_version = 0;")
    Ledger(path).check()
    grow(Ledger(path), 2)
    Ledger(path).check()
    db.executescript("DELETE FROM nodes WHERE level = 2 AND position = 0")
    with pytest.raises(IntegrityError, match="kept hashes"):
        Ledger(path).check()
    with pytest.raises(IntegrityError, match="lacks the hash"):
        Ledger(path).inclusion(5)
    db.executescript("PRAGMA user_version = 99;")
    db.close()
    with pytest.raises(WorkspaceError, match="newer assaymark"):
        Ledger(path)

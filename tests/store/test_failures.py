"""What the store says when something under it fails, and that nothing half written stays."""

import sqlite3
from pathlib import Path

import pytest

from assaymark.core.actor import Actor
from assaymark.core.entry import Entry
from assaymark.errors import IntegrityError, WorkspaceError
from assaymark.store import whole
from assaymark.store.keys import SigningKey
from assaymark.store.ledger import Ledger
from assaymark.store.workspace import Workspace

ACTOR = Actor(key="k")


def test_bytes_that_are_no_key_are_named():
    with pytest.raises(IntegrityError, match="not an Ed25519 key"):
        SigningKey.parse(b"short")


def test_a_file_that_cannot_be_put_in_place_leaves_the_old_one_and_no_part(tmp_path, monkeypatch):
    path = tmp_path / "a"
    whole.write_whole(path, b"old", 0o600)
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("no")))
    with pytest.raises(OSError, match="no"):
        whole.write_whole(path, b"new", 0o600)
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    assert path.read_bytes() == b"old"


def test_a_workspace_that_is_a_file_or_cannot_be_written_is_said_plainly(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(WorkspaceError, match="not a folder"):
        Workspace.open(tmp_path / "file")
    workspace = Workspace.open(tmp_path / "ws")
    with pytest.raises(WorkspaceError, match="what was there before is whole"):
        workspace.write(f"reports/{'x' * 400}", b"x")
    digest = workspace.put(b"x")
    assert workspace.has(digest)
    assert workspace.put(b"x") == digest
    assert not workspace.has("0" * 64)
    assert workspace.sealed("root-") == []
    workspace.seal("root-a", b"x")
    assert workspace.sealed("root-") == ["root-a"]
    assert workspace.write("reports/a.html", b"x").read_bytes() == b"x"


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path):
    workspace = Workspace.open(tmp_path / "ws")
    first = workspace.write_folder("releases/a", {"x": b"1"})
    assert workspace.write_folder("releases/a", {"x": b"2"}) == first
    assert (first / "x").read_bytes() == b"1"


def test_a_ledger_that_cannot_be_opened_read_or_written_is_said_plainly(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    with pytest.raises(WorkspaceError):
        Ledger(tmp_path / "folder")
    (tmp_path / "text").write_text("this is no database, " * 100)
    with pytest.raises(IntegrityError, match="not an intact database"):
        Ledger(tmp_path / "text")
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.append("t", "s", {}, ACTOR)
    with pytest.raises(IntegrityError, match="no entry 7"):
        ledger.entry(7)

    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("assaymark.store.ledger._tree", full)
        with pytest.raises(WorkspaceError, match="cannot be written: database or disk is full"):
            ledger.append("t", "s", {}, ACTOR)
    assert ledger.size == 1
    ledger.check()

    def refused(*_, **__):
        raise sqlite3.InterfaceError("no")

    monkeypatch.setattr(sqlite3, "connect", refused)
    with pytest.raises(WorkspaceError, match="cannot be opened"):
        ledger.entries()


def altered(path, script, *values):
    db = sqlite3.connect(path)
    db.executescript("DROP TRIGGER no_update; DROP TRIGGER no_delete;")
    db.execute(script, values)
    db.commit()
    db.close()


def test_an_audit_finds_times_that_run_back_or_are_none_and_kept_hashes_that_are_wrong(tmp_path):
    from assaymark.core.merkle import leaf_hash

    for text, said in (("2001-01-01T00:00:00+00:00", "dated before"), ("noon", "not the time")):
        path = tmp_path / f"{text[:4]}.db"
        ledger = Ledger(path)
        for i in range(3):
            ledger.append("t", f"s{i}", {}, ACTOR)
        raw = Entry.parse(ledger.entry(2).canonical()).model_copy(update={"time": text}).canonical()
        altered(
            path, "UPDATE entries SET raw = ?, leaf = ? WHERE position = 2", raw, leaf_hash(raw)
        )
        with pytest.raises(IntegrityError, match=said):
            ledger.check()
    path = tmp_path / "kept.db"
    ledger = Ledger(path)
    for i in range(4):
        ledger.append("t", f"s{i}", {}, ACTOR)
    altered(path, "DELETE FROM nodes WHERE level = 2")
    with pytest.raises(IntegrityError):
        ledger.check()


def test_a_ledger_of_before_kept_hashes_gets_them(tmp_path):
    path = tmp_path / "old.db"
    ledger = Ledger(path)
    for i in range(5):
        ledger.append("t", f"s{i}", {}, ACTOR)
    root = ledger.root()
    db = sqlite3.connect(path)
    for script in ("DELETE FROM nodes; PRAGMA user_version = 0;", "PRAGMA user_version = 0;"):
        db.executescript(script)
        again = Ledger(path)
        again.check()
        assert again.root() == root
    db.close()

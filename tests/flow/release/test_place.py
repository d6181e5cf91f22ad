import shutil
from pathlib import Path

import pytest

from assaymark.errors import InputError
from assaymark.flow.release.handed import read_handed
from assaymark.flow.release.place import folder_at, name_at, releases_in
from assaymark.flow.release.receipts import destroyed
from assaymark.store.keys import SigningKey
from assaymark.store.workspace import Workspace

WS = Path(".assaymark")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place in (WS, Path("other")):
        Workspace.open(place).write_folder("releases/first", {"x": b"1"})
    return tmp_path


def test_a_release_is_said_by_name_or_by_folder(here, monkeypatch):
    assert folder_at(Path("first")) == WS / "releases/first"
    assert folder_at(Path("first"), Path("other")) == Path("other/releases/first")
    assert folder_at(Path("nothing")) == Path("nothing")
    assert folder_at(Path("a/first")) == Path("a/first")
    assert name_at("first", WS) == (WS, "first")
    assert name_at("", WS) == (WS, "")
    inside = here / "other"
    for said in ("other/releases/first", "other/releases/first/", str(inside / "releases/first")):
        assert name_at(said, WS) == (inside, "first")
    shutil.copytree("other/releases/first", "sent/first")
    assert name_at("sent/first", WS) == (WS, "first")
    monkeypatch.chdir("sent")
    for said in ("first", "first/", "./first"):
        assert name_at(said, WS) == (WS, "first")
    monkeypatch.chdir("first")
    assert name_at(".", WS) == (WS, "first")


def test_releases_are_the_folders_that_have_a_manifest(here):
    assert releases_in(WS) == []
    for name in ("second", "first.documents", ".part-x"):
        (WS / "releases" / name).mkdir()
    for name in ("first", "second"):
        (WS / "releases" / name / "manifest.json").write_text("{}")
    assert [p.name for p in releases_in(WS)] == ["first", "second"]
    assert releases_in(Path("nowhere")) == []


def test_what_is_handed_over_is_read_up_to_a_limit(here, monkeypatch):
    with pytest.raises(InputError, match="cannot read the notice"):
        read_handed(Path("nope"), "notice")
    with pytest.raises(InputError, match="cannot read"):
        read_handed(Path("a\0b"))
    monkeypatch.setattr("assaymark.flow.release.handed.MOST", 1 << 20)
    with pytest.raises(InputError, match="more than 1 MB, the most"):
        read_handed(Path("/dev/zero"), "finding")
    Path("deep").write_bytes(b"[" * 100_000)
    with pytest.raises(
        InputError, match="'deep' is neither the folder of a release nor the notice"
    ):
        destroyed(Path("deep"), SigningKey.new(), ["x"], "shredded")

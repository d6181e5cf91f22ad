"""Files are written where they were asked for, all or none, as open as their owner has them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assaymark.errors import InputError
from assaymark.flow.written import check_can_write, write_files


def mode(path):
    return path.stat().st_mode & 0o777


def test_a_folder_in_the_way_is_named_before_anything_is_replaced(tmp_path):
    rows, page = tmp_path / "rows.csv", tmp_path / "rows.html"
    rows.write_text("before")
    page.mkdir()
    with pytest.raises(InputError, match=r"rows\.html'.*folder of that name; nothing was written"):
        write_files({rows: b"after", page: b"page"})
    assert rows.read_text() == "before"
    assert sorted(f.name for f in tmp_path.iterdir()) == ["rows.csv", "rows.html"]


def test_a_parent_that_is_a_file_is_named_with_its_own_file(tmp_path):
    (tmp_path / "a").write_text("a file")
    with pytest.raises(InputError, match=r"a/page\.html'.*nothing was written"):
        write_files({tmp_path / "rows.csv": b"rows", tmp_path / "a" / "page.html": b"page"})
    assert not (tmp_path / "rows.csv").exists()


def test_what_was_replaced_before_an_error_is_said(tmp_path, monkeypatch):
    def replace(self, target):
        if target.name == "two":
            raise PermissionError(1, "Operation not permitted")
        os.replace(self, target)

    monkeypatch.setattr("pathlib.Path.replace", replace)
    with pytest.raises(InputError, match=r"two'.*replaced already: '.*one'; all else"):
        write_files({tmp_path / "one": b"1", tmp_path / "two": b"2"})
    assert [f.name for f in tmp_path.iterdir()] == ["one"]


def test_modes_are_those_of_the_file_or_the_umask_and_real_rows_their_owners(tmp_path):
    there, new, real = (tmp_path / name for name in ("there", "new", "real"))
    there.write_text("")
    there.chmod(0o640)
    before = os.umask(0o027)
    try:
        write_files({there: b"1", new: b"2"})
        write_files({real: b"3"}, real=True)
    finally:
        os.umask(before)
    assert [mode(p) for p in (there, new, real)] == [0o640, 0o640, 0o600]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
def test_a_device_is_written_to_and_never_replaced(tmp_path):
    full = Path("/dev/full")
    with pytest.raises(InputError, match="No space left on device"):
        write_files({full: b"page", tmp_path / "rows": b"rows"})
    assert full.is_char_device()
    call = "import sys, pathlib; from assaymark.flow.written import check_can_write, write_files;"
    call += "p = pathlib.Path('/dev/stdout'); check_can_write(p); write_files({p: b'page'})"
    said = subprocess.run([sys.executable, "-c", call], capture_output=True, check=True)
    assert said.stdout == b"page"
    check_can_write(full)

"""Stretches: the same rows as in one piece, wherever cut; and places that are not files."""

import os
import sqlite3
import subprocess
import sys
import types
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.errors import DataError
from assaymark.source import stretches as module
from assaymark.source.read import read_table
from assaymark.source.stretches import stretches

AWKWARD = 'id,said\n1,"a\nb"\n2,"she said ""so"",\n\nand left"\n3,\n\n4,x\n'


def together(place, query=""):
    return pl.concat(list(stretches(str(place), query)), how="vertical_relaxed")


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(module, "_BYTES", 16)
    monkeypatch.setattr(module, "_ROWS", 3)


@pytest.mark.parametrize("text", [AWKWARD, AWKWARD.replace("\n", "\r\n"), f"\ufeff{AWKWARD}"])
def test_a_csv_cut_anywhere_is_the_same_table(tiny, tmp_path, text):
    file = tmp_path / "t.csv"
    file.write_text(text, newline="")
    parts = list(stretches(str(file)))
    assert len(parts) > 1
    assert pl.concat(parts).equals(read_table(file))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.text(st.characters(codec="ascii", exclude_characters="\r\0"), max_size=9), min_size=1
    ),
    st.integers(5, 60),
)
def test_any_values_survive_any_cut(tmp_path_factory, values, size):
    file = tmp_path_factory.mktemp("cut") / "t.csv"
    pl.DataFrame({"a": ["k"] * len(values), "b": values}).write_csv(file, quote_style="always")
    before, module._BYTES = module._BYTES, size
    try:
        assert together(file).equals(read_table(file))
    finally:
        module._BYTES = before


def test_a_line_that_is_no_row_is_named_by_its_place_in_the_file(tiny, tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("a,b\n" + "1,2\n" * 40 + "1,2,3\n")
    with pytest.raises(DataError, match=r"line 42 of .*t.csv' has 3 fields"):
        together(file)
    with pytest.raises(DataError, match="line 42 of"):
        read_table(file)


def test_a_folder_of_files_is_one_table(tiny, tmp_path):
    folder = tmp_path / "visits"
    folder.mkdir()
    (folder / "_SUCCESS").touch()
    for i in range(3):
        frame = pl.DataFrame({"a": [i] * 5, "b": ["x"] * 5})
        frame.select(["a", "b"] if i else ["b", "a"]).write_parquet(folder / f"part-{i}.parquet")
    found = together(folder)
    assert found.columns == ["b", "a"]
    assert found["a"].to_list() == [0] * 5 + [1] * 5 + [2] * 5
    assert together(folder / "part-[12]*").height == 10
    pl.DataFrame({"a": [1], "c": [1]}).write_parquet(folder / "part-9.parquet")
    with pytest.raises(DataError, match=r"part-9.parquet' has other columns"):
        together(folder)


def test_a_file_that_changes_while_it_is_read_is_refused(tiny, tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("a,b\n" + "1,2\n" * 40)
    rows = stretches(str(file))
    next(rows)
    with file.open("a") as more:
        more.write("5,6\n")
    with pytest.raises(DataError, match="changed while it was read"):
        list(rows)


def test_nothing_there_is_said(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        together(tmp_path / "no*.csv")
    with pytest.raises(DataError, match="no CSV or Parquet file"):
        together(tmp_path)
    with pytest.raises(DataError, match="is a database, and no query says"):
        together("postgresql://me:secret@host/name")
    with pytest.raises(DataError, match="a query is for a database"):
        together("t.csv", "select 1")


def visits(path, n=10):
    with sqlite3.connect(path) as there:
        there.execute("create table visits (a integer, b text, c)")
        rows = [(i, "x" if i % 2 else None, i if i % 3 else "odd") for i in range(n)]
        there.executemany("insert into visits values (?, ?, ?)", rows)
    there.close()
    return f"sqlite:///{path}"


def test_a_query_of_sqlite_comes_in_parts(tiny, tmp_path):
    url = visits(tmp_path / "v.db")
    parts = list(stretches(url, "select a, b from visits where a > 2"))
    assert [p.height for p in parts] == [3, 3, 1]
    assert pl.concat(parts)["a"].to_list() == [3, 4, 5, 6, 7, 8, 9]
    with pytest.raises(DataError, match="cannot be asked: no such table"):
        together(url, "select * from stays")
    with pytest.raises(DataError, match="cannot be asked"):
        together(f"sqlite:///{tmp_path}/none.db", "select 1")
    with pytest.raises(DataError, match="finds no rows"):
        together(url, "select * from visits where a > 99")
    with pytest.raises(DataError, match=r"readonly|read-only"):
        together(url, "delete from visits")


def test_a_connection_that_is_lost_midway_says_so(tiny, tmp_path):
    url = visits(tmp_path / "v.db", 20_000)
    rows = stretches(url, "select * from visits")
    next(rows)
    os.truncate(tmp_path / "v.db", 8192)
    with pytest.raises(DataError, match=r"was lost after [\d,]+ rows: .*malformed"):
        list(rows)


@pytest.mark.skipif(find_spec("duckdb") is None, reason="duckdb is not installed")
def test_a_query_of_duckdb_comes_in_parts(tiny, tmp_path):
    import duckdb

    with duckdb.connect(str(tmp_path / "v.duckdb")) as there:
        there.execute("create table visits as select range as a, 0.5 * range as b from range(10)")
    found = together(f"duckdb:///{tmp_path}/v.duckdb", "select * from visits where a < 7")
    assert found["a"].to_list() == list(range(7))
    with pytest.raises(DataError, match="cannot be asked"):
        together(f"duckdb:///{tmp_path}/v.duckdb", "select nothing")


@pytest.mark.skipif(find_spec("sqlalchemy") is None, reason="sqlalchemy is not installed")
def test_other_databases_are_reached_through_sqlalchemy_and_passwords_are_kept(tiny, tmp_path):
    from assaymark.source.database import _frame, _sqlalchemy

    url = visits(tmp_path / "v.db")
    with _sqlalchemy(url, "select a, b, c from visits order by a") as reading:
        found = _frame(reading.names, reading.more(4))
    assert found.to_dict(as_series=False) == {
        "a": [0, 1, 2, 3],
        "b": [None, "x", None, "x"],
        "c": ["odd", "1", "2", "odd"],
    }
    with pytest.raises(DataError) as refused:
        together("postgresql+nodriver://me:secret@host/name", "select 1")
    assert "me:***@host" in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.skipif(find_spec("fsspec") is None, reason="fsspec is not installed")
def test_objects_of_a_store_are_read_one_after_the_other(tiny):
    import fsspec

    store = fsspec.filesystem("memory")
    for i in range(2):
        store.pipe(f"/visits/part-{i}.csv", f"a,b\n{i},2\n".encode())
    store.pipe("/visits/readme.md", b"no table")
    assert together("memory://visits")["a"].to_list() == ["0", "1"]
    assert together("memory://visits/part-1*")["a"].to_list() == ["1"]
    with pytest.raises(DataError, match="no object that ends in"):
        together("memory://nothing")


@pytest.mark.skipif(find_spec("fsspec") is None, reason="fsspec is not installed")
def test_a_store_that_is_lost_midway_says_so(tiny, monkeypatch):
    import fsspec
    from fsspec.implementations.memory import MemoryFileSystem

    lost = type("EndpointConnectionError", (Exception,), {})
    package = types.ModuleType("botocore.exceptions")
    package.BotoCoreError = lost

    class Lost(MemoryFileSystem):
        protocol = "lost"

        def get_file(self, path, *_, **__):
            monkeypatch.setitem(sys.modules, "botocore.exceptions", package)
            raise lost(f"Could not connect\nto {path}")

    fsspec.register_implementation("lost", Lost, clobber=True)
    monkeypatch.setattr("assaymark.source.database._STORES", {"lost", "memory"})
    Lost().pipe("/lost/part-0.csv", b"a,b\n1,2\n")
    with pytest.raises(DataError, match=r"part-0\.csv' cannot be read: Could not conn"):
        together("lost://lost/part-0.csv")
    with pytest.raises(DataError, match="cannot be read: there is no such object"):
        together("memory://lost/part-1.csv")


@pytest.mark.skipif(find_spec("fsspec") is not None, reason="fsspec is installed")
def test_without_fsspec_a_store_says_what_to_install():
    with pytest.raises(DataError, match=r"pip install 'assaymark\[remote\]'"):
        together("s3://bucket/visits")


LIMITED = """
import resource, sys
from pathlib import Path
import polars as pl
from assaymark.flow.source.thin import sample_source
from assaymark.source import stretches as module
from assaymark.source.read import read_table
module._BYTES = 1 << 22
pl.DataFrame({"a": ["x"] * 10}).write_csv("small.csv")
sample_source("small.csv", Path("warm.parquet"), rows=5, seed=1)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (300 << 20),) * 2)
if sys.argv[1] == "sample":
    print(sample_source("large.csv", Path("s.parquet"), rows=1000, seed=1).n)
else:
    print(read_table("large.csv").height)
"""


@pytest.mark.slow
def test_a_table_that_does_not_fit_into_memory_is_sampled(tmp_path):
    n = 200_000
    text = pl.Series(["x" * 700 + str(i) for i in range(100)])
    frame = pl.DataFrame({"a": range(n), "b": text.gather([i % 100 for i in range(n)])})
    frame.write_csv(tmp_path / "large.csv")  # 140 MB
    env = {**os.environ, "POLARS_MAX_THREADS": "1"}

    def run(what):
        return subprocess.run(
            [sys.executable, "-c", LIMITED, what],
            cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip

    found = run("sample")
    assert found.stdout.strip() == f"{n}", found.stderr[-300:]
    assert run("read").returncode != 0
    assert pl.read_parquet(Path(tmp_path, "s.parquet")).height == 1000

"""Rows come from one SELECT on a file that is only read."""

import sqlite3

import duckdb
import pytest

from assaymark.errors import DataError, InputError
from assaymark.flow.monitor.batch import batch_of
from assaymark.source.query import named, read_query


@pytest.fixture
def databases(tmp_path):
    lite, duck = tmp_path / "a.sqlite", tmp_path / "a.duckdb"
    with sqlite3.connect(lite) as db:
        db.execute("CREATE TABLE visits (age INTEGER, sex TEXT, cost REAL)")
        db.executemany("INSERT INTO visits VALUES (?, ?, ?)", [(40, "f", 1.5), (None, "m", 2.0)])
    db.close()
    with duckdb.connect(str(duck)) as other:
        other.execute("CREATE TABLE visits AS SELECT * FROM (VALUES (40, 'f', 1.5::DOUBLE), "
            "(NULL, 'm', 2.0::DOUBLE)) t(age, sex, cost)")  # fmt: skip
    return lite, duck


def test_both_kinds_of_files_give_the_same_rows(databases):
    expected = {"age": [40, None], "sex": ["f", "m"], "cost": [1.5, 2.0]}
    for file in databases:
        assert read_query(str(file), "SELECT * FROM visits").to_dict(as_series=False) == expected
    with pytest.raises(DataError, match="no rows"):
        read_query(str(databases[0]), "SELECT age FROM visits WHERE age > 99")


@pytest.mark.parametrize(
    "sql", ["DROP TABLE visits", "DELETE FROM visits", "SELECT * FROM nowhere", "nonsense", ""]
)
def test_what_is_no_select_or_cannot_be_run_is_refused_and_nothing_is_altered(databases, sql):
    for file in databases:
        with pytest.raises(DataError, match=r"SELECT|cannot be asked"):
            read_query(str(file), sql)
        assert read_query(str(file), "SELECT * FROM visits").height == 2


def test_other_files_and_doubled_columns_are_refused(databases, tmp_path):
    (tmp_path / "b.txt").write_text("age\n40\n")
    for file in (tmp_path / "b.txt", tmp_path / "none.sqlite"):
        with pytest.raises(DataError):
            read_query(str(file), "SELECT 1")
    with pytest.raises(DataError):
        read_query(str(databases[0]), "SELECT age AS a, cost AS a FROM visits")
    for wrong in ((None, None, ""), (tmp_path, "a", "SELECT 1"), (None, "a", "")):
        with pytest.raises(InputError, match="where the rows of today are"):
            batch_of(*wrong)
    rows, name = batch_of(None, str(databases[0]), "SELECT *  FROM visits")
    assert (rows.height, name) == (2, "a.sqlite: SELECT * FROM visits")


def test_a_database_with_an_address_is_named_without_its_password(databases):
    rows = read_query(f"sqlite:///{databases[0]}", "SELECT age FROM visits")
    assert rows["age"].to_list() == [40, None]
    assert named("postgresql://me:secret@host/visits?sslmode=require") == "visits"

"""Thin: a sample that says what the whole holds, and that every command takes."""

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from assaymark.cli.app import app
from assaymark.errors import DataError, InputError
from assaymark.flow.source.thin import sample_source


def test_whole_persons_are_drawn_and_all_rows_are_counted(stays, tmp_path):
    frame = pl.concat([stays(300), stays(300)])
    frame.with_columns(days=pl.when(pl.col("age") > 60).then("days")).write_csv(tmp_path / "s.csv")
    made = sample_source(str(tmp_path / "s.csv"), tmp_path / "out" / "s.parquet", rows=90, seed=1)
    rows = pl.read_parquet(made.file)
    assert (made.n, made.rows, made.person) == (frame.height, rows.height, "patient")
    assert 60 < made.rows <= 90
    here = frame.filter(pl.col("patient").is_in(rows["patient"].unique().to_list()))
    assert here.height == rows.height
    (days,) = [c for c in made.columns if c.name == "days"]
    assert days.kind == "integer"
    assert days.empty == pytest.approx(float((frame["age"] <= 60).mean()))
    said = json.loads(pl.read_parquet_metadata(made.file)["assaymark"])
    assert said["rows of the source"] == frame.height


def test_the_command_says_what_it_drew(stays, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stays(300).write_parquet("s.parquet")
    asked = ["source", "sample", "s.parquet", "--out", "few.parquet", "--rows", "50", "--by-row"]
    found = CliRunner().invoke(app, asked)
    assert found.exit_code == 0, found.output
    assert "few.parquet: 50 of 300 rows, drawn by rows" in found.output
    found = CliRunner().invoke(app, [*asked, "--seed", "1", "--json"])
    assert json.loads(found.stdout)["rows"] == 50


def test_what_cannot_be_is_refused(stays, tmp_path):
    pl.DataFrame({"a": []}).write_parquet(tmp_path / "none.parquet")
    with pytest.raises(DataError, match="has no rows"):
        sample_source(str(tmp_path / "none.parquet"), tmp_path / "s.parquet", rows=9)
    with pytest.raises(InputError, match=r"written as \.parquet"):
        sample_source(str(tmp_path / "none.parquet"), tmp_path / "s.csv", rows=9)

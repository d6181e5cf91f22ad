"""A table's own gaps are filled in the table's own way of writing."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from typer.testing import CliRunner

import assaymark
from assaymark.cli.app import app
from assaymark.errors import InputError
from assaymark.flow.generate.impute import Filling, impute, write_imputed


def gaps(n=500):
    rng = np.random.default_rng(0)
    age = rng.integers(20, 80, n)
    smoker = np.where(rng.random(n) < age / 120, "yes", "no")
    frame = pl.DataFrame(
        {
            "email": [f"u{i}@example.org" for i in range(n)],
            "age": age,
            "smoker": smoker,
            "weight": np.round(60 + age / 5 + rng.normal(0, 3, n), 1),
            "ward": rng.choice(["a", "b", "?"], n, p=[0.5, 0.3, 0.2]),
        }
    )
    hole = pl.Series(rng.random(n) < 0.2)
    return frame.with_columns(
        **{c: pl.when(~hole.shuffle(i)).then(c) for i, c in enumerate(("age", "smoker", "weight"))}
    )


def test_gaps_are_filled_and_all_else_stays():
    table = gaps()
    made = impute(table, seed=1)
    assert made.frame.schema == table.schema
    assert made.frame.select("age", "smoker", "weight").null_count().sum_horizontal().item() == 0
    assert set(made.frame["smoker"]) == {"yes", "no"}
    for c in table.columns:
        known = table[c].is_not_null() & (table[c].cast(pl.String) != "?")
        assert made.frame[c].filter(known).equals(table[c].filter(known))
    assert made.cells["age"] == table["age"].null_count()
    assert any("real rows" in n for n in made.notices)
    assert made.frame.equals(impute(table, seed=1).frame)


def test_a_table_comes_back_as_it_was_given():
    given = gaps(300).to_pandas()
    made = assaymark.impute(given, seed=2)
    assert isinstance(made, pd.DataFrame)
    assert made["weight"].notna().all()


def test_a_table_without_gaps_stays_as_it_is():
    table = gaps(200).drop_nulls().filter(pl.col("ward") != "?")
    assert impute(table, seed=1).frame.equals(table)


def test_a_file_is_filled_and_what_was_filled_is_said(tmp_path):
    table, source, out = gaps(), tmp_path / "t.csv", tmp_path / "filled.csv"
    table.write_csv(source)
    said = CliRunner().invoke(
        app, ["impute", str(source), "--out", str(out), "--seed", "1", "--column", "age", "--json"]
    )
    made = json.loads(said.stdout)
    assert {c["name"]: (c["filled"], c["left"]) for c in made["columns"]} == {
        "age": (table["age"].null_count(), 0),
        "smoker": (0, table["smoker"].null_count()),
        "weight": (0, table["weight"].null_count()),
    }
    filled = pl.read_csv(out)
    assert filled.drop("age").equals(pl.read_csv(source).drop("age"))
    assert filled["age"].null_count() == 0
    shown = CliRunner().invoke(app, ["impute", str(source), "--out", str(out), "--seed", "1"])
    assert "real rows, as private as the table" in shown.stdout


@pytest.mark.parametrize(
    ("out", "columns", "said"),
    [
        ("t.csv", (), "the source itself"),
        ("t.xlsx", (), r"must end in \.csv or \.parquet"),
        ("o.csv", ("smokr",), "did you mean 'smoker'"),
        ("o.csv", ("email",), "unknown column 'email' in those that can be filled"),
    ],
)
def test_what_cannot_be_filled_or_written_is_refused(tmp_path, out, columns, said):
    gaps().write_csv(tmp_path / "t.csv")
    with pytest.raises(InputError, match=said):
        write_imputed(tmp_path / "t.csv", tmp_path / out, how=Filling(columns=columns))


def test_a_column_is_not_written_in_two_ways():
    day = pl.date_range(pl.date(2020, 1, 1), pl.date(2021, 5, 14), eager=True)[:500]
    table = gaps().with_columns(
        seen=day.dt.strftime("%d.%m.%Y"),
        cost=pl.Series([f"{i % 90},{i % 7}5" for i in range(500)]),
    )
    hole = pl.int_range(pl.len()) % 5 == 0
    table = table.with_columns(pl.when(~hole).then(pl.col("seen", "cost")))
    made = impute(table, seed=1)
    assert made.frame["seen"].str.contains(r"^\d{2}\.\d{2}\.20\d{2}$").all()
    assert made.frame["cost"].str.contains(r"^\d+(,\d+)?$").all()
    for c in ("seen", "cost"):
        there = table[c].is_not_null()
        assert made.frame[c].filter(there).equals(table[c].filter(there))


def test_a_word_that_is_a_value_is_kept_if_that_is_said():
    table = gaps(300).with_columns(land=pl.Series(["NA", "DE", None] * 100))
    assert set(impute(table, seed=1).frame["land"]) == {"DE"}
    made = impute(table, keep=["land"], seed=1)
    assert made.cells["land"] == 100
    assert made.frame["land"].to_list()[::3] == ["NA"] * 100


def test_cells_that_say_something_stay_as_they_are(tmp_path):
    n = 400
    rng = np.random.default_rng(0)
    x = [None if i % 9 == 0 else f"{v:.2f}" for i, v in enumerate(rng.random(n) * 100)]
    x[5], x[14], x[23], x[6] = "<0.1", ">100", "haemolysed", "NA"
    comma = [v.replace(".", ",") if v else v for v in x]
    table = gaps(n).with_columns(x=pl.Series(x), comma=pl.Series(comma))
    made = impute(table, seed=1)
    for name, given in (("x", x), ("comma", comma)):
        assert [made.frame[name][i] for i in (5, 14, 23)] == [given[i] for i in (5, 14, 23)]
        assert made.frame[name].null_count() == 0
        assert float(made.frame[name][6].replace(",", ".")) >= 0  # NA is a gap
    assert made.cells["x"] == sum(v in {None, "NA"} for v in x)
    known = table["x"].is_not_null() & (table["x"] != "NA")
    assert made.frame["x"].filter(known).equals(table["x"].filter(known))


def test_a_parquet_file_keeps_its_types(tmp_path):
    n = 400
    rng = np.random.default_rng(0)
    hole = pl.int_range(pl.len()) % 4 == 0
    seconds = pl.Series(rng.integers(0, 90_000_000, n) * 1_000)
    table = gaps(n).with_columns(
        small=pl.Series(rng.integers(0, 200, n), dtype=pl.UInt8),
        at=seconds.cast(pl.Datetime("ms")).dt.replace_time_zone("UTC"),
        price=pl.Series(np.round(rng.random(n) * 9, 2)).cast(pl.Decimal(10, 2)),
    )
    table = table.with_columns(
        pl.col("at").dt.convert_time_zone("Europe/Berlin"), pl.col("smoker").cast(pl.Categorical)
    ).with_columns(pl.when(~hole).then(pl.col("small", "at", "price")))
    table.write_parquet(tmp_path / "t.parquet")
    made = write_imputed(tmp_path / "t.parquet", tmp_path / "f.parquet", Filling(seed=1))
    filled = pl.read_parquet(tmp_path / "f.parquet")
    assert filled.schema == table.schema
    for c in ("small", "at", "price", "smoker"):
        known = table[c].is_not_null()
        assert filled[c].null_count() == 0
        assert filled[c].filter(known).equals(table[c].filter(known))
    assert not any("type" in n for n in made.notices)


def test_times_with_an_offset_are_filled_with_it():
    at = pl.Series(
        [f"2020-{1 + i % 12:02}-{1 + i % 28:02} {i % 24:02}:15:00+0100" for i in range(500)]
    )
    hole = pl.int_range(pl.len()) % 5 == 0
    table = gaps().with_columns(at=pl.when(~hole).then(at))
    made = impute(table, seed=1).frame["at"]
    assert made.str.ends_with("+0100").all()
    assert made.filter(table["at"].is_not_null()).equals(table["at"].drop_nulls())

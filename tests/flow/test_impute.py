"""A table's own gaps are filled in the table's own way of writing."""

import numpy as np
import pandas as pd
import polars as pl

import assaymark
from assaymark.flow.impute import impute


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

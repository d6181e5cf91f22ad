"""What follows from another column is found, and said, where gaps are in both."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from assaymark.core.schema import Column, Kind, Schema
from assaymark.generate.filling.cell_table import cell_table
from assaymark.generate.filling.told import feature_of, find_told


def table(n=600, share=0.2):
    rng = np.random.default_rng(0)
    came = [date(2022, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 900, n)]
    age = rng.integers(0, 90, n)
    code = rng.choice(["I10", "I21", "J18", "E11"], n)
    frame = pl.DataFrame(
        {
            "came": came,
            "day": [d.strftime("%a") for d in came],
            "season": [("cold" if d.month in {1, 2, 12} else "warm") for d in came],
            "year": [d.year for d in came],
            "age": age,
            "group": ["child" if a < 18 else "adult" if a < 65 else "old" for a in age],
            "code": code,
            "chapter": [c[0] for c in code],
            "noise": rng.choice(["x", "y"], n),
        }
    )
    gone = frame.with_columns(
        **{c: pl.when(pl.Series(rng.random(n) >= share)).then(c) for c in frame.columns}
    )
    kinds = {"came": Kind.DATE, "year": Kind.INTEGER, "age": Kind.INTEGER}
    schema = Schema(
        columns=tuple(Column(name=c, kind=kinds.get(c, Kind.CATEGORY)) for c in frame.columns)
    )
    return cell_table(gone, schema), cell_table(frame, schema), schema


def test_groups_bands_and_parts_of_dates_are_found():
    cells, _, schema = table()
    assert {t.text for t in find_told(cells, schema.names)} == {
        "day follows from the weekday of came",
        "season follows from the month of came",
        "year follows from came",
        "group follows from age",
        "chapter follows from code",
    }


def test_what_is_said_is_so_and_another_value_is_broken():
    cells, whole, schema = table()
    for told in find_told(cells, schema.names):
        column, said = next(iter(told.says(cells)))
        known = np.isfinite(said)
        assert (said[known] == whole.values[column][known]).all()
        assert known.sum() > 0.95 * cells.known(told.source).sum()
        assert not told.broken(whole).any()
        wrong = whole.put(column, np.roll(whole.values[column], 1))
        assert told.broken(wrong).any()


@pytest.mark.parametrize(("part", "is_"), [("weekday", 4), ("month", 0), ("day", 1), ("itself", 1)])
def test_parts_of_the_second_of_january_1970(part, is_):
    # day 1 since 1 January 1970, a Thursday, is a Friday: 4, counted from Monday
    at = feature_of(np.array([1.0, np.nan]), part, Kind.DATE)
    assert at[0] == is_
    assert np.isnan(at[1])

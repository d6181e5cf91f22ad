"""Sums, products and years are found in tables full of gaps, and say what is missing."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.generate.coding.encoding import encode
from assaymark.generate.filling.cell_table import cell_table
from assaymark.generate.filling.worked import find_worked
from assaymark.generate.relations.addends import addends


def ages(births, visits):
    return [
        v.year - b.year - ((v.month, v.day) < (b.month, b.day))
        for b, v in zip(births, visits, strict=True)
    ]


def table(n=1500, share=0.3):
    rng = np.random.default_rng(0)
    birth = [date(1930, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 25_000, n)]
    visit = [date(2021, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 900, n)]
    stay = rng.integers(0, 30, n)
    parts = np.round(rng.lognormal(4, 1, (3, n)), 2)
    height, weight = rng.integers(150, 200, n), np.round(rng.normal(75, 12, n), 1)
    values = {
        "birth": (Kind.DATE, birth),
        "visit": (Kind.DATE, visit),
        "left": (Kind.DATE, [v + timedelta(days=int(s)) for v, s in zip(visit, stay, strict=True)]),
        "stay": (Kind.INTEGER, stay.tolist()),
        "age": (Kind.INTEGER, ages(birth, visit)),
        "drugs": (Kind.DECIMAL, parts[0].tolist()),
        "staff": (Kind.DECIMAL, parts[1].tolist()),
        "bed": (Kind.DECIMAL, parts[2].tolist()),
        "total": (Kind.DECIMAL, np.round(parts.sum(axis=0), 2).tolist()),
        "height": (Kind.INTEGER, height.tolist()),
        "weight": (Kind.DECIMAL, weight.tolist()),
        "bmi": (Kind.DECIMAL, np.round(weight / (height / 100) ** 2, 1).tolist()),
    }
    schema = Schema(columns=tuple(Column(name=k, kind=v[0]) for k, v in values.items()))
    whole = pl.DataFrame({k: v[1] for k, v in values.items()})
    gone = whole.with_columns(
        **{c: pl.when(pl.Series(rng.random(n) >= share)).then(c) for c in whole.columns}
    )
    return Dataset(schema=schema, frame=gone), cell_table(whole, schema)


@pytest.fixture(scope="module")
def found():
    data, whole = table()
    cells = cell_table(data.frame, data.schema)
    return find_worked(data, encode(data, 10, Streams.from_seed(1)), cells, 10), cells, whole


def test_sums_products_and_years_are_found_with_three_tenths_of_all_cells_gone(found):
    worked, _, _ = found
    assert {frozenset(w.columns) for w in worked} == {
        frozenset({"visit", "left", "stay"}),
        frozenset({"birth", "visit", "age"}),
        frozenset({"drugs", "staff", "bed", "total"}),
        frozenset({"height", "weight", "bmi"}),
    }


def test_whatever_is_said_is_so(found):
    worked, cells, whole = found
    filled = 0
    for w in worked:
        assert not w.broken(whole).any()
        for column, said in w.says(cells):
            known = np.isfinite(said)
            assert np.allclose(said[known], whole.values[column][known], atol=1e-9)
            filled += int((known & ~cells.known(column)).sum())
    assert filled > 1500


def test_a_part_that_rounding_leaves_open_is_not_said_but_one_that_would_do_is_found(found):
    worked, cells, _ = found
    bmi = next(w for w in worked if w.column == "bmi")
    said = dict(bmi.says(cells))
    assert not np.isfinite(said["weight"]).any()  # 0.1 kg more has the same index, mostly
    near = dict(bmi.near(cells))["weight"]
    assert np.isfinite(near).sum() > 400
    assert not bmi.broken(cells.put("weight", near)).any()


def test_columns_that_a_sum_is_made_of_come_first_though_no_row_is_whole():
    rng = np.random.default_rng(3)
    numbers = {j: rng.normal(0, 1, 3000) for j in range(1, 30)}
    numbers[0] = numbers[1] + numbers[2] - numbers[3]
    for v in numbers.values():
        v[rng.random(3000) < 0.2] = np.nan
    assert np.isfinite(np.array(list(numbers.values()))).all(axis=0).sum() < 20
    assert next(addends(0, range(1, 30), numbers)) == [1, 2, 3]

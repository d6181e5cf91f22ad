"""Missing cells are filled as the known cells let one expect."""

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.errors import InputError
from assaymark.generate import generators
from assaymark.generate.chain.imputed import imputed
from assaymark.generate.coding.cells import fit_cells
from assaymark.generate.coding.coded import coded
from assaymark.generate.coding.levels import fit_levels
from assaymark.generate.relations.anchored import Sum

N = 20_000


@pytest.fixture
def filled(by_hand):
    chain, schema = by_hand

    def fill(**known):
        columns = {n: known.get(n, [None]) * N for n in schema.names}
        frame = pl.DataFrame(columns, schema=dict.fromkeys("abc", pl.String))
        return imputed(chain, frame, (1, 2), 0)

    return fill


def table(n, seed=0):
    rng = np.random.default_rng(seed)
    age = rng.integers(20, 90, n)
    region = rng.choice(["n", "s", "w"], n, p=[0.5, 0.4, 0.1])
    ill = rng.random(n) < age / 120
    values = {
        "ill": (Kind.BOOLEAN, ill.tolist()),
        "region": (Kind.CATEGORY, region.tolist()),
        "coast": (Kind.BOOLEAN, (region != "s").tolist()),
        "age": (Kind.INTEGER, age.tolist()),
        "lab": (Kind.DECIMAL, np.round(age / 10 + ill + rng.normal(0, 1, n), 1).tolist()),
    }
    schema = Schema(columns=tuple(Column(name=k, kind=v[0]) for k, v in values.items()))
    return Dataset(schema=schema, frame=pl.DataFrame({k: v[1] for k, v in values.items()}))


@cache
def fitted():
    source = PrivateSource(_rows=table(3000), record=lambda who, why: None)
    return generators.build("tree_chain", {"relations": "codes"}).fit(source, Streams.from_seed(1))


def test_an_early_cell_is_filled_by_bayes_rule(filled):
    # 64 draws a row: the error of the share is at most about 1 / 64 of its spread
    made = filled(b=["u"])
    assert (made["b"] == "u").all()
    assert abs((made["a"] == "x").mean() - 0.675 / 0.725) < 0.02
    assert abs((filled(b=["v"])["a"] == "x").mean() - 0.075 / 0.275) < 0.02


def test_a_late_cell_is_drawn_and_a_rule_is_kept(filled):
    made = filled(a=["y"])
    assert abs((made["b"] == "u").mean() - 0.2) < 0.013  # 4.5 standard errors
    assert ((made["b"] == "u") == (made["c"] == "two")).all()


def test_a_cell_that_another_follows_from_fits_it(filled):
    made = filled(c=["one"])
    assert (made["b"] == "v").all()
    assert abs((made["a"] == "x").mean() - 0.075 / 0.275) < 0.02


def test_nothing_known_gives_rows_of_the_model(filled):
    made = filled()
    assert abs((made["a"] == "x").mean() - 0.75) < 0.014
    assert abs((made["b"] == "u").mean() - 0.725) < 0.015


@cache
def hidden():
    """Return fresh rows of a table with some cells taken out, and the whole rows."""
    whole = table(4000, seed=9).frame
    rng = np.random.default_rng(1)
    holes = {c: pl.Series(rng.random(4000) < 0.3) for c in ("ill", "region", "age", "lab")}
    taken = whole.with_columns(
        **{c: pl.when(pl.lit(h)).then(None).otherwise(pl.col(c)) for c, h in holes.items()}
    )
    return taken, whole


def test_filled_rows_keep_what_is_known_and_relations_between_the_rest():
    taken, whole = hidden()
    data = Dataset(schema=table(2).schema, frame=taken)
    made = fitted().impute(data, Streams.from_seed(1)).frame
    assert made.null_count().sum_horizontal().item() == 0
    for c in taken.columns:
        known = taken[c].is_not_null()
        assert made[c].filter(known).equals(taken[c].filter(known))
    gone = taken["ill"].is_null()
    old = made["age"] > 60
    for group in (old, ~old):
        asked = made["ill"].filter(gone & group).mean()
        assert abs(asked - whole["ill"].filter(whole["age"].is_not_null() & group).mean()) < 0.08
    ages = taken["age"].is_null() & taken["ill"].is_not_null()
    for ill in (True, False):
        there = whole["ill"] == ill
        assert abs(made["age"].filter(ages & there).mean() - whole["age"].filter(there).mean()) < 3
    regions = taken["region"].is_null()
    assert (made["coast"].filter(regions) == (made["region"].filter(regions) != "s")).all()


def test_any_rows_are_filled_alike_by_themselves():
    taken, _ = hidden()
    whole = Dataset(schema=table(2).schema, frame=taken[:1100])
    made = fitted().impute(whole, Streams.from_seed(1)).frame
    part = whole.take(np.arange(1000, 1100))
    assert fitted().impute(part, Streams.from_seed(1), 1000).frame.equals(made[1000:])
    complete = table(5)
    assert fitted().impute(complete, Streams.from_seed(1)).frame.equals(complete.frame)


def test_values_are_coded_as_when_the_coding_was_fitted():
    rng = np.random.default_rng(0)
    values = np.round(rng.lognormal(3, 1, 600), 1)
    values[:100] = 5.0
    column = Column(name="x", kind=Kind.DECIMAL)
    series = pl.Series("x", values)
    coding, codes = fit_cells(column, series, np.arange(600), 10)
    assert coded(coding, series).tolist() == codes.tolist()
    few, codes = fit_cells(column, pl.Series("x", [1.0, 9.0] * 20), np.arange(40), 10)
    assert coded(few, pl.Series("x", [1.0, 2.0, 8.0, None, 99.0])).tolist() == [0, 0, 1, -1, 1]
    names = Column(name="x", kind=Kind.CATEGORY)
    levels, _ = fit_levels(names, pl.Series("x", ["a"] * 20 + ["b"] * 3), np.arange(23), 10)
    assert coded(levels, pl.Series("x", ["a", "b", None])).tolist() == [0, -1, -1]


def drivers(n=2000):
    rng = np.random.default_rng(5)
    car = rng.choice(["yes", "no", "shared"], n, p=[0.6, 0.3, 0.1])
    age = rng.integers(18, 90, n)
    miles = [
        int(m) if c == "yes" else None for m, c in zip(rng.integers(1, 400, n), car, strict=True)
    ]
    schema = Schema(
        columns=(
            Column(name="car", kind=Kind.CATEGORY),
            Column(name="age", kind=Kind.INTEGER),
            Column(name="miles", kind=Kind.INTEGER),
        )
    )
    return Dataset(schema=schema, frame=pl.DataFrame({"car": car, "age": age, "miles": miles}))


def test_a_gap_that_must_be_stays_and_says_what_it_follows_from():
    data = drivers()
    source = PrivateSource(_rows=data, record=lambda who, why: None)
    model = generators.build("tree_chain", {"trees": 3, "relations": "codes"}).fit(
        source, Streams.from_seed(1)
    )
    assert model.summary["missing_because"] == {"miles": "car"}
    gone = data.frame.with_columns(
        car=pl.when(pl.int_range(pl.len()) % 2 == 0).then("car"), miles=pl.col("miles")
    )
    made = model.impute(Dataset(schema=data.schema, frame=gone), Streams.from_seed(1)).frame
    told = gone["car"].is_null() & gone["miles"].is_not_null()
    assert (made["car"].filter(told) == "yes").mean() > 0.99
    without = gone["miles"].is_null() & (made["car"] != "yes")
    assert made["miles"].filter(without).null_count() == without.sum()
    assert made["miles"].filter(made["car"] == "yes").null_count() == 0
    assert made["car"].null_count() == 0


def test_columns_near_others_cannot_be_filled_yet(by_hand):
    chain, _ = by_hand
    made = Sum(coding=chain.codings[0], anchor=None, otherwise=None)
    frame = pl.DataFrame({n: [None] for n in "abc"}, schema=dict.fromkeys("abc", pl.String))
    with pytest.raises(InputError, match="'c' is drawn near other columns"):
        imputed(replace(chain, links=(*chain.links[:2], made)), frame, (1, 2), 0)

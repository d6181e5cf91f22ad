"""Every registered generator keeps the promises of the protocol, on ordinary and odd tables."""

import datetime as dt
import json
from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assaymark.core.conditions import Conditions
from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.registry import name_of, parameters_of
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.errors import DataError, RecipeError
from assaymark.generate import generators
from assaymark.generate.blocks import BLOCK
from assaymark.generate.extras import can_fit

NAMES = [name for name in generators.names() if can_fit(name)]
PROVEN = {  # noise from the system; so much that little is lost
    "dp_marginals": {"epsilon": 50.0},
    "dp_adaptive": {"epsilon": 50.0},
}
FREE = [name for name in NAMES if name not in PROVEN]


def table(persons=None, **columns):
    """Return a dataset from ``name=(kind, values)``."""
    schema = Schema(columns=tuple(Column(name=n, kind=k) for n, (k, _) in columns.items()))
    frame = pl.DataFrame({n: pl.Series(n, v, POLARS_TYPES[k]) for n, (k, v) in columns.items()})
    return Dataset(schema=schema, frame=frame, persons=persons)


def fit(name, data, seed=1, **parameters):
    opened = []
    source = PrivateSource(_rows=data, record=lambda who, why: opened.append((who, why)))
    given = {**PROVEN.get(name, {}), **parameters}
    model = generators.build(name, given).fit(source, Streams.from_seed(seed))
    assert opened, "real rows were used without passing the door"
    return model


def sample(name, data, rows=200, seed=1):
    return fit(name, data).sample(range(rows), Streams.from_seed(seed))


@cache
def ordinary(n=400, seed=0):
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, n)
    spent = np.round(rng.lognormal(3, 1, n) + age, 2)
    return table(
        age=(Kind.INTEGER, age.tolist()),
        spent=(
            Kind.DECIMAL,
            [None if x < 0.1 else s for x, s in zip(rng.random(n), spent, strict=True)],
        ),
        group=(Kind.CATEGORY, rng.choice(["a", "b", "c", None], n).tolist()),
        ill=(Kind.BOOLEAN, (age + rng.normal(0, 20, n) > 60).tolist()),
        born=(Kind.DATE, [dt.date(1900, 1, 1) + dt.timedelta(days=int(d)) for d in 300 * age]),
        seen=(
            Kind.DATETIME,
            [dt.datetime(2020, 1, 1) + dt.timedelta(minutes=int(m)) for m in 60 * age],  # noqa: DTZ001
        ),
    )


@pytest.mark.parametrize("name", NAMES)
def test_any_block_in_any_order_gives_the_same_rows(name):
    model = fit(name, ordinary())
    streams = Streams.from_seed(2)
    whole = model.sample(range(9), streams).frame
    assert whole.equals(
        pl.concat([model.sample(r, streams).frame for r in (range(4), range(4, 9))])
    )
    across = model.sample(range(BLOCK - 3, BLOCK + 5), streams).frame
    assert across.equals(model.sample(range(BLOCK + 9), streams).frame[BLOCK - 3 : BLOCK + 5])
    assert across[:1].equals(model.sample(range(BLOCK - 3, BLOCK - 2), streams).frame)


@pytest.mark.parametrize("name", NAMES)
def test_rows_under_a_condition_satisfy_it_in_any_blocks(name):
    model, streams = fit(name, ordinary()), Streams.from_seed(2)
    for text in ("ill == true and age >= 50", "group is missing or spent < 40.5"):
        given = Conditions.parse(text, ordinary().schema)
        whole = model.sample(range(60), streams, given)
        assert whole.n == 60
        assert given.hold(whole.frame).all()
        parts = [model.sample(r, streams, given).frame for r in (range(7), range(7, 60))]
        assert whole.frame.equals(pl.concat(parts))


@pytest.mark.parametrize("name", FREE)
def test_same_streams_same_rows_and_other_streams_other_rows(name):
    first = sample(name, ordinary())
    assert first.frame.equals(sample(name, ordinary()).frame)
    assert not first.frame.equals(sample(name, ordinary(), seed=2).frame)


@pytest.mark.parametrize("name", NAMES)
def test_schema_is_kept_and_persons_are_gone(name):
    data = ordinary()
    keyed = Dataset(schema=data.schema, frame=data.frame, persons=np.arange(data.n) // 2)
    made = sample(name, keyed)
    assert made.schema == data.schema
    assert made.frame.schema == data.frame.schema
    assert made.n == 200
    assert made.persons is None


@pytest.mark.parametrize("name", NAMES)
def test_input_is_not_changed(name):
    data = ordinary()
    before = data.frame.clone()
    sample(name, data)
    assert data.frame.equals(before)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_and_summary_are_json(name):
    built = generators.build(name)
    parameters = parameters_of(built)
    assert generators.build(name_of(built), json.loads(json.dumps(parameters))) == built
    model = fit(name, ordinary())
    assert json.loads(json.dumps(model.summary, allow_nan=False)) == model.summary
    assert (model.privacy is None) == (name in FREE)
    with pytest.raises(RecipeError, match="no_such_parameter"):
        generators.build(name, {"no_such_parameter": 1})


@pytest.mark.parametrize("name", NAMES)
def test_no_rows_asked_and_strange_stretches(name):
    model = fit(name, ordinary())
    assert model.sample(range(0), Streams.from_seed(1)).n == 0
    with pytest.raises(DataError, match="stretch"):
        model.sample(range(0, 10, 2), Streams.from_seed(1))


ODD = {
    "one column": {"x": (Kind.INTEGER, list(range(100)))},
    "constant": {"x": (Kind.INTEGER, [7] * 50), "y": (Kind.CATEGORY, ["a"] * 50)},
    "all missing": {kind.value: (kind, [None] * 40) for kind in Kind if kind is not Kind.TEXT},
    "one known value": {"x": (Kind.DECIMAL, [1.5] + [None] * 39), "y": (Kind.INTEGER, [1, 2] * 20)},
    "10,000 levels": {
        "code": (Kind.CATEGORY, [f"c{i % 10_000}" for i in range(20_000)]),
        "y": (Kind.INTEGER, [i % 7 for i in range(20_000)]),
    },
    "before 1677": {
        "d": (Kind.DATE, [dt.date(1500, 1, 1) + dt.timedelta(days=i) for i in range(300)]),
        "t": (Kind.DATETIME, [dt.datetime(1500 + i, 1, 1) for i in range(300)]),  # noqa: DTZ001
    },
    "booleans": {"a": (Kind.BOOLEAN, [True, False] * 30), "b": (Kind.BOOLEAN, [True] * 60)},
    "two rows": {"x": (Kind.INTEGER, [1, 2]), "y": (Kind.CATEGORY, ["a", "b"])},
    "one row": {"x": (Kind.INTEGER, [1]), "y": (Kind.CATEGORY, ["a"])},
    "wide integers": {"x": (Kind.INTEGER, [-(2**63), 2**63 - 1, *range(60)])},
    "wide decimals": {"x": (Kind.DECIMAL, [1e308, -1e308, 1e-300, *(i / 7 for i in range(60))])},
    "tiny decimals": {"x": (Kind.DECIMAL, [i * 1e-9 for i in range(60)])},
    "quotes and accents": {"x": (Kind.CATEGORY, ['é, "b"\n', "", " "] * 20)},
    "odd names": {"": (Kind.INTEGER, [1, 2] * 20), "a,b\n": (Kind.CATEGORY, ["x", "y"] * 20)},
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("odd", ODD, ids=str)
def test_odd_tables_are_fitted(name, odd):
    data = table(**ODD[odd])
    made = sample(name, data, rows=60)
    assert made.schema == data.schema
    assert made.n == 60
    for column in data.schema.columns if name in FREE else ():
        real, drawn = data.frame[column.name].drop_nulls(), made.frame[column.name].drop_nulls()
        if column.kind.ordered and len(drawn):
            assert real.min() <= drawn.min() <= drawn.max() <= real.max()
        elif len(drawn):
            assert set(drawn.to_list()) <= set(real.to_list())


@pytest.mark.parametrize("name", NAMES)
def test_a_table_without_rows_or_with_text_is_refused(name):
    if name in FREE:  # whether there are rows is private
        with pytest.raises(DataError, match="0 rows"):
            fit(name, table(x=(Kind.INTEGER, [])))
    with pytest.raises(DataError, match="free text"):
        fit(name, table(x=(Kind.TEXT, ["a", "b"])))


VALUES = {
    Kind.INTEGER: st.integers(-(2**40), 2**40) | st.integers(0, 3),
    Kind.DECIMAL: st.floats(-1e9, 1e9) | st.sampled_from([0.0, 0.5]),
    Kind.BOOLEAN: st.booleans(),
    Kind.CATEGORY: st.text(max_size=3) | st.sampled_from(["a", "b"]),
    Kind.DATE: st.dates(),
    Kind.DATETIME: st.datetimes(),
}


@st.composite
def tables(draw):
    n = draw(st.integers(1, 40))
    kinds = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4))
    columns = {
        f"c{i}": (k, draw(st.lists(st.none() | VALUES[k], min_size=n, max_size=n)))
        for i, k in enumerate(kinds)
    }
    persons = draw(st.none() | st.lists(st.integers(0, 9), min_size=n, max_size=n))
    return table(None if persons is None else np.array(persons), **columns)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=tables(), protect=st.sampled_from([1, 2, 10]))
def test_any_table_gives_rows_of_its_schema(name, data, protect):
    model = fit(name, data, **({"protect": protect} if name in FREE else {}))
    made = model.sample(range(5), Streams.from_seed(3))
    assert made.schema == data.schema
    assert made.n == 5
    json.dumps(model.summary, allow_nan=False)

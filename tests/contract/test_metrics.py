"""Every registered metric keeps the contract of core/protocols.py; nothing here names one."""

import json
from dataclasses import asdict

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.measurement import NO_SUBJECT, Quantity
from assaymark.core.registry import parameters_of
from assaymark.core.schema import Schema
from assaymark.core.streams import Streams
from assaymark.evaluate import metrics

NAMES = metrics.names()
OF_ALL_REAL = {"tails"}  # real rows are train and holdout together
STREAMS = Streams.from_seed(7)


def measured(name, case, streams=STREAMS):
    return list(metrics.build(name).measure(case, streams))


def plain(measurements):
    return [json.dumps(asdict(m), default=dict, sort_keys=True) for m in measurements]


@pytest.fixture(scope="module")
def case(population, make_case):
    return make_case(population(250, 1), population(200, 2), population(250, 3))


@pytest.fixture(scope="module")
def found(case):
    """What each metric says of ``case``, measured once."""
    return {name: measured(name, case) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_declares_its_quantities_under_its_own_name(name):
    quantities = metrics.load(name).quantities
    assert quantities
    for q in quantities:
        assert isinstance(q, Quantity)
        assert q.name.startswith(f"{name}.")
        assert q.title
        assert q.unit
        assert q.meaning.endswith(".")
        assert q.gate or q.why_not


@pytest.mark.parametrize("name", NAMES)
def test_docstring_names_its_source(name):
    assert "References\n" in (metrics.load(name).__doc__ or "")


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_json_and_round_trip(name):
    metric = metrics.build(name)
    assert metrics.build(name, json.loads(json.dumps(parameters_of(metric)))) == metric


@pytest.mark.parametrize("name", NAMES)
def test_yields_declared_quantities_as_json(name, found):
    declared = {q.name for q in metrics.load(name).quantities}
    assert found[name]
    assert {m.metric for m in found[name]} <= declared
    assert len({(m.metric, m.subject) for m in found[name]}) == len(found[name])
    for m in found[name]:
        json.dumps(dict(m.details), allow_nan=False)
        assert m.subject == "table" or ":" in m.subject
        assert m.subject != NO_SUBJECT or m.value is None
        if m.value is not None and m.low is not None:
            assert m.low <= m.value <= m.high


@pytest.mark.parametrize("name", NAMES)
def test_gated_values_have_an_interval(name, found):
    quantities = metrics.load(name).quantities
    gated = {q.name for q in quantities if q.gate and q.unit not in {"rows", "records", "count"}}
    for m in found[name]:
        if m.value is not None and m.metric in gated:
            assert m.low is not None, f"{m.metric} of {m.subject} has no interval"
            assert m.n > 0


@pytest.mark.parametrize("name", NAMES)
def test_same_streams_same_numbers_and_nothing_else_is_touched(name, case, found):
    tables = (case.train, case.holdout, case.synthetic)
    before = [d.frame.clone() for d in tables]
    state = np.random.get_state()[1].tolist()  # noqa: NPY002
    assert plain(measured(name, case)) == plain(found[name])
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002
    assert all(frame.equals(d.frame) for frame, d in zip(before, tables, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_order_of_columns_makes_no_difference(name, case, found, make_case):
    order = case.schema.columns[::-1]
    turned = make_case(*(reordered(d, order) for d in (case.train, case.holdout, case.synthetic)))
    assert numbers(measured(name, turned)) == numbers(found[name])


def reordered(data, columns):
    return Dataset(
        schema=Schema(columns=columns),
        frame=data.frame.select([c.name for c in columns]),
        persons=data.persons,
    )


def numbers(measurements):
    def subject(m):
        kind, _, names = m.subject.partition(":")
        return kind, *(sorted(names.split(",")) if kind == "pair" else [names])

    def written(x):
        return "" if x is None else f"{x + 0.0:.4f}"

    return {
        (m.metric, subject(m)): (written(m.value), written(m.low), written(m.high), m.n)
        for m in measurements
    }


@pytest.mark.parametrize("name", NAMES)
def test_without_holdout_there_are_reasons_and_no_numbers(name, population, make_case):
    alone = measured(name, make_case(population(60, 1), None, population(60, 2)))
    assert alone
    for m in alone:
        assert m.value is None, f"{m.metric} gave {m.value} without a holdout"
        assert "holdout" in m.reason or m.subject == NO_SUBJECT


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rows", [0, 1, 2, 5, 30])
def test_few_rows_are_no_crash(name, rows, population, make_case):
    few = population(40, 1).take(np.arange(rows))
    measured(name, make_case(few, few, few))
    measured(name, make_case(population(60, 1), population(60, 2), few))
    measured(name, make_case(population(60, 1), few, population(60, 3)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("broken", ["all", "missing", "constant", "new"])
def test_degenerate_columns_are_no_crash(name, broken, population, make_case):
    tables = [population(80, s) for s in (1, 2, 3)]
    where = range(3) if broken == "all" else (2,)
    for i in where:
        tables[i] = spoilt(tables[i], "missing" if broken == "all" else broken)
    for m in measured(name, make_case(*tables)):
        assert m.value is None or m.low is None or m.low <= m.high


def spoilt(data, how):
    frame = data.frame
    for column in data.schema.columns:
        kind = frame.schema[column.name]
        if how == "missing":
            new = pl.Series(column.name, [None] * data.n, dtype=kind)
        elif how == "constant":
            new = pl.Series(column.name, [frame[column.name].drop_nulls()[0]] * data.n, dtype=kind)
        elif kind == pl.String:
            new = "never seen " + frame[column.name]
        else:
            continue
        frame = frame.with_columns(new.alias(column.name))
    return type(data)(schema=data.schema, frame=frame)


@pytest.mark.parametrize("name", NAMES)
def test_one_plain_column_is_no_crash(name, table, make_case):
    parts = [table({"x": list(range(k, k + 60))}, x="integer") for k in (0, 1, 2)]
    for m in measured(name, make_case(*parts)):
        assert m.value is not None or m.reason


@pytest.mark.parametrize("name", NAMES)
def test_persons_are_counted_once(name, population, make_case):
    """Rows of one person repeated ten times: n is the persons, never the rows."""
    parts = [population(600, s, visits=10) for s in (1, 2)]
    for m in measured(name, make_case(*parts, population(600, 3))):
        assert m.n <= 2 * 60 + 600  # attacks may count synthetic rows
        if metrics.family(name) in {"fidelity", "utility"}:
            assert m.n <= (120 if name in OF_ALL_REAL else 60)


@pytest.mark.parametrize("name", [n for n in NAMES if getattr(metrics.load(n), "single", False)])
def test_single_table_metrics_describe_one_table(name, population, make_case):
    for case in (
        make_case(population(300, 1), None),
        make_case(population(300, 1), population(200, 2)),
        make_case(population(300, 1).take(np.arange(0)), None),
    ):
        for m in measured(name, case):
            assert (m.value is None) == bool(m.reason)

"""Rows under a condition: right, as likely as they should be, and never fewer than asked for."""

import gc
import importlib
import re
from functools import cache
from weakref import ref

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2

from assaymark.core.conditions import Conditions
from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.core.value_sets import Allowed
from assaymark.errors import ConditionError
from assaymark.generate import generators
from assaymark.generate.chain.restrict import restriction
from assaymark.generate.chain.wanted import wanted
from assaymark.generate.coding.cells import fit_cells

INT = np.int32
module = importlib.import_module("assaymark.generate.chain.wanted")


@pytest.fixture
def hand_drawn(by_hand):
    chain, schema = by_hand

    def drawn(text, rows=20_000):
        given = Conditions.parse(text, schema)
        return wanted(chain, range(rows), Streams.from_seed(5), given, model=drawn)

    return drawn


def near(share, expected, n=20_000):
    return abs(share - expected) < 4.5 * np.sqrt(expected * (1 - expected) / n) + 0.001


def test_a_condition_on_the_last_column_moves_the_first_as_bayes_says(hand_drawn):
    made = hand_drawn("b == 'u'")
    assert (made["b"] == "u").all()
    assert (made["c"] == "two").all()
    assert near((made["a"] == "x").mean(), 0.675 / 0.725)
    assert near((hand_drawn("b == 'v'")["a"] == "x").mean(), 0.075 / 0.275)


def test_a_condition_on_the_first_column_leaves_the_rest_as_drawn(hand_drawn):
    made = hand_drawn("a == 'y'")
    assert (made["a"] == "y").all()
    assert near((made["b"] == "u").mean(), 0.2)


def test_a_condition_on_a_column_that_follows_is_one_on_what_it_follows_from(hand_drawn):
    made = hand_drawn("c == 'one'")
    assert (made["b"] == "v").all()
    assert near((made["a"] == "x").mean(), 0.075 / 0.275)


def test_an_or_over_columns_is_met_too(hand_drawn):
    made = hand_drawn("a == 'y' or b == 'v'")
    assert ((made["a"] == "y") | (made["b"] == "v")).all()
    assert near((made["a"] == "x").mean(), 0.075 / 0.325)


def test_what_a_rule_excludes_is_said(hand_drawn):
    with pytest.raises(ConditionError, match="exclude each other"):
        hand_drawn("b == 'u' and c == 'one'")


def table(n=3000, seed=0):
    rng = np.random.default_rng(seed)
    age = rng.integers(20, 90, n)
    region = rng.choice(["n", "s", "w"], n, p=[0.5, 0.4, 0.1])
    ill = rng.random(n) < age / 120 + 0.2 * (region == "w")
    cost = np.round(rng.lognormal(5, 1, n) * (1 + ill), 2)
    lab = np.where(rng.random(n) < 0.2, np.nan, np.round(age / 10 + ill + rng.normal(0, 1, n), 1))
    values = {
        "ill": (Kind.BOOLEAN, ill.tolist()),
        "region": (Kind.CATEGORY, region.tolist()),
        "coast": (Kind.BOOLEAN, (region != "s").tolist()),
        "age": (Kind.INTEGER, age.tolist()),
        "cost": (Kind.DECIMAL, cost.tolist()),
        "lab": (Kind.DECIMAL, [None if np.isnan(x) else x for x in lab]),
    }
    schema = Schema(columns=tuple(Column(name=k, kind=v[0]) for k, v in values.items()))
    frame = pl.DataFrame({k: pl.Series(k, v, POLARS_TYPES[t]) for k, (t, v) in values.items()})
    return Dataset(schema=schema, frame=frame)


@cache
def fitted(name="tree_chain"):
    source = PrivateSource(_rows=table(), record=lambda who, why: None)
    return generators.build(name, {}).fit(source, Streams.from_seed(1))


@cache
def unconditioned(name="tree_chain"):
    return fitted(name).sample(range(120_000), Streams.from_seed(3)).frame


def where(text):
    return Conditions.parse(text, table(2).schema)


def drawn(text, rows, name="tree_chain", seed=4):
    return fitted(name).sample(rows, Streams.from_seed(seed), where(text)).frame


def buckets(frame):
    """Return one code per row of a coarse table of all columns."""
    edges = {"age": [35, 50, 65], "cost": [100, 200, 400], "lab": [3, 5, 7]}
    codes = [frame[c].cast(pl.Int64).to_numpy() for c in ("ill", "coast")]
    codes += [np.searchsorted(e, frame[c].fill_null(-9).to_numpy()) for c, e in edges.items()]
    return [codes[i] * 4 + codes[j] for i in range(5) for j in range(i + 1, 5)]


def p_value(first, second):
    """Return the p-value of all two-way tables being the same, by Bonferroni."""
    least, tests = 1.0, 0
    for a, b in zip(buckets(first), buckets(second), strict=True):
        counts = np.stack([np.bincount(a, minlength=17), np.bincount(b, minlength=17)])
        counts = counts[:, counts.sum(axis=0) >= 20].astype(float)
        expected = counts.sum(1, keepdims=True) * counts.sum(0) / counts.sum()
        statistic = ((counts - expected) ** 2 / expected).sum()
        least = min(least, chi2.sf(statistic, max(counts.shape[1] - 1, 1)))
        tests += 1
    return least * tests


CONDITIONS = [
    "ill == true",
    "region in ('n', 'w')",
    "coast == false and age >= 60",
    "age between 41 and 47",
    "cost between 123.45 and 150.99",
    "cost > 400 and ill == true and region != 's'",
    "lab is missing and age < 40",
    "lab > 6",
    "not (lab < 6 or ill == false)",
    "age < 25 or cost > 500",
    "(age < 30 and ill == true) or (age > 80 and coast == false)",
    "cost not between 50 and 500",
]


@pytest.mark.parametrize("text", CONDITIONS)
def test_rows_are_as_those_that_rejection_keeps(text):
    found = where(text)
    kept = unconditioned().filter(found.hold(unconditioned()))
    made = drawn(text, range(4000))
    assert len(made) == 4000
    assert found.hold(made).all()
    assert p_value(kept, made) > 0.001


def test_independent_columns_are_conditioned_too():
    for text in ("cost between 123.45 and 150.99 and ill == true", CONDITIONS[-2]):
        kept = unconditioned("independent")
        made = drawn(text, range(4000), "independent")
        assert where(text).hold(made).all()
        assert p_value(kept.filter(where(text).hold(kept)), made) > 0.001


@pytest.mark.parametrize("text", [CONDITIONS[0], CONDITIONS[4], CONDITIONS[10]])
def test_any_rows_in_any_order_are_the_same_rows(text):
    whole = drawn(text, range(300))
    again = [drawn(text, r) for r in (range(3), range(3, 4), range(4, 270), range(270, 300))]
    assert whole.equals(pl.concat(again))
    assert drawn(text, range(7, 7)).schema == whole.schema
    assert not whole.equals(drawn(text, range(300), seed=5))


def test_what_a_condition_says_of_a_model_is_forgotten_with_it():
    source = PrivateSource(_rows=table(300), record=lambda who, why: None)
    gc.collect()
    gone, before = [], len(module._SEARCHES)
    for text in ("age >= 40", "age >= 40 or cost > 500", "region == 'n'"):
        model = generators.build("tree_chain").fit(source, Streams.from_seed(2))
        model.sample(range(20), Streams.from_seed(3), where(text))
        gone.append(ref(model))
        del model
    gc.collect()
    assert [found() for found in gone] == [None, None, None]
    assert len(module._SEARCHES) == before


def test_a_condition_is_looked_into_once_for_a_model(monkeypatch):
    looked = []
    real = module._looked
    monkeypatch.setattr(module, "_looked", lambda *args: looked.append(1) or real(*args))
    for start in range(0, 90, 30):
        drawn("age >= 41 and cost > 12", range(start, start + 30))
    assert len(looked) == 1


def test_blocks_meet_where_chunks_end():
    rows = range(65_530, 65_545)
    whole = drawn(CONDITIONS[0], range(65_545))
    assert whole[65_530:].equals(drawn(CONDITIONS[0], rows))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("region == 'e'", "'region': its values are 'n', 's', 'w'"),
        ("age > 500", r"'age': its values are between \d+ and \d+"),
        ("region is missing", "'region'"),
        ("region == 's' and coast == true", "exclude each other"),
        ("(region == 's' and coast == true) or (age < 21 and age > 21.5)", "exclude each other"),
        ("(region == 's' and coast == true) or (region == 'n' and coast == false)", "none of"),
    ],
)
def test_what_can_never_hold_is_an_error_and_never_fewer_rows(text, said):
    with pytest.raises(ConditionError, match=rf"(?s)^0 of 50 rows can be had: .*{said}"):
        drawn(text, range(50))


def test_too_few_rows_are_an_error_with_the_count(monkeypatch):
    monkeypatch.setattr(module, "MOST_TRIES", 3)
    text = "age < 22 or cost > 1000"
    with pytest.raises(ConditionError, match=r"about \d+ of 200 rows can be had: 0\.0\d+ of this"):
        drawn(text, range(200))
    monkeypatch.setattr(module, "_check_feasible", lambda search, n: None)
    with pytest.raises(ConditionError, match=r"^\d+ of 200 rows can be had.*3 times at most"):
        drawn(text, range(200))


def test_part_of_a_cell_is_left_in_proportion():
    n = 400
    values = pl.Series("x", np.arange(n) * 2)
    coding, _ = fit_cells(Column(name="x", kind=Kind.INTEGER), values, np.arange(n), 50)
    assert (coding.points > 0).all()
    schema = Schema(columns=(coding.column,))
    for text in ("x < 101", "x >= 300 and x <= 310", "x in (108, 110, 114)", "x != 400"):
        found = Conditions.parse(text, schema)
        left = restriction(coding, found.allowed()["x"])
        u = (np.arange(2000) + 0.5) / 2000
        for code in np.flatnonzero(left.share):
            codes = np.full(2000, code, dtype=INT)
            inside = left.low[code] + left.width[code] * u
            got = coding.decode(codes, inside)
            every = coding.decode(np.full(2000, code, dtype=INT), u).unique()
            held = every.filter(found.hold(pl.DataFrame({"x": every})))
            if left.exact:
                assert got.unique().sort().equals(held.sort())
                assert left.share[code] == pytest.approx(len(held) / len(every))
            else:
                assert set(held) <= set(got)


def test_special_values_are_left_one_by_one():
    values = pl.Series("x", [0.0] * 50 + [2.5] * 50 + [7.25] * 50 + [None] * 50)
    coding, _ = fit_cells(Column(name="x", kind=Kind.DECIMAL), values, np.arange(200), 10)
    schema = Schema(columns=(coding.column,))
    found = Conditions.parse("x in (0, 7.25) or x is missing", schema)
    assert restriction(coding, found.allowed()["x"]).share.tolist() == [1, 0, 1, 1]
    nothing = Allowed(Conditions.parse("x == 1", schema).allowed()["x"].values)
    with pytest.raises(ConditionError, match=r"between 0\.0 and 7\.25 or missing"):
        restriction(coding, nothing)


@cache
def ruled():
    """Return a model of bills whose columns are tied: a sum, a near amount, and a gap."""
    rng = np.random.default_rng(3)
    n = 4000
    rent = rng.integers(300, 1500, n)
    food = rng.integers(100, 900, n)
    last = np.round(rng.lognormal(7, 1, n)).astype(int)
    now = last + rng.integers(-40, 60, n)
    car = rng.choice(["yes", "no", "shared"], n, p=[0.6, 0.3, 0.1])
    miles = np.where(car == "yes", rng.integers(1, 400, n), -1)
    values = {
        "rent": rent.tolist(),
        "food": food.tolist(),
        "total": (rent + food).tolist(),
        "last": last.tolist(),
        "now": now.tolist(),
        "miles": [m if m > 0 else None for m in miles.tolist()],
        "car": car.tolist(),
    }
    kinds = {k: Kind.CATEGORY if k == "car" else Kind.INTEGER for k in values}
    schema = Schema(columns=tuple(Column(name=k, kind=kinds[k]) for k in values))
    frame = pl.DataFrame({k: pl.Series(k, v, POLARS_TYPES[kinds[k]]) for k, v in values.items()})
    source = PrivateSource(_rows=Dataset(schema=schema, frame=frame), record=lambda who, why: None)
    model = generators.build("tree_chain", {}).fit(source, Streams.from_seed(1))
    return model, schema, model.sample(range(100_000), Streams.from_seed(3)).frame


def test_rules_between_columns_are_found_in_the_table_of_bills():
    said = ruled()[0].summary
    assert {"total", "rent", "food"} & set(said["derived"])
    assert {"last", "now"} & set(said["near"])
    assert said["missing_because"] == {"miles": "car"}


def test_what_no_sum_can_be_is_refused_with_what_there_is():
    model, schema, every = ruled()
    given = Conditions.parse("total > 99999", schema)
    with pytest.raises(ConditionError, match=r"none of [\d,]+ tries") as refused:
        model.sample(range(20), Streams.from_seed(4), given)
    said = re.search(r"Hint: values of 'total' are between (\d+) and (\d+),", str(refused.value))
    assert every["total"].is_between(*map(int, said.groups())).mean() > 0.95


@pytest.mark.parametrize(
    "text",
    [
        "total > 1800",
        "rent < 500 and food >= 700",
        "now between 1000 and 1100",
        "miles is missing",
        "miles > 300",
        "car == 'no' or miles < 20",
        "last > 4000 and miles is not missing",
    ],
)
def test_rules_between_columns_hold_under_conditions(text):
    model, schema, every = ruled()
    given = Conditions.parse(text, schema)
    made = model.sample(range(2000), Streams.from_seed(4), given).frame
    assert made.height == 2000
    assert given.hold(made).all()
    assert (made["total"] == made["rent"] + made["food"]).all()
    assert (made["miles"].is_null() == (made["car"] != "yes")).all()
    kept = every.filter(given.hold(every))
    for c in ("rent", "food", "last", "now", "miles"):
        a, b = (f[c].drop_nulls() for f in (kept, made))
        if len(a):
            spread = max(a.std() or 0, 1e-9) * np.sqrt(1 / len(a) + 1 / max(len(b), 1))
            assert abs(a.mean() - b.mean()) < 4.5 * spread + 1e-9
    blocks = [model.sample(r, Streams.from_seed(4), given).frame for r in (range(9), range(9, 40))]
    assert made[:40].equals(pl.concat(blocks))


class Never:
    """What no row can be: two constraints that exclude each other, joined."""

    text, exact = "age >= 45 and age < 40", True

    def allowed(self):
        return None

    def hold(self, frame):
        return np.zeros(frame.height, dtype=np.bool_)


def test_what_no_row_can_be_is_refused_before_any_is_tried():
    schema = Schema(columns=(Column(name="age", kind=Kind.INTEGER),))
    frame = pl.DataFrame({"age": list(range(20, 80)) * 5})
    source = PrivateSource(_rows=Dataset(schema=schema, frame=frame), record=lambda *_: None)
    model = generators.build("tree_chain").fit(source, Streams.from_seed(1))
    with pytest.raises(ConditionError, match="exclude each other"):
        model.sample(range(10), Streams.from_seed(1), Never())

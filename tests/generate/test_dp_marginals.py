"""The differentially private generator: what it keeps, what it buys, and what it refuses."""

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.core.streams import Streams
from assaymark.core.zcdp import epsilon_of
from assaymark.errors import InputError, RecipeError
from assaymark.generate.dp.domain import edges_of, exponents, levels_of, span_of
from assaymark.generate.dp.ground import Terms
from assaymark.generate.dp.network import branched
from assaymark.generate.dp.project import fitted, nonnegative
from assaymark.generate.dp_marginals import DpMarginals
from assaymark.generate.model_file import ModelFile, read_model, write_model

STREAMS = Streams.from_seed(1)


def table(persons=None, target=None, **columns):
    schema = Schema(
        columns=tuple(
            Column(name=n, kind=k, roles=(Role.TARGET,) if n == target else (Role.OTHER,))
            for n, (k, _) in columns.items()
        )
    )
    frame = pl.DataFrame({n: pl.Series(n, v, POLARS_TYPES[k]) for n, (k, v) in columns.items()})
    return Dataset(schema=schema, frame=frame, persons=persons)


def fit(data, **parameters):
    source = PrivateSource(_rows=data, record=lambda who, why: None)
    return DpMarginals(**parameters).fit(source, STREAMS)


def drawn(data, rows=4000, **parameters):
    return fit(data, **parameters).sample(range(rows), STREAMS).frame


def people(n=6000, seed=0, target="ill"):
    rng = np.random.default_rng(seed)
    age = rng.integers(20, 80, n)
    sex = rng.choice(["f", "m"], n)
    ill = rng.random(n) < np.where(sex == "f", 0.1, (age - 20) / 60)
    return table(
        target=target,
        age=(Kind.INTEGER, age.tolist()),
        sex=(Kind.CATEGORY, sex.tolist()),
        ill=(Kind.BOOLEAN, ill.tolist()),
    )


KNOWN = {"bounds": {"age": (0, 120)}, "categories": {"sex": ("f", "m")}}


def test_shares_and_what_depends_on_two_others_come_back():
    # noise at epsilon 3 is below 40 rows a count of 6,000; chance in 4,000 rows about .02
    made = drawn(people(), epsilon=3.0, **KNOWN)
    old = pl.col("age") >= 60
    for sex, young_rate, old_rate in (("f", 0.1, 0.1), ("m", 0.33, 0.83)):
        of = made.filter(pl.col("sex") == sex)
        assert of.filter(~old)["ill"].mean() == pytest.approx(young_rate, abs=0.1)
        assert of.filter(old)["ill"].mean() == pytest.approx(old_rate, abs=0.12)
    assert made["age"].min() >= 0
    assert made.filter(pl.col("age").is_between(20, 80)).height > 3900
    assert made["sex"].null_count() <= 20


def test_classes_follow_from_budget_and_noisy_rows():
    # sigma = 1 / sqrt(2 rho) for each of two tables; the square root of rows / sigma: 14, and 38
    widths = []
    for epsilon in (0.5, 20.0):
        source = PrivateSource(_rows=people(), record=lambda who, why: None)
        terms = Terms(epsilon=epsilon, delta=1e-6, unit="row", cap=1, **KNOWN)
        ground = terms.ground(source)
        sigma = 1 / math.sqrt(2 * ground.left / 2)
        widths.append(len(ground.shares["age"]))
        assert widths[-1] <= 1.3 * math.sqrt(ground.rows / sigma)
    assert widths[0] < 32 < widths[1]
    source = PrivateSource(_rows=people(), record=lambda who, why: None)
    terms = Terms(epsilon=20.0, delta=1e-6, unit="row", cap=1, classes=8, **KNOWN)
    assert len(terms.ground(source).shares["age"]) <= 10


def test_little_budget_gives_little_and_the_guarantee_says_what_was_spent():
    model = fit(people(), epsilon=0.05, **KNOWN)
    model.privacy.check()
    assert model.sample(range(100), STREAMS).n == 100
    privacy = fit(people(), epsilon=1.0, delta=1e-7, **KNOWN).privacy
    spent = math.fsum(float(c.rho) for c in privacy.charges)
    assert epsilon_of(spent, 1e-7) == pytest.approx(1.0, abs=1e-6)
    assert spent <= float(privacy.rho) * (1 + 1e-9)
    kinds = [c.mechanism for c in privacy.charges]
    assert kinds.count("exponential") == 2
    assert len(kinds) == 1 + 3 + 2 + 2  # rows, columns, choices, tables


def test_what_was_not_declared_is_bought_and_what_is_assumed_is_said():
    privacy = fit(people(), epsilon=2.0).privacy
    privacy.check()
    (found,) = [c for c in privacy.charges if float(c.delta) > 0]
    assert found.what == "categories of sex"
    assert any("age, sex, ill" in said for said in privacy.assumptions)
    declared = fit(people(), declared=("age", "sex", "ill"), **KNOWN).privacy
    assert not any("kinds" in said for said in declared.assumptions)
    assert all(float(c.delta) == 0 for c in declared.charges)


def test_values_and_levels_outside_what_was_declared_never_come_out():
    made = drawn(people(), bounds={"age": (30, 50)}, categories={"sex": ("f",)})
    assert made["age"].min() >= 30
    assert made["age"].max() <= 50
    assert set(made["sex"].drop_nulls()) <= {"f"}


def test_special_values_and_steps_of_wide_columns_are_found():
    rng = np.random.default_rng(1)
    gain = np.where(rng.random(8000) < 0.9, 0, rng.choice([5178, 7688, 99_999], 8000))
    born = [dt.date(1940, 1, 1) + dt.timedelta(days=int(d)) for d in rng.integers(0, 20_000, 8000)]
    price = np.round(rng.integers(1, 400, 8000) * 0.25, 2)
    data = table(
        gain=(Kind.INTEGER, gain.tolist()),
        born=(Kind.DATE, born),
        price=(Kind.DECIMAL, price.tolist()),
    )
    bounds = {
        "gain": (0, 100_000),
        "born": ("1900-01-01", "2020-12-31"),
        "price": (0, 100, 0.25),
    }
    made = drawn(data, epsilon=3.0, bounds=bounds)
    assert (made["gain"] == 0).mean() == pytest.approx(0.9, abs=0.02)
    assert made["gain"].is_in([0, 5178, 7688, 99_999]).mean() > 0.98
    assert made["born"].is_between(dt.date(1939, 1, 1), dt.date(1996, 1, 1)).mean() > 0.97
    assert (made["price"] * 4 % 1 == 0).all()


def test_bounds_that_were_not_given_are_bought_to_a_power_of_two_or_a_year():
    rng = np.random.default_rng(2)
    data = table(
        x=(Kind.INTEGER, rng.integers(-40, 900, 5000).tolist()),
        seen=(Kind.DATE, [dt.date(2019, 1, 1) + dt.timedelta(days=int(d)) for d in range(5000)]),
        odd=(Kind.DECIMAL, [1e300, *rng.normal(0, 1, 4999).tolist()]),
    )
    made = drawn(data, epsilon=3.0)
    assert -64 < made["x"].min() <= made["x"].max() < 1024
    assert made["seen"].is_between(dt.date(2019, 1, 1), dt.date(2032, 12, 31)).all()
    assert made["odd"].abs().max() <= 16  # the one number far out is moved in, and not seen


def test_a_number_too_large_for_whole_numbers_is_moved_in_where_points_are_whole():
    column = Column(name="x", kind=Kind.DECIMAL)
    span = span_of(column, (0, 10, 1))
    found = span.index(pl.Series("x", [1e300, -1e300, 3.7, None, 10.0]))
    assert found.tolist() == [10, 0, 4, -1, 10]


def test_a_value_that_most_people_have_is_found_without_bounds_too():
    rng = np.random.default_rng(5)
    gain = np.where(rng.random(20_000) < 0.9, 0, rng.integers(1, 99_999, 20_000))
    made = drawn(table(gain=(Kind.INTEGER, gain.tolist())), epsilon=5.0)
    assert (made["gain"] == 0).mean() == pytest.approx(0.9, abs=0.02)
    assert made["gain"].max() < 2**17


def test_constant_and_empty_columns_and_no_rows_at_all():
    data = table(
        one=(Kind.CATEGORY, ["a"] * 3000),
        none=(Kind.INTEGER, [None] * 3000),
        same=(Kind.INTEGER, [7] * 3000),
    )
    made = drawn(data, bounds={"none": (0, 9), "same": (0, 9)}, categories={"one": ("a", "b")})
    assert (made["one"] == "a").mean() > 0.97
    assert made["none"].null_count() > 3800
    assert (made["same"] == 7).mean() > 0.97
    nobody = table(x=(Kind.INTEGER, []), g=(Kind.CATEGORY, []))
    assert drawn(nobody, rows=5, bounds={"x": (0, 9)}).height == 5


def test_a_person_with_half_the_rows_counts_once_and_what_was_left_out_is_said():
    x = [9] * 5000 + [i % 5 for i in range(5000)]
    persons = np.concatenate([np.zeros(5000, dtype=np.int64), np.arange(1, 5001)])
    data = table(persons, x=(Kind.INTEGER, x))
    model = fit(data, bounds={"x": (0, 9)}, delta=1e-5)
    made = model.sample(range(4000), STREAMS).frame
    assert (made["x"] == 9).mean() < 0.02
    assert 4600 <= model.rows <= 5400
    assert "of the rows" in model.summary["rows_left_out"]
    assert model.privacy.unit == "person"


def test_a_delta_above_one_in_the_rows_is_refused_by_the_noisy_count():
    with pytest.raises(InputError, match="more than one in the"):
        fit(people(), delta=0.01, **KNOWN)


WRONG = {
    "bounds of a category": ({"bounds": {"sex": (0, 1)}}, "takes no bounds"),
    "categories of a number": ({"categories": {"age": ("1",)}}, "takes no categories"),
    "bounds the wrong way": ({"bounds": {"age": (9, 1)}}, "lowest must come first"),
    "one bound": ({"bounds": {"age": (9,)}}, "two numbers"),
    "bounds that are words": ({"bounds": {"age": ("a", "b")}}, "cannot be read"),
    "too many steps": ({"bounds": {"age": (0, 2**63)}}, "or with a step of 4"),
    "no category listed": ({"categories": {"sex": ()}}, "no category is listed"),
    "noise that cannot be drawn": ({"cap": 100_000}, "epsilon .* or more"),
    "a column that is not there": ({"bounds": {"agee": (0, 1)}}, "age"),
    "no cap": ({"cap": 0}, "1 or more"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_parameters_are_refused(case):
    parameters, why = WRONG[case]
    with pytest.raises((InputError, RecipeError), match=why):
        fit(people(), **parameters)


def test_more_categories_than_can_be_counted_are_refused_with_an_estimate():
    data = table(x=(Kind.CATEGORY, ["a"] * 10))
    with pytest.raises(InputError, match=r"MiB.*\n\nHint: list fewer"):
        fit(data, categories={"x": tuple(map(str, range(2**20 + 1)))})


def test_a_model_file_keeps_the_model_and_its_guarantee():
    model = fit(people(), **KNOWN)
    raw = write_model(ModelFile(model=model, generator={"name": "dp_marginals"}, salt="00"))
    again = read_model(raw).model
    assert again.privacy == model.privacy
    assert again.sample(range(50), STREAMS).frame.equals(model.sample(range(50), STREAMS).frame)


def test_without_a_target_the_columns_that_belong_together_are_found():
    rng = np.random.default_rng(4)
    a = rng.integers(0, 4, 6000)
    data = table(
        a=(Kind.INTEGER, a.tolist()),
        b=(Kind.INTEGER, rng.integers(0, 4, 6000).tolist()),
        c=(Kind.INTEGER, a.tolist()),
    )
    made = drawn(data, epsilon=2.0, bounds=dict.fromkeys("abc", (0, 3)))
    assert (made["a"] == made["c"]).mean() > 0.93
    assert (made["a"] == made["b"]).mean() == pytest.approx(0.25, abs=0.05)


def test_counts_are_projected_to_the_nearest_ones_that_can_be():
    # by hand: [5, 1, -2] to a total of 4: subtract 1 from the first two, drop the last
    assert nonnegative(np.array([5.0, 1.0, -2.0]), 4.0).tolist() == [4.0, 0.0, 0.0]
    assert nonnegative(np.array([3.0, 3.0]), 4.0).tolist() == [2.0, 2.0]
    made = fitted(np.ones((2, 3)), np.array([0.2, 0.8]), np.array([0.5, 0.25, 0.25]))
    assert made.sum(axis=0) == pytest.approx([0.5, 0.25, 0.25])
    assert made[0] == pytest.approx([0.1, 0.05, 0.05])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 7), min_size=1, max_size=3), st.integers(0, 2**31))
def test_every_combination_of_parents_reaches_its_own_leaf(sizes, seed):
    rng = np.random.default_rng(seed)
    places = [rng.permutation(np.arange(s)).astype(np.int32) for s in sizes]
    tree = branched(places)
    codes = np.array(np.meshgrid(*map(range, sizes), indexing="ij"), dtype=np.int32)
    codes = codes.reshape(len(sizes), -1)
    leaf = np.cumsum(tree.feature < 0) - 1
    at = np.zeros(codes.shape[1], dtype=np.int64)
    for place, row, size in zip(places, codes, sizes, strict=True):
        at = at * size + place[row]
    assert leaf[tree.leaves(codes)].tolist() == at.tolist()


def test_levels_of_a_histogram_go_from_few_cells_to_single_points():
    assert levels_of(74) == (1,)
    assert levels_of(100_000) == (4096, 256, 16, 1)
    assert levels_of(1_490_001)[-1] > 1  # its points are more than may be counted one by one
    assert all(-(-(2**62) // w) <= 2**17 for w in levels_of(2**62))


def test_powers_of_two_hold_the_numbers_they_stand_for():
    values = pl.Series([0.0, 1.0, 1.5, 2.0, -3.0, 1000.0, None])
    codes = exponents(values)
    for value, code in zip(values.to_list()[:-1], codes.tolist(), strict=False):
        assert edges_of(code, upper=False) <= value <= edges_of(code, upper=True)
    assert codes[-1] == -1
    span = span_of(Column(name="x", kind=Kind.DECIMAL), (0, 1, 0.1))
    assert span.points == 11
    assert span.index(pl.Series([0.0, 0.3, 5.0, None])).tolist() == [0, 3, 10, -1]


@pytest.mark.parametrize("bounds", [(0, 1e-20), (-(2.0**63), 2.0**63), (1e300, 1.5e300), (0, 1e15)])
def test_numbers_beyond_decimals_have_a_span_too(bounds):
    span = span_of(Column(name="x", kind=Kind.DECIMAL), bounds)
    ends = span.index(pl.Series([float(b) for b in bounds]))
    assert ends.tolist() == [0, span.points - 1]
    assert span.grid.value(ends) == pytest.approx(bounds, rel=1e-9)

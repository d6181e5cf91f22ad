"""Conditions are read as they say, against a filter of polars' own."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.core.conditions import Conditions
from assaymark.core.formula import Formula
from assaymark.core.schema import Column, Kind, Schema
from assaymark.errors import ConditionError, UnknownNameError

SCHEMA = Schema(
    columns=(
        Column(name="age", kind=Kind.INTEGER),
        Column(name="weight", kind=Kind.DECIMAL),
        Column(name="sex", kind=Kind.CATEGORY),
        Column(name="ill", kind=Kind.BOOLEAN),
        Column(name="born", kind=Kind.DATE),
        Column(name="seen at", kind=Kind.DATETIME),
        Column(name="note", kind=Kind.TEXT),
    )
)
TIMES = [datetime.fromisoformat("2024-01-01 12:30"), datetime.fromisoformat("2024-01-02")]
FRAME = pl.DataFrame(
    {
        "age": [39, 40, 41, None, 2**53 + 1],
        "weight": [0.1, 70.25, -1.5, None, 1e300],
        "sex": ["F", "M", "it's", None, "F"],
        "ill": [True, False, None, True, False],
        "born": [date(1970, 1, 1), date(2024, 2, 29), None, date(1899, 12, 31), date(2024, 3, 1)],
        "seen at": [*TIMES, None, None, None],
        "note": ["", "", "", "", ""],
    },
    schema_overrides={"seen at": pl.Datetime("us")},
)

age, weight, sex, ill = pl.col("age"), pl.col("weight"), pl.col("sex"), pl.col("ill")


def kept(text: str) -> list[int]:
    return np.flatnonzero(Conditions.parse(text, SCHEMA).hold(FRAME)).tolist()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("age >= 40", [1, 2, 4]),
        ("age > 39.5 and age < 40.5", [1]),
        ("age == 9007199254740993", [4]),
        ("age between 39 and 40", [0, 1]),
        ("not age between 39 and 40", [2, 4]),
        ("age not between 39 and 40", [2, 4]),
        ("age in (39, 41)", [0, 2]),
        ("age is missing", [3]),
        ("age is not missing and not (age is missing)", [0, 1, 2, 4]),
        ("weight = .1 or weight <> 70.25 and weight < 0", [0, 2]),
        ("weight >= 1e3", [4]),
        ("sex == 'F' or sex is missing", [0, 3, 4]),
        ("sex == 'it''s'", [2]),
        ('sex == "it\'s"', [2]),
        ("not sex == 'F'", [1, 2]),
        ("sex not in ('F', 'M')", [2]),
        ("ill == true", [0, 3]),
        ("ill == 1 or sex in (7, 'M')", [0, 1, 3]),
        ("ill != True or ill is null", [1, 2, 4]),
        ("born <= '1970-01-01'", [0, 3]),
        ("born > 2024-02-28", [1, 4]),
        ("`seen at` >= '2024-01-01 12:30'", [0, 1]),
        ("`seen at` < 2024-01-01T12:31:00", [0]),
        ("(age = 39 or age = 41) and (sex = 'F' or weight < 0)", [0, 2]),
        ("NOT (age = 39 OR weight is missing)", [1, 2, 4]),
        ("age + weight <= 110.25", [0, 1, 2]),
        ("not age + weight <= 39.1", [1, 2, 4]),
        ("age -1 < 39 or age-1 >= 40", [0, 2, 4]),
        ("(age + 1) * 2 == 80 and (sex == 'F')", [0]),
        ("(age + weight) / (age - 39) > 0", [1, 2, 4]),
        ("abs(weight) <= 1.5 and weight + .2 == .3 or age ** 2 = 1681", [0, 2]),
        ("`seen at` - born > 19722", [0]),
        ("weight == -1.5", [2]),
        ("age in (39, -1) and -age < 0", [0]),
    ],
)
def test_a_condition_holds_where_it_says(text: str, rows: list[int]) -> None:
    assert kept(text) == rows


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the condition is empty"),
        ("age >= and sex == 'F'", "character 8: expected a number, found 'and'"),
        ("age", "expected a comparison"),
        ("age >= 'forty'", "kind 'integer', so the condition must give a number"),
        ("sex == F", "text in quotes, not F, which is no column either"),
        ("sex < 'F'", "values have no order"),
        ("sex between 'A' and 'B'", "values have no order"),
        ("ill == 2", "true or false"),
        ("born > 3", "a date such as"),
        ("born > '2024-02-30'", "a date such as"),
        ("(age > 3", r"expected '\)'"),
        ("age > 3 sex == 'F'", "expected 'and', 'or' or the end"),
        ("age in ()", "a number"),
        ("age in (1 2)", r"',' or '\)'"),
        ("ill or age > 3", "expected a comparison such as ill == true"),
        ("seen at > 3", r"\(`seen at` stands in back quotes\)"),
        ("1 + seen at > 3", r"\(`seen at` stands in back quotes\)"),
        ("age is 3", "'missing' or 'not missing'"),
        ("age > 3; import os", "found ';'"),
        ("__import__('os').system('x') == 1", r"found '\.'"),
        ("system('x') == 1", "unknown function 'system'"),
        ("age > 1e999", "too large"),
        ("note == 'x'", "free text"),
        ("age + note > 3", "column 'note' is free text"),
        ("age + sex > 3", "'sex' is text, and a number is needed"),
        ("age + 1", "expected a comparison"),
        ("age + 1 > ", "expected a comparison"),
        ("1 + 1 > 3", "names no column"),
        ("age + 1 > 3 > weight", "expected a comparison"),
        ("age + wieght > 3", "did you mean 'weight'"),
        ("age + __import__('os') > 3", "unknown function '__import__'"),
        ("age.real + 1 > 3", "is not part of the language"),
        ("age % 2 == 0 age > 3", "expected a comparison"),
        ("born - 2020-10-10 < 30", "'2020-10-10' stands where something is computed"),
        ("age > 5 and age < 3", "its parts allow 'age' nothing in common"),
        ("age > 5 and age < 6", "its parts allow 'age' nothing in common"),
        ("(sex == 'F' or ill == true) and (age is missing and age = 3)", "nothing in common"),
        ("ill == true and ill == false", "nothing in common"),
        ("ill not in (true, false)", "nothing is allowed for 'ill'"),
        ("(" * 2000 + "age = 3" + ")" * 2000, "more than 100 deep"),
        ("not " * 2000 + "age = 3", "more than 100 deep"),
    ],
)
def test_what_is_wrong_with_a_condition_is_said(text: str, said: str) -> None:
    with pytest.raises((ConditionError, UnknownNameError), match=said):
        Conditions.parse(text, SCHEMA)


def test_an_unknown_column_comes_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'weight'"):
        Conditions.parse("weigth > 3", SCHEMA)


def test_a_condition_tells_what_each_column_may_be() -> None:
    found = Conditions.parse("(age < 3 or age > 5) and sex == 'F'", SCHEMA)
    assert found.exact
    assert sorted(found.allowed()) == ["age", "sex"]
    mixed = Conditions.parse("(age < 3 and sex == 'F') or (age > 5 and ill == true)", SCHEMA)
    assert not mixed.exact
    assert sorted(mixed.allowed()) == ["age"]
    assert mixed.columns == ("age", "ill", "sex")


def test_two_conditions_hold_both_or_contradict() -> None:
    old, young = Conditions.parse("age > 60", SCHEMA), Conditions.parse("age < 20", SCHEMA)
    woman = Conditions.parse("sex == 'F'", SCHEMA)
    assert old.both(woman).text == "(age > 60) and (sex == 'F')"
    with pytest.raises(ConditionError, match="no row can satisfy"):
        old.both(young)


SIGNS = {
    "<": pl.Expr.lt,
    "<=": pl.Expr.le,
    ">": pl.Expr.gt,
    ">=": pl.Expr.ge,
    "==": pl.Expr.eq,
    "!=": pl.Expr.ne,
}


@st.composite
def single_tests(draw: st.DrawFn) -> tuple[str, pl.Expr]:
    column = draw(st.sampled_from(["age", "weight", "sex", "ill"]))
    if draw(st.integers(0, 4)) == 0:
        turned = draw(st.booleans())
        text = f"{column} is {'not ' if turned else ''}missing"
        return text, pl.col(column).is_not_null() if turned else pl.col(column).is_null()
    if column in {"sex", "ill"}:
        value = draw(st.sampled_from(["F", "M", "X"]) if column == "sex" else st.booleans())
        sign = draw(st.sampled_from(["==", "!="]))
        shown = f"'{value}'" if column == "sex" else str(value).lower()
        return f"{column} {sign} {shown}", SIGNS[sign](pl.col(column), value)
    number = draw(st.integers(-2, 6)) / 2
    if draw(st.booleans()):
        sign = draw(st.sampled_from(sorted(SIGNS)))
        return f"{column} {sign} {number}", SIGNS[sign](pl.col(column).cast(pl.Float64), number)
    other = draw(st.integers(-2, 6)) / 2
    values = pl.col(column).cast(pl.Float64)
    if draw(st.booleans()):
        return f"{column} in ({number}, {other})", values.is_in([number, other])
    return f"{column} between {number} and {other}", values.is_between(number, other)


def joined(children: st.SearchStrategy) -> st.SearchStrategy:
    pairs = st.tuples(children, children)
    return st.one_of(
        pairs.map(lambda p: (f"({p[0][0]} and {p[1][0]})", p[0][1] & p[1][1])),
        pairs.map(lambda p: (f"({p[0][0]} or {p[1][0]})", p[0][1] | p[1][1])),
        children.map(lambda c: (f"not ({c[0]})", ~c[1])),
    )


SMALL = pl.DataFrame(
    [
        {"age": a, "weight": w, "sex": s, "ill": i}
        for a in (None, -1, 0, 1, 2, 3)
        for w in (None, -0.5, 0.0, 0.5, 1.0)
        for s in (None, "F", "M")
        for i in (None, True, False)
    ],
    schema={"age": pl.Int64, "weight": pl.Float64, "sex": pl.String, "ill": pl.Boolean},
)


@settings(max_examples=150, deadline=None)
@given(st.recursive(single_tests(), joined, max_leaves=8))
def test_conditions_agree_with_a_filter(pair: tuple[str, pl.Expr]) -> None:
    text, expected = pair
    wanted = SMALL.select(expected.fill_null(False)).to_series().to_numpy()
    try:
        found = Conditions.parse(text, SCHEMA)
    except ConditionError:
        assert not wanted.any()
        return
    held = found.hold(SMALL)
    np.testing.assert_array_equal(held, wanted)
    within = np.ones(SMALL.height, dtype=bool)
    for name, allowed in found.allowed().items():
        within &= allowed.hold(SMALL[name])
    assert not (held & ~within).any()
    if found.exact:
        np.testing.assert_array_equal(within, wanted)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("2 * (age - weight) / 4 + 1", {"age": 0.5, "weight": -0.5, "": 1.0}),
        ("-age * 3 - 2 * 2", {"age": -3.0, "": -4.0}),
        ("age * weight", None),
        ("age / weight", None),
        ("age / 0", None),
        ("abs(age) + 1", None),
        ("`seen at` - born", {"seen at": 1.0, "born": -1.0}),
    ],
)
def test_a_sum_says_what_each_column_counts(text: str, terms: dict[str, float] | None) -> None:
    assert Formula.parse(text, SCHEMA).terms == terms


def test_what_is_undefined_is_neither_true_nor_false_for_constraints() -> None:
    rule = Conditions.parse("weight / age < 10", SCHEMA)
    frame = FRAME.head(3).with_columns(age=pl.Series([0, 1, 100]), weight=pl.Series([5.0, 70, 70]))
    assert rule.hold(frame).tolist() == [False, False, True]
    assert rule.possible().hold(frame).tolist() == [True, False, True]
    assert rule.untrue().hold(frame).tolist() == [True, True, False]
    least = Conditions.parse("min(weight / age, 9) < 10", SCHEMA)  # a quotient by 0 is missing
    assert least.hold(frame).tolist() == [False, True, True]


def test_what_asks_for_missing_values_is_not_true_of_all_that_are() -> None:
    frame = FRAME.select(pl.all().head(4))
    rule = Conditions.parse("where(is_missing(age), 1, 0) == 0", SCHEMA)
    assert rule.hold(frame).tolist() == rule.possible().hold(frame).tolist()
    assert rule.hold(frame).tolist() == [True, True, True, False]


@pytest.mark.parametrize("size", [1e-12, 1e-6, 1.0, 1e6, 1e12])
def test_rounding_is_judged_by_the_size_of_the_numbers(size: float) -> None:
    # .1 + .2 is above .3 by rounding, twice as much is not, nor a millionth more
    rows = pl.DataFrame({"x": [0.1, 0.1, 0.1], "y": [0.2, 0.5, 0.2], "z": [0.3, 0.3, 0.300001]})
    schema = Schema(columns=tuple(Column(name=n, kind=Kind.DECIMAL) for n in "xyz"))
    frame = rows * size
    for text, expected in {
        "x + y == z": [True, False, False],
        "x + y - z == 0": [True, False, False],
        "0 < x + y - z": [False, True, False],
        "z - x > y": [False, False, True],
        "x + y <= z": [True, False, True],
        "z / x == 1 + y / x": [True, False, False],
        "log(z / (x + y)) == 0": [True, False, False],
    }.items():
        assert Conditions.parse(text, schema).hold(frame).tolist() == expected, text

import math
import operator

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assaymark.core.formula import Formula
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.errors import ConditionError, UnknownNameError

SCHEMA = Schema(
    columns=(
        Column(name="age", kind=Kind.INTEGER),
        Column(name="income of 2020", kind=Kind.DECIMAL),
        Column(name="sex", kind=Kind.CATEGORY),
        Column(name="smoker", kind=Kind.BOOLEAN),
        Column(name="day", kind=Kind.DATE),
        Column(name="notes", kind=Kind.TEXT),
    )
)
FRAME = pl.DataFrame(
    {
        "age": [40, 70, None],
        "income of 2020": [100.0, 0.0, 50.0],
        "sex": ["f", "m", None],
        "smoker": [True, None, False],
        "day": [0, 1, 2],
        "notes": ["a", "b", "c"],
    }
).with_columns(pl.col("day").cast(pl.Int32).cast(pl.Date))
NAN, INF = math.nan, math.inf


def values(text):
    return Formula.parse(text, SCHEMA).values(FRAME).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2", [2, 2, 2]),
        ("1 + 2 * 3 - 4 / 2", [5, 5, 5]),
        ("-7 // 2 + 7 % 4 + 2 ** 3", [7, 7, 7]),
        ("age", [40, 70, NAN]),
        ("`income of 2020` * 0.5", [50, 0, 25]),
        ("max(0, `income of 2020` - 60)", [40, 0, 0]),
        ("min(age, 50)", [40, 50, NAN]),  # missing, not 50
        ("clip(`income of 2020`, 10, 60)", [60, 10, 50]),
        ("where(age >= 65, 1, 2)", [2, 1, NAN]),  # whether or not is not known
        ("1 if age >= 65 else 2", [2, 1, NAN]),
        ("where(is_missing(age), 0, age)", [40, 70, 0]),
        ("where(sex == 'f', 1, 0)", [1, 0, NAN]),
        ("where(sex in ('f', 'm') and not smoker, 1, 0)", [0, NAN, NAN]),
        ("smoker + 1", [2, NAN, 1]),
        ("where(18 <= age < 65, 1, 0)", [1, 0, NAN]),
        ("day", [0, 1, 2]),
        ("age / `income of 2020`", [0.4, INF, NAN]),
        ("0 / `income of 2020`", [0, INF, 0]),
        ("log(`income of 2020` - 50)", [math.log(50), INF, INF]),
        ("abs(round(-1.6)) + floor(1.5) + ceil(1.2) + sqrt(4) + exp(0)", [8, 8, 8]),
    ],
)
def test_known_answers(text, expected):
    assert values(text) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("age +", "cannot read"),
        ("__import__('os').system('x')", "not part of the language"),
        ("age.real", "not part of the language"),
        ("[a for a in (1,)]", "not part of the language"),
        ("(lambda: 1)()", "not part of the language"),
        ("f'{age}'", "not part of the language"),
        ("sex + 1", "is text"),
        ("sex < 'f'", "no order"),
        ("age == 'f'", "compared with text"),
        ("where(age, 1, 2)", "no test"),
        ("notes", "free text"),
        ("max(age)", "given 1"),
        ("1e999", "no number"),
        ("age in 5", "a list"),
        ("(" * 500 + "1" + ")" * 500, "cannot read"),
        ("1+" * 3000 + "1", "characters"),
    ],
)
def test_what_is_not_the_language_is_refused(text, said):
    with pytest.raises(ConditionError, match="cannot read the formula") as error:
        Formula.parse(text, SCHEMA)
    assert said in str(error.value)


def test_unknown_names_are_met_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'age'"):
        Formula.parse("agee * 2", SCHEMA)
    with pytest.raises(UnknownNameError, match="did you mean 'min'"):
        Formula.parse("mins(1, 2)", SCHEMA)


ODD = ("class", "µg", "net.pay", "a`b", 'it\'s "so"', "who")
ODD_ROWS = pl.DataFrame(
    {**{n: [1, 2, 3] for n in ODD[:-1]}, "who": ["O'Brien", 'say "a  b"', "C:\\new"]}
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("class + 1", [2, 3, 4]),  # a word of Python
        ("µg * 2", [2, 4, 6]),  # which Python would read as another letter
        ("net.pay - 1", [0, 1, 2]),
        ('`a``b` + `it\'s "so"`', [2, 4, 6]),
        ("where(who == 'O''Brien', 1, 0)", [1, 0, 0]),
        ('where(who == "O\'Brien", 1, 0)', [1, 0, 0]),
        ('where(who == "say ""a  b""", 1, 0)', [0, 1, 0]),
        ("where(who in ('C:\\new', 'it`s `class`'), 1, 0)", [0, 0, 1]),
    ],
)
def test_columns_and_text_of_any_kind_can_be_named(text, expected):
    kinds = {name: Kind.CATEGORY if name == "who" else Kind.INTEGER for name in ODD}
    schema = Schema(columns=tuple(Column(name=n, kind=k) for n, k in kinds.items()))
    assert Formula.parse(text, schema).values(ODD_ROWS).tolist() == expected


def test_two_texts_without_a_comma_are_not_one():
    with pytest.raises(ConditionError, match="is not part of the language"):
        Formula.parse("where(sex == 'O' 'Brien', 1, 0)", SCHEMA)


OPS = {"+": operator.add, "-": operator.sub, "*": operator.mul}
NUMBERS = st.integers(-99, 99).map(float)
TREES = st.recursive(
    NUMBERS, lambda t: st.tuples(st.sampled_from(sorted(OPS)), t, t), max_leaves=12
)


def written(tree):
    return (
        repr(tree)
        if isinstance(tree, float)
        else f"({written(tree[1])}{tree[0]}{written(tree[2])})"
    )


def worked(tree):
    return tree if isinstance(tree, float) else OPS[tree[0]](worked(tree[1]), worked(tree[2]))


@given(TREES)
def test_arithmetic_is_that_of_python(tree):
    got = Formula.parse(written(tree), SCHEMA).values(FRAME)
    assert np.allclose(got, worked(tree), rtol=1e-9)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        Formula.parse(text, SCHEMA)
    except (ConditionError, UnknownNameError):
        return


def test_an_identifier_is_no_part_of_a_formula():
    column = Column(name="case", kind=Kind.INTEGER, roles=(Role.DIRECT_IDENTIFIER,))
    with pytest.raises(ConditionError, match="column 'case' holds identifiers"):
        Formula.parse("case + age", Schema(columns=(*SCHEMA.columns, column)))

from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pytest
from pydantic import TypeAdapter

from assaymark.core.measurement import NO_SUBJECT
from assaymark.core.plausibility import RuleSpec
from assaymark.core.questions import Questions
from assaymark.core.schema import Role
from assaymark.core.streams import Streams
from assaymark.errors import AssaymarkError
from assaymark.evaluate.breaches import breaches_of
from assaymark.evaluate.plausibility.plausibility import Plausibility

STREAMS = Streams.from_seed(0)
RULE = TypeAdapter(RuleSpec)


def rule(**plain):
    tuples = {k: tuple(v) if isinstance(v, list) else v for k, v in plain.items()}
    return RULE.validate_python({"name": "r", **tuples})


@pytest.fixture
def visits(table):
    """Six records, of which the comment of each test says which are wrong and why."""
    return table(
        {
            "sex": ["m", "m", "f", "f", None, "m"],
            "code": ["650", "250", "650", "185", "650", None],
            "born": [0, 10, 10, 10, None, 10],
            "died": [5, 5, None, 10, 3, 20],
            "age": [30, 130, -1, 50, 20, None],
            "kg": [80.0, 80.0, 50.0, None, 50.0, 50.0],
            "m": [2.0, 2.0, 1.0, 1.0, 0.0, 1.0],
            "bmi": [20.0, 25.0, 50.05, 50.0, 50.0, 50.0],
            "home": ["a", "a", "b", "b", "c", None],
            "head": [True, True, True, False, False, False],
        },
        sex="category",
        code="category",
        born="integer",
        died="integer",
        age="integer",
        kg="decimal",
        m="decimal",
        bmi="decimal",
        home="category",
        head="boolean",
    )


@pytest.mark.parametrize(
    ("plain", "broken", "about"),
    [
        # false for -1 only; what is missing breaks nothing
        ({"kind": "rule", "rule": "age >= 0"}, [2], [0, 1, 2, 3, 4, 5]),
        ({"kind": "rule", "rule": "age >= 0 and sex == 'm'"}, [2, 3], [0, 1, 2, 3, 4, 5]),
        ({"kind": "rule", "rule": "not age < 0 or sex == 'f'"}, [], [0, 1, 2, 3, 4, 5]),
        ({"kind": "range", "column": "age", "low": 0, "high": 122}, [1, 2], [0, 1, 2, 3, 4]),
        ({"kind": "order", "columns": ["born", "died"]}, [1], [0, 1, 3, 5]),
        ({"kind": "order", "columns": ["born", "died"], "strict": True}, [1, 3], [0, 1, 3, 5]),
        ({"kind": "implies", "when": "sex == 'm'", "then": "age < 100"}, [1], [0, 1, 5]),
        # 650 is a delivery: of a man in row 0; of an unknown sex in row 4, which says nothing
        (
            {"kind": "codes", "columns": ["code"], "codes": ["630-679"], "when": "sex == 'm'"},
            [0],
            [0, 1],
        ),
        ({"kind": "codes", "columns": ["code"], "codes": ["185"]}, [3], [0, 1, 2, 3, 4]),
        # 80/4 = 20 is not wrong in row 0 and wrong in row 1; 50.05 is within a tenth; 50/0 is wrong
        (
            {"kind": "derived", "column": "bmi", "formula": "kg / m ** 2", "tolerance": 0.1},
            [1, 4],
            [0, 1, 2, 4, 5],
        ),
        # home a has two heads, b one, c none
        (
            {"kind": "per_group", "by": "home", "rule": "head == true", "least": 1, "most": 1},
            [0, 1, 4],
            [0, 1, 2, 3, 4],
        ),
    ],
)
def test_each_kind_finds_the_rows_that_break_it(visits, plain, broken, about):
    found = breaches_of(rule(**plain), visits)
    assert np.flatnonzero(found.broken).tolist() == broken
    assert np.flatnonzero(found.about).tolist() == about


@pytest.mark.parametrize(
    "plain",
    [
        {"kind": "rule", "rule": "nobody >= 0"},
        {"kind": "rule", "rule": "age >="},
        {"kind": "range", "column": "sex", "low": 0},
        {"kind": "range", "column": "age"},
        {"kind": "range", "column": "age", "low": "2020-01-01"},
        {"kind": "order", "columns": ["sex", "age"]},
        {"kind": "codes", "columns": ["age"], "codes": ["185"]},
        {"kind": "codes", "columns": ["code"], "codes": ["prostate"]},
        {"kind": "derived", "column": "sex", "formula": "1"},
        {"kind": "derived", "column": "bmi", "formula": "kg / height"},
    ],
)
def test_a_rule_that_does_not_fit_is_an_error(visits, plain):
    with pytest.raises(AssaymarkError):
        breaches_of(rule(**plain), visits)


def test_an_order_of_a_day_and_a_moment_says_how_to_have_it(table):
    day, moment = date(2024, 1, 1), datetime.fromisoformat("2024-01-01 12:00")
    both = table({"born": [day], "came": [moment]}, born="date", came="datetime")
    with pytest.raises(AssaymarkError) as error:
        breaches_of(rule(kind="order", columns=["born", "came"]), both)
    assert str(error.value) == (
        "born (date), came (datetime) are not all numbers, or dates, alike\n\n"
        'Hint: kind = "date" for came under [columns] compares days'
    )


def shortened(code):
    return {"kind": "codes", "columns": ["code"], "codes": [code], "shortened": True}


@pytest.mark.parametrize(
    ("stem", "code", "hit"),
    [
        ("63", "630-679", True),
        ("60", "600-608", False),
        ("O", "O00-O99", True),
        ("other", "O00-O99", False),
        ("C6", "C61", False),
    ],
)
def test_a_shortened_code_counts_only_where_all_of_it_is_excluded(table, stem, code, hit):
    data = table({"code": [stem]}, code="category")
    assert breaches_of(rule(**shortened(code)), data).broken.tolist() == [hit]


def people(table, seed, *, n=3000, wrong=0.0):
    rng = np.random.default_rng(seed)
    age = rng.integers(20, 90, n)
    retired = np.where(age >= 60, rng.random(n) < 0.7, rng.random(n) < 0.01 + wrong)
    return table(
        {"age": age, "retired": retired, "sex": rng.choice(["f", "m"], n)},
        roles={"sex": [Role.PROTECTED]},
        age="integer",
        retired="boolean",
        sex="category",
    )


SOFT = {
    "name": "retired young",
    "kind": "implies",
    "when": "age < 60",
    "then": "retired == false",
    "severity": "soft",
}


def measured(case, *rules):
    asked = replace(case, questions=Questions(plausibility=tuple(rule(**r) for r in rules)))
    return {(m.metric, m.subject): m for m in Plausibility().measure(asked, STREAMS)}


def test_nothing_declared_is_nothing_to_judge(table, make_case):
    found = measured(make_case(*(people(table, s) for s in (1, 2, 3))))
    assert {s for _, s in found} == {NO_SUBJECT}
    assert all("declares no" in m.reason for m in found.values())


def test_every_impossible_row_counts_in_every_replicate(table, make_case):
    hard = {"name": "of age", "kind": "rule", "rule": "age >= 21"}
    parts = [people(table, s) for s in (1, 2, 3, 4)]
    found = measured(make_case(*parts), hard)
    m = found["plausibility.hard", "rule:of age"]
    assert m.value == sum(int((p.frame["age"] < 21).sum()) for p in parts[2:])
    assert m.n == 6000
    rate = found["plausibility.rate", "rule:of age"]
    assert rate.value == m.value / 6000
    assert ("plausibility.group_rate", "rule:of age,group:sex=f") in found
    assert found["plausibility.soft_excess", NO_SUBJECT].value is None


def test_breaches_of_real_people_are_not_held_against_the_synthetic(table, make_case):
    fresh = measured(make_case(*(people(table, s, wrong=0.02) for s in (1, 2, 3))), SOFT)
    m = fresh["plausibility.soft_excess", "rule:retired young"]
    assert m.low < 0 < m.high < 0.02
    bad = make_case(*(people(table, s) for s in (1, 2)), people(table, 3, wrong=0.08))
    assert measured(bad, SOFT)["plausibility.soft_excess", "rule:retired young"].low > 0.02


def test_few_rows_prove_nothing_of_a_soft_rule(table, make_case):
    found = measured(make_case(*(people(table, s, n=200) for s in (1, 2, 3))), SOFT)
    assert "so few rows" in found["plausibility.soft_excess", NO_SUBJECT].reason


def test_real_rates_that_point_at_few_people_are_withheld(table, make_case):
    rare = {"name": "rare", "kind": "rule", "rule": "age != 20", "severity": "soft"}
    parts = [people(table, s, n=200) for s in (1, 2, 3)]
    real = measured(make_case(*parts), rare)["plausibility.real", "rule:rare"]
    assert real.value is None
    assert "fewer than 10" in real.reason


def test_a_rule_that_cannot_be_looked_at_is_not_run(table, make_case):
    lost = {"name": "lost", "kind": "rule", "rule": "height > 0"}
    found = measured(make_case(*(people(table, s, n=50) for s in (1, 2, 3))), lost)
    assert "height" in found["plausibility.hard", "rule:lost"].reason


def test_one_table_alone_has_its_own_rates(table, make_case):
    found = measured(make_case(people(table, 1, wrong=0.02), None), SOFT)
    assert found["plausibility.real", "rule:retired young"].value > 0
    assert not any(name == "plausibility.rate" for name, _ in found)

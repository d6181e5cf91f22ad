"""Starter sets ship whole rules with their provenance, and fit themselves to a table's columns."""

import pytest
from pydantic import ValidationError

from assaymark.core.codes import CodeRange
from assaymark.core.plausibility import RowHolds, Starter
from assaymark.core.recipe import parse_recipe
from assaymark.core.starter import SETS, expanded, read_set
from assaymark.errors import ConditionError, RecipeError, UnknownNameError


def starter(set_, columns, **more):
    return Starter(kind="starter", set=set_, columns=columns, **more)


@pytest.mark.parametrize("name", SETS)
def test_every_rule_of_a_set_can_be_had_and_says_where_it_comes_from(name):
    concepts = {c for row in read_set(name)["rule"] for c in row["needs"]}
    rules = expanded([starter(name, {c: c for c in concepts})])
    assert len(rules) == len(read_set(name)["rule"])
    for rule in rules:
        assert rule.who
        assert rule.source
        assert not any("{" in str(value) for value in rule.plain().values())


def test_a_set_takes_the_columns_and_words_of_the_table():
    (rule, *others) = expanded(
        [
            starter(
                "clinical",
                {"sex": "gender at birth", "diagnosis": ("diag_1", "diag_2")},
                words={"male": ("1",)},
            )
        ]
    )
    assert rule.when == "`gender at birth` in ('1')"
    assert rule.columns == ("diag_1", "diag_2")
    assert len(others) == 2


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (starter("clinic", {"sex": "s"}), "clinic"),
        (starter("clinical", {"gender": "s"}), "gender"),
        (starter("clinical", {"age": "s"}, words={"man": ("1",)}), "man"),
        (starter("clinical", {"age": "s"}, leave_out=("x",)), "x"),
    ],
)
def test_what_a_set_does_not_know_is_named(spec, said):
    with pytest.raises(UnknownNameError, match=said):
        expanded([spec])


def test_a_set_without_a_rule_for_the_columns_is_refused():
    with pytest.raises(RecipeError, match="no rule of the starter set"):
        expanded([starter("clinical", {"sex": "s"})])


def test_a_recipe_carries_its_hard_rules_to_the_generator_and_all_to_the_metrics():
    recipe = parse_recipe(
        b"""
name = "x"
[source]
path = "x.csv"
[[plausibility]]
kind = "starter"
set = "persons"
columns = { age = "age", marital = "m" }
[[plausibility]]
kind = "rule"
name = "adults"
rule = "age >= 18"
"""
    )
    assert [r.severity for r in recipe.questions.plausibility] == ["hard", "hard", "soft", "hard"]
    assert len(recipe.making.plausible) == 3
    assert recipe.generate.plausible == ()


def test_a_name_cannot_pass_for_another_subject():
    with pytest.raises(ValidationError):
        RowHolds(kind="rule", name="a,group:sex=f", rule="x > 0")


@pytest.mark.parametrize(
    ("text", "code", "inside"),
    [
        ("630-679", "630", True),
        ("630-679", "679.9", True),
        ("630-679", "680", False),
        ("630-679", "63", False),
        ("1-139", "8", True),
        ("C61", "c61.9", True),
        ("C61", "C6", False),
        ("O", "O80", True),
        ("O00-O99", "650", False),
        ("185", "V10", False),
    ],
)
def test_a_code_is_in_the_range_of_its_stem(text, code, inside):
    if text == "1-139":
        text = "001-139"
    assert CodeRange.parse(text).holds(code) is inside


@pytest.mark.parametrize(
    "text", ["", "63", "679-630", "C61-D02", "61-C70", "prostate", "C-D", "1-2-3"]
)
def test_what_is_no_range_is_refused(text):
    with pytest.raises(ConditionError):
        CodeRange.parse(text)

"""Starter sets ship whole rules with their provenance, and fit themselves to a table's columns."""

import numpy as np
import pytest
from pydantic import ValidationError

from assaymark.core.codes import CodeRange
from assaymark.core.plausibility import RowHolds, Starter
from assaymark.core.recipe import parse_recipe
from assaymark.core.starter import SETS, expanded, read_set
from assaymark.errors import ConditionError, RecipeError, UnknownNameError
from assaymark.evaluate.breaches import breaches_of


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
        ("O00-O99", "O9A.2", True),
        ("60-64", "60.5", True),
        ("60-64", "6029", True),
        ("60-64", "65.1", False),
        ("60-64", "60500", False),  # a code of five digits is no procedure of ICD-9-CM
        ("60-64", "6", False),
        ("0U*", "0UT90ZZ", True),
        ("0U*", "0TT00ZZ", False),
    ],
)
def test_a_code_is_in_the_range_of_its_stem(text, code, inside):
    if text == "1-139":
        text = "001-139"
    assert CodeRange.parse(text).holds(code) is inside


@pytest.mark.parametrize(
    "text",
    ["", "63", "679-630", "C61-D02", "61-C70", "prostate", "C-D", "1-2-3", "60-640", "64-60", "*"],
)
def test_what_is_no_range_is_refused(text):
    with pytest.raises(ConditionError):
        CodeRange.parse(text)


MEN, WOMEN, BOTH = "MF", "FM", ""
"""Whose a code is: of men and not of women, of women and not of men, or of either."""

KNOWN_DIAGNOSES = {
    # ICD-10, WHO's volume 2, categories limited to one sex, and their neighbours
    **dict.fromkeys(
        ("C60.9", "C61", "C62.9", "C63.2", "D29.1", "D40.0", "N40", "N45.9", "N51.8"), MEN
    ),
    **dict.fromkeys(("N52.9", "N53.14", "Q53.2", "Q54.1", "Q55.6"), MEN),
    **dict.fromkeys(
        ("A34", "C51.9", "C53.0", "C54.1", "C56", "C58", "D06.9", "D25.9", "D27"), WOMEN
    ),
    **dict.fromkeys(
        ("D28.0", "D39.1", "N70.0", "N80.1", "N92.0", "N95.1", "N98.1", "Q50.0"), WOMEN
    ),
    **dict.fromkeys(("Q52.4", "O00.1", "O80", "O82", "O99.8", "O9A.211"), WOMEN),
    **dict.fromkeys(
        ("C50.9", "C64", "C67.9", "D05.1", "D24", "D30.3", "D41.4", "N39.0", "N60.1"), BOTH
    ),
    **dict.fromkeys(
        ("N63", "N64.4", "N99.0", "P07.3", "Q56.4", "Q60.0", "E11.9", "I10", "Z38.0"), BOTH
    ),
    # ICD-9-CM, with and without the point
    **dict.fromkeys(
        ("185", "186.9", "1874", "222.0", "600.00", "601.9", "605", "607.84", "60889"), MEN
    ),
    **dict.fromkeys(
        ("179", "180.9", "182.0", "183.0", "184.4", "218.9", "2189", "220", "221.2"), WOMEN
    ),
    **dict.fromkeys(
        ("614.9", "617.0", "625.6", "628.9", "629.9", "630", "633.10", "650", "669.71"), WOMEN
    ),
    **dict.fromkeys(("679.02",), WOMEN),
    **dict.fromkeys(
        ("174.9", "175.9", "188.9", "189.0", "217", "223.0", "599.0", "610.1", "611.72"), BOTH
    ),
    **dict.fromkeys(("680.9", "250.00", "401.9", "428.0", "V27.0", "E812.0", "41.9"), BOTH),
}
KNOWN_PROCEDURES = {
    **dict.fromkeys(("60.29", "60.5", "605", "62.3", "63.73", "64.0", "0VT00ZZ", "0VB08ZX"), MEN),
    **dict.fromkeys(
        ("65.61", "66.32", "68.4", "68.59", "69.02", "70.50", "71.11", "0UT90ZZ"), WOMEN
    ),
    **dict.fromkeys(("72.1", "73.59", "74.1", "741", "75.34", "10E0XZZ", "10D00Z1"), WOMEN),
    **dict.fromkeys(
        ("57.94", "59.8", "76.2", "81.54", "06.2", "88.72", "0TT00ZZ", "02703ZZ"), BOTH
    ),
    **dict.fromkeys(("60500", "64721", "72148"), BOTH),  # CPT: thyroid, nerve, picture of the spine
}


@pytest.mark.parametrize(
    ("concept", "code", "whose"),
    [("diagnosis", c, w) for c, w in KNOWN_DIAGNOSES.items()]
    + [("procedure", c, w) for c, w in KNOWN_PROCEDURES.items()],
)
def test_the_starter_set_knows_whose_a_code_is_by_both_paths(table, concept, code, whose):
    rules = [
        r
        for r in expanded([starter("clinical", {"sex": "sex", concept: "code"})])
        if r.kind == "codes"
    ]
    data = table({"sex": ["M", "F"], "code": [code, code]}, sex="category", code="category")
    broken = np.any([breaches_of(r, data).broken for r in rules], axis=0)
    assert broken.tolist() == {MEN: [False, True], WOMEN: [True, False], BOTH: [False] * 2}[whose]
    told = {
        sex: any(
            any(CodeRange.parse(t).holds(code) for t in r.codes)
            for r in rules
            if f"'{sex}'" in r.when
        )
        for sex in "MF"
    }
    assert [told["M"], told["F"]] == broken.tolist()

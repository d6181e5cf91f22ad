"""The [privacy] table of a recipe: what it picks by itself, and what it refuses."""

import pytest

from assaymark.core.recipe import parse_recipe
from assaymark.core.schema import Role
from assaymark.errors import RecipeError, UnknownNameError

BASE = """
name = "stays"
[source]
path = "stays.csv"
"""
PRIVACY = """
[privacy]
epsilon = 1.0
unit = "patient"
"""


def read(text=PRIVACY, before=""):
    return parse_recipe((BASE + before + text).encode())


def test_two_lines_pick_the_generator_the_key_and_the_shares():
    recipe = read()
    assert recipe.generate.generator == "dp_marginals"
    assert recipe.columns["patient"].roles == (Role.PERSON_KEY,)
    given = recipe.generate.parameters
    assert (given["epsilon"], given["delta"], given["unit"], given["cap"]) == (
        1.0,
        1e-6,
        "person",
        1,
    )


def test_bounds_and_categories_reach_the_generator_and_declare_kinds():
    recipe = read(
        PRIVACY + '[privacy.bounds]\nage = [0, 120]\n[privacy.categories]\nsex = ["f", "m"]\n'
    )
    assert recipe.generate.parameters["bounds"] == {"age": (0, 120)}
    assert recipe.generate.parameters["categories"] == {"sex": ("f", "m")}
    assert recipe.columns["sex"].kind == "category"
    assert recipe.generate.parameters["declared"] == ("sex",)


def test_a_recipe_without_it_is_as_it_was():
    plain = parse_recipe(BASE.encode())
    assert plain.privacy is None
    assert plain.generate.generator == "tree_chain"
    assert b"privacy" not in plain.canonical()


def test_effort_picks_the_generator():
    assert read(PRIVACY + 'effort = "thorough"\n').generate.generator == "dp_adaptive"
    assert read(PRIVACY + 'effort = "quick"\n').generate.generator == "dp_marginals"
    named = read(PRIVACY, before='[generate]\ngenerator = "dp_adaptive"\n')
    assert named.generate.generator == "dp_adaptive"
    assert named.generate.parameters["unit"] == "person"
    with pytest.raises(RecipeError, match="leave one of them out"):
        read(PRIVACY + 'effort = "quick"\n', before='[generate]\ngenerator = "dp_adaptive"\n')
    assert b"effort" not in read().canonical()


REFUSED = {
    "epsilon is 0": ("epsilon = 1.0", "epsilon = 0.0", "positive"),
    "epsilon below 0": ("epsilon = 1.0", "epsilon = -1.0", "positive"),
    "epsilon without end": ("epsilon = 1.0", "epsilon = inf", "positive"),
    "epsilon that is no number": ("epsilon = 1.0", "epsilon = nan", "positive"),
    "delta of 1": ("epsilon = 1.0", "epsilon = 1.0\ndelta = 1.0", "between 0 and 1"),
    "delta of 0": ("epsilon = 1.0", "epsilon = 1.0\ndelta = 0.0", "between 0 and 1"),
    "no unit": ('unit = "patient"', "", "no unit"),
    "no epsilon": ("epsilon = 1.0", "", "no epsilon"),
    "a budget below epsilon": ("epsilon = 1.0", "epsilon = 1.0\nbudget = 0.5", "whole budget"),
    "no row of a person": ("epsilon = 1.0", "epsilon = 1.0\nrows_per_person = 0", "rows_per"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_a_budget_is_refused(case):
    old, new, why = REFUSED[case]
    with pytest.raises(RecipeError, match=why):
        read(PRIVACY.replace(old, new))


CONTRADICTIONS = {
    "another generator": ('[generate]\ngenerator = "tree_chain"\n', "proves nothing"),
    "its own parameters": ("[generate.parameters]\nepsilon = 5.0\n", "are set by"),
    "a constraint": (
        '[[constraint]]\nkind = "unique"\ncolumns = ["a", "b"]\n',
        "without a charge",
    ),
    "grouping by counts": (
        '[[transform]]\nkind = "group_rare"\ncolumns = ["a"]\nminimum = 5\n',
        "without a charge",
    ),
    "a split by row": ('[split]\nunit = "row"\n', "single rows"),
    "another key": ('[columns]\nperson = "person_key"\n', "the person key is 'person'"),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_a_recipe_that_contradicts_it_is_refused(case):
    before, why = CONTRADICTIONS[case]
    with pytest.raises(RecipeError, match=why):
        read(before=before)


def test_rows_are_no_unit_where_persons_are_declared():
    with pytest.raises(RecipeError, match="many rows"):
        read(PRIVACY.replace('"patient"', '"row"'), before='[columns]\npatient = "person_key"\n')
    assert read(PRIVACY.replace('"patient"', '"row"')).generate.parameters["unit"] == "row"


def test_the_generator_without_a_budget_is_refused_and_a_wrong_key_is_named():
    with pytest.raises(RecipeError, match="gives none"):
        parse_recipe((BASE + '[generate]\ngenerator = "dp_marginals"\n').encode())
    with pytest.raises(UnknownNameError, match="epsilon"):
        read(PRIVACY.replace("epsilon", "epsilom"))

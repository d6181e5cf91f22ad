import pytest

from assaymark.core.recipe import parse_recipe
from assaymark.errors import RecipeError

RECIPE = b"""
name = "x"
[source]
path = "x.csv"
[use]
requested = %s
"""


def test_a_list_is_not_said_to_be_short_for_what_is_wrong_with_its_items():
    with pytest.raises(
        RecipeError, match=r"use\.requested\.0: must be 'policy_simulation'"
    ) as error:
        parse_recipe(RECIPE % b'["analitics"]')
    assert "at least 1 item" not in str(error.value)
    with pytest.raises(RecipeError, match="at least 1 item"):
        parse_recipe(RECIPE % b"[]")

import polars as pl

from assaymark.flow.as_released import taken_as_released

RECIPE = """
name = "visits"

[source]
path = "visits.csv"

[columns]
id = "direct_identifier"
who = "person_key"

[[transform]]
kind = "drop"
columns = ["fax"]
why = "Not needed."

[[transform]]
kind = "generalise"
column = "code"
prefix = 2
why = "Groups."

[[transform]]
kind = "group_rare"
columns = ["ward"]
minimum = 100
why = "Rare."

[[transform]]
kind = "top_code"
column = "tests"
high = 9
why = "Rare."

[[transform]]
kind = "generalise"
column = "age"
edges = [18, 65]
why = "Bands."
"""


class Made:
    class Step:
        def __init__(self, kind, *columns):
            self.kind, self.columns = kind, columns

    transformations = (
        Step("drop", "fax"),
        Step("generalise", "code"),
        Step("group_rare", "ward"),
        Step("top_code", "tests"),
        Step("generalise", "age"),
        Step("leave out person_key", "who"),
    )


def test_each_step_is_gone_and_groups_are_those_of_the_release(tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE)
    released = pl.DataFrame(
        {"code": ["25", "40"], "ward": ["a", "other"], "tests": [1, 9], "age": ["under 18"] * 2}
    )
    batch = pl.DataFrame(
        {
            "id": [11, 12, 13, 14],
            "who": ["x", "y", "x", "z"],
            "fax": [1, 2, 3, 4],
            "code": ["250.5", "401", "250.5", "8"],
            "ward": ["a", "b", "a", None],
            "tests": [3, 20, 3, 9],
            "age": [5, 70, 5, 30],
        }
    )
    found = taken_as_released(batch, recipe, Made, released)
    rows = found.frame.sort("age")
    assert rows.columns == ["code", "ward", "tests", "age"]
    assert rows["age"].to_list() == ["18 to under 65", "65 and over", "under 18"]
    assert rows["ward"].to_list() == [None, "other", "a"]
    assert rows["tests"].to_list() == [9, 9, 3]
    assert rows["code"].to_list() == ["8", "40", "25"]
    assert found.words.endswith("4 rows of 3 persons, one row of each was drawn")


def test_a_frequent_value_that_is_new_is_named_where_a_step_groups_it(tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE)
    released = pl.DataFrame({"ward": ["a"] * 98 + ["other"] * 2})
    wards = {"who": [*range(100)], "ward": ["a"] * 60 + ["z"] * 38 + ["b", "c"]}
    found = taken_as_released(pl.DataFrame(wards), recipe, Made, released)
    assert "'z' of ward (38% of rows) is new and counts as 'other'" in found.words
    assert "'b'" not in found.words


def test_what_does_not_fit_a_step_stays_to_be_named(tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE)
    released = pl.DataFrame({"code": ["25"], "ward": ["a"], "tests": [1], "age": ["under 18"]})
    batch = pl.DataFrame({"who": ["x", "y"], "tests": ["many", "few"], "ward": ["a", "b"]})
    found = taken_as_released(batch, recipe, Made, released)
    assert found.frame.columns == ["tests", "ward"]
    assert found.frame["tests"].to_list() == ["many", "few"]
    assert found.frame["ward"].to_list() == ["a", "b"]
    assert found.words.startswith("taken through")

import numpy as np
import polars as pl
import pytest

from assaymark.errors import InputError
from assaymark.flow.job import Options, read_job
from assaymark.flow.monitor.as_released import taken_as_released
from assaymark.flow.run import run
from assaymark.release.envelope import payload_of
from assaymark.release.predicates import Provenance
from assaymark.release.statement import read_statement

RECIPE = """
name = "visits"

[source]
path = "visits.csv"

[source.rights]
owner = "the hospital"
licence = "CC BY 4.0"

[split]
cross_fit = false

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


def visits(n=2_000):
    rng = np.random.default_rng(5)
    tests = rng.poisson(4, n)
    return pl.DataFrame(
        {
            "id": range(n),
            "who": [f"w{i:05d}" for i in range(n)],
            "fax": rng.integers(0, 9, n),
            "code": [f"{c}.{i % 7}" for i, c in enumerate(rng.integers(250, 290, n))],
            "ward": rng.choice(["a", "b", "c"], n, p=[0.6, 0.38, 0.02]),
            "tests": tests,
            "age": np.clip(20 + 5 * tests + rng.integers(0, 40, n), 0, 99),
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory, split_in_two):
    """Return a folder with a real release of visits, and the recipe that it was made by."""
    where = tmp_path_factory.mktemp("visits")
    split_in_two(where)
    visits().write_csv(where / "visits.csv")
    (where / "recipe.toml").write_text(RECIPE)
    job = read_job(where / "recipe.toml", uses=["analytics"])
    assert run(job, Options(workspace=where / "ws", seed=1)).release
    return where


@pytest.fixture(scope="module")
def made(folder):
    """Return what that release says of how it was made."""
    (release,) = (folder / "ws/releases").iterdir()
    raw = payload_of((release / "attestations/provenance.dsse.json").read_bytes())
    return Provenance.parse(read_statement(raw, "provenance")[1])


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ('columns = ["fax"]', 'columns = ["id"]'),
        ("prefix = 2", "prefix = 3"),
        ("prefix = 2", 'map = { "250.5" = "25" }\nother = "40"'),
        ("minimum = 100", "minimum = 99"),
        ("minimum = 100", 'minimum = 100\ninto = "rare"'),
        ("high = 9", "high = 8"),
        ("high = 9", "low = 9"),
        ("edges = [18, 65]", "edges = [18, 66]"),
        ("edges = [18, 65]", "edges = [65]"),
    ],
)
def test_a_step_with_any_other_parameter_is_another_step(folder, made, tmp_path, then, now):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE.replace(then, now))
    with pytest.raises(InputError, match=r"made by other steps.*the first that differs was"):
        taken_as_released(visits(), recipe, made, pl.DataFrame())
    found = taken_as_released(visits(), folder / "recipe.toml", made, pl.DataFrame({"ward": ["a"]}))
    assert found.frame.columns == ["code", "ward", "tests", "age"]


def test_a_recipe_with_fewer_or_more_steps_is_another(folder, made, tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE.partition('[[transform]]\nkind = "generalise"\ncolumn = "age"')[0])
    with pytest.raises(
        InputError, match="generalise of age, bands that start at 18, 65, and is none"
    ):
        taken_as_released(visits(), recipe, made, pl.DataFrame())
    recipe.write_text(RECIPE + '[[transform]]\nkind = "drop"\ncolumns = ["age"]\nwhy = "x"\n')
    with pytest.raises(InputError, match="was none, and is drop of age"):
        taken_as_released(visits(), recipe, made, pl.DataFrame())


def test_each_step_is_gone_and_groups_are_those_of_the_release(made, tmp_path):
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
    found = taken_as_released(batch, recipe, made, released)
    rows = found.frame.sort("age")
    assert rows.columns == ["code", "ward", "tests", "age"]
    assert rows["age"].to_list() == ["18 to under 65", "65 and over", "under 18"]
    assert rows["ward"].to_list() == [None, "other", "a"]
    assert rows["tests"].to_list() == [9, 9, 3]
    assert rows["code"].to_list() == ["8", "40", "25"]
    assert found.words.endswith("4 rows of 3 persons, one row of each was drawn")


def test_a_frequent_value_that_is_new_is_named_where_a_step_groups_it(made, tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE)
    released = pl.DataFrame({"ward": ["a"] * 98 + ["other"] * 2})
    wards = {"who": [*range(100)], "ward": ["a"] * 60 + ["z"] * 38 + ["b", "c"]}
    found = taken_as_released(pl.DataFrame(wards), recipe, made, released)
    assert "'z' of ward (38% of rows) is new and counts as 'other'" in found.words
    assert "'b'" not in found.words


def test_what_does_not_fit_a_step_stays_to_be_named(made, tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE)
    released = pl.DataFrame({"code": ["25"], "ward": ["a"], "tests": [1], "age": ["under 18"]})
    batch = pl.DataFrame({"who": ["x", "y"], "tests": ["many", "few"], "ward": ["a", "b"]})
    found = taken_as_released(batch, recipe, made, released)
    assert found.frame.columns == ["tests", "ward"]
    assert found.frame["tests"].to_list() == ["many", "few"]
    assert found.frame["ward"].to_list() == ["a", "b"]
    assert found.words.startswith("taken through")

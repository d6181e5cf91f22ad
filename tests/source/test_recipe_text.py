import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.core.recipe import Drop, GroupRare, parse_recipe
from assaymark.core.schema import Role
from assaymark.flow.source.read import prepare
from assaymark.source.profile import profile
from assaymark.source.recipe_text import recipe_text, toml_string


def table(n=400):
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "patient_id": [f"P{i // 2}" for i in range(n)],
            "E-mail (home)": [f"a{i}@b.org" for i in range(n)],
            "age": rng.integers(18, 90, n).astype(str),
            'odd "name".\n[x]': rng.choice(["a", "b", "?"], n),
            "city": [f"c{i}" for i in rng.integers(0, 90, n)],
            "fnlwgt": rng.integers(10_000, 900_000, n),
            "when": ["2020-01-02"] * n,
            "income": rng.choice(["<=50K", ">50K"], n),
        }
    )


def test_the_recipe_of_init_runs_as_it_is():
    frame = table()
    text = recipe_text("trial", "data/trial.csv", profile(frame, {}))
    recipe = parse_recipe(text.encode())
    done = prepare(frame, recipe, b"k" * 32)
    names = done.parts.train.schema.names
    assert names == ("age", 'odd "name".\n[x]', "city", "when", "income")
    assert done.n_persons == 200
    assert recipe.name == "trial"
    assert recipe.source.path == "data/trial.csv"
    assert [type(s) for s in recipe.transform] == [Drop, GroupRare]


def test_privacy_can_be_added_to_the_recipe_of_init():
    frame = table().drop("city")  # of which init proposes to group the rare ones
    text = recipe_text("trial", "data/trial.csv", profile(frame, {}))
    assert parse_recipe(text.encode()).generate.generator == "tree_chain"
    private = f'{text}\n[privacy]\nepsilon = 1.0\nunit = "patient_id"\n'
    assert parse_recipe(private.encode()).generate.generator == "dp_marginals"


def test_nothing_is_noted_of_columns_that_are_dropped():
    frame = table()
    text = recipe_text("trial", "data/trial.csv", profile(frame, {}))
    noted = "Column 'when': one value only."
    assert noted in prepare(frame, parse_recipe(text.encode()), b"k" * 32).notices
    text += '\n[[transform]]\nkind = "drop"\ncolumns = ["when"]\n'
    assert noted not in prepare(frame, parse_recipe(text.encode()), b"k" * 32).notices


def test_examples_of_steps_are_only_of_columns_that_they_fit():
    rng, n = np.random.default_rng(3), 400
    frame = pl.DataFrame(
        {
            "loan_amount": rng.integers(10, 900, n) * 100,
            "gender": rng.choice(["f", "m"], n),
            "opened": rng.choice(["2020-01-02", "2021-05-03"], n),
        }
    )
    text = recipe_text("loans", "loans.csv", profile(frame, {}))
    assert 'column = "opened"' in text
    assert "top_code" not in text
    assert "generalise" not in text
    more = frame.with_columns(
        age=pl.Series(rng.integers(20, 80, n)),
        diag=pl.Series([f"C{i}.{i % 3}" for i in rng.integers(10, 50, n)]),
    )
    text = recipe_text("loans", "loans.csv", profile(more, {}))
    assert '# high = 90\n# column = "age"' in text
    assert '# prefix = 3  # or map = {...}\n# column = "diag"' in text


def test_every_column_is_listed_with_its_roles_and_the_reason():
    found = profile(table(), {})
    text = recipe_text("trial", "t.csv", found)
    recipe = parse_recipe(text.encode())
    assert list(recipe.columns) == list(found.schema.names)
    for c in found.columns:
        assert recipe.columns[c.column.name].roles == c.column.roles
        assert recipe.columns[c.column.name].missing == c.column.missing
        assert c.role_reason in text
    assert recipe.columns["patient_id"].roles == (Role.PERSON_KEY,)


def test_a_recipe_written_back_proposes_the_same_again():
    frame = table()
    found = profile(frame, {})
    recipe = parse_recipe(recipe_text("trial", "t.csv", found).encode())
    assert profile(frame, recipe.columns).schema == found.schema


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(str.strip),
        min_size=1,
        max_size=5,
        unique=True,
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
def test_any_column_names_parse_back(names, path):
    frame = pl.DataFrame({name: ["1.5", "?"] for name in names})
    recipe = parse_recipe(recipe_text("r", path, profile(frame, {})).encode())
    assert list(recipe.columns) == names
    assert recipe.source.path == path


@pytest.mark.parametrize("text", ["", "a\"b'c\\d", "\x00\x1f\x7f\u2028", "é漢😀\t\r\n"])
def test_strings_survive_toml(text):
    import tomllib

    assert tomllib.loads(f"x = {toml_string(text)}") == {"x": text}

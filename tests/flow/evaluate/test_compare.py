"""Comparing recipes: the same people, what leaks is named, the confirmation holdout stays shut."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import assaymark
from assaymark.core.comparison import Figure
from assaymark.core.measurement import Measurement
from assaymark.errors import InputError, NotApprovedError, RecipeError, UnknownNameError
from assaymark.flow.evaluate.compare import Comparing, _score, compare
from assaymark.flow.evaluate.entrants import prepared_alike, read_entrants
from assaymark.flow.status import entries_of

WS = Path("ws")
QUICK = Comparing(workspace=WS, repeats=2, rows=200, seed=1, report=Path("page.html"))


def recipe(name, generator, more=""):
    text = Path("recipe.toml").read_text().replace('"stays"', f'"{name}"')
    Path(f"{name}.toml").write_text(f'{text}\n[generate]\ngenerator = "{generator}"\n{more}')
    return Path(f"{name}.toml")


@pytest.fixture
def unlike(folder):
    """A table in which no two rows are equal, so that every copy is a leak."""
    rng = np.random.default_rng(0)
    n = 600
    x = rng.normal(size=(n, 4))
    frame = pl.DataFrame(x.round(4), schema=["a", "b", "c", "d"])
    frame = frame.with_columns(ill=pl.Series((x[:, 0] + x[:, 1] > 0).astype(int)))
    frame.write_csv("people.csv")
    return Path("people.csv")


@pytest.mark.slow
def test_a_table_is_compared_without_any_recipe_and_the_leak_is_named(unlike):
    entrants = read_entrants([unlike], ["gaussian_copula", "bootstrap"], target="ill")
    found = compare(entrants, QUICK)
    by = {c.name: c for c in found.contenders}
    assert found.target == "ill"
    assert by["bootstrap"].held == "leaks"
    assert by["bootstrap"].holds_records
    assert by["bootstrap"].worst.figure.low > 0.3
    assert by["gaussian_copula"].held in {"held", "not shown"}
    assert by["gaussian_copula"].utility.value > 0.9
    assert by["gaussian_copula"].behind.value == 0
    assert all(c.fit_seconds > 0 and c.rows_per_second > 1000 for c in found.contenders)
    assert found.hygiene.shared_rows == 0
    page = Path("page.html").read_bytes()
    assert b"gaussian_copula is closest" in page
    assert b"<script" not in page
    assert json.loads(found.model_dump_json())["schema_id"] == "assaymark/comparison/v0"


@pytest.mark.slow
def test_recipes_meet_the_same_people_and_the_confirmation_holdout_stays_closed(folder):
    paths = [recipe("plain", "independent"), recipe("joint", "gaussian_copula")]
    found = compare(read_entrants(paths), QUICK)
    assert [c.name for c in found.contenders] == ["plain", "joint"]
    looks = [e for e in entries_of(WS) if e["kind"] == "source.opened"]
    parts = {p for e in looks for p in e["body"]["parts"]}
    assert parts == {"train", "development", "reference"}
    assert "confirmation.opened" not in {e["kind"] for e in entries_of(WS)}


def test_every_recipe_gets_the_same_persons_whatever_it_does_to_the_columns(folder):
    drop = '[[transform]]\nkind = "drop"\ncolumns = ["days"]\n'
    paths = [recipe("plain", "independent"), recipe("less", "independent", drop)]
    first, second = prepared_alike(read_entrants(paths), b"k" * 32)
    for part in ("train", "development", "confirmation", "reference"):
        ours, theirs = getattr(first.parts, part).frame, getattr(second.parts, part).frame
        assert ours.drop("days").equals(theirs)


def test_recipes_that_split_in_other_ways_are_refused(folder):
    one, other = recipe("one", "independent"), recipe("other", "independent")
    other.write_text(other.read_text().replace("cross_fit = false", 'unit = "row"'))
    with pytest.raises(RecipeError, match="'other' does not split the table as 'one' does"):
        prepared_alike(read_entrants([one, other]), b"k" * 32)


def test_what_cannot_be_compared_is_said_before_anything_is_read(folder):
    one = recipe("one", "independent")
    with pytest.raises(InputError, match="and not both"):
        read_entrants([one, Path("stays.csv")])
    with pytest.raises(InputError, match="go with a table"):
        read_entrants([one], ["independent"])
    with pytest.raises(UnknownNameError, match="tree_chain"):
        read_entrants([Path("absent.csv")], ["tree_chian"])
    with pytest.raises(UnknownNameError, match="unknown column 'il'"):
        read_entrants([Path("stays.csv")], target="il")
    two = recipe("two", "independent")
    two.write_text(two.read_text().replace("stays.csv", "others.csv"))
    with pytest.raises(RecipeError, match="2 tables"):
        read_entrants([one, two])
    with pytest.raises(RecipeError, match="cannot read the recipe"):
        read_entrants([Path("absent.toml")])
    with pytest.raises(InputError, match="0 repeats"):
        compare(read_entrants([one]), Comparing(workspace=WS, repeats=0))


def test_recipes_of_one_name_are_told_apart_by_generator_or_file(folder):
    a, b = recipe("a", "independent"), recipe("b", "gaussian_copula")
    for path in (a, b):
        path.write_text(path.read_text().replace(f'name = "{path.stem}"', 'name = "same"'))
    assert [e.name for e in read_entrants([a, b]).every] == ["independent", "gaussian_copula"]
    b.write_text(b.read_text().replace("gaussian_copula", "independent"))
    assert [e.name for e in read_entrants([a, b]).every] == ["a", "b"]


def test_a_holdout_that_shares_its_people_with_train_ends_the_comparison(folder):
    plain = recipe("plain", "independent")
    plain.write_text(plain.read_text().replace("cross_fit = false", 'unit = "row"'))
    with pytest.raises(NotApprovedError, match=r"persons are in both\. The limit is 2 %"):
        compare(read_entrants([plain]), QUICK)
    assert not Path("page.html").exists()


@pytest.mark.slow
def test_python_takes_a_frame_and_gives_the_comparison_back(unlike):
    found = assaymark.compare(
        pl.read_csv(unlike),
        generators=["independent"],
        target="ill",
        repeats=1,
        workspace=WS,
        seed=1,
    )
    assert found.contenders[0].closeness.low is None
    assert any("One fit of each recipe" in n for n in found.notices)
    assert found.report is None
    with pytest.raises(InputError, match="recipes, or one table"):
        assaymark.compare(pl.DataFrame(), pl.DataFrame())


def test_an_interval_of_an_auc_stays_between_0_and_1():
    wide = {"subject": "t", "value": 0.46, "low": -0.03, "high": 1.95, "n": 9}
    auc = Measurement(metric="tstr.synthetic", details={"score": "AUC"}, **wide)
    squared = Measurement(metric="tstr.synthetic", details={"score": "R squared"}, **wide)
    assert _score(auc) == Figure(value=0.46, low=0.0, high=1.0)
    assert _score(squared) == Figure(value=0.46, low=-0.03, high=1.95)

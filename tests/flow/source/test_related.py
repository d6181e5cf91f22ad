"""Rules over persons and their visits, held against folders of real and synthetic tables."""

import json

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from assaymark.cli.app import app
from assaymark.core.related import parse_related
from assaymark.errors import InputError, RecipeError, UnknownNameError
from assaymark.flow.source.related import hold_against, passed

TABLES = """
[table.persons]
key = "id"

[table.visits]
belongs_to = { persons = "who" }
"""
RULES = (
    TABLES
    + """
[[plausibility]]
table = "visits"
kind = "rule"
name = "every visit has a person"
rule = "persons.exists == true"

[[plausibility]]
table = "persons"
kind = "rule"
name = "visits are counted"
rule = "n_visits == visits.rows"

[[plausibility]]
table = "persons"
kind = "order"
name = "no visit after death"
severity = "soft"
columns = ["visits.last.day", "died"]
who = "registry"
"""
)


def tables(folder, n=2_000, *, seed=1, late=0.0, orphans=0, miscounted=0):
    """Write persons who die on some day, and visits up to then; a share of deaths comes before."""
    rng = np.random.default_rng(seed)
    died = rng.integers(100, 1_000, n)
    visits = rng.poisson(2, n)
    who = np.repeat(np.arange(n), visits)
    day = rng.integers(0, died[who])
    died[(visits > 0) & (rng.random(n) < late)] = 0
    counted = visits.copy()
    counted[:miscounted] += 1
    who[:orphans] = n + 1
    folder.mkdir()
    pl.DataFrame({"id": np.arange(n), "n_visits": counted, "died": died}).write_csv(
        folder / "persons.csv"
    )
    pl.DataFrame({"who": who, "day": day}).write_parquet(folder / "visits.parquet")
    return folder


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "related.toml"
    path.write_text(RULES, encoding="utf-8")
    return path


def found_by(rules, real, made):
    return {f.rule.name: f for f in hold_against(rules, real, made)}


def test_what_is_broken_is_found_and_what_is_kept_is_kept(rules, tmp_path):
    real = tables(tmp_path / "real", late=0.01)
    good = found_by(rules, real, tables(tmp_path / "good", seed=2, late=0.01))
    assert {n: f.finding for n, f in good.items()} == {
        "every visit has a person": "kept",
        "visits are counted": "kept",
        "no visit after death": "no more than real rows",
    }
    assert passed(list(good.values()))
    made = tables(tmp_path / "bad", seed=3, late=0.2, orphans=7, miscounted=5)
    bad = found_by(rules, real, made)
    assert bad["every visit has a person"].broken == 7
    assert bad["visits are counted"].broken >= 5
    assert bad["no visit after death"].finding == "more than real rows"
    rate = bad["no visit after death"].synthetic
    assert rate.low < 0.2 < rate.high
    assert not passed(list(bad.values()))


def test_the_command_ends_with_3_where_a_rule_is_broken_and_prints_what_it_found(rules, tmp_path):
    real, made = tables(tmp_path / "real"), tables(tmp_path / "made", seed=2, miscounted=1)
    asked = ["source", "related", str(rules), "--real", str(real)]
    run = CliRunner().invoke(app, asked)
    assert run.exit_code == 0
    assert "real rows alone" in run.stdout
    run = CliRunner().invoke(app, [*asked, "--synthetic", str(made), "--json"])
    assert run.exit_code == 3
    counted = json.loads(run.stdout)[0]
    assert counted["finding"] == "broken"
    assert counted["synthetic_rows_that_break_it"] == 1
    assert counted["synthetic"]["high"] < 0.004  # 1 of 2,000, exact


def test_what_too_few_rows_cannot_show_does_not_pass(rules, tmp_path):
    real, made = tables(tmp_path / "real", 60), tables(tmp_path / "made", 60, seed=2)
    found = found_by(rules, real, made)
    assert found["no visit after death"].finding == "not shown"
    assert not passed(list(found.values()))
    asked = ["source", "related", str(rules), "--real", str(real), "--synthetic", str(made)]
    assert CliRunner().invoke(app, asked).exit_code == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no table is declared"),
        ("[table.a]\nkee = 'x'", "kee"),
        (TABLES + "[[plausibility]]\nkind = 'rule'\nname = 'x'\nrule = 'id > 0'", "names no table"),
        (TABLES.replace("persons = ", "people = "), "did you mean|people"),
        (TABLES.replace('key = "id"', ""), "has no key"),
        (TABLES + "[[plausibility]]\ntable = 'visit'\nkind = 'rule'", "visit"),
        (TABLES + "[table.b]\nbelongs_to = { b = 'x' }", "belong to itself"),
        ("x = 1", "x"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_what_is_valid(text, says):
    with pytest.raises((RecipeError, UnknownNameError), match=says):
        parse_related(text.encode())


def test_a_table_that_is_not_there_and_a_column_that_no_relative_has_are_named(rules, tmp_path):
    real = tables(tmp_path / "real")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no persons\.parquet and no persons\.csv"):
        hold_against(rules, real, tmp_path / "empty")
    rules.write_text(RULES.replace("persons.exists", "persons.there"), encoding="utf-8")
    with pytest.raises(InputError, match=r"persons\.exists"):
        hold_against(rules, real)

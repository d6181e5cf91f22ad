"""Filled cells keep to what holds between columns, and what must be missing stays missing."""

import json
from datetime import date, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import assaymark
from assaymark.cli.app import app
from assaymark.core.constraint import FixedCombinations, Inequality, OneHot, Unique
from assaymark.errors import InputError, RecipeError
from assaymark.flow.generate.constraints import read_constraints
from assaymark.flow.generate.impute import Filling, impute, impute_often, write_imputed

COLUMNS = ("sex", "pregnant", "week", "came", "day", "left", "stay", "icu", "hours")


@cache
def hospital(n=1200):
    rng = np.random.default_rng(0)
    sex = rng.choice(["F", "M"], n)
    pregnant = [rng.choice(["yes", "no"]) if s == "F" else None for s in sex]
    came = [date(2022, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 700, n)]
    stay = rng.poisson(4, n) + 1
    icu = rng.choice(["yes", "no"], n, p=[0.3, 0.7])
    share = rng.random(n)
    cost = np.round(rng.lognormal(5, 1, (2, n)), 2)
    whole = pl.DataFrame(
        {
            "sex": sex,
            "pregnant": pregnant,
            "week": [
                int(w) if p == "yes" else None
                for p, w in zip(pregnant, rng.integers(4, 41, n), strict=True)
            ],
            "came": came,
            "day": [d.strftime("%a") for d in came],
            "left": [d + timedelta(days=int(s)) for d, s in zip(came, stay, strict=True)],
            "stay": stay,
            "icu": icu,
            "hours": [
                int(24 * s * u) if i == "yes" else None
                for s, u, i in zip(stay, share, icu, strict=True)
            ],
            "in_all": stay * 24,
            "drugs": cost[0],
            "staff": cost[1],
            "total": np.round(cost.sum(axis=0), 2),
        }
    )
    gone = {c: pl.Series(rng.random(n) < 0.2) for c in whole.columns}
    return whole, whole.with_columns(**{c: pl.when(~g).then(c) for c, g in gone.items()})


@cache
def filled():
    return impute_often(hospital()[1], Filling(seed=1))[0]


def broken(frame):
    c = pl.col
    rules = {
        "men": (c.sex == "M") & c.pregnant.is_not_null(),
        "women": (c.sex == "F") & c.pregnant.is_null(),
        "week": (c.pregnant.fill_null("no") == "no") & c.week.is_not_null(),
        "day": c.day != c.came.dt.strftime("%a"),
        "stay": (c.left - c.came).dt.total_days() != c.stay,
        "icu": (c.icu == "no") & c.hours.is_not_null(),
        "hours": c.hours > c.in_all,
        "in_all": c.in_all != 24 * c.stay,
        "total": (c.total - c.drugs - c.staff).abs() > 0.006,
        "below": (c.drugs < 0) | (c.staff < 0),
    }
    return {k: n for k, r in rules.items() if (n := frame.filter(r.fill_null(value=False)).height)}


def test_what_must_be_missing_stays_so_where_the_reason_has_gaps_itself():
    whole, gone = hospital()
    made = filled().frame
    assert broken(whole) == {}
    assert {k: broken(made).get(k) for k in ("men", "women", "week", "icu")} == {
        "men": None,
        "women": None,
        "week": None,
        "icu": None,
    }
    for name in ("pregnant", "week", "hours"):
        gaps = gone[name].is_null()
        assert abs(made[name].null_count() - whole[name].null_count()) < 0.06 * gaps.sum()
        assert filled().must[name] == made[name].null_count()
    said = next(n for n in filled().notices if n.startswith("Left empty"))
    men = (made["sex"] == "M").sum()
    assert f"pregnant {men:,} where sex is M" in said
    assert "hours" in said
    assert "where icu is no" in said


def test_sums_orders_weekdays_and_multiples_hold_on_filled_rows():
    assert broken(filled().frame) == {}
    assert filled().frame.select("came", "day", "left", "total").null_count().row(0) == (0,) * 4


def test_a_cell_that_follows_exactly_is_exact():
    whole, gone = hospital()
    made = filled().frame
    c = pl.col
    exactly = {
        "day": c.came.is_not_null(),
        "total": c.drugs.is_not_null() & c.staff.is_not_null(),
        "drugs": c.total.is_not_null() & c.staff.is_not_null(),
        "left": c.came.is_not_null() & c.stay.is_not_null(),
        "sex": c.pregnant.is_not_null(),
    }
    for name, there in exactly.items():
        rows = gone.select(there & c(name).is_null()).to_series()
        assert rows.sum() > 50
        assert made[name].filter(rows).equals(whole[name].filter(rows))
        assert filled().exact[name] >= rows.sum()
    assert any("are no draws: they follow from other cells" in n for n in filled().notices)


def test_known_cells_rows_columns_and_types_are_as_they_were(tmp_path):
    _, gone = hospital()
    made = filled().frame
    assert made.schema == gone.schema
    for name in gone.columns:
        known = gone[name].is_not_null()
        assert made[name].filter(known).equals(gone[name].filter(known))
    text = gone.with_columns(
        total=pl.col("total").map_elements(lambda v: f"{v:.3f}", return_dtype=pl.String),
        stay=pl.col("stay").cast(pl.String).str.zfill(3),
    )
    text.write_csv(tmp_path / "t.csv")
    write_imputed(tmp_path / "t.csv", tmp_path / "f.csv", Filling(seed=1))
    before, after = (pl.read_csv(tmp_path / f, infer_schema=False) for f in ("t.csv", "f.csv"))
    assert before.columns == after.columns
    for name in before.columns:
        known = before[name].is_not_null()
        assert after[name].filter(known).equals(before[name].filter(known))


def test_nothing_says_that_it_was_left_out():
    _, gone = hospital()
    keyed = gone.with_columns(mail=pl.int_range(pl.len()).cast(pl.String) + "@example.org")
    made = impute(keyed, seed=1)
    assert made.frame["mail"].equals(keyed["mail"])
    assert not any("Left out" in n or "generate" in n for n in made.notices)
    assert any("Stays as it is and is not used" in n and "mail" in n for n in made.notices)


def test_several_imputations_are_different_draws_and_the_same_again():
    _, gone = hospital()
    one, two = impute_often(gone, Filling(imputations=2, seed=1))
    assert one.frame.equals(filled().frame)
    assert not one.frame.equals(two.frame)
    exact = gone["day"].is_null() & gone["came"].is_not_null()
    assert one.frame["day"].filter(exact).equals(two.frame["day"].filter(exact))
    assert broken(two.frame) == {}
    tables = assaymark.impute(gone, imputations=2, seed=1)
    assert tables[1].equals(two.frame)


def test_imputations_are_a_file_each_and_said_as_json(tmp_path):
    _, gone = hospital()
    gone.write_parquet(tmp_path / "t.parquet")
    out = tmp_path / "f.csv"
    asked = ["impute", str(tmp_path / "t.parquet"), "--out", str(out), "--seed", "1", "--json"]
    said = json.loads(CliRunner().invoke(app, [*asked, "--imputations", "2"]).stdout)
    assert [p.rsplit("-", 1)[1] for p in said["imputations"]] == ["1.csv", "2.csv"]
    assert all(pl.read_csv(p).height == gone.height for p in said["imputations"])
    pregnant = next(c for c in said["columns"] if c["name"] == "pregnant")
    assert pregnant["left"] == pregnant["must"] > 500


def test_constraints_are_kept_to_or_it_is_said_in_how_many_rows():
    _, gone = hospital()
    some = gone.select(COLUMNS)
    late = Filling(constraints=read_constraints(["left <= '2024-02-01'"]), seed=1)
    made = impute_often(some, late)[0]
    assert (made.frame["left"] <= date(2024, 2, 1)).all()
    never = read_constraints([{"kind": "rule", "rule": "hours != 5 or stay == 2"}])
    held = impute_often(
        some.filter((pl.col("hours") != 5).fill_null(value=True)),
        Filling(constraints=never, seed=1),
    )[0]
    assert held.frame.filter((pl.col("hours") == 5) & (pl.col("stay") != 2)).height == 0
    odd = read_constraints(
        [{"kind": "implies", "when": "icu == 'yes'", "then": "sex == 'F'", "on_source": "keep"}]
    )
    said = impute_often(some, Filling(constraints=odd, seed=1))[0]
    against = (pl.col("icu") == "yes") & (pl.col("sex") == "M")
    there = pl.col("icu").is_not_null() | pl.col("hours").is_not_null()
    known = some.with_columns(
        icu=pl.when(pl.col("icu").is_null() & there).then(pl.lit("yes")).otherwise("icu")
    )
    n = known.filter(against).height
    assert said.frame.filter(against).height == n
    assert any(
        f"In {n} rows cells that are there, or follow from these, break" in m for m in said.notices
    )


def test_what_cannot_be_asked_for_is_refused():
    _, gone = hospital()
    some = gone.select(COLUMNS)
    wrong = (Inequality(kind="inequality", low="left", high="came"),)
    with pytest.raises(RecipeError, match="cells that are there break a constraint in"):
        impute_often(some, Filling(constraints=wrong))
    unique = (Unique(kind="unique", columns=("sex",)),)
    with pytest.raises(RecipeError, match="no two rows alike cannot be asked for"):
        impute_often(some, Filling(constraints=unique))
    with pytest.raises(InputError, match="imputations is 0"):
        impute_often(some, Filling(imputations=0))
    blank = some.with_columns(lost=pl.lit(None, dtype=pl.Float64))
    with pytest.raises(InputError, match="'lost' cannot be filled: no row has a value"):
        impute_often(blank, Filling(columns=["lost"]))
    made = impute(blank, columns=["icu"], seed=1)
    assert "Stays empty, since no row has a value to learn from: lost." in made.notices
    assert made.frame.drop("icu").equals(blank.drop("icu"))


def test_a_table_without_gaps_says_so():
    whole, _ = hospital()
    some = whole.select("sex", "came", "left", "total")
    made = impute(some)
    assert made.frame.equals(some)
    assert "No cell that could be filled is missing: the rows are as they were." in made.notices


def test_a_column_is_filled_anyway_if_that_is_asked_for():
    _, gone = hospital()
    made = impute_often(gone, Filling(anyway=["pregnant", "week"], seed=1))[0]
    assert made.frame.select("pregnant", "week").null_count().row(0) == (0, 0)
    assert made.frame["hours"].null_count() > 500


def test_no_or_too_many_imputations_are_refused_before_a_file_is_read(tmp_path):
    for many in (0, -1, 10**9):
        with pytest.raises(InputError, match="must be from 1 to"):
            write_imputed(tmp_path / "none.csv", tmp_path / "out.csv", Filling(imputations=many))


def test_each_constraint_refuses_or_keeps_by_itself():
    data = pl.DataFrame({"a": [1, 2, 3, 9] * 20, "b": [4, 5, None, 6] * 20})
    broken = Inequality(kind="inequality", low="a", high="b")
    kept = Inequality(kind="inequality", low="b", high="a", on_source="keep")
    with pytest.raises(RecipeError, match="break a constraint in 20 of 80 rows"):
        impute_often(data, Filling(constraints=(broken, kept), seed=1))


def test_flags_and_combinations_are_filled_as_a_constraint_says_them():
    rng = np.random.default_rng(3)
    which = rng.integers(0, 3, 600)
    cities, lands = np.array(["Kiel", "Ulm", "Bonn", "Jena"]), np.array(["SH", "BW", "NW", "TH"])
    city = rng.integers(0, 4, 600)
    whole = pl.DataFrame(
        {
            **{c: (which == i).astype(int) for i, c in enumerate(("red", "green", "blue"))},
            "city": cities[city],
            "land": lands[city],
        }
    )
    gone = whole.with_columns(
        pl.when(pl.Series(rng.random(600) < 0.4)).then(None).otherwise(pl.col(c)).alias(c)
        for c in whole.columns
    )
    flags = OneHot(kind="one_hot", columns=("red", "green", "blue"))
    pairs = FixedCombinations(kind="fixed", columns=("city", "land"))
    made = impute_often(gone, Filling(constraints=(flags, pairs), seed=1))[0].frame
    full = made.drop_nulls(["red", "green", "blue"])
    assert full.height > 590
    assert (full.select(pl.sum_horizontal("red", "green", "blue")).to_series() == 1).all()
    both = made.drop_nulls(["city", "land"])
    assert both.height > 590
    assert both.select("city", "land").unique().height == 4
    two = gone.with_columns(red=pl.lit(1), green=pl.lit(1))
    with pytest.raises(RecipeError, match="cells that are there break a constraint in 600 of 600"):
        impute_often(two, Filling(constraints=(flags,)))

"""A column that is missing because of another is told from one with gaps by accident."""

import numpy as np
import polars as pl

from assaymark.core.schema import Column, Kind, Schema
from assaymark.generate.filling.cell_table import cell_table
from assaymark.generate.filling.reasons import absent, find_reasons, present


def cells(n=1200, seed=0, share=0.2):
    rng = np.random.default_rng(seed)
    sex = rng.choice(["F", "M"], n)
    age = rng.integers(15, 90, n)
    height = np.where(sex == "M", 180, 164) + rng.integers(-9, 10, n)
    pregnant = ["no" if a > 45 or i % 3 else "yes" for i, a in enumerate(age)]
    week = rng.integers(4, 41, n)
    there = pl.Series(sex == "F")
    frame = pl.DataFrame(
        {"sex": sex, "age": age, "height": height, "pregnant": pregnant, "week": week}
    ).with_columns(
        pregnant=pl.when(there).then("pregnant"),
        week=pl.when(there & (pl.col("pregnant") == "yes")).then("week"),
    )
    kinds = (Kind.CATEGORY, Kind.INTEGER, Kind.INTEGER, Kind.CATEGORY, Kind.INTEGER)
    named = zip(frame.columns, kinds, strict=True)
    schema = Schema(columns=tuple(Column(name=c, kind=k) for c, k in named))
    gone = frame.with_columns(
        **{c: pl.when(pl.Series(rng.random(n) >= share)).then(c) for c in frame.columns}
    )
    return cell_table(gone, schema), frame


def test_reasons_are_found_though_they_have_gaps_and_tall_people_are_none():
    table, _ = cells()
    found = {(r.column, r.words(table)) for r in find_reasons(table, list(table.values))}
    assert found == {
        ("pregnant", "sex is M"),
        ("week", "sex is M"),
        ("week", "pregnant is no"),
    }


def test_the_share_of_gaps_is_of_those_that_could_have_a_value():
    table, _ = cells(5000)
    rates = {r.column: r.rate for r in find_reasons(table, list(table.values))}
    assert all(abs(r - 0.2) < 0.05 for r in rates.values())


def test_a_value_says_the_reason_and_an_unknown_reason_says_nothing():
    table, whole = cells()
    reasons = find_reasons(table, list(table.values))
    by_sex = next(r for r in reasons if r.column == "pregnant")
    ((column, said),) = by_sex.says(table)
    assert column == "sex"
    known = np.isfinite(said)
    assert (known == table.known("pregnant")).all()
    assert set(whole["sex"].filter(pl.Series(known))) == {"F"}
    must, sure = absent(reasons, table)["pregnant"], present(reasons, table)["pregnant"]
    assert (must | sure == table.known("sex")).all()
    assert not (must & sure).any()


def test_all_below_a_date_or_number_are_without_a_value():
    rng = np.random.default_rng(1)
    day = rng.integers(0, 1000, 800)
    test = [
        float(v) if d >= 400 and v > 0.1 else None
        for d, v in zip(day, rng.random(800), strict=True)
    ]
    schema = Schema(
        columns=(Column(name="day", kind=Kind.DATE), Column(name="test", kind=Kind.DECIMAL))
    )
    frame = pl.DataFrame(
        {"day": pl.Series(day).cast(pl.Int32).cast(pl.Date), "test": pl.Series(test)}
    )
    (reason,) = find_reasons(cell_table(frame, schema), ["day", "test"])
    assert reason.words(cell_table(frame, schema)).startswith("day is below 1971-02-")
    assert abs(reason.below - 400) < 10


def test_gaps_by_accident_have_no_reason():
    rng = np.random.default_rng(2)
    for seed in range(20):  # 20 tables of 12 pairs: one false alarm in 10,000 tables is meant
        rng = np.random.default_rng(seed)
        values = {c: rng.integers(0, 12, 400).astype(float) for c in "abcd"}
        for v in values.values():
            v[rng.random(400) < 0.3] = np.nan
        frame = pl.DataFrame(values).with_columns(pl.all().fill_nan(None).cast(pl.Int64))
        schema = Schema(columns=tuple(Column(name=c, kind=Kind.INTEGER) for c in "abcd"))
        assert find_reasons(cell_table(frame, schema), list("abcd")) == ()

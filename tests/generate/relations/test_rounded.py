"""Rounded: results have the decimals of their test, and nobody is told from how many there are."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from tests.generate.test_tree_chain import fit, table

from assaymark.core.conditions import Conditions
from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.generate.model_file import ModelFile, read_model, write_model
from assaymark.generate.relations.rounded import Decimals, decimals_first

DIGITS = {"sodium": 0, "glucose": 1, "lactate": 2, "calcium": 2}


def results(n=1500, seed=0, wrong=0):
    """Return results of four tests, of which the first ``wrong`` of sodium have a decimal."""
    rng = np.random.default_rng(seed)
    test = rng.choice(list(DIGITS), n, p=[0.4, 0.3, 0.2, 0.1])
    middle = {"sodium": 138, "glucose": 6, "lactate": 1.5, "calcium": 2.3}
    value = [round(middle[t] * np.exp(rng.normal(0, 0.25)), DIGITS[t]) for t in test]
    for i in np.flatnonzero(test == "sodium")[:wrong]:
        value[i] += 0.5
    gone = rng.random(n) < 0.05
    return table(
        test=(Kind.CATEGORY, test.tolist()),
        ward=(Kind.CATEGORY, rng.choice(["a", "b", "c"], n).tolist()),
        value=(Kind.DECIMAL, [None if g else float(v) for g, v in zip(gone, value, strict=True)]),
    )


def finer(frame, test):
    """Return in which share of the results of a test there are more decimals than it has."""
    values = frame.filter(test=test)["value"].drop_nulls()
    return float(((values - values.round(DIGITS[test])).abs() > 1e-9).mean())


@pytest.mark.parametrize("wrong", [0, 1, 3])
def test_results_have_the_decimals_of_their_test(wrong):
    data = results(wrong=wrong)
    model = fit(data)
    assert model.summary["rounded"] == {"value": "test"}
    made = model.sample(range(3000), Streams.from_seed(2)).frame
    assert [finer(made, t) for t in DIGITS] == [0.0] * 4
    for test in DIGITS:  # of 150 and more: standard errors of 2 % of the mean and less
        means = [f.filter(test=test)["value"].mean() for f in (made, data.frame)]
        assert abs(means[0] / means[1] - 1) < 0.08
    gone = made["value"].null_count() / 3000
    assert abs(gone - 0.05) < 0.02
    held = ModelFile(model=model, generator={"name": "tree_chain"}, salt="00")
    assert (
        read_model(write_model(held))
        .model.sample(range(300), Streams.from_seed(2))
        .frame.equals(made.head(300))
    )


def test_one_person_with_many_results_of_more_decimals_changes_nothing():
    # of about 1,050 results of two tests 60 of sodium with a decimal are one person's
    frame = results(wrong=60).frame.filter(pl.col("test").is_in(["sodium", "glucose"]))
    persons = np.arange(frame.height)
    persons[np.flatnonzero(frame["test"] == "sodium")[:60]] = -1
    kinds = {"test": Kind.CATEGORY, "ward": Kind.CATEGORY, "value": Kind.DECIMAL}
    columns = {name: (kind, frame[name].to_list()) for name, kind in kinds.items()}
    made = fit(table(pl.Series(persons).cast(pl.String), **columns))
    made = made.sample(range(3000), Streams.from_seed(2)).frame
    assert finer(made, "sodium") == 0.0


def test_a_test_of_which_more_than_a_few_have_decimals_is_not_rounded():
    made = fit(results(wrong=30)).sample(range(3000), Streams.from_seed(2)).frame
    assert finer(made, "sodium") > 0
    assert finer(made, "glucose") == 0.0


def test_a_number_as_fine_everywhere_is_not_rounded():
    rng = np.random.default_rng(1)
    for seed in range(3):
        n = 400
        whole = rng.random(n) < 0.6
        value = np.where(whole, rng.normal(70, 9, n).round(), rng.normal(70, 9, n).round(1))
        data = table(
            group=(Kind.CATEGORY, rng.choice(list("abcdefgh"), n).tolist()),
            site=(Kind.INTEGER, rng.integers(0, 12, n).tolist()),
            value=(Kind.DECIMAL, value.tolist()),
        )
        assert "rounded" not in fit(data).summary, seed


def test_conditions_on_a_rounded_number_hold():
    model = fit(results())
    given = Conditions.parse("value >= 2 and test == 'glucose'", model.encoding.schema)
    made = model.sample(range(200), Streams.from_seed(2), given=given).frame
    assert made.select((pl.col("value") >= 2) & (pl.col("test") == "glucose")).to_series().all()


@pytest.mark.parametrize("weekday", ["of arrival", "of leaving"])
def test_decimals_that_a_weekday_says_are_drawn_after_it_and_it_after_its_date(weekday):
    rng = np.random.default_rng(0)
    came = rng.integers(0, 700, 1500)
    days = {"of arrival": came, "of leaving": came + rng.integers(1, 9, 1500)}
    days = {k: [date(2018, 1, 1) + timedelta(days=int(d)) for d in v] for k, v in days.items()}
    named = {k: [d.strftime("%a") for d in v] for k, v in days.items()}
    whole = np.isin(named[weekday], ["Sat", "Sun"])
    value = np.where(whole, rng.integers(0, 6, 1500), rng.integers(0, 16, 1500) / 10)
    data = table(
        **{f"day {k}": (Kind.DATE, v) for k, v in days.items()},
        **{f"weekday {k}": (Kind.CATEGORY, v) for k, v in named.items()},
        value=(Kind.DECIMAL, value.tolist()),
    )
    model = fit(data)
    assert model.summary["rounded"] == {"value": f"weekday {weekday}"}
    made = model.sample(range(2000), Streams.from_seed(2)).frame
    for k in days:
        assert (made[f"day {k}"].dt.strftime("%a") == made[f"weekday {k}"]).all()
    ended = made.filter(pl.col(f"weekday {weekday}").is_in(["Sat", "Sun"]))["value"]
    assert (ended % 1 == 0).all()
    assert model.sample(range(500, 900), Streams.from_seed(2)).frame.equals(made[500:900])


def test_what_says_the_decimals_is_moved_only_where_nothing_it_needs_comes_later():
    told = {0: Decimals(source=2, steps=np.ones(1, dtype=np.int64))}
    assert decimals_first([0, 1, 2], told, {}) == (2, 0, 1)
    assert decimals_first([0, 1, 2], told, {2: {1}}) == (1, 2, 0)
    assert decimals_first([0, 1, 2], told, {2: {1}, 1: {0}}) == (0, 1, 2)
    assert decimals_first([2, 1, 0], told, {2: {1}}) == (2, 1, 0)

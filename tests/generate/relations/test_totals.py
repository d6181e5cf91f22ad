"""Totals: sums of many columns, each of which says little of the total, hold on every row."""

import numpy as np
import polars as pl
import pytest
from tests.generate.test_tree_chain import fit, table

from assaymark.core.schema import Kind
from assaymark.core.streams import Streams


def integers(**columns):
    return table(**{name: (Kind.INTEGER, v) for name, v in columns.items()})


def questionnaire(n, items=16, missing=0.0, others=5, seed=0):
    """Items of 0 to 4 that have little to do with each other, and their sum where all are there."""
    rng = np.random.default_rng(seed)
    said = np.clip(np.floor(rng.normal(2, 1, (items, n))), 0, 4).astype(int)
    there = rng.random((items, n)) >= missing
    columns = {
        f"item {i}": [int(v) if t else None for v, t in zip(said[i], there[i], strict=True)]
        for i in range(items)
    }
    for i in range(others):
        columns[f"other {i}"] = rng.integers(0, (2, 5, 500)[i % 3], n).tolist()
    total = zip(said.sum(axis=0), there.all(axis=0), strict=True)
    columns["score"] = [int(v) if t else None for v, t in total]
    return integers(**columns)


def made_of(model, rows=3000):
    return model.sample(range(rows), Streams.from_seed(2)).frame


@pytest.mark.parametrize(
    ("n", "missing", "others"), [(120, 0.0, 5), (400, 0.03, 5), (1500, 0.0, 45)]
)
def test_a_score_is_the_sum_of_its_items_on_every_row(n, missing, others):
    data = questionnaire(n, missing=missing, others=others)
    model = fit(data)
    assert model.summary["derived"].keys() == {"score"}
    made = made_of(model)
    items = [c for c in made.columns if c.startswith("item")]
    full = made.drop_nulls(items)
    assert (full["score"] == full.select(items).sum_horizontal()).all()
    assert made.filter(pl.any_horizontal(pl.col(items).is_null()))["score"].is_null().all()


def test_a_mean_of_items_follows_from_their_sum():
    data = questionnaire(600)
    means = [round(v / 16, 2) for v in data.frame["score"].to_list()]
    columns = {c: (Kind.INTEGER, data.frame[c].to_list()) for c in data.frame.columns}
    made = made_of(fit(table(**columns, mean=(Kind.DECIMAL, means))))
    assert ((made["score"] / 16 - made["mean"]).abs() < 0.0051).all()


@pytest.mark.parametrize(("digits", "with_total"), [(1, True), (2, False), (2, True)])
def test_an_average_is_made_of_whole_marks_and_no_mark_of_an_average(digits, with_total):
    rng = np.random.default_rng(0)
    pupil = rng.normal(66, 12, 1000)
    marks = np.clip(np.round(pupil + rng.normal(0, 7, (3, 1000))), 5, 100).astype(int)
    total = marks.sum(axis=0)
    whole = dict(zip("mrw", marks.tolist(), strict=True))
    whole |= {"total": total.tolist()} if with_total else {}
    columns = {c: (Kind.INTEGER, v) for c, v in whole.items()}
    columns["average"] = (Kind.DECIMAL, np.round(total / 3, digits).tolist())
    made = made_of(fit(table(**columns)))
    sums = made.select("m", "r", "w").sum_horizontal()
    assert ((made["average"] - sums / 3).abs() <= 0.5 * 10.0**-digits + 1e-9).all()
    assert not with_total or (made["total"] == sums).all()


@pytest.mark.parametrize(("n", "groups"), [(300, 5), (3000, 12)])
def test_exactly_one_flag_of_a_group_is_set(n, groups):
    rng = np.random.default_rng(1)
    share = 1 / np.arange(1, groups + 1)
    group = rng.choice(groups, n, p=share / share.sum())
    flags = {f"group {g}": (group == g).astype(int).tolist() for g in range(groups)}
    data = integers(age=rng.integers(20, 90, n).tolist(), **flags)
    made = made_of(fit(data))
    assert (made.select(list(flags)).sum_horizontal() == 1).all()
    assert made.select(list(flags)).min_horizontal().min() == 0
    for name in flags:  # of 300 people a share has an error of .028, of 3,000 of .009
        assert abs(made[name].mean() - data.frame[name].mean()) < 0.05


@pytest.mark.parametrize("seed", range(4))
def test_columns_of_chance_add_up_to_nothing(seed):
    rng = np.random.default_rng(seed)
    n = (100, 150, 250, 600)[seed]
    flags = {
        f"flag {i}": (rng.random(n) < (0.02, 0.1, 0.5)[i % 3]).astype(int).tolist()
        for i in range(40)
    }
    counts = {f"count {i}": rng.integers(0, (5, 20, 999)[i % 3], n).tolist() for i in range(20)}
    summary = fit(integers(**flags, **counts)).summary
    assert summary["derived"] == {}
    assert summary["near"] == {}


def test_no_weight_is_of_one_person():
    # one score is off by nine for the only one who has the flag: it is no part of the sum
    data = questionnaire(1000)
    flag, score = [0] * 1000, data.frame["score"].to_list()
    flag[7], score[7] = 1, score[7] + 9
    columns = {c: data.frame[c].to_list() for c in data.frame.columns}
    model = fit(integers(**{**columns, "score": score, "flag": flag}))
    assert "flag" not in model.summary["derived"].get("score", "")
    made = made_of(model)
    items = [c for c in made.columns if c.startswith("item")]
    assert (made["score"] == made.select(items).sum_horizontal()).all()


def test_months_are_days_by_the_length_of_a_month_and_not_about_that():
    rng = np.random.default_rng(0)
    days = rng.integers(1, 1826, 800)
    data = table(
        days=(Kind.INTEGER, days.tolist()),
        months=(Kind.DECIMAL, np.round(days / 30.4375, 1).tolist()),
        percent=(Kind.DECIMAL, np.round(days / 18.5, 1).tolist()),
        other=(Kind.INTEGER, rng.integers(0, 100, 800).tolist()),
    )
    made = fit(data).sample(range(3000), Streams.from_seed(2)).frame
    assert ((made["days"] / 30.4375 - made["months"]).abs() < 0.0501).mean() > 0.98
    assert ((made["days"] / 18.5 - made["percent"]).abs() < 0.0501).mean() > 0.98


def test_a_gross_is_net_and_tax_to_the_point_where_the_tax_is_rounded_either_way():
    rng = np.random.default_rng(2)
    prices = [9.5, 14.0, 19.0, 24.9, 28.0, 28.5, 38.0, 42.0, 47.5, 49.8, 56.0, 70.0, 74.7, 79.0]
    prices += [99.6, 124.5, 158.0, 237.0, 316.0, 395.0]
    net = rng.choice(prices, 7000)
    vat = np.array([round(v * 0.19, 2) for v in net.tolist()])  # 1.80 of 9.50, 9.03 of 47.50
    columns = {"net": net, "vat": vat, "gross": np.round(net + vat, 2)}
    model = fit(table(**{c: (Kind.DECIMAL, v.tolist()) for c, v in columns.items()}))
    made = model.sample(range(7000), Streams.from_seed(1)).frame
    assert ((made["net"] + made["vat"] - made["gross"]).abs() < 0.005).all()

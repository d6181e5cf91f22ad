"""Near: what lies near another column stays there however few rows have both."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from tests.generate.test_tree_chain import fit, table

from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.generate.model_file import ModelFile, read_model, write_model


def stays(n, seed=0):
    """A quarter die; of these seven in ten when they leave, the others a day before at most."""
    rng = np.random.default_rng(seed)
    came = rng.integers(0, 4 * 365 * 1440, n)
    left = came + rng.gamma(1.5, 4000, n).astype(int) + 60
    died = np.where(rng.random(n) < 0.7, left, left - rng.integers(0, 1440, n))
    dead, begin = rng.random(n) < 0.25, datetime.fromisoformat("2150-01-01")
    moments = [[begin + timedelta(minutes=int(m)) for m in v] for v in (came, left, died)]
    moments[2] = [m if d else None for m, d in zip(moments[2], dead, strict=True)]
    named = zip(("came", "left", "died"), moments, strict=True)
    return table(
        **{name: (Kind.DATETIME, values) for name, values in named},
        age=(Kind.INTEGER, rng.integers(20, 90, n).tolist()),
    )


def made_of(data, rows=4000):
    return fit(data).sample(range(rows), Streams.from_seed(2)).frame


@pytest.mark.parametrize("n", [250, 600])
def test_a_moment_that_often_is_another_is_so_in_tables_of_any_size(n):
    # a share of 900 rows: error .015, and of the 60 and 150 rows it is learnt from .06 and .04
    made = made_of(stays(n)).drop_nulls("died")
    apart = (made["left"] - made["died"]).dt.total_minutes()
    assert abs((apart == 0).mean() - 0.7) < 0.13
    assert apart.is_between(0, 1440).mean() > 0.97


def measured_twice(n, missing, seed=0):
    rng = np.random.default_rng(seed)
    first = rng.normal(100, 20, n).round()
    second = (first + rng.normal(0, 3, n)).round()
    there = [rng.random(n) >= missing for _ in range(2)]
    pairs = zip((first, second), there, strict=True)
    values = [[float(v) if t else None for v, t in zip(*pair, strict=True)] for pair in pairs]
    return table(first=(Kind.DECIMAL, values[0]), second=(Kind.DECIMAL, values[1]))


@pytest.mark.parametrize("missing", [0.1, 0.3])
def test_gaps_in_one_column_take_nothing_from_what_is_near_it_where_both_are_there(missing):
    # differences have a spread of 3; in rows of both, 8 and 13 before
    data = measured_twice(300, missing)
    model = fit(data)
    assert len(model.summary["near"]) == 1
    made = model.sample(range(6000), Streams.from_seed(2)).frame
    held = ModelFile(model=model, generator={"name": "tree_chain"}, salt="00")
    again = read_model(write_model(held)).model.sample(range(6000), Streams.from_seed(2)).frame
    assert again.equals(made)
    both = made.drop_nulls()
    assert (both["second"] - both["first"]).std() < 4.5
    for column in made.columns:  # who has the other one or not is alike
        assert abs(made[column].null_count() / 6000 - data.frame[column].null_count() / 300) < 0.03
    lone = made.filter(made["first"].is_null())["second"].drop_nulls()
    assert abs(lone.mean() - data.frame["second"].mean()) < 6


def test_nothing_is_near_what_has_nothing_to_do_with_it_however_few_rows_have_both():
    for seed in range(3):
        rng = np.random.default_rng(seed)
        n = 500
        columns = {
            f"c{j}": (
                Kind.INTEGER,
                [
                    int(v) if t else None
                    for v, t in zip(rng.integers(0, 1000, n), rng.random(n) < share, strict=True)
                ],
            )
            for j, share in enumerate((1.0, 0.9, 0.5, 0.2, 0.1))
        }
        summary = fit(table(**columns)).summary
        assert summary["near"] == {}
        assert summary["derived"] == {}


def pay(n=2500, seed=3):
    """Return pay in hundreds, a bonus of a rate of it or none, both, and what is paid."""
    rng = np.random.default_rng(seed)
    base = np.round(np.exp(rng.normal(10.5, 0.3, n)), -2)
    rate = rng.choice([0.0, 0.05, 0.1, 0.15], n, p=[0.66, 0.12, 0.12, 0.1])
    bonus = np.round(base * rate)
    share = rng.choice([1.0, 0.8, 0.6, 0.5], n, p=[0.75, 0.12, 0.05, 0.08])
    return table(
        base=(Kind.DECIMAL, base.tolist()),
        bonus=(Kind.DECIMAL, bonus.tolist()),
        total=(Kind.DECIMAL, (base + bonus).tolist()),
        share=(Kind.DECIMAL, share.tolist()),
        paid=(Kind.DECIMAL, np.round((base + bonus) * share, 2).tolist()),
    )


def test_a_total_that_others_are_made_of_is_the_sum_of_its_parts_to_the_point():
    made = fit(pay()).sample(range(10_000), Streams.from_seed(2)).frame
    assert (made["base"] + made["bonus"] == made["total"]).all()
    assert ((made["total"] * made["share"] - made["paid"]).abs() < 0.006).all()
    assert (made["base"] % 100 == 0).all()


def test_values_near_no_multiple_keep_their_spread():
    real = pay()
    made = fit(real).sample(range(10_000), Streams.from_seed(2)).frame
    for name in ("base", "total", "paid"):
        for q in (0.05, 0.1, 0.25, 0.5, 0.9):
            want = real.frame[name].quantile(q)
            assert abs(made[name].quantile(q) - want) < 0.06 * want, (name, q)
        assert made[name].value_counts()["count"].max() < 0.05 * made.height


def admissions(n, seed=0):
    """Half are operated within two days; stays of a day to months; visits a month after."""
    rng = np.random.default_rng(seed)
    came = rng.integers(0, 900, n)
    stayed = rng.gamma(1.2, 6, n).astype(int) + 1
    operated = rng.random(n) < 0.5
    first = date(2021, 1, 1)
    dates = {
        "came": came,
        "cut": came + rng.integers(0, 3, n),
        "left": came + stayed,
        "seen": came + stayed + rng.integers(25, 36, n),
    }
    days = {k: [first + timedelta(days=int(d)) for d in v] for k, v in dates.items()}
    days["cut"] = [d if o else None for d, o in zip(days["cut"], operated, strict=True)]
    return table(**{k: (Kind.DATE, v) for k, v in days.items()})


@pytest.mark.parametrize("n", [300, 2000, 5000])
def test_a_date_lies_within_the_days_from_another_that_somebody_has(n):
    made, data = made_of(admissions(n), 6000), admissions(n).frame
    for early, late in (("came", "cut"), ("came", "left"), ("left", "seen")):
        real, ours = ((f[late] - f[early]).dt.total_days().drop_nulls() for f in (data, made))
        outside = (ours < real.min()) | (ours > real.max())
        assert not outside.any(), (early, late, outside.mean())

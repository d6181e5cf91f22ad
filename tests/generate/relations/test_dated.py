"""Dated: a date lies on the weekday, in the month and at the hour that others say."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from tests.generate.test_tree_chain import fit, table

from assaymark.core.conditions import Conditions
from assaymark.core.dataset import Dataset
from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.generate.model_file import ModelFile, read_model, write_model

NAMES = ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"]


def visits(n=1500, seed=0, kind=Kind.DATETIME, wrong=0.0):
    """Visits on weekdays from eight to six, few in August; who comes on a Monday waits longer."""
    rng = np.random.default_rng(seed)
    days = np.arange("2018-01-01", "2021-11-01", dtype="datetime64[D]").astype(int)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12 + 1
    likely = ((days + 3) % 7 < 5) * np.where(months == 8, 0.3, 1.0)
    day = rng.choice(days, n, p=likely / likely.sum())
    hour = rng.integers(8, 18, n)
    begin = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    at = [
        begin + timedelta(days=int(d), hours=int(h), minutes=int(m))
        for d, h, m in zip(day, hour, rng.integers(0, 60, n), strict=True)
    ]
    said = np.where(rng.random(n) < wrong, rng.integers(0, 5, n), (day + 3) % 7)
    columns = {
        "at": (kind, at if kind is Kind.DATETIME else [a.date() for a in at]),
        "tag": (Kind.CATEGORY, [NAMES[d] for d in said]),
        "month": (Kind.INTEGER, [a.month for a in at]),
        "year": (Kind.INTEGER, [a.year for a in at]),
        "wait": (Kind.INTEGER, (rng.integers(10, 20, n) + 20 * (said == 0)).tolist()),
    }
    if kind is Kind.DATETIME:
        columns["hour"] = (Kind.INTEGER, hour.tolist())
    return table(**columns)


def right(frame):
    at, days = frame["at"], pl.Series([NAMES[d - 1] for d in frame["at"].dt.weekday()])
    found = [(at.dt.month() == frame["month"]), (days == frame["tag"])]
    found.append(at.dt.year() == frame["year"])
    if "hour" in frame.columns:
        found.append(at.dt.hour() == frame["hour"])
    return found


@pytest.mark.parametrize("kind", [Kind.DATE, Kind.DATETIME])
@pytest.mark.parametrize("n", [300, 1500])
def test_a_date_is_what_weekday_month_year_and_hour_say(n, kind):
    data = visits(n, kind=kind)
    model = fit(data)
    told = {"tag": "weekday(at)", "month": "month(at)"}
    told |= {"hour": "hour(at)"} if kind is Kind.DATETIME else {}
    assert model.summary["dated"] == told
    made = model.sample(range(4000), Streams.from_seed(2)).frame
    assert all(r.all() for r in right(made))
    waits = [made.filter((pl.col("tag") == "Mo") == m)["wait"].mean() for m in (True, False)]
    assert waits[0] - waits[1] > 12  # of 20: other columns still hang on the weekday
    assert made["at"].min() >= data.frame["at"].sort()[9]  # ten persons at either end
    assert made["at"].max() <= data.frame["at"].sort()[-10]


def test_it_is_kept_in_the_file_and_conditions_are_met():
    model = fit(visits())
    held = ModelFile(model=model, generator={"name": "tree_chain"}, salt="00")
    again = read_model(write_model(held)).model
    rows = [m.sample(range(500), Streams.from_seed(2)).frame for m in (model, again)]
    assert rows[0].equals(rows[1])
    asked = "at >= '2020-01-01' and tag in ('Mo', 'Fr')"
    given = Conditions.parse(asked, model.encoding.schema)
    made = model.sample(range(300), Streams.from_seed(3), given).frame
    assert all(r.all() for r in right(made))
    assert set(made["tag"]) == {"Mo", "Fr"}


def test_a_weekday_that_is_mostly_another_s_is_not_one_of_the_date():
    assert "tag" not in fit(visits(wrong=0.05)).summary["dated"]


def test_one_person_with_many_wrong_records_hides_no_weekday():
    # of 1,500 visits 60 are one person's, with another weekday than their date
    data = visits()
    tag = data.frame["tag"].to_list()
    wrong = [NAMES[(NAMES.index(t) + 1) % 5] for t in tag[:60]] + tag[60:]
    persons = pl.Series([0] * 60 + list(range(1, 1441))).cast(pl.String)
    frame = data.frame.with_columns(tag=pl.Series(wrong))
    odd = Dataset(schema=data.schema, frame=frame, persons=persons)
    assert "tag" in str(fit(odd).summary["dated"])


def test_two_wrong_records_in_a_small_table_hide_no_weekday():
    data = visits(300)
    tag = data.frame["tag"].to_list()
    tag[7], tag[200] = (next(n for n in NAMES if n != tag[i]) for i in (7, 200))
    wrong = Dataset(schema=data.schema, frame=data.frame.with_columns(tag=pl.Series(tag)))
    model = fit(wrong)
    assert model.summary["dated"] == fit(data).summary["dated"]
    made = model.sample(range(2000), Streams.from_seed(2)).frame
    assert all(r.all() for r in right(made))


@pytest.mark.parametrize("seed", range(3))
def test_chance_dates_nothing(seed):
    rng = np.random.default_rng(seed)
    n = (100, 300, 1000)[seed]
    at = visits(n, seed).frame["at"].to_list()
    columns = {f"c{k}": (Kind.INTEGER, rng.integers(0, k, n).tolist()) for k in range(2, 13)}
    assert "dated" not in fit(table(at=(Kind.DATETIME, at), **columns)).summary


def stays(n, seed=0):
    """Admissions on weekdays mostly, the day that they ended, and the weekday of both."""
    rng = np.random.default_rng(seed)
    days = np.arange("2018-01-01", "2021-11-01", dtype="datetime64[D]").astype(int)
    likely = np.where((days + 3) % 7 < 5, 1.0, 0.0)
    came = rng.choice(days, n, p=likely / likely.sum())
    left = came + rng.integers(1, 9, n)
    first = datetime(1970, 1, 1, tzinfo=UTC).date()
    dates = [[first + timedelta(days=int(d)) for d in v] for v in (came, left)]
    return table(
        came=(Kind.DATE, dates[0]),
        came_on=(Kind.CATEGORY, [NAMES[d.weekday()] for d in dates[0]]),
        came_in=(Kind.INTEGER, [d.month for d in dates[0]]),
        left=(Kind.DATE, dates[1]),
        left_on=(Kind.CATEGORY, [NAMES[d.weekday()] for d in dates[1]]),
        age=(Kind.INTEGER, rng.integers(18, 90, n).tolist()),
    )


@pytest.mark.parametrize("n", [300, 1500])
def test_dates_near_each_other_keep_both_that_and_their_weekdays(n):
    model = fit(stays(n))
    told = {"came_on": "weekday(came)", "came_in": "month(came)", "left_on": "weekday(left)"}
    assert model.summary["dated"] == told
    held = ModelFile(model=model, generator={"name": "tree_chain"}, salt="00")
    made = read_model(write_model(held)).model.sample(range(4000), Streams.from_seed(2)).frame
    for date, said in (("came", "came_on"), ("left", "left_on")):
        assert [NAMES[d - 1] for d in made[date].dt.weekday()] == made[said].to_list()
    assert (made["came"].dt.month() == made["came_in"]).all()
    assert (made["left"] - made["came"]).dt.total_days().is_between(1, 8).all()
    assert set(made["came_on"]) == set(NAMES[:5])  # nobody came at the weekend


def test_a_weekday_that_is_missing_beside_a_near_date_is_missing_as_often():
    data = stays(800)
    rng = np.random.default_rng(1)
    columns = {c.name: (c.kind, data.frame[c.name].to_list()) for c in data.schema.columns}
    there = rng.random(800) < 0.7
    said = [v if t else None for v, t in zip(columns["left_on"][1], there, strict=True)]
    columns["left_on"] = Kind.CATEGORY, said
    made = fit(table(**columns)).sample(range(3000), Streams.from_seed(2)).frame
    known = made.drop_nulls("left_on")
    assert [NAMES[d - 1] for d in known["left"].dt.weekday()] == known["left_on"].to_list()
    assert abs(len(known) / 3000 - 0.7) < 0.05


def appointments(n, missing=0.0, seed=0):
    """Admissions on any day; visits later, on Tuesdays and Fridays, from eight to two."""
    rng = np.random.default_rng(seed)
    came = rng.integers(0, 900, n)
    seen = came + rng.gamma(2, 10, n).astype(int) + 1
    seen += np.array([min(k for k in range(7) if (d + k + 3) % 7 in (1, 4)) for d in seen])
    first = datetime.fromisoformat("2020-01-02")
    minutes = rng.integers(8 * 60, 14 * 60, n)
    at = [
        first + timedelta(days=int(d) - 1, minutes=int(m))
        for d, m in zip(seen, minutes, strict=True)
    ]
    day = [
        None if u < missing else (first + timedelta(days=int(d))).date()
        for d, u in zip(came, rng.random(n), strict=True)
    ]
    return table(
        on=(Kind.CATEGORY, [None if d is None else NAMES[d.weekday()] for d in day]),
        came=(Kind.DATE, day),
        seen=(Kind.DATETIME, at),
        weekday=(Kind.CATEGORY, [NAMES[t.weekday()] for t in at]),
        hour=(Kind.INTEGER, [t.hour for t in at]),
    )


@pytest.mark.parametrize("missing", [0.0, 0.15])
def test_parts_of_a_date_near_another_hold_where_the_other_is_missing_too(missing):
    data = appointments(1500, missing)
    made = fit(data).sample(range(4000), Streams.from_seed(2)).frame
    assert (made["seen"].dt.hour() == made["hour"]).all()
    names = pl.Series([NAMES[d - 1] for d in made["seen"].dt.weekday()])
    assert (names == made["weekday"]).all()
    assert set(made["seen"].dt.weekday()) == set(data.frame["seen"].dt.weekday())
    assert set(made["hour"]) == set(data.frame["hour"])


@pytest.mark.parametrize("seed", [0, 1])
def test_the_first_and_the_last_hour_of_a_day_are_had_as_often_though_nights_lie_between(seed):
    rng = np.random.default_rng(seed)
    n, begin = 1500, datetime.fromisoformat("2022-01-01")
    came, days = rng.integers(0, 700, n), rng.gamma(2, 3, n).astype(int) + 1
    minutes = rng.integers(8 * 60, 14 * 60, n)
    left = [
        begin + timedelta(days=int(d), minutes=int(m))
        for d, m in zip(came + days, minutes, strict=True)
    ]
    data = table(
        came=(Kind.DATE, [(begin + timedelta(days=int(d))).date() for d in came]),
        left=(Kind.DATETIME, left),
        hour=(Kind.INTEGER, (minutes // 60).tolist()),
        weekday=(Kind.CATEGORY, [NAMES[(begin + timedelta(days=int(d))).weekday()] for d in came]),
    )
    model = fit(data)
    assert "left" in model.summary["near"]
    made = model.sample(range(6000), Streams.from_seed(2)).frame
    assert (made["left"].dt.hour() == made["hour"]).all()
    for hour in (8, 13):  # 1 in 6 with an error of .01; .10 and .12 before
        assert abs((made["hour"] == hour).mean() - 1 / 6) < 0.04

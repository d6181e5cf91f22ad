"""Dates and times: what is between them holds whatever the year, and in small tables."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from tests.generate.test_tree_chain import fit, table

from assaymark.core.conditions import Conditions
from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.generate.model_file import ModelFile, read_model, write_model
from assaymark.generate.relations.anchors import Anchor, numbers_of

DAY = 86_400


def moment(year, microsecond=0):
    return datetime(year, 1, 1, microsecond=microsecond)  # noqa: DTZ001


def made_of(model, rows=4000):
    return model.sample(range(rows), Streams.from_seed(2)).frame


def stays(year, n=1000, seed=0, unit=1):
    """Return when patients came and left over a hundred years, and for how many days they stayed.

    One in ten has not left.
    """
    rng = np.random.default_rng(seed)
    begin = moment(year)
    came = [begin + unit * timedelta(seconds=int(s)) for s in rng.integers(0, 36_500 * DAY, n)]
    long = rng.gamma(1.5, 3 * DAY, n).astype(int) + 60
    left = [c + unit * timedelta(seconds=int(s)) for c, s in zip(came, long, strict=True)]
    gone = rng.random(n) < 0.9
    days = np.round(long / DAY, 4)
    return table(
        came=(Kind.DATETIME, came),
        left=(Kind.DATETIME, [v if g else None for v, g in zip(left, gone, strict=True)]),
        days=(Kind.DECIMAL, [float(v) if g else None for v, g in zip(days, gone, strict=True)]),
        ward=(Kind.INTEGER, rng.integers(0, 5, n).tolist()),
    )


@pytest.mark.parametrize("year", [1700, 1900, 2100, 4000])
def test_nobody_leaves_before_coming_and_the_stay_is_what_is_between_in_any_century(year):
    model = fit(stays(year))
    assert model.summary["derived"] == {"days": "(left - came) / 1 day"}
    assert model.summary["near"] in ({"left": ["came"]}, {"came": ["left"]})
    made = made_of(model).drop_nulls()
    assert made.height > 3000
    between = (made["left"] - made["came"]).dt.total_microseconds() / (1e6 * DAY)
    assert between.min() > 0
    assert between.max() < 60
    assert (between - made["days"]).abs().max() < 0.000051


def test_a_model_of_late_moments_is_read_back_and_makes_the_same_rows():
    model = fit(stays(2150, n=400))
    raw = write_model(ModelFile(model=model, generator={"name": "tree_chain"}, salt="00"))
    assert made_of(read_model(raw).model, 500).equals(made_of(model, 500))


def test_moments_that_floats_do_not_hold_have_no_relation():
    # a float holds microseconds till 2112 with room to add, milliseconds for thousands of years
    late = [moment(2300), moment(2300, 1)]
    coarse = [moment(2300), moment(2300, 1000)]
    none = [None, None]
    found = numbers_of(
        table(
            late=(Kind.DATETIME, late), coarse=(Kind.DATETIME, coarse), none=(Kind.DATETIME, none)
        )
    )
    assert list(found) == [1, 2]
    assert found[1][1] - found[1][0] == 1000


def test_hours_between_moments_are_said_as_what_is_divided():
    hours = Anchor(terms=((0, -1 / 3.6e9), (1, 1 / 3.6e9)), constant=-0.5)
    assert hours.words(("came", "left")) == "(left - came) / 1 h - 0.5"


def test_of_few_persons_nobody_leaves_before_coming_either():
    # ten persons' shortest and ten persons' longest are in the outermost cells
    data = stays(2000, n=300)
    assert (data.frame["left"] > data.frame["came"]).all()
    made = made_of(fit(data)).drop_nulls()
    assert (made["left"] > made["came"]).mean() > 0.995


def test_what_lies_far_off_is_drawn_by_itself_in_few_rows_too():
    rng = np.random.default_rng(1)
    n = 300
    came = rng.integers(0, 10**6, n)
    left = np.where(rng.random(n) < 0.7, came + rng.integers(0, 50, n), rng.integers(0, 10**6, n))
    made = made_of(
        fit(table(came=(Kind.INTEGER, came.tolist()), left=(Kind.INTEGER, left.tolist())))
    )
    near = (made["left"] - made["came"]).abs() < 50
    assert abs(near.mean() - 0.7) < 0.08


@pytest.mark.parametrize("n", [150, 450])
def test_one_who_lies_far_off_lets_nobody_do_so(n):
    rng = np.random.default_rng(3)
    x = np.round(rng.normal(100, 20, n), 1)
    y = np.round(x + rng.normal(0, 1, n), 1)
    for far in (0.0, 60.0):
        y[0] = x[0] + (far or 0.5)
        data = table(x=(Kind.DECIMAL, x.tolist()), y=(Kind.DECIMAL, y.tolist()))
        model = fit(data)
        assert model.summary["near"] == {"y": ["x"]}
        made = made_of(model, 20_000)
        assert (made["y"] - made["x"]).abs().max() < 5


def admissions(n, seed=0, persons=None):
    """Return stays of shifted years, in which one in three dies on leaving, and a record of that.

    Who died is known by another column; of two sources of the day, one knows fewer.
    """
    rng = np.random.default_rng(seed)
    begin = moment(2100)
    came = [begin + timedelta(minutes=int(m)) for m in rng.integers(0, 36_500 * 24 * 60, n)]
    stay = rng.gamma(1.5, 3 * 24 * 60, n).astype(int) + 60
    left = [c + timedelta(minutes=int(m)) for c, m in zip(came, stay, strict=True)]
    died = rng.random(n) < 0.4
    heard = died & (rng.random(n) < 0.8)
    return table(
        persons,
        outcome=(Kind.CATEGORY, np.where(died, "died", "home").tolist()),
        dead=(Kind.DATETIME, [v if d else None for v, d in zip(left, died, strict=True)]),
        heard=(Kind.DATETIME, [v if d else None for v, d in zip(left, heard, strict=True)]),
        came=(Kind.DATETIME, came),
        left=(Kind.DATETIME, left),
        days=(Kind.DECIMAL, np.round(stay / 1440, 4).tolist()),
    )


def test_a_hundred_stays_keep_what_is_between_moments_and_which_are_the_same():
    made = made_of(fit(admissions(110)))
    days = (made["left"] - made["came"]).dt.total_microseconds() / (1e6 * DAY)
    assert days.min() > 0
    assert days.max() < 60
    assert ((days - made["days"]).abs() < 0.000051).mean() > 0.98
    dead = made.drop_nulls("dead")
    assert (dead["dead"] == dead["left"]).mean() > 0.97
    both = made.drop_nulls(["dead", "heard"])
    assert both.height > 500
    assert (both["dead"] == both["heard"]).mean() > 0.97
    real = admissions(110).frame
    assert abs(dead.height / made.height - real["dead"].count() / 110) < 0.05


def test_of_too_few_persons_nothing_is_taken_for_a_relation():
    # fifteen persons of eight stays each: twice ten have to stand behind what holds
    data = admissions(120, persons=np.repeat(np.arange(15), 8))
    summary = fit(data).summary
    assert summary["near"] == {}
    assert not [v for v in summary["derived"].values() if "/" in v]


@pytest.mark.parametrize("seed", range(8))
def test_in_few_rows_what_is_merely_related_or_by_chance_is_no_relation(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(45, 190))
    shared = rng.normal(0, 1, n)
    columns = {
        f"x{j}": (Kind.DECIMAL, np.round(10 * shared + rng.normal(0, 3, n), 1).tolist())
        for j in range(4)
    }
    columns |= {f"n{j}": (Kind.INTEGER, rng.poisson(20, n).tolist()) for j in range(3)}
    columns |= {f"f{j}": (Kind.INTEGER, rng.integers(0, 3, n).tolist()) for j in range(4)}
    summary = fit(table(**columns)).summary
    assert summary["near"] == {}
    assert not [v for v in summary["derived"].values() if v not in columns]


def test_a_column_of_which_nothing_may_come_out_has_no_relation():
    rng = np.random.default_rng(0)
    known = rng.normal(0, 1, 60)
    seldom = [float(v) if i < 7 else None for i, v in enumerate(known / 3)]
    made = made_of(
        fit(table(x=(Kind.DECIMAL, known.tolist()), seldom=(Kind.DECIMAL, seldom))), rows=50
    )
    assert made["seldom"].null_count() == 50


def study_days(n=500, seed=0):
    """Return visits whose day of a study is counted from its first day, by dates years apart.

    One end in eight is not near its start, so that what is worked out may be years off.
    """
    rng = np.random.default_rng(seed)
    begin = rng.integers(0, 1000, n)
    day = rng.integers(1, 180, n)
    start = begin + day
    end = start + rng.integers(0, 20, n)
    return table(
        arm=(Kind.INTEGER, rng.integers(0, 3, n).tolist()),
        begin=(Kind.INTEGER, begin.tolist()),
        day=(Kind.INTEGER, day.tolist()),
        start=(Kind.INTEGER, start.tolist()),
        end=(Kind.INTEGER, end.tolist()),
        endday=(Kind.INTEGER, (end - begin).tolist()),
    )


@pytest.mark.parametrize("order", ["cardinality", "schema"])
def test_what_is_worked_out_stays_within_what_the_table_shows(order):
    data = study_days()
    model = fit(data, order=order)
    assert model.summary["derived"]
    made = made_of(model, 6000)
    for name in model.summary["derived"]:
        real = data.frame[name].sort()
        outside = (made[name] < real[9]) | (made[name] > real[-10])
        assert outside.mean() < 0.005
    assert (made["begin"] + made["day"] == made["start"]).mean() > 0.99
    parts = [model.sample(r, Streams.from_seed(2)).frame for r in (range(777), range(777, 6000))]
    assert pl.concat(parts).equals(made)


def test_what_is_worked_out_stays_within_under_a_condition_on_its_parts_too():
    rng = np.random.default_rng(3)
    b = rng.integers(20, 120, 4000)
    s = rng.integers(150, 260, 4000)
    data = table(
        a=(Kind.INTEGER, (s - b).tolist()),
        b=(Kind.INTEGER, b.tolist()),
        s=(Kind.INTEGER, s.tolist()),
    )
    model = fit(data)
    plain = model.sample(range(20_000), Streams.from_seed(1)).frame
    given = Conditions.parse("b < 60", data.schema)
    made = model.sample(range(5000), Streams.from_seed(2), given).frame
    assert (made["a"] + made["b"] == made["s"]).all()
    for name in ("a", "b", "s"):
        assert plain[name].min() <= made[name].min()
        assert made[name].max() <= plain[name].max()


def test_a_stay_of_whole_hours_ends_whole_hours_after_its_begin():
    rng = np.random.default_rng(4)
    n, begin = 1500, moment(2024)
    came = [begin + timedelta(minutes=int(m)) for m in rng.integers(0, 200_000, n)]
    hours = rng.gamma(2, 60, n).astype(int) + 1
    left = [c + timedelta(hours=int(h)) for c, h in zip(came, hours, strict=True)]
    model = fit(
        table(
            came=(Kind.DATETIME, came),
            left=(Kind.DATETIME, left),
            hours=(Kind.INTEGER, hours.tolist()),
        )
    )
    assert model.summary["derived"] == {"left": "came + 1 h * hours"}
    made = made_of(model)
    assert ((made["left"] - made["came"]).dt.total_minutes() == 60 * made["hours"]).all()

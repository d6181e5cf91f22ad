"""Ends: a follow-up lasts as long as it did, whichever of its dates are there."""

from datetime import date, timedelta

import numpy as np
import pytest
from tests.generate.test_tree_chain import fit, table

from assaymark.core.schema import Kind
from assaymark.core.streams import Streams

END = date(2022, 12, 31)


def follow_up(n=1200, seed=0):
    """People enter over three years, and are followed until they die or a study ends."""
    rng = np.random.default_rng(seed)
    begin, stage = date(2018, 1, 1), rng.integers(0, 3, n)
    entered = [begin + timedelta(days=int(d)) for d in rng.integers(0, 1095, n)]
    left = np.array([(END - e).days for e in entered])
    lives = np.ceil(rng.exponential(np.array([1500, 700, 250])[stage])).astype(int)
    days, died = np.minimum(lives, left), lives <= left
    last = [e + timedelta(days=int(d)) for e, d in zip(entered, days, strict=True)]
    return {
        "entered": (Kind.DATE, entered),
        "last seen": (Kind.DATE, last),
        "died on": (Kind.DATE, [d if w else None for d, w in zip(last, died, strict=True)]),
        "days": (Kind.INTEGER, days.tolist()),
        "status": (Kind.CATEGORY, ["dead" if w else "alive" for w in died]),
        "stage": (Kind.CATEGORY, [f"s{s}" for s in stage]),
    }


@pytest.mark.parametrize("without", [(), ("status",), ("last seen",), ("died on",)])
def test_times_to_a_death_and_to_the_end_of_a_study_are_kept(without):
    columns = {name: c for name, c in follow_up().items() if name not in without}
    data = table(**columns)
    made = fit(data).sample(range(4000), Streams.from_seed(2)).frame
    for frame in (made, data.frame):
        days = frame["days"]
        if "last seen" in frame.columns:
            assert ((frame["last seen"] - frame["entered"]).dt.total_days() == days).all()
        if "died on" in frame.columns:
            dead = frame.drop_nulls("died on")
            assert ((dead["died on"] - dead["entered"]).dt.total_days() == dead["days"]).all()
    # medians of 1,200 people with a spread of 550 days: standard errors of 20 and, of deaths, 18
    assert abs(made["days"].median() - data.frame["days"].median()) < 80
    if "died on" in made.columns:
        dead, real = made.drop_nulls("died on"), data.frame.drop_nulls("died on")
        assert abs(dead["days"].median() - real["days"].median()) < 60
        assert abs(dead.height / 4000 - real.height / 1200) < 0.06
        if "status" in made.columns:
            assert (made["died on"].is_null() == (made["status"] == "alive")).all()
    if "last seen" in made.columns:  # a third end with the study, of whom none is seen later
        ended = [(f["last seen"] == END).mean() for f in (made, data.frame)]
        assert abs(ended[0] - ended[1]) < 0.06
        assert made["last seen"].max() <= END


@pytest.mark.parametrize("seed", [1, 3])
def test_a_status_that_the_end_of_a_study_says_leaves_the_days_to_be_drawn(seed):
    data = table(**follow_up(seed=seed))
    model = fit(data)
    assert model.summary["derived"]["last seen"] == "entered + days"
    made = model.sample(range(4000), Streams.from_seed(2)).frame
    assert (made["died on"].is_null() == (made["status"] == "alive")).all()
    for stage, room in (("s2", 20), ("s1", 60)):  # standard errors of 12 and 30
        days = [f.filter(stage=stage)["days"].median() for f in (made, data.frame)]
        assert abs(days[0] - days[1]) < room


def died(lag, n=400, wrong=0):
    """Return people of whom two fifths die so many days after they were last seen."""
    rng = np.random.default_rng(1)
    days = {"entered": rng.integers(0, 1095, n)}
    days["last seen"] = days["entered"] + 1 + rng.exponential(600, n).astype(int)
    days["died on"] = days["last seen"] + lag(rng, n)
    dead, begin = rng.random(n) < 0.4, date(2018, 1, 1)
    days["died on"][np.flatnonzero(dead)[:wrong]] += 50
    dates = {k: [begin + timedelta(days=int(d)) for d in v] for k, v in days.items()}
    dates["died on"] = [d if w else None for d, w in zip(dates["died on"], dead, strict=True)]
    between = (days["last seen"] - days["entered"]).tolist()
    return table(**{k: (Kind.DATE, v) for k, v in dates.items()}, days=(Kind.INTEGER, between))


@pytest.mark.parametrize(
    "lag", [lambda rng, n: rng.integers(0, 8, n), lambda rng, n: (rng.random(n) < 0.1).astype(int)]
)
def test_a_death_a_few_days_after_the_last_contact_stays_near_it(lag):
    made = fit(died(lag)).sample(range(3000), Streams.from_seed(2)).frame
    dead = made.drop_nulls("died on")
    assert (dead["died on"] - dead["last seen"]).dt.total_days().is_between(0, 7).all()
    assert (dead["died on"] >= dead["entered"]).all()
    assert ((made["last seen"] - made["entered"]).dt.total_days() == made["days"]).all()


@pytest.mark.parametrize("wrong", [1, 2])
@pytest.mark.parametrize("n", [200, 400])
def test_one_or_two_who_died_on_another_day_change_nothing(wrong, n):
    data = died(lambda _, n: np.zeros(n, dtype=int), n, wrong)
    made = fit(data).sample(range(2000), Streams.from_seed(2)).frame
    dead = made.drop_nulls("died on")
    assert (dead["died on"] == dead["last seen"]).all()


def test_a_number_that_is_seldom_there_is_the_one_it_equals():
    rng = np.random.default_rng(8)
    start, days = rng.integers(0, 1000, 3000), rng.integers(1, 40, 3000)
    private = rng.random(3000) < 0.1
    end = (start + days).tolist()
    data = table(
        start=(Kind.INTEGER, start.tolist()),
        days=(Kind.INTEGER, days.tolist()),
        end=(Kind.INTEGER, end),
        kind=(Kind.CATEGORY, np.where(private, "private", "public").tolist()),
        billed=(Kind.INTEGER, [e if p else None for e, p in zip(end, private, strict=True)]),
    )
    made = fit(data).sample(range(3000), Streams.from_seed(2)).frame
    billed = made.drop_nulls("billed")
    assert (billed["billed"] == billed["end"]).all()
    assert abs(len(billed) / 3000 - private.mean()) < 0.03
    assert (made["start"] + made["days"] == made["end"]).all()


def test_a_date_that_another_is_comes_where_this_one_would():
    rng = np.random.default_rng(0)
    begin = date(2018, 1, 1)
    entered, days = rng.integers(0, 1400, 1500), 1 + rng.exponential(400, 1500).astype(int)
    event = rng.random(1500) < 0.4
    dates = [[begin + timedelta(days=int(d)) for d in v] for v in (entered, entered + days)]
    data = table(
        entered=(Kind.DATE, dates[0]),
        last=(Kind.DATE, dates[1]),
        months=(Kind.DECIMAL, (days / 30.4375).round(1).tolist()),
        event=(Kind.BOOLEAN, event.tolist()),
        happened=(Kind.DATE, [d if e else None for d, e in zip(dates[1], event, strict=True)]),
    )
    order = fit(data).summary["order"]
    assert order.index("happened") == order.index("last") + 1  # after the months, as the last one


def test_a_season_is_drawn_from_the_day_that_it_is_of():
    rng = np.random.default_rng(0)
    booked = rng.integers(0, 1095, 1500)
    came = booked + rng.gamma(1.5, 60, 1500).astype(int) + 1
    begin = date(2021, 1, 1)
    dates = [[begin + timedelta(days=int(d)) for d in v] for v in (booked, came)]
    summer = [5 < d.month < 9 for d in dates[1]]
    price = (np.where(summer, 90.0, 60.0) + rng.normal(0, 15, 1500)).round(2)
    data = table(
        booked=(Kind.DATE, dates[0]),
        came=(Kind.DATE, dates[1]),
        lead=(Kind.INTEGER, (came - booked).tolist()),
        price=(Kind.DECIMAL, price.tolist()),
        season=(Kind.CATEGORY, ["high" if s else "low" for s in summer]),
    )
    made = fit(data).sample(range(3000), Streams.from_seed(2)).frame
    assert ((made["came"] - made["booked"]).dt.total_days() == made["lead"]).all()
    told = made["came"].dt.month().is_between(6, 8) == (made["season"] == "high")
    assert told.mean() > 0.99
    for season in ("high", "low"):
        here = [f.filter(season=season)["price"].mean() for f in (made, data.frame)]
        assert abs(here[0] - here[1]) < 3


def test_rows_are_the_same_in_whatever_pieces_where_a_study_ends():
    data = table(**follow_up(500))
    model = fit(data)
    whole = model.sample(range(1500), Streams.from_seed(2)).frame
    for first, last in ((0, 400), (400, 403), (700, 1500)):
        assert model.sample(range(first, last), Streams.from_seed(2)).frame.equals(
            whole[first:last]
        )

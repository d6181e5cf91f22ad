"""Days: a date beside a moment is the day that the moment is on, and nothing made up by chance."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from tests.generate.test_tree_chain import fit, table

from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.generate.model_file import ModelFile, read_model, write_model


def stays(n, seed=0):
    """Stays that end at some time of a day; three in ten die then, and have that day's date."""
    rng = np.random.default_rng(seed)
    came, days = rng.integers(0, 900, n), rng.gamma(2, 2.5, n).astype(int) + 1
    minutes, begin = rng.integers(0, 1440, n), datetime.fromisoformat("2021-01-01")
    left = [
        begin + timedelta(days=int(d), minutes=int(m))
        for d, m in zip(came + days, minutes, strict=True)
    ]
    died = [a.date() if d else None for a, d in zip(left, rng.random(n) < 0.3, strict=True)]
    return {
        "came": (Kind.DATE, [date(2021, 1, 1) + timedelta(days=int(d)) for d in came]),
        "left": (Kind.DATETIME, left),
        "last day": (Kind.DATE, [a.date() for a in left]),
        "died": (Kind.DATE, died),
        "nights": (Kind.INTEGER, days.tolist()),
        "age": (Kind.INTEGER, rng.integers(18, 90, n).tolist()),
    }


def drawn(model, n=2000):
    return model.sample(range(n), Streams.from_seed(2)).frame


@pytest.mark.parametrize("n", [120, 300, 1500])
def test_a_date_is_the_day_of_its_moment_and_missing_as_often(n):
    data = stays(n)
    model = fit(table(**data))
    assert model.summary["derived"]["last day"] == "days(left)"
    assert model.summary["derived"]["died"] == "days(left)"
    made = drawn(model)
    assert (made["last day"] == made["left"].dt.date()).all()
    dead = made.drop_nulls("died")
    assert (dead["died"] == dead["left"].dt.date()).all()
    share = np.mean([d is not None for d in data["died"][1]])
    assert abs(len(dead) / len(made) - share) < 0.1  # of 72 persons whom pools are of, error .05


def test_days_of_the_calendar_between_a_date_and_a_moment_hold():
    data = stays(600)
    del data["last day"]
    model = fit(table(**data))
    assert model.summary["derived"]["nights"] == "days(left - came)"
    made = drawn(model)
    assert ((made["left"].dt.date() - made["came"]).dt.total_days() == made["nights"]).all()
    held = ModelFile(model=model, generator={"name": "tree_chain"}, salt="00")
    assert drawn(read_model(write_model(held)).model).equals(made)


def test_a_date_of_which_few_know_is_not_told():
    data = stays(300)
    kept = [i for i, d in enumerate(data["died"][1]) if d is not None][:9]
    data["died"] = Kind.DATE, [d if i in kept else None for i, d in enumerate(data["died"][1])]
    model = fit(table(**data))
    assert "died" not in model.summary["derived"]
    assert drawn(model)["died"].null_count() == 2000  # nine persons: none comes out


@pytest.mark.parametrize("seed", range(6))
def test_a_moment_of_about_a_date_is_no_multiple_of_it(seed):
    """A date of about that of a moment was ``1.157e-11 * left + 6`` of it, a day off and more."""
    data = stays(150, seed)
    rng = np.random.default_rng(100 + seed)
    later = [
        d + timedelta(days=int(k))
        for d, k in zip(data["last day"][1], rng.integers(0, 3, 150), strict=True)
    ]
    data["last day"] = Kind.DATE, later
    model = fit(table(**data))
    assert "last day" not in model.summary["derived"]
    made = drawn(model)
    off = (made["last day"] - made["left"].dt.date()).dt.total_days()
    assert off.is_between(0, 2).all()
    assert (made["left"].dt.date() > made["came"]).all()

"""Dates and times: what is between them holds whatever the year, and in small tables."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from tests.generate.test_tree_chain import fit, table

from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.generate.anchors import Anchor, numbers_of
from assaymark.generate.model_file import ModelFile, read_model, write_model

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
    assert model.summary["derived"] == {"days": "(left - came) / 86400000000"}
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
    assert hours.words(("came", "left")) == "(left - came) / 3600000000 - 0.5"


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

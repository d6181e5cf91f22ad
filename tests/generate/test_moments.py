"""Dates and times: what is between them holds whatever the year, and in small tables."""

from datetime import datetime, timedelta

import numpy as np
from tests.generate.test_tree_chain import fit, table

from assaymark.core.schema import Kind
from assaymark.core.streams import Streams

DAY = 86_400


def moment(year):
    return datetime(year, 1, 1)  # noqa: DTZ001


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

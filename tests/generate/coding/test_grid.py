"""Grid: hours and minutes written as one number come out as such, and nothing else does."""

import numpy as np
import polars as pl
import pytest
from tests.generate.test_tree_chain import fit, table

from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.generate.coding.grid import on_grid


def written(minutes):
    return minutes // 60 * 100 + minutes % 60


def test_times_written_as_one_number_lie_on_minutes_in_order():
    times = written(np.arange(300, 1380, 5))
    grid, points = on_grid(Kind.INTEGER, pl.Series(times))
    assert grid.clock
    assert (np.diff(points) == 1).all()
    assert (grid.value(points) == times).all()
    anything = np.arange(0, 2500)
    assert (np.diff(grid.index(anything)) >= 0).all()
    assert (grid.index(times.astype(np.float64)) == points).all()


@pytest.mark.parametrize(
    "numbers",
    [
        np.arange(0, 2400),
        np.arange(0, 2400, 50),
        np.arange(0, 2400, 10),
        np.arange(60),
        np.append(np.arange(60), [105, 250, 333, 412, 507, 602]),
        written(np.arange(300, 1380, 5)) + 2400,
    ],
    ids=["any", "fifties", "tens", "below an hour", "a long tail", "beyond a day"],
)
def test_other_whole_numbers_are_no_times(numbers):
    assert not on_grid(Kind.INTEGER, pl.Series(numbers))[0].clock


def test_made_times_are_times_also_where_they_are_near_a_sum():
    rng = np.random.default_rng(0)
    planned = rng.integers(60, 276, 3000) * 5
    late = np.where(rng.random(3000) < 0.7, rng.integers(-5, 10, 3000), rng.integers(10, 60, 3000))
    data = table(
        planned=(Kind.INTEGER, written(planned).tolist()),
        late=(Kind.INTEGER, late.tolist()),
        left=(Kind.INTEGER, written((planned + late) % 1440).tolist()),
    )
    made = fit(data).sample(range(3000), Streams.from_seed(1)).frame
    for name in ("planned", "left"):
        assert (made[name] % 100 < 60).all()
        assert made[name].is_between(0, 2359).all()

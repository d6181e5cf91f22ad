import datetime as dt

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.generate.coding.encoding import encode


def one(kind, values, persons=None):
    column = Column(name="x", kind=kind)
    frame = pl.DataFrame({"x": pl.Series("x", values, POLARS_TYPES[kind])})
    return Dataset(schema=Schema(columns=(column,)), frame=frame, persons=persons)


def round_trip(kind, values, persons=None, protect=10):
    """Code the values and draw one for each code."""
    encoded = encode(one(kind, values, persons), protect, Streams.from_seed(1))
    frame = encoded.encoding.decode(
        encoded.codes, np.random.default_rng(2).random(encoded.codes.shape)
    )
    return encoded, frame["x"]


def test_a_value_that_ten_persons_share_comes_out_as_it_is():
    values = [0.5] * 10 + [1.25] * 30
    assert round_trip(Kind.DECIMAL, values)[1].to_list() == values


def test_a_value_of_nine_persons_does_not_come_out_of_few_others():
    # nine rare values are fewer than ten persons: they become the nearest special value
    drawn = round_trip(Kind.INTEGER, [7] * 9 + [1] * 20 + [9] * 20)[1]
    assert drawn.to_list() == [9] * 9 + [1] * 20 + [9] * 20


def test_nothing_beyond_the_tenth_most_extreme_person_comes_out():
    values = np.arange(1000)
    drawn = round_trip(Kind.INTEGER, values.tolist())[1].to_numpy()
    assert drawn.min() >= 9
    assert drawn.max() <= 990
    far = round_trip(Kind.INTEGER, [*range(1000), 10**9])[1].to_numpy()
    assert far.max() <= 991


def test_a_person_with_many_extreme_rows_is_one_person():
    # 500 rows of one person above everyone else: the tenth most extreme PERSON is far below
    values = list(range(1000)) + list(range(5000, 5500))
    persons = np.array(list(range(1000)) + [1000] * 500)
    encoded, drawn = round_trip(Kind.INTEGER, values, persons)
    assert drawn.max() <= 991
    assert encoded.weights[:1000].tolist() == [1.0] * 1000
    assert encoded.weights[1000:].sum() == pytest.approx(1.0)


def test_every_cell_holds_at_least_protect_persons():
    rng = np.random.default_rng(0)
    persons = rng.integers(0, 300, 3000)
    encoded, _ = round_trip(Kind.DECIMAL, rng.lognormal(0, 2, 3000).tolist(), persons)
    codes = encoded.codes[0]
    held = [len(np.unique(persons[codes == c])) for c in range(encoded.encoding.codings[0].size)]
    assert min(held) >= 10


@pytest.mark.parametrize(
    ("kind", "values", "holds"),
    [
        (Kind.DECIMAL, [i / 100 for i in range(500)], lambda s: (s * 100).round(9) % 1 == 0),
        (Kind.DECIMAL, [i * 0.25 for i in range(500)], lambda s: (s * 4) % 1 == 0),
        (Kind.INTEGER, [5 * i + 3 for i in range(500)], lambda s: s % 5 == 3),
        (
            Kind.DATE,
            [dt.date(2000, 1, 3) + dt.timedelta(weeks=i) for i in range(500)],
            lambda s: s.dt.weekday() == 1,
        ),
        (
            Kind.DATETIME,
            [dt.datetime(1600, 1, 1) + dt.timedelta(hours=i) for i in range(500)],  # noqa: DTZ001
            lambda s: (s.dt.minute() == 0) & (s.dt.second() == 0),
        ),
    ],
    ids=["two decimals", "quarters", "steps of five", "Mondays", "full hours"],
)
def test_values_stay_on_the_grid_of_the_source(kind, values, holds):
    drawn = round_trip(kind, values)[1]
    assert holds(drawn).all()
    assert drawn.n_unique() > 200


def test_special_values_are_not_drawn_from_the_cell_around_them():
    # 50 is special (500 of 1,490 rows); rows drawn from the cells around it must not hit it again
    values = [50] * 500 + [i for i in range(100) if i != 50] * 9 + list(range(100))
    drawn = round_trip(Kind.INTEGER, values)[1]
    assert (drawn == 50).sum() == 501


def test_missing_is_a_code_of_its_own_unless_rare():
    encoded, drawn = round_trip(Kind.DECIMAL, [None] * 10 + [1.0] * 20)
    assert drawn.null_count() == 10
    assert encoded.encoding.codings[0].missing
    assert round_trip(Kind.DECIMAL, [None] * 9 + [1.0] * 20)[1].null_count() == 0


def test_a_level_of_three_persons_never_appears():
    drawn = round_trip(Kind.CATEGORY, ["rare"] * 3 + ["a"] * 40 + ["b"] * 40)[1]
    assert set(drawn) == {"a", "b"}
    assert drawn[3:].to_list() == ["a"] * 40 + ["b"] * 40


def test_rare_levels_join_other_where_other_is_common():
    drawn = round_trip(Kind.CATEGORY, ["rare"] * 3 + ["a"] * 40 + ["Other"] * 40)[1]
    assert drawn[:3].to_list() == ["Other"] * 3
    drawn = round_trip(Kind.CATEGORY, ["rare"] * 3 + ["a"] * 40 + ["Other"] * 4)[1]
    assert set(drawn) == {"a"}


def test_a_level_of_one_person_with_many_rows_is_rare():
    persons = np.array([0] * 50 + list(range(1, 51)))
    drawn = round_trip(Kind.CATEGORY, ["mine"] * 50 + ["a"] * 50, persons)[1]
    assert set(drawn) == {"a"}


def test_a_column_of_rare_levels_only_comes_out_empty():
    encoded, drawn = round_trip(Kind.CATEGORY, [f"id{i}" for i in range(100)])
    assert drawn.null_count() == 100
    assert encoded.encoding.summary()["x"]["empty"] is True


def test_without_protection_everything_comes_back():
    values = [1.5, -3.25, None, 1e6, 0.1]
    assert round_trip(Kind.DECIMAL, values, protect=1)[1].to_list() == values


def test_summary_gives_bands_not_counts():
    encoded, _ = round_trip(Kind.CATEGORY, ["a"] * 50 + [f"r{i}" for i in range(37)])
    assert encoded.encoding.summary()["x"]["hidden_values"] == "at most 100"

"""Hygiene: an overlap by hand, natural duplicates, persons, and a moved population."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.streams import Streams
from assaymark.evaluate import metrics


def measured(case):
    found = metrics.build("hygiene").measure(case, Streams.from_seed(2))
    return {m.metric.partition(".")[2]: m for m in found}


def test_overlap_by_hand(table, make_case):
    """Train holds 0..99, the holdout 50..149: half of it is in train; nothing repeats in train."""
    train, holdout = (table({"x": list(range(k, k + 100))}, x="integer") for k in (0, 50))
    shared = measured(make_case(train, holdout, train))["shared_rows"]
    assert (shared.value, shared.n) == (0.5, 100)
    assert shared.low == pytest.approx(0.5 - np.hypot(0.1017, 0.0362), abs=1e-3)


def test_natural_duplicates_are_taken_off(table, make_case):
    """Five values only: every row of both parts has an equal in train."""
    rng = np.random.default_rng(1)
    train, holdout = (table({"x": rng.integers(0, 5, 200).tolist()}, x="integer") for _ in "ab")
    shared = measured(make_case(train, holdout, train))["shared_rows"]
    assert shared.value == 0.0
    assert shared.details["expected"] == 1.0


def test_false_alarms_stay_rare_where_rows_repeat(table, make_case):
    """Half of the rows repeat; 40 tables: at most four outside at 2.5 % a side."""
    outside = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        train, holdout = (
            table({"x": np.floor(rng.exponential(40, n)).astype(int).tolist()}, x="integer")
            for n in (150, 100)
        )
        shared = measured(make_case(train, holdout, train))["shared_rows"]
        outside += not shared.low <= 0 <= shared.high
    assert outside <= 4


def test_overlap_of_persons_counts_persons(population, make_case):
    train, other = (population(1_000, s, visits=5) for s in (1, 2))
    frame = pl.concat([train.frame[:100], other.frame[100:]])  # twenty persons of two hundred
    holdout = Dataset(schema=train.schema, frame=frame, persons=other.persons)
    shared = measured(make_case(train, holdout, other))["shared_rows"]
    assert (shared.value, shared.n) == (pytest.approx(0.1), 200)
    assert shared.low > 0.02


def test_shift_of_one_population_and_of_two(population, make_case):
    train, holdout = population(1_000, 1), population(600, 2)
    same = measured(make_case(train, holdout, train))["shift"]
    assert same.low <= 0.5 <= same.high < 0.6
    moved = Dataset(schema=holdout.schema, frame=holdout.frame.with_columns(pl.col("age") + 25))
    assert measured(make_case(train, moved, train))["shift"].low > 0.6


def few_values(table, n, seed):
    """Eight columns of two to five values that hang together: most rows have equals."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, n, p=[0.6, 0.3, 0.1])
    columns = {
        f"c{i}": np.where(rng.random(n) < 0.6, kind % k, rng.integers(0, k, n))
        for i, k in enumerate((2, 2, 3, 3, 4, 4, 5, 5))
    }
    return table(columns, **dict.fromkeys(columns, "integer"))


def test_a_table_of_few_values_is_no_suspect_and_an_overlap_there_is_seen(table, make_case):
    train, holdout = few_values(table, 5_000, 1), few_values(table, 5_000, 2)
    clean = measured(make_case(train, holdout, train))["shared_rows"]
    assert clean.details["shared"] > 0.7  # equal rows abound, by nature
    assert clean.low <= 0 <= clean.high < 0.02
    frame = pl.concat([train.frame[:1_000], holdout.frame[1_000:]])
    same = Dataset(schema=train.schema, frame=frame)
    assert measured(make_case(train, same, train))["shared_rows"].low > 0.02


def test_people_of_the_holdout_who_stand_there_twice_are_seen(table, make_case):
    """Each row of train twice in the holdout: three people have it, and count a quarter each."""
    train = table({"x": list(range(200))}, x="integer")
    holdout = table({"x": list(range(200)) * 2}, x="integer")
    shared = measured(make_case(train, holdout, train))["shared_rows"]
    assert shared.value == pytest.approx(0.25 / 2, abs=1e-3)
    assert shared.low > 0.02

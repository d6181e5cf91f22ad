"""Controls: differences of shares by hand, the limit of detection, the null, a shifted holdout."""

import numpy as np
import pytest

from assaymark.core.measurement import Measurement
from assaymark.evaluate.controls import (
    PLANTS,
    SHIFT_AT_MOST,
    detection,
    difference,
    fair,
    null_line,
    possible,
    shift_of,
    why_no_attack,
)
from assaymark.evaluate.statistics import Interval


def test_difference_without_hits_is_the_exact_bound():
    # upper ends of 0/100 and 0/50: 1 - 0.025^(1/n) = 0.03622, 0.07112
    found = difference(0, 100, 0, 50)
    assert found == pytest.approx(Interval(0.0, -0.07112, 0.03622), abs=1e-5)


def test_difference_by_hand():
    # 10/100: [0.04900, 0.17622]; 5/100: [0.01643, 0.11283]
    found = difference(10, 100, 5, 100)
    assert found.value == pytest.approx(0.05)
    assert found.low == pytest.approx(0.05 - np.hypot(0.051, 0.06283), abs=1e-4)
    assert found.high == pytest.approx(0.05 + np.hypot(0.07622, 0.03357), abs=1e-4)


def test_limit_is_the_smallest_size_caught_every_time():
    def caught(size, rng):
        return size >= 0.05 or rng.random() < 0.5

    found = detection(caught, np.random.default_rng(1))
    assert found.smallest == 0.05
    by_size = {line["size"]: line["caught"] for line in found.lines}
    assert by_size[0.05] == PLANTS
    assert by_size[0.03] < PLANTS
    assert all(line["kind"] == "planted" and line["of"] == PLANTS for line in found.lines)


def test_there_is_no_limit_where_the_largest_leak_is_missed():
    assert detection(lambda *_: False, np.random.default_rng(1)).smallest is None


@pytest.mark.parametrize(
    ("able", "limit"), [(1.0, None), (0.04, 0.05), (0.02, 0.03), (0.001, 0.02)]
)
def test_a_leak_to_more_people_than_can_be_copied_need_not_be_caught(able, limit):
    """Every plant is missed: what is left is that a leak beyond ``able`` cannot be."""
    sizes = 0.02, 0.03, 0.05
    proof = detection(lambda *_: False, np.random.default_rng(1), [s for s in sizes if s <= able])
    assert possible(proof, able, sizes) == limit


def test_null_accuses_next_to_nobody():
    def read(members, controls):
        return difference(int(members.sum()), len(members), int(controls.sum()), len(controls))

    rng = np.random.default_rng(3)
    line = null_line(read, rng.random(1_000) < 0.1, 0.0, rng)
    assert line["kind"] == "null"
    assert line["caught"] <= 2  # 14 x 2.5 % is 0.35


def test_an_unfair_holdout_moves_the_interval_back_to_nothing():
    found = Measurement(
        metric="any.excess",
        value=0.3,
        low=0.2,
        high=0.4,
        n=1_000,
        baseline=0.0,
        limit_of_detection=0.05,
    )
    assert fair(found, Interval(0.5, 0.4, SHIFT_AT_MOST)) == found
    moved = fair(found, Interval(0.7, 0.6, 0.8))
    assert (moved.value, moved.low, moved.high) == (0.3, 0.0, 0.4)
    assert moved.limit_of_detection is None


def test_shift_sees_a_moved_holdout_and_no_other(population, make_case):
    same = shift_of(make_case(population(800, 1), population(600, 2), population(10, 3)))
    assert same.low <= 0.5 <= same.high
    train = population(800, 1)
    old = population(3_000, 4)
    old = old.take(np.flatnonzero(old.frame["age"].to_numpy() > 55))
    assert shift_of(make_case(train, old, population(10, 3))).low > 0.6


def test_reasons_name_the_part_that_is_too_small(population, make_case):
    made = population(50, 3)
    assert "holdout" in why_no_attack(make_case(population(50, 1), None, made))
    assert "train part has 8" in why_no_attack(make_case(population(8, 1), population(90, 2), made))
    assert "holdout part has 9" in why_no_attack(
        make_case(population(90, 1), population(9, 2), made)
    )
    assert why_no_attack(make_case(population(90, 1), population(90, 2), made)) == ""

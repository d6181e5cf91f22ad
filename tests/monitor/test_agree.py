import numpy as np
import polars as pl
import pytest

from assaymark.errors import DataError
from assaymark.monitor.agree import FALSE_ALARM, agree
from assaymark.monitor.sketch import sketch


def rows_of(n, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    age = rng.integers(20, 80, n)
    kind = np.array(["a", "b", "c"])[rng.choice(3, n, p=[0.6 - shift, 0.3 + shift, 0.1])]
    ill = rng.random(n) < age / 160
    return pl.DataFrame({"age": age, "kind": kind, "ill": ill, "cost": rng.lognormal(3, 1, n)})


def test_a_batch_of_the_same_distribution_is_held_as_rarely_as_is_said():
    """300 batches at 1 %: more than 9 false alarms happen once in a thousand times."""
    before = sketch(rows_of(3_000, 0))
    held = sum(not agree(before, rows_of(400, seed)).holds for seed in range(1, 301))
    assert FALSE_ALARM == 0.01
    assert held <= 9


def test_a_shift_of_one_column_and_of_one_relation_are_found():
    before = sketch(rows_of(3_000, 0))
    found = agree(before, rows_of(2_000, 1, shift=0.15))
    assert not found.holds
    assert "kind" in found.subject
    same = rows_of(2_000, 2)
    torn = same.with_columns(pl.col("ill").shuffle(seed=1))
    assert agree(before, same).holds
    found = agree(before, torn)
    assert (found.subject, found.holds) == ("age and ill", False)


def test_the_statistic_is_the_two_sample_chi_square():
    # 60/40 of 100 against 40/60 of 100: chi-square 8, 1 degree of freedom, p = 0.0047
    before = sketch(pl.DataFrame({"x": ["a"] * 60 + ["b"] * 40}))
    found = agree(before, pl.DataFrame({"x": ["a"] * 40 + ["b"] * 60}))
    assert found.p == pytest.approx(0.00468, abs=1e-5)
    assert (found.limit, found.compared, found.holds) == (0.01, 1, False)
    assert found.distance == pytest.approx(0.2)


def test_other_columns_and_few_rows_are_refused():
    before = sketch(rows_of(300, 0))
    with pytest.raises(DataError, match="other columns"):
        agree(before, rows_of(300, 1).drop("age"))
    with pytest.raises(DataError, match="99 rows are too few"):
        agree(before, rows_of(99, 1))
    same = sketch(pl.DataFrame({"x": ["a"] * 200}))
    assert agree(same, pl.DataFrame({"x": ["a"] * 200})).p == 1.0

"""Variety that is lost is seen, and fresh rows of one distribution have lost none."""

import numpy as np
import polars as pl
import pytest

from assaymark.monitor.collapse import variety


def rows_of(n, seed, spread=1.0, rare=0.015):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, spread, n)
    kinds = rng.choice(list("abcr"), n, p=[0.5, 0.3, 0.2 - rare, rare])
    return pl.DataFrame({"x": x, "kind": kinds, "few": rng.integers(0, 4, n)})


def lost(first, now):
    return {(v.column, v.measure): v.lost for v in variety(first, now) if v.lost > 0}


def test_fresh_rows_have_lost_nothing():
    # at 1 % each, three or more of 60 have a probability of 2 %
    assert sum(bool(lost(rows_of(2_000, s), rows_of(2_000, 900 + s))) for s in range(60)) <= 2


def test_a_narrower_column_loses_tails_and_spread():
    found = lost(rows_of(3_000, 1), rows_of(3_000, 2, spread=0.7))
    assert set(found) == {("x", "tails"), ("x", "spread")}
    assert 0.3 < found["x", "spread"] < 0.51  # 1 - .7 ** 2


def test_rare_values_that_are_gone_are_seen_and_entropy_with_them():
    first, now = rows_of(4_000, 3), rows_of(4_000, 4, rare=0.0)
    assert ("kind", "rare values") in lost(first, now)
    same = now.with_columns(kind=pl.lit("a"))
    assert {("kind", "entropy"), ("kind", "rare values")} <= set(lost(first, same))


def test_known_ratios():
    # variances 1 and 4 of two-valued rows; shares of values, 2 ** entropy
    first = pl.DataFrame({"c": ["a", "b"] * 200})
    now = pl.DataFrame({"c": ["a"] * 399 + ["b"]})
    (entropy,) = variety(first, now)
    assert entropy.measure == "entropy"
    assert entropy.ratio == pytest.approx(0.51, abs=0.01)


def test_few_rows_and_other_columns_are_left_out():
    assert variety(rows_of(150, 5), rows_of(2_000, 6)) == ()
    assert variety(rows_of(500, 5), rows_of(500, 6).rename({"x": "y"}).drop("kind", "few")) == ()

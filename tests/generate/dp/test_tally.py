"""Counts of few columns together, and columns drawn by shares: against the plain way."""

import numpy as np
import pytest

from assaymark.generate.dp.tally import drawn, tally


@pytest.mark.parametrize("columns", [1, 2, 3, 4])
def test_counts_are_those_of_a_loop_over_rows_and_rows_without_a_code_are_left_out(columns):
    rng = np.random.default_rng(columns)
    shape = (3, 1, 4, 2)[:columns]
    codes = [rng.integers(-1, size, 500).astype(np.int32) for size in shape]
    by_hand = np.zeros(shape, dtype=np.int64)
    for row in zip(*codes, strict=True):
        if min(row) >= 0:
            by_hand[row] += 1
    assert np.array_equal(tally(codes, shape), by_hand)


def test_a_code_that_a_column_does_not_have_is_refused():
    with pytest.raises(IndexError):
        tally([np.array([0, 3], dtype=np.int32), np.zeros(2, dtype=np.int32)], (3, 3))


def test_columns_are_drawn_by_their_shares_given_the_others():
    # even numbers of 10 for each of the 4 combinations: a share of .3 gets exactly 3 of them
    shares = np.array([[0.3, 1.0, 0.0, 0.5], [0.7, 0.0, 0.0, 0.2], [0.0, 0.0, 1.0, 0.3]])
    at = np.repeat(np.arange(4), 10)
    given = [(at // 2).astype(np.int32), (at % 2).astype(np.int32)]
    made = drawn(shares, given, (2, 2), np.tile(np.arange(0.05, 1, 0.1), 4))
    counts = tally([made, *given], (3, 2, 2)).reshape(3, 4)
    assert counts.tolist() == [[3, 10, 0, 5], [7, 0, 0, 2], [0, 0, 10, 3]]

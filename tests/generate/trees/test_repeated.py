"""Repeated rows: what they tell, next to one row each of as many persons."""

import numpy as np
import pytest

from assaymark.generate.trees.repeated import persons_worth

BIN = [np.arange(2, dtype=np.int32)]


def worth_of(y, codes, persons):
    weight = 1.0 / np.bincount(persons)[persons]
    base = np.full((len(y), 2), 0.5)
    return persons_worth(
        BIN, np.array([codes], np.int32), base, (y.astype(np.int32), weight, persons)
    )


def test_one_row_each_is_one_person_each():
    rng = np.random.default_rng(0)
    y, codes = rng.integers(0, 2, (2, 500))
    assert worth_of(y, codes, np.arange(500)) == 1.0


def test_rows_that_are_all_alike_are_one():
    rng = np.random.default_rng(1)
    y, codes = (np.repeat(x, 8) for x in rng.integers(0, 2, (2, 500)))
    assert worth_of(y, codes, np.repeat(np.arange(500), 8)) == pytest.approx(1.0)


def test_rows_that_know_nothing_of_each_other_are_a_person_each():
    rng = np.random.default_rng(2)
    y, codes = rng.integers(0, 2, (2, 8000))
    # the variance of a cell is that of 8,000 rows: four errors of its estimate, about 3 % each
    assert worth_of(y, codes, np.repeat(np.arange(1000), 8)) == pytest.approx(8.0, rel=0.12)

"""Pools: mixing with the pool above by hand; a table drawn from is the distribution it was."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.generate.trees.branches import grow
from assaymark.generate.trees.pools import Filling, alias, pooled


def two_leaves():
    codes = np.array([[0] * 4 + [1] * 4], np.int32)
    y = np.array([0] * 4 + [1] * 4, np.int32)
    rows = (np.ones(8), np.arange(8))
    return grow([np.arange(2, dtype=np.int32)], codes, y, rows, (0.0, 1.0))


def filled(k, shrink):
    # six persons fill the pools: 3 x class 0 and 1 x class 1 on the left, 2 x class 1 right
    leaf, y = np.array([1, 1, 1, 1, 2, 2], np.int32), np.array([0, 0, 0, 1, 1, 1], np.int32)
    rows = (np.ones(6), np.ones(6), np.arange(6))
    return pooled(two_leaves(), leaf, (y, 2), rows, Filling(k=k, shrink=shrink))


def test_without_shrinking_a_pool_is_as_its_people():
    assert filled(1, 0.0) == pytest.approx(np.array([[0.5, 0.5], [0.75, 0.25], [0.0, 1.0]]))


def test_a_pool_borrows_from_the_one_above():
    # left (3 + 2 x .5) / 6, right (0 + 2 x .5) / 4
    assert filled(1, 2.0)[1:] == pytest.approx(np.array([[4 / 6, 2 / 6], [0.25, 0.75]]))


def test_a_pool_of_too_few_is_as_the_one_above():
    assert filled(3, 0.0) == pytest.approx(np.array([[0.5, 0.5], [0.75, 0.25], [0.5, 0.5]]))


def test_a_person_with_rows_in_two_pools_is_one_in_each():
    # two persons with half of their rows on either side, two with all rows on the left
    leaf, y = np.array([1, 2, 1, 2, 1, 1], np.int32), np.array([0, 1, 0, 1, 1, 1], np.int32)
    weight, persons = np.array([0.5, 0.5, 0.5, 0.5, 1.0, 1.0]), np.array([0, 0, 1, 1, 2, 3])
    rows = weight, np.ones(6), persons
    found = pooled(two_leaves(), leaf, (y, 2), rows, Filling(k=2, shrink=0.0))
    assert found == pytest.approx(np.array([[0.25, 0.75], [1 / 3, 2 / 3], [0.0, 1.0]]))
    found = pooled(two_leaves(), leaf, (y, 2), rows, Filling(k=3, shrink=0.0))
    assert found[2] == pytest.approx(found[0])
    # two persons more as above, each with half a person's weight, as those on the right have
    found = pooled(two_leaves(), leaf, (y, 2), rows, Filling(k=2, shrink=2.0))
    assert found[2] == pytest.approx([(0.0 + 1.0 * 0.25) / 2, (1.0 + 1.0 * 0.75) / 2])


def test_nobody_is_more_than_two_and_a_half_in_k():
    # twenty persons with a tenth of themselves on the left each, and one who is there wholly
    leaf = np.array([1, 2] * 20 + [1], np.int32)
    y, persons = np.array([0, 1] * 20 + [1], np.int32), np.array([*np.repeat(np.arange(20), 2), 20])
    weight = np.array([0.1, 0.9] * 20 + [1.0])
    rows = weight, np.ones(41), persons
    found = pooled(two_leaves(), leaf, (y, 2), rows, Filling(k=7, shrink=0.0))  # 1 of 3
    assert found[1] == pytest.approx([2 / 3, 1 / 3])
    found = pooled(two_leaves(), leaf, (y, 2), rows, Filling(k=8, shrink=0.0))
    assert found[1] == pytest.approx(found[0])


def test_nobody_is_more_than_that_in_the_topmost_pool_either():
    # 200 persons who have next to none of their rows here, and one who has all
    leaf, y = np.zeros(201, np.int32), np.array([0] * 200 + [1], np.int32)
    root = grow([], np.zeros((0, 3), np.int32), y[:3], (np.ones(3), np.arange(3)), (1.0, 1.0))
    twice = np.concatenate([np.arange(201), np.arange(201)])  # so that persons have several rows
    weight = np.tile(np.array([0.001] * 200 + [1.0]), 2)
    rows = weight, np.ones(402), twice
    both = np.tile(leaf, 2), (np.tile(y, 2), 2)
    found = pooled(root, *both, rows, Filling(k=20, shrink=5.0))
    assert found[0] == pytest.approx([0.875, 0.125], abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=12).filter(any))
def test_alias_is_exact(counts):
    shares = np.array([counts]) / sum(counts)
    table = alias(shares)
    keep = table.keep[0] / 0xFFFFFFFF
    back = keep.copy()
    np.add.at(back, table.other[0], 1 - keep)
    assert back / len(counts) == pytest.approx(shares[0], abs=1e-8)

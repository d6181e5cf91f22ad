"""Branches: the best cut against brute force, the penalty and the persons by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.generate.trees.branches import grow

ONE_ROW_EACH = "one row a person"


def tree(codes, y, penalty=0.0, least=1.0, persons=None):
    codes, y = np.atleast_2d(np.array(codes, np.int32)), np.array(y, np.int32)
    places = [np.arange(c.max() + 1, dtype=np.int32) for c in codes]
    persons = np.arange(len(y)) if persons is None else np.array(persons)
    weight = 1.0 / np.bincount(persons)[persons]
    return grow(places, codes, y, (weight, persons), (penalty, least))


def likelihood(y):
    counts = np.bincount(y)
    counts = counts[counts > 0]
    return float((counts * np.log(counts / counts.sum())).sum())


def test_a_column_that_tells_all_is_split_on_and_no_further():
    found = tree([[0, 1, 0, 1, 1, 0], [0, 0, 1, 1, 0, 1]], [0, 1, 0, 1, 1, 0])
    assert found.feature.tolist() == [0, -1, -1]
    assert found.parent.tolist() == [-1, 0, 0]
    assert found.leaves(np.array([[0, 1], [0, 0]], np.int32)).tolist() == [1, 2]


def test_a_branch_must_be_worth_its_parameters():
    # 10 : 30 against 30 : 10 adds 80 log 2 - 2 x (40 log 40 - 30 log 30 - 10 log 10) = 10.46
    codes = [[0] * 40 + [1] * 40]
    y = [0] * 10 + [1] * 30 + [0] * 30 + [1] * 10
    assert len(tree(codes, y, penalty=10.4).feature) == 3
    assert len(tree(codes, y, penalty=10.5).feature) == 1


def test_a_side_holds_persons_not_rows():
    # four persons of ten rows each, of which two are on either side
    codes, y = [[0] * 20 + [1] * 20], [0] * 20 + [1] * 20
    persons = np.repeat([0, 1, 2, 3], 10)
    assert len(tree(codes, y, least=2.0, persons=persons).feature) == 3
    assert len(tree(codes, y, least=3.0, persons=persons).feature) == 1


def test_whoever_has_rows_on_both_sides_is_on_both():
    # forty persons, each with the same four tests: every side of every cut holds all of them
    codes, y = [[0, 1, 2, 3] * 40], [0, 1, 2, 3] * 40
    found = tree(codes, y, penalty=1.0, least=40.0, persons=np.repeat(np.arange(40), 4))
    assert (found.feature < 0).sum() == 4


def test_rows_of_a_person_that_are_all_alike_tell_as_much_as_one():
    # ten persons' worth of evidence, were it one row each, and no more for three rows each
    codes, y = np.array([[0] * 40 + [1] * 40]), np.array([0] * 10 + [1] * 30 + [0] * 30 + [1] * 10)
    three, persons = (np.repeat(codes, 3, axis=1), np.repeat(y, 3)), np.repeat(np.arange(80), 3)
    assert len(tree(*three, penalty=10.4, persons=persons).feature) == 3
    assert len(tree(*three, penalty=10.5, persons=persons).feature) == 1


@pytest.mark.parametrize("rows", [1, 2, 10, 40])
def test_noise_is_split_as_seldom_however_many_rows_persons_have(rows):
    rng = np.random.default_rng(rows)
    persons, split = np.repeat(np.arange(100), rows), 0
    for _ in range(200):
        own = rng.dirichlet(np.ones(3), 100)[persons]  # each person has a mixture of their own
        y = (rng.random((len(own), 1)) > own.cumsum(axis=1)).sum(axis=1)
        codes = rng.integers(0, 2, (1, len(own)))
        split += len(tree(codes, y, penalty=1.0, least=20.0, persons=persons).feature) > 1
    # beyond a penalty of 1 for each of two parameters: P(chi-squared of 2 > 4) is 13.5 %
    assert split <= 40  # P(more) < 1 %


def test_what_differs_within_persons_is_found_from_few_of_them():
    # 30 persons of 40 rows: a code says the class nine times in ten; weighed 1 each, 30 persons
    # who all had one row would not be enough for 20 classes
    rng = np.random.default_rng(0)
    persons = np.repeat(np.arange(30), 40)
    codes = rng.integers(0, 20, (1, 1200))
    y = np.where(rng.random(1200) < 0.9, codes[0], rng.integers(0, 20, 1200))
    found = tree(codes, y, penalty=1.0, least=10.0, persons=persons)
    assert (found.feature < 0).sum() >= 15


def test_without_columns_there_is_a_root():
    y = np.array([0, 1, 1], np.int32)
    rows = (np.ones(3), np.arange(3))
    found = grow([], np.zeros((0, 3), np.int32), y, rows, (1.0, 1.0))
    assert found.feature.tolist() == [-1]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_the_first_cut_is_the_best_of_all(seed, least):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 5, (3, 30)).astype(np.int32)
    y = rng.integers(0, 3, 30).astype(np.int32)
    gains = {
        (j, a): likelihood(y[codes[j] <= a]) + likelihood(y[codes[j] > a]) - likelihood(y)
        for j in range(3)
        for a in range(4)
        if least <= (codes[j] <= a).sum() <= 30 - least
    }
    found = tree(codes, y, least=float(least))
    if found.feature[0] < 0:
        assert max(gains.values(), default=0.0) < 1e-9
        return
    chosen = (int(found.feature[0]), int(found.threshold[0]))
    assert abs(gains[chosen] - max(gains.values())) < 1e-9


def test_rows_counted_and_the_same_rows_weighed_grow_the_same_tree():
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 60, (4, 800)).astype(np.int32)
    y = ((codes[0] // 20 + codes[1] // 30 + rng.integers(0, 3, 800)) % 5).astype(np.int32)
    places = [np.arange(60, dtype=np.int32)] * 4
    one, half = np.ones(800), np.full(1600, 0.5)
    persons = np.arange(800)
    counted = grow(places, codes, y, (one, persons), (0.5, 10.0))
    twice = np.repeat(codes, 2, axis=1), np.repeat(y, 2)
    weighed = grow(places, *twice, (half, np.repeat(persons, 2)), (0.5, 10.0))
    assert len(counted.feature) > 5
    assert counted.feature.tolist() == weighed.feature.tolist()
    assert counted.threshold.tolist() == weighed.threshold.tolist()


def test_leaves_are_those_of_the_branches_followed_one_by_one():
    rng = np.random.default_rng(4)
    codes = rng.integers(0, 9, (3, 500)).astype(np.int32)
    y = (codes[0] > codes[1]).astype(np.int32)
    found = tree(codes, y, penalty=0.5, least=5.0)
    by_hand = []
    for row in codes.T:
        node = 0
        while found.feature[node] >= 0:
            left = row[found.feature[node]] <= found.threshold[node]
            node = int(found.left[node] if left else found.right[node])
        by_hand.append(node)
    assert found.leaves(codes).tolist() == by_hand

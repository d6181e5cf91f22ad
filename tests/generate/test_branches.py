"""Branches: the best cut against brute force, the penalty and the persons by hand."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.generate.branches import grow

ONE_ROW_EACH = "one row a person"


def tree(codes, y, penalty=0.0, least=1.0, share=None):
    codes, y = np.atleast_2d(np.array(codes, np.int32)), np.array(y, np.int32)
    places = [np.arange(c.max() + 1, dtype=np.int32) for c in codes]
    one = np.ones(len(y))
    return grow(places, codes, y, (one, one if share is None else share), (penalty, least))


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
    # four persons of ten rows each: no side may hold fewer than three of them
    codes, y = [[0] * 20 + [1] * 20], [0] * 20 + [1] * 20
    share = np.full(40, 0.1)
    assert len(tree(codes, y, least=2.0, share=share).feature) == 3
    assert len(tree(codes, y, least=2.1, share=share).feature) == 1


def test_without_columns_there_is_a_root():
    y = np.array([0, 1, 1], np.int32)
    rows = (np.ones(3), np.ones(3))
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
    counted = grow(places, codes, y, (one, one), (0.5, 10.0))
    twice = np.repeat(codes, 2, axis=1), np.repeat(y, 2)
    weighed = grow(places, *twice, (half, half), (0.5, 10.0))
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

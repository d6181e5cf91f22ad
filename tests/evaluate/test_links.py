import numpy as np
import pytest

from assaymark.evaluate.links import linked, nearest_rows

# the toy of anonymeter's tests: two columns, each of them one of the two partial records
FIRST = np.array([[0], [0], [4], [0]], dtype=np.float32)
SECOND = np.array([[0], [1], [9], [4]], dtype=np.float32)
MADE = np.array([[0], [1], [4], [9]], dtype=np.float32)


def test_toy_by_hand():
    """With one neighbour only the first is linked; with two, every pair has a row in common."""
    near = [nearest_rows(half, MADE, 2) for half in (FIRST, SECOND)]
    assert near[0].rows.tolist() == [[0, 1], [0, 1], [2, 1], [0, 1]]
    assert near[1].rows.tolist() == [[0, 1], [1, 0], [3, 2], [2, 1]]
    assert linked(near[0], near[1], 1).tolist() == [True, False, False, False]
    assert linked(near[0], near[1], 2).tolist() == [True, True, True, True]
    assert near[0].equal.tolist() == [1, 1, 1, 1]


def test_nearest_by_brute_force():
    rng = np.random.default_rng(5)
    of, among = (rng.normal(size=(n, 4)).astype(np.float32) for n in (700, 90))
    found = nearest_rows(of, among, 3).rows
    squared = np.square(of[:, None, :].astype(float) - among[None, :, :]).sum(axis=2)
    assert found.tolist() == np.argsort(squared, axis=1)[:, :3].tolist()


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows(rows):
    found = nearest_rows(FIRST, MADE[:rows], 5)
    assert found.rows.shape == (4, rows)
    assert linked(found, found, 5).all() == (rows > 0)


def test_of_equals_the_first_is_taken():
    made = np.zeros((6, 1), dtype=np.float32)
    found = nearest_rows(FIRST[:1], made, 3)
    assert found.rows.tolist() == [[0, 1, 2]]
    assert found.equal.tolist() == [6]

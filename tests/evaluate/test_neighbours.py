"""Nearest rows: hand-computed distances, a slow brute force, and rows of one's own person."""

import numpy as np
import pytest

from assaymark.evaluate.neighbours import nearest, row_keys, space_of


def brute(of, among):
    gaps = of[:, None, :].astype(float) - among[None, :, :].astype(float)
    return np.sqrt((gaps**2).sum(axis=2))


@pytest.fixture(scope="module")
def points(population):
    a, b = population(300, 1), population(2_500, 2)
    space = space_of([a, b])
    return space.points(a), space.points(b)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_equals_brute_force(points, k):
    of, among = points
    found = nearest(of, among, k=k)
    assert found == pytest.approx(np.sort(brute(of, among), axis=1)[:, :k], abs=1e-6)


def test_equal_rows_are_at_distance_zero_exactly(points):
    _, among = points
    assert (nearest(among[:200], among) == 0).all()


def test_rows_of_ones_own_person_are_no_neighbours(points):
    _, among = points
    who = np.arange(len(among)) // 3
    found = nearest(among[:120], among, k=4, apart=(who[:120], who))
    slow = brute(among[:120], among)
    slow[who[:120, None] == who[None, :]] = np.inf
    assert found == pytest.approx(np.sort(slow, axis=1)[:, :4], abs=1e-6)


def test_where_nobody_else_is_left_the_distance_is_infinite(points):
    _, among = points
    one = np.zeros(4, dtype=np.int64)
    assert np.isinf(nearest(among[:4], among[:4], apart=(one, one))).all()


def test_fewer_rows_than_asked_give_fewer_columns(points):
    of, among = points
    assert nearest(of, among[:2], k=5).shape == (300, 2)
    assert nearest(of, among[:0], k=5).shape == (300, 0)


def test_a_differing_category_counts_one_and_missing_is_a_state(table):
    data = table({"c": ["a", "b", None, None]}, c="category")
    found = space_of([data]).points(data)
    # squared: a-b 1, a-missing 1, missing-missing 0
    assert np.square(brute(found, found)) == pytest.approx(
        np.array([[0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]]), abs=1e-6
    )


def test_keys_are_equal_exactly_where_rows_are(table):
    data = table(
        {"x": [1, 1, 2, None, None], "c": ["a", "a", "a", "a", "a"]}, x="integer", c="category"
    )
    keys = row_keys(data)
    assert keys[0] == keys[1]
    assert keys[3] == keys[4]
    assert len(set(keys.tolist())) == 3


@pytest.mark.parametrize("n", [1, 4_095, 4_096, 4_097, 9_000])
@pytest.mark.parametrize("k", [1, 3])
def test_tiles_leave_no_row_out_and_ties_stay_ties(n, k):
    """Few whole numbers, so that many rows tie; the tiles' seams lie at multiples of 4,096."""
    rng = np.random.default_rng(n)
    among = rng.integers(0, 4, (n, 3)).astype(np.float32)
    of = rng.integers(0, 6, (300, 3)).astype(np.float32)
    expected = np.sort(brute(of, among), axis=1)[:, :k]
    np.testing.assert_allclose(nearest(of, among, k=k), expected, atol=1e-9)

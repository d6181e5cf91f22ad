"""Nearest rows: hand-computed distances, a slow brute force, and rows of one's own person."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from assaymark.evaluate.boxes import boxes_of
from assaymark.evaluate.neighbours import _looked_at, _Queries, nearest, row_keys, space_of


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


def many(kind, n, seed):
    """Return ``n`` rows of a kind that boxes must not lose, or must not be confused by."""
    rng = np.random.default_rng(seed)
    hot = np.eye(6)[rng.choice(6, n, p=[0.4, 0.3, 0.15, 0.1, 0.04, 0.01])] * np.sqrt(0.5)
    rows = {
        "mixed": np.hstack([rng.standard_t(3, (n, 3)), hot, np.ones((n, 2))]),
        "ties": rng.integers(0, 4, (n, 5)),
        "repeated": np.repeat(rng.normal(size=(n // 8 + 1, 4)), 8, axis=0)[:n],
        "all equal": np.full((n, 3), 0.7),
        "nothing": np.zeros((n, 2)),
        "one value but for one row": np.eye(n, 3) * 5,
        "noise": rng.normal(size=(n, 30)),
    }
    return rows[kind].astype(np.float32)


KINDS = ("mixed", "ties", "repeated", "all equal", "nothing", "one value but for one row", "noise")


@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_boxes_lose_no_neighbour(kind, k):
    among, of = many(kind, 4_500, 1), many(kind, 2_100, 2)
    of[:50] = among[:50]
    if kind != "nothing":
        of[50] = 9
    expected = np.sort(cdist(of, among), axis=1)[:, :k]
    np.testing.assert_allclose(nearest(of, among, k=k), expected, atol=2e-6)


@pytest.mark.parametrize("seed", range(3))
def test_many_rows_at_once_find_what_few_at_a_time_find(seed, population):
    """Few rows are held against all others, many against those in the boxes near them."""
    a, b = population(2_100, seed), population(4_500, seed + 100)
    space = space_of([a, b])
    of, among = space.points(a), space.points(b)
    few = np.vstack([nearest(of[i : i + 700], among, k=3) for i in range(0, 2_100, 700)])
    np.testing.assert_allclose(nearest(of, among, k=3), few, atol=1e-6)


@pytest.mark.parametrize("kind", ["mixed", "repeated"])
def test_boxes_hide_rows_of_ones_own_person(kind):
    """Three rows a person, and one person to whom a third of the table belongs."""
    among = many(kind, 4_500, 1)
    who = np.where(np.arange(4_500) % 3 == 0, 0, np.arange(4_500) // 3)
    found = nearest(among[:2_100], among, k=3, apart=(who[:2_100], who))
    slow = cdist(among[:2_100], among)
    slow[who[:2_100, None] == who] = np.inf
    np.testing.assert_allclose(found, np.sort(slow, axis=1)[:, :3], atol=2e-6)


@pytest.mark.parametrize(("kind", "low", "high"), [("mixed", 0, 0.3), ("noise", 0.8, 1)])
def test_boxes_say_whether_they_pay(kind, low, high):
    among = many(kind, 4_500, 1)
    boxes = boxes_of(among, 128, among.any(axis=0))
    assert low <= _looked_at(_Queries(many(kind, 64, 2), None, None), boxes, 1) <= high


def test_among_equal_rows_boxes_do_not_pay():
    among = many("all equal", 4_500, 1)
    boxes = boxes_of(among, 128, among.any(axis=0))
    assert _looked_at(_Queries(among[:64], None, None), boxes, 1) == 1

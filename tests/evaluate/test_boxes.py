"""Boxes: every row is in one, and no row is nearer than its box."""

import numpy as np
import pytest

from assaymark.evaluate.boxes import boxes_of


def mixed(n, seed):
    """Three numbers, a category of four as 0/1, and a coordinate that is always the same."""
    rng = np.random.default_rng(seed)
    hot = np.eye(4)[rng.choice(4, n, p=[0.5, 0.3, 0.15, 0.05])]
    return np.hstack([rng.normal(size=(n, 3)), hot, np.ones((n, 1))]).astype(np.float32)


@pytest.mark.parametrize("size", [1, 7, 300, 5_000])
def test_each_row_is_in_one_box(size):
    points = mixed(2_000, 1)
    boxes = boxes_of(points, size, np.arange(8) != 2)
    kept = points[:, np.arange(8) != 2]
    assert np.diff(boxes.starts).max() <= size
    assert (np.unique(boxes.rows, axis=0) == np.unique(kept, axis=0)).all()
    assert len(boxes.rows) == len(kept)


def test_no_row_is_nearer_than_its_box():
    boxes, of = boxes_of(mixed(2_000, 1), 50, np.ones(8, dtype=bool)), mixed(300, 2)
    gaps = np.square(of[:, None, :].astype(float) - boxes.rows[None, :, :]).sum(axis=2)
    nearest = np.minimum.reduceat(gaps, boxes.starts[:-1], axis=1)
    far = boxes.far(of).T
    assert (far <= nearest + 1e-5).all()
    assert far.mean() > nearest.mean() / 2


def test_a_box_is_as_far_as_its_border():
    points = np.array([[0, 0], [1, 2]], dtype=np.float32)
    boxes = boxes_of(points, 2, np.ones(2, dtype=bool))
    of = np.array([[0.5, 1], [3, 1], [3, 5], [-1, -1]], dtype=np.float32)
    # inside; 2 to the right; 2 and 3 off; 1 and 1 off
    assert boxes.far(of).tolist() == [[0, 4, 13, 2]]


def test_equal_rows_share_one_box_however_many():
    boxes = boxes_of(np.ones((900, 3), dtype=np.float32), 100, np.ones(3, dtype=bool))
    assert boxes.starts.tolist() == [0, 900]

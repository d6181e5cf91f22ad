"""What stands out from noise is kept, and noise is not."""

import numpy as np
import pytest

from assaymark.generate.dp.denoise import beyond_noise


def test_noise_alone_leaves_little_and_mostly_nothing():
    rng = np.random.default_rng(0)
    kept = [beyond_noise(rng.normal(0, 7.0, (30, 20)), 7.0) for _ in range(200)]
    assert np.mean([np.square(k).sum() / (49 * 600) for k in kept]) < 0.03
    assert np.mean([not k.any() for k in kept]) > 0.3


@pytest.mark.parametrize("shape", [(30, 20), (20, 6, 5), (5, 6, 20), (600,)])
def test_a_pattern_is_nearer_than_the_noisy_table_itself(shape):
    rng = np.random.default_rng(1)
    true = 400.0
    for n in shape:
        true = np.multiply.outer(true, rng.normal(0, 1, n))
    true = true / np.sqrt(np.square(true).mean()) * 9.0
    gain = []
    for _ in range(20):
        noisy = true + rng.normal(0, 7.0, shape)
        found = beyond_noise(noisy, 7.0)
        assert found.shape == shape
        gain.append(np.square(found - true).sum() / np.square(noisy - true).sum())
    assert np.mean(gain) < (0.3 if len(shape) > 1 else 1.0)


def test_one_cell_far_out_is_kept_as_it_is():
    away = np.zeros((40, 40))
    away[3, 5] = 30.0  # below what makes a singular value, above what makes a cell stand out
    found = beyond_noise(away, 5.0)
    assert found[3, 5] == pytest.approx(30.0)
    assert np.count_nonzero(found) == 1


def test_singular_values_shrink_as_the_paper_says():
    # one value of 10 under noise 1/sqrt(n) in a square of n: sqrt(10^2 - 4) by hand
    away = np.zeros((4, 4))
    away[0, 0] = 20.0  # scale is 1 * sqrt(4): 20 / 2 = 10
    rest = beyond_noise(away + np.eye(4) * 1e-12, 1.0)
    assert rest[0, 0] == pytest.approx(2 * np.sqrt(96.0), abs=1e-6)

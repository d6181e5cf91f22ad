"""Ascent: the top is found, also where the curve was thought to be another."""

import numpy as np
import pytest
from scipy.optimize import minimize

from assaymark.generate.trees.ascent import ascended


def hill(seed, size=6):
    """A log-likelihood of 400 yes and no answers, and what a plain optimiser makes of it."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(400, size)) @ rng.normal(size=(size, size))
    y = rng.random(400) < 1 / (1 + np.exp(-x @ rng.normal(size=size) / 3))

    def value(at):
        eta = x @ at.ravel()
        away = y - 1 / (1 + np.exp(-eta))
        gain = (y * eta - np.logaddexp(0, eta)).sum() - 0.5 * (at**2).sum()
        return float(gain), (away @ x).reshape(at.shape) - at

    there = minimize(lambda a: -value(a)[0], np.zeros(size), jac=lambda a: -value(a)[1], tol=1e-10)
    curve = x.T @ x / 4 + np.eye(size)
    return value, curve, -there.fun


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("scale", [0.05, 1.0, 20.0])  # how wrong the thought curve is
def test_the_top_is_found_from_a_curve_that_is_about_right_or_far_too_flat_or_steep(seed, scale):
    value, curve, best = hill(seed)
    calls = []

    def counted(at):
        calls.append(at)
        return value(at)

    found = ascended(
        counted,
        lambda g: np.linalg.solve(curve * scale, g),
        np.zeros(6),
        rounds=60,
        stop=1e-6,
    )
    assert value(found)[0] == pytest.approx(best, abs=1e-3)
    assert scale != 1.0 or len(calls) < 12


def test_points_keep_their_shape():
    value, curve, best = hill(1)
    found = ascended(
        value,
        lambda g: np.linalg.solve(curve, g.ravel()).reshape(g.shape),
        np.zeros((3, 2)),
        rounds=30,
        stop=1e-6,
    )
    assert found.shape == (3, 2)
    assert value(found)[0] == pytest.approx(best, abs=1e-3)


def test_a_value_that_never_grows_leaves_the_start():
    start = np.array([1.0, 2.0])

    def nowhere(at):
        return (0.0 if (at == start).all() else np.nan), np.ones(2)

    assert ascended(nowhere, lambda g: g, start, rounds=5, stop=0.1) is start

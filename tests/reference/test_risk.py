"""Published figures of attack statistics, to the printed digits (evaluation.md 4.1)."""

import math
from itertools import pairwise

import numpy as np
import pytest

from assaymark.errors import DataError
from assaymark.evaluate.risk import (
    anonymity_loss,
    precision_at_prior,
    precision_recall,
    random_link,
    residual_risk,
    singling_out_chance,
    wilson,
)
from assaymark.evaluate.statistics import Interval


def half(interval):
    return (interval.high - interval.low) / 2


@pytest.mark.parametrize(
    ("hits", "n", "rate", "error"),
    [
        (850, 1000, 0.849, 0.022),
        (0, 1000, 0.002, 0.002),
        (1000, 1000, 0.998, 0.002),
    ],
)
def test_wilson_of_a_thousand_attacks(hits, n, rate, error):
    found = wilson(hits, n)
    assert (round(found.value, 3), round(half(found), 3)) == (rate, error)


@pytest.mark.parametrize(
    ("hits", "rate", "error"),
    [
        (100, 0.9815032508965071, 0.01849674910349284),
        (23, 0.23998824451588613, 0.08155558571285167),
        (11, 0.1244274643007244, 0.06188550073007873),
    ],
)
def test_wilson_of_a_hundred_attacks_to_all_digits(hits, rate, error):
    found = wilson(hits, 100)
    assert found.value == pytest.approx(rate, rel=1e-12)
    assert half(found) == pytest.approx(error, rel=1e-12)


def test_residual_risk_and_its_error():
    attack, control = Interval(0.9, 0.88, 0.92), Interval(0.85, 0.83, 0.87)
    found = residual_risk(attack, control)
    assert (round(found.value, 3), round(half(found), 3)) == (0.333, 0.160)
    certain = residual_risk(Interval(0.9, 0.9, 0.9), Interval(0.8, 0.8, 0.8))
    assert certain.value == pytest.approx(0.5)
    assert half(certain) == 0
    with pytest.raises(DataError, match="no risk is left"):
        residual_risk(attack, Interval(1.0, 0.9, 1.0))


def test_linkability_toy():
    """One of four people is linked with one neighbour, all four with two."""
    one, two = wilson(1, 4), wilson(4, 4)
    assert [round(x, 4) for x in one] == [0.3725, 0.0456, 0.6994]
    assert [round(two.value, 4), round(two.high, 4)] == [0.7551, 1.0]
    # printed as 0.5102 = 0.7551 - (1 - 0.7551), from rounded figures; the exact end is 0.510109
    assert two.low == pytest.approx(0.5102, abs=1e-4)
    assert random_link(4, 1) == pytest.approx(0.25)
    assert random_link(4, 2) == pytest.approx(5 / 6)
    assert random_link(4, 3) == 1.0


@pytest.mark.parametrize("n", [100, 4242, 11235])
@pytest.mark.parametrize("weights", [(0.0, 1.0), (0.0, 0.01), (0.0001, 0.003)])
def test_singling_out_integral_against_quadrature(n, weights):
    from scipy.integrate import quad

    def density(w):
        return n * w * (1 - w) ** (n - 1)

    low, high = weights
    edges = [low, *(x for x in np.geomspace(0.1 / n, 0.9, 40) if low < x < high), high]
    wanted = sum(quad(density, a, b, epsabs=1e-15)[0] for a, b in pairwise(edges))
    assert singling_out_chance(n, low, high) == pytest.approx(wanted, rel=1e-9)
    assert singling_out_chance(n, 0.0, 1.0) == pytest.approx(1 / (n + 1))


def test_precision_falls_with_the_prior():
    """TPR 20 % at FPR 1 %: of 10,000 people with 100 members, 20 are right of 119 accused."""
    assert precision_at_prior(0.2, 0.01, 0.01) == pytest.approx(20 / 119)
    assert precision_at_prior(0.2, 0.01, 0.5) == pytest.approx(20 / 21)
    assert precision_at_prior(0.0, 0.0, 0.5) == 0.0


def test_anonymity_loss_by_hand():
    """Recall 0.01 is half way to 0.0001 on the log scale: 1 - (1/2)^3 = 7/8 of the precision."""
    assert precision_recall(0.8, 0.01) == pytest.approx(0.7)
    assert precision_recall(0.8, 1.0) == pytest.approx(0.8)
    assert precision_recall(0.8, 1e-6) == pytest.approx(0.0)
    assert anonymity_loss(0.7, 0.4) == pytest.approx(0.5)
    assert anonymity_loss(1.0, 1.0) == 0.0
    assert anonymity_loss(0.2, 0.4) < 0


def test_residual_risk_covers_the_truth():
    """Nominal 95 %: a rate of 0.30 against 0.20, 800 attacks each, 4,000 repeats, fixed seed."""
    rng = np.random.default_rng(3)
    truth, covered = 0.1 / 0.8, 0
    for a, c in zip(rng.binomial(800, 0.3, 4_000), rng.binomial(800, 0.2, 4_000), strict=True):
        found = residual_risk(wilson(int(a), 800), wilson(int(c), 800))
        covered += found.low <= truth <= found.high
    assert covered / 4_000 >= 0.94
    assert math.isfinite(residual_risk(wilson(0, 800), wilson(0, 800)).value)

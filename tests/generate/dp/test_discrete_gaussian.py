"""The noise: exact, as wide as it says, and from the operating system."""

import math
import secrets

import numpy as np
import pytest
from scipy import stats

from assaymark.errors import InputError
from assaymark.generate.dp.discrete_gaussian import MOST_SIGMA, Noise, variance_of


def shares(sigma2, low, high):
    """Return the discrete Gaussian's chances of low..high, by its definition."""
    every = np.arange(-2000, 2001)
    weight = np.exp(-(every.astype(float) ** 2) / (2 * sigma2))
    return weight[(every >= low) & (every <= high)] / weight.sum()


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.5, 12.0])
def test_each_number_occurs_as_often_as_it_should(sigma):
    # chi square over all cells with at least 20 expected; false alarms 1 in 10,000 a sigma
    n, variance = 60_000, variance_of(sigma)
    drawn = Noise().gaussian(n, variance)
    edge = int(6 * sigma) + 2
    expected = n * shares(variance[0] / variance[1], -edge, edge)
    seen = np.bincount(np.clip(drawn, -edge, edge) + edge, minlength=2 * edge + 1)
    kept = expected >= 20
    rest = max(n - expected[kept].sum(), 1e-9)
    chi = ((seen[kept] - expected[kept]) ** 2 / expected[kept]).sum()
    chi += (n - seen[kept].sum() - rest) ** 2 / rest if rest > 5 else 0.0
    assert stats.chi2.sf(chi, kept.sum()) > 1e-4


@pytest.mark.parametrize("sigma", [35.4, 900.0, float(MOST_SIGMA)])
def test_wide_noise_is_as_wide_as_the_bell_curve(sigma):
    # Kolmogorov-Smirnov against the normal distribution, half a step apart; 1 in 10,000 a sigma
    drawn = Noise().gaussian(20_000, variance_of(sigma))
    spread = drawn + np.random.default_rng(1).random(len(drawn)) - 0.5
    assert stats.kstest(spread / sigma, "norm").pvalue > 1e-4


def test_a_coin_of_chance_exp_falls_as_often_as_it_should():
    n = 100_000
    for top, bottom in ((1, 1), (1, 3), (7, 2), (0, 5), (40, 1)):
        seen = int(Noise().bernoulli_exp(np.full(n, top, dtype=np.int64), bottom).sum())
        assert stats.binomtest(seen, n, math.exp(-top / bottom)).pvalue > 1e-5


def test_whole_numbers_below_a_bound_are_even_and_never_reach_it():
    for bound in (2, 3, 10, 2**63 + 1):
        drawn = Noise().below(np.full(40_000, bound, dtype=np.uint64))
        assert drawn.max() < bound
        halves = int((drawn < bound // 2).sum())
        assert stats.binomtest(halves, 40_000, (bound // 2) / bound).pvalue > 1e-5


def test_the_last_words_before_the_end_are_drawn_again_since_they_would_favour_small_numbers():
    words = iter([(2**64 - 1).to_bytes(8, "little"), (7).to_bytes(8, "little")])
    assert Noise(lambda n: next(words)).below(np.array([10], dtype=np.uint64)) == [7]


def test_noise_is_never_narrower_than_asked_and_what_cannot_be_drawn_is_refused():
    for sigma in (0.01, 0.9, 15.99, 77.7, 5000.0):
        p, q = variance_of(sigma)
        assert sigma**2 <= p / q <= sigma**2 * 1.01 + 1 / 512
    for sigma in (0.0, -1.0, math.nan, MOST_SIGMA + 1.0):
        with pytest.raises(InputError, match="rows is asked for"):
            variance_of(sigma)


def test_entropy_is_the_operating_systems_and_differs_each_time():
    assert Noise.__init__.__defaults__ == (secrets.token_bytes,)
    first, second = (Noise().gaussian(50, (400, 1)) for _ in range(2))
    assert not np.array_equal(first, second)

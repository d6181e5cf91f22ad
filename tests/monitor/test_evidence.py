import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import beta, binom

from assaymark.monitor.evidence import log_evidence


def test_the_value_is_the_likelihood_ratio_that_is_said():
    # 3 of 10 against 5 of 8, written out by integrating the mixtures on a grid
    p = (np.arange(200_000) + 0.5) / 200_000
    centre = 3.5 / 11
    own = np.mean(p**3 * (1 - p) ** 7 * beta.pdf(p, 0.5, 0.5))
    stream = np.mean(
        [
            np.mean(p**5 * (1 - p) ** 3 * beta.pdf(p, s * centre, s * (1 - centre)))
            for s in (4, 100, 3000)
        ]
    )
    top = (8 / 18) ** 8 * (10 / 18) ** 10
    found = log_evidence(np.array(3), np.array(10), np.array(5), np.array(8))
    assert float(found) == pytest.approx(np.log(own * stream / top), abs=1e-3)


@pytest.mark.parametrize(
    ("r", "m", "c", "k"), [(30, 100, 80, 120), (0, 50, 20, 60), (9, 10, 1, 90)]
)
def test_the_largest_likelihood_within_a_tolerance_is_that_of_a_general_optimiser(r, m, c, k):
    tolerance = 0.1

    def loss(x):
        p, q = x
        return -(binom.logpmf(r, m, p) + binom.logpmf(c, k, q))

    best = min(
        minimize(
            loss,
            (start, start),
            bounds=[(1e-9, 1 - 1e-9)] * 2,
            constraints=[
                {"type": "ineq", "fun": lambda x: tolerance - x[0] + x[1]},
                {"type": "ineq", "fun": lambda x: tolerance + x[0] - x[1]},
            ],
        ).fun
        for start in (0.1, 0.3, 0.5, 0.7)
    )
    counts = [np.array(x) for x in (r, m, c, k)]
    same = float(log_evidence(*counts, 0.0) - log_evidence(*counts, tolerance))
    none = (r + c) / (m + k)
    expected = -best - (binom.logpmf(r, m, none) + binom.logpmf(c, k, none))
    assert same == pytest.approx(expected, abs=1e-4)
    assert same > 0


def test_a_stream_without_change_crosses_as_rarely_as_is_said_at_any_time():
    """1,000 streams of 400 looks each, alarm level 10 %: at most 10 % ever cross, plus noise."""
    rng = np.random.default_rng(5)
    streams, looks, m = 1_000, 400, 500
    r = rng.binomial(m, 0.2, streams)
    c = rng.binomial(20, 0.2, (looks, streams)).cumsum(axis=0)
    n = 20 * np.arange(1, looks + 1)[:, None]
    ever = (log_evidence(r, np.array(m), c, n) >= np.log(10)).any(axis=0).mean()
    assert ever <= 0.1


def test_evidence_of_a_real_change_grows_and_nothing_is_said_of_nothing():
    found = log_evidence(
        np.array(100), np.array(1000), np.array([0, 30, 300]), np.array([0, 100, 1000])
    )
    assert found[0] <= 0
    assert found[1] < found[2]
    assert found[2] > 30

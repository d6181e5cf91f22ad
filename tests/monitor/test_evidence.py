import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import beta, binom

from assaymark.monitor.evidence import log_evidence


def test_the_value_is_the_likelihood_ratio_that_is_said():
    """5 of 8 against 3 of 10: guesses that the share is higher, over a beta of 4 and 7, halved."""
    p = (np.arange(200_000) + 0.5) / 200_000
    shifts = (0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.56, 0.8, 1.2, 1.8, 2.6)
    guessed = np.sin(np.minimum(np.arcsin(np.sqrt(3.5 / 11)) + np.array(shifts) / 2, 1.5707)) ** 2
    open_ = np.mean(p**5 * (1 - p) ** 3 * beta.pdf(p, 4, 7))
    ratio = np.mean(guessed**5 * (1 - guessed) ** 3) / open_
    found = log_evidence(np.array(3), np.array(10), np.array(5), np.array(8))
    assert float(found) == pytest.approx(np.log(ratio / 2), abs=1e-3)
    mirrored = log_evidence(np.array(7), np.array(10), np.array(3), np.array(8))
    assert float(mirrored) == pytest.approx(float(found))


def test_with_a_tolerance_it_is_over_the_largest_likelihood():
    # 3 of 10 against 9 of 10 and a tolerance of .1, the mixtures integrated on a grid
    p = (np.arange(200_000) + 0.5) / 200_000
    centre = 3.5 / 11
    own = np.mean(p**3 * (1 - p) ** 7 * beta.pdf(p, 0.5, 0.5))
    stream = np.mean(
        [
            np.mean(p**9 * (1 - p) * beta.pdf(p, s * centre, s * (1 - centre)))
            for s in (4, 100, 3000)
        ]
    )
    q = p[p < 0.9]
    top = (q**3 * (1 - q) ** 7 * (q + 0.1) ** 9 * (0.9 - q)).max()
    found = log_evidence(np.array(3), np.array(10), np.array(9), np.array(10), 0.1)
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
    wider = float(log_evidence(*counts, tolerance) - log_evidence(*counts, 1.0))
    free = binom.logpmf(r, m, r / m) + binom.logpmf(c, k, c / k)
    assert wider == pytest.approx(free + best, abs=1e-4)
    assert wider > 0


def test_a_stream_without_change_crosses_as_rarely_as_is_said_at_any_time():
    """1,000 streams of 400 looks each, alarm level 10 %: at most 10 % ever cross, plus noise."""
    rng = np.random.default_rng(5)
    streams, looks, m = 1_000, 400, 500
    r = rng.binomial(m, 0.2, streams)
    c = rng.binomial(20, 0.2, (looks, streams)).cumsum(axis=0)
    n = 20 * np.arange(1, looks + 1)[:, None]
    ever = (log_evidence(r, np.array(m), c, n) >= np.log(10)).any(axis=0).mean()
    assert ever <= 0.1


def ever_crossed(m, p, rows, *, each, level):
    """Return the exact probability that evidence ever reaches a level while nothing changes.

    By dynamic programming: for each count of the reference, the distribution of the stream's
    counts that have not crossed yet, ``each`` rows a look, up to ``rows``.
    """
    r = np.arange(m + 1)
    live = np.zeros((m + 1, rows + 1))
    live[:, 0] = binom.pmf(r, m, p)
    step, crossed = binom.pmf(np.arange(each + 1), each, p), 0.0
    for n in range(each, rows + 1, each):
        after = np.zeros_like(live)
        for j, chance in enumerate(step):
            after[:, j : n + 1] += chance * live[:, : n + 1 - j]
        over = log_evidence(r[:, None], np.array(m), np.arange(n + 1), np.array(n))
        hit = over >= -np.log(level)
        crossed += after[:, : n + 1][hit].sum()
        after[:, : n + 1][hit] = 0
        live = after
    return crossed


@pytest.mark.parametrize(("m", "p"), [(40, 0.5), (60, 0.05), (150, 0.15), (150, 0.005)])
@pytest.mark.parametrize("level", [0.05, 1e-3, 1e-6])
def test_the_exact_probability_of_ever_crossing_is_below_what_is_said(m, p, level):
    assert ever_crossed(m, p, 400, each=25, level=level) <= level / 4


def test_evidence_of_a_real_change_grows_and_nothing_is_said_of_nothing():
    found = log_evidence(
        np.array(100), np.array(1000), np.array([0, 30, 300]), np.array([0, 100, 1000])
    )
    assert found[0] <= 0
    assert found[1] < found[2]
    assert found[2] > 30

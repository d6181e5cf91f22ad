"""The accounting of differential privacy, against numbers that were worked independently."""

import math

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.optimize import minimize_scalar

from assaymark.core.zcdp import best_success, best_tpr, delta_of, epsilon_of, rho_of
from assaymark.errors import InputError

# dp-accounting 0.6 (Google), RdpAccountant over 400,001 orders 1 + 1e-4 ... 1e6, ZCDpEvent(rho)
DP_ACCOUNTING = [
    (0.0257, 1e-5, 0.9101688219715713),
    (0.5, 1e-6, 5.22153444541432),
    (0.001, 1e-9, 0.24511925396110945),
    (5.0, 1e-5, 19.047259553081528),
]


@pytest.mark.parametrize(("rho", "delta", "epsilon"), DP_ACCOUNTING)
def test_epsilon_is_that_of_an_independent_accountant_to_a_millionth(rho, delta, epsilon):
    assert epsilon_of(rho, delta) == pytest.approx(epsilon, rel=1e-6)


@pytest.mark.parametrize("rho", [0.0005, 0.02, 0.4, 3.0])
def test_epsilon_is_that_of_minimising_over_the_order(rho):
    # Canonne, Kamath & Steinke: eps = min over a of a rho + (log(1/delta) + (a-1) log(1-1/a)
    # - log a) / (a - 1), the same bound solved for epsilon instead of delta
    def bound(log_order, delta):
        a = 1 + math.exp(log_order)
        return a * rho + math.log1p(-1 / a) - (math.log(delta) + math.log(a)) / (a - 1)

    for delta in (1e-4, 1e-9):
        found = minimize_scalar(
            bound, args=(delta,), bounds=(-9, 14), method="bounded", options={"xatol": 1e-12}
        )
        assert epsilon_of(rho, delta) == pytest.approx(found.fun, rel=1e-6)


def test_it_is_an_upper_bound_for_the_gaussian_mechanism_and_not_a_loose_one():
    # Balle & Wang (2018): exact delta of Gaussian noise of deviation s at sensitivity 1
    for s in (0.7, 2.0, 8.0):
        for epsilon in (0.2, 1.0, 4.0):
            exact = stats.norm.cdf(0.5 / s - epsilon * s) - math.exp(epsilon) * stats.norm.cdf(
                -0.5 / s - epsilon * s
            )
            bound = delta_of(1 / (2 * s * s), epsilon)
            assert exact <= bound
            assert bound <= 8 * exact + 1e-12 or exact < 1e-9


def test_rho_and_epsilon_undo_each_other_on_the_safe_side():
    for epsilon in (0.01, 0.1, 1.0, 10.0):
        for delta in (1e-3, 1e-6, 1e-12):
            rho = rho_of(epsilon, delta)
            assert delta_of(rho, epsilon) <= delta
            assert epsilon_of(rho, delta) == pytest.approx(epsilon, rel=1e-9)
    assert epsilon_of(0.0, 1e-6) == 0.0


@pytest.mark.parametrize("epsilon", [0.0, -1.0, math.inf, math.nan])
def test_an_epsilon_that_is_none_is_refused(epsilon):
    with pytest.raises(InputError, match="positive, finite"):
        rho_of(epsilon, 1e-6)


@pytest.mark.parametrize("delta", [0.0, -0.1, 1.0, 2.0, math.nan])
def test_a_delta_that_is_none_is_refused(delta):
    with pytest.raises(InputError, match="between 0 and 1"):
        rho_of(1.0, delta)


def test_the_attackers_best_success_is_the_published_table():
    # evaluation.md 4.5: accuracy e / (1 + e) = .731 at epsilon 1, .953 at 3; found at 1 % false
    # alarms: 1.1 %, 1.6 %, 2.7 %, 7.4 %, 20.1 %, 99.3 % at epsilon .1, .5, 1, 2, 3, 5
    assert [round(best_success(e), 3) for e in (1.0, 3.0)] == [0.731, 0.953]
    found = [round(100 * best_tpr(e, 0.0, 0.01), 1) for e in (0.1, 0.5, 1.0, 2.0, 3.0, 5.0)]
    assert found == [1.1, 1.6, 2.7, 7.4, 20.1, 99.3]
    assert best_success(1000.0) == best_tpr(1000.0, 0.0, 0.01) == 1.0
    assert best_success(1e-12) == pytest.approx(0.5)


def test_no_attacker_on_gaussian_noise_does_better_than_the_best_success():
    # the optimal attacker between N(0, 1) and N(1, 1) is right Phi(1/2) of the time
    epsilon, delta = epsilon_of(0.5, 1e-6), 1e-6
    best = integrate.quad(lambda x: max(stats.norm.pdf(x), stats.norm.pdf(x - 1)), -9, 10)[0] / 2
    assert best == pytest.approx(stats.norm.cdf(0.5))
    assert best <= best_success(epsilon, delta)
    for threshold in np.linspace(-1, 4, 30):
        fpr, tpr = stats.norm.sf(threshold), stats.norm.sf(threshold - 1)
        assert tpr <= best_tpr(epsilon, delta, float(fpr)) + 1e-12

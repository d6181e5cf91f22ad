"""Published figures of audits and of what an epsilon allows (evaluation.md 4.5)."""

import numpy as np
import pytest

from assaymark.evaluate.risk import (
    accuracy_ceiling,
    advantage_ceiling,
    audit_p_value,
    audited_epsilon,
    tpr_ceiling,
)


def test_one_run_audit_of_a_third_party():
    """500 canaries, 60 of 100 guesses right, delta 1e-5: as in a published audit file."""
    assert audited_epsilon(500, 100, 60, delta=1e-5) == pytest.approx(0.05073561, abs=1e-8)


@pytest.mark.parametrize(
    ("guesses", "right", "epsilon"),
    [(100, 100, 3.493), (100, 95, 2.172), (1000, 600, 0.2975), (1000, 550, 0.0942)],
)
def test_one_run_audit_without_delta(guesses, right, epsilon):
    digits = 4 if epsilon < 1 else 3
    assert round(audited_epsilon(1000, guesses, right), digits) == epsilon


@pytest.mark.parametrize(
    ("guesses", "epsilon"),
    [(50, 2.78), (100, 3.49), (200, 4.19), (500, 5.11), (1000, 5.81), (2000, 6.50)],
)
def test_most_that_a_perfect_auditor_can_prove(guesses, epsilon):
    assert round(audited_epsilon(guesses, guesses, guesses), 2) == epsilon


def test_as_good_as_guessing_refutes_nothing():
    assert audited_epsilon(1000, 200, 100) == 0.0
    assert audited_epsilon(1000, 0, 0, delta=1e-5) == 0.0


def test_worst_sum_by_brute_force():
    """The maximum over i of P[v - i <= X < v] / i, term by term."""
    from scipy.stats import binom

    m, r, v, epsilon, delta = 50, 20, 14, 0.7, 1e-3
    q = np.exp(epsilon) / (1 + np.exp(epsilon))
    sums = [sum(binom.pmf(v - j, r, q) for j in range(1, i + 1)) / i for i in range(1, v + 1)]
    wanted = sum(binom.pmf(j, r, q) for j in range(v, r + 1)) + 2 * m * delta * max(sums)
    assert audit_p_value(m, r, v, epsilon=epsilon, delta=delta) == pytest.approx(wanted)


def test_an_audit_of_randomised_response_seldom_accuses():
    """An optimal guesser of (1, 0) randomised response: the bound exceeds 1 in at most 5 %."""
    rng = np.random.default_rng(4)
    right = rng.binomial(200, accuracy_ceiling(1.0), 2_000)
    bounds = {int(v): audited_epsilon(200, 200, int(v)) for v in np.unique(right)}
    assert np.mean([bounds[int(v)] > 1.0 for v in right]) <= 0.055


@pytest.mark.parametrize(
    ("epsilon", "percent"), [(0.1, 1.1), (0.5, 1.6), (1, 2.7), (2, 7.4), (3, 20.1), (5, 99.3)]
)
def test_true_positives_at_one_percent_false_alarms(epsilon, percent):
    assert round(100 * tpr_ceiling(0.01, epsilon), 1) == percent


def test_accuracy_and_advantage():
    assert round(accuracy_ceiling(1), 3) == 0.731
    assert round(accuracy_ceiling(3), 3) == 0.953
    assert round(advantage_ceiling(1), 3) == 0.462
    assert advantage_ceiling(1) == pytest.approx(2 * accuracy_ceiling(1) - 1)
    assert tpr_ceiling(0.0, 0.0, 0.1) == pytest.approx(0.1)
    assert tpr_ceiling(0.5, 3.0, 0.9) == 1.0

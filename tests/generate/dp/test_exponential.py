"""The choice by score: as likely as the exponential mechanism says."""

import numpy as np
import pytest
from scipy import stats

from assaymark.generate.dp.discrete_gaussian import Noise
from assaymark.generate.dp.exponential import choose, rate_of


def test_places_are_chosen_with_the_mechanisms_chances():
    scores, sensitivity, rho = np.array([0.0, 3.0, 5.0, 5.5, -40.0]), 2.0, 0.5
    weight = np.exp(rate_of(rho) * scores / (2 * sensitivity))
    n = 3000
    seen = np.bincount([choose(scores, sensitivity, rho, Noise()) for _ in range(n)], minlength=5)
    # 1 in 10,000 false alarms; sensitivity is 0.2 % more for rounding, which n cannot show
    assert stats.chisquare(seen, n * weight / weight.sum()).pvalue > 1e-4


def test_a_choice_at_ten_times_the_cost_is_surer():
    scores = np.array([0.0, 1.0])
    few, many = (sum(choose(scores, 1.0, rho, Noise()) for _ in range(400)) for rho in (0.01, 10.0))
    assert few < many > 380


def test_the_cost_is_an_eighth_of_the_square_and_rounding_never_adds_to_it():
    for rho in (1e-5, 0.003, 0.7):
        assert rate_of(rho) ** 2 / 8 <= rho
        assert rate_of(rho) ** 2 / 8 == pytest.approx(rho, rel=1e-3)


def test_scores_far_apart_and_a_single_one_end():
    assert choose(np.array([0.0, 1e9]), 2.0, 0.1, Noise()) == 1
    assert choose(np.array([-3.0]), 2.0, 0.1, Noise()) == 0

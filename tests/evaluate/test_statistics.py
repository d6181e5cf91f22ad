import math

import numpy as np
import pytest

from assaymark.evaluate.statistics import (
    Z,
    auc_of,
    clopper_pearson,
    distance_interval,
    mean_variance,
    persons_in,
    symmetric,
)


def test_clopper_pearson_matches_published_values():
    # 0 of 10: the upper end solves (1 - p)^10 = 0.025
    assert clopper_pearson(0, 10) == (0.0, 0.0, pytest.approx(1 - 0.025**0.1))
    assert clopper_pearson(10, 10).low == pytest.approx(0.025**0.1)
    assert clopper_pearson(5, 10)[1:] == pytest.approx((0.18709, 0.81291), abs=1e-5)
    assert clopper_pearson(0, 0) == (0.0, 0.0, 1.0)


def test_auc_by_hand():
    # positives 3 and 1 (tied with a negative), negatives 1 and 0: pairs won 1, 1, 1/2, 1 of 4
    scores = np.array([3.0, 1.0, 1.0, 0.0])
    labels = np.array([True, True, False, False])
    found = auc_of(scores, labels)
    assert found.value == pytest.approx(3.5 / 4)
    assert found.influence.mean() == pytest.approx(0.0)


@pytest.mark.parametrize("values", [2, 5, 1_000_000])
def test_auc_and_influence_are_those_of_all_pairs(values):
    rng = np.random.default_rng(values)
    scores, labels = rng.integers(0, values, 200) / 7, rng.random(200) < 0.3
    pos, neg = scores[labels], scores[~labels]
    wins = (pos[:, None] > neg) + (pos[:, None] == neg) / 2
    found = auc_of(scores, labels)
    assert found.value == pytest.approx(wins.mean())
    assert found.influence[labels] * len(pos) / 200 == pytest.approx(wins.mean(1) - wins.mean())
    assert found.influence[~labels] * len(neg) / 200 == pytest.approx(wins.mean(0) - wins.mean())


def test_where_a_score_is_missing_so_is_the_auc():
    found = auc_of(np.array([1.0, np.nan, 0.0]), np.array([True, False, False]))
    assert math.isnan(found.value)
    assert np.isnan(found.influence).all()


def test_auc_variance_is_delongs():
    rng = np.random.default_rng(0)
    labels = rng.random(400) < 0.3
    scores = rng.normal(size=400) + labels
    pos, neg = scores[labels], scores[~labels]
    wins = (pos[:, None] > neg).astype(float)
    slow = wins.mean(1).var(ddof=1) / len(pos) + wins.mean(0).var(ddof=1) / len(neg)
    found = auc_of(scores, labels)
    assert mean_variance(found.influence) == pytest.approx(slow, rel=0.02)


def test_variance_counts_persons_not_rows():
    values = np.array([1.0, 2.0, 4.0, 7.0])
    once = mean_variance(values)
    assert once == pytest.approx(values.var(ddof=1) / 4)
    again, who = np.repeat(values, 5), np.repeat(np.arange(4), 5)
    assert mean_variance(again, who) == pytest.approx(once)
    assert mean_variance(again) < once / 4
    assert mean_variance(np.ones(3), np.zeros(3, dtype=np.int64)) == math.inf


def test_persons_in_counts_distinct_codes():
    assert persons_in(None, 7) == 7
    assert persons_in(np.array([4, 4, 9]), 3) == 2


def test_symmetric_interval_uses_students_t():
    assert symmetric(1.0, 2.0) == pytest.approx((1.0, 1.0 - 2 * Z, 1.0 + 2 * Z))
    assert symmetric(0.0, 1.0, degrees=10).high == pytest.approx(2.228139, abs=1e-6)


def test_pure_noise_is_distance_zero():
    spread, error = 0.05, 0.01
    found = distance_interval(spread * math.sqrt(2 / math.pi), spread, error**2, fewest=500)
    assert found.value == pytest.approx(0.0, abs=1e-3)
    assert found.low == 0.0
    assert 0.0 < found.high < 0.1


def test_a_large_distance_keeps_its_value():
    # far beyond the noise the folding no longer matters: value 0.5 and 1.96 errors above
    found = distance_interval(0.5, 0.02, 0.01**2, fewest=500)
    assert found.value == pytest.approx(0.5, abs=1e-3)
    assert found.high == pytest.approx(0.5 + Z * 0.01, abs=2e-3)
    assert found.low == pytest.approx(0.5 - Z * 0.01 - 0.02 * math.sqrt(2 / math.pi), abs=2e-3)


@pytest.mark.parametrize("distance", [0.0, 0.001, 0.1, 0.9, 1.0])
@pytest.mark.parametrize("spread", [0.0, 1e-6, 0.05, 2.0])
def test_interval_is_never_upside_down_nor_outside(distance, spread):
    found = distance_interval(distance, spread, 0.02**2, fewest=500)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_without_known_noise_nothing_is_excluded():
    assert distance_interval(0.2, 0.1, math.inf, fewest=500) == (0.2, 0.0, 1.0)


def test_two_people_exclude_little_even_where_they_agree():
    assert distance_interval(0.0, 0.1, 0.1**2, fewest=2).high > 0.8

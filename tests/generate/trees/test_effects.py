"""Effects: a relation that the trees do not have is put back, and noise hardly is."""

import numpy as np

from assaymark.generate.trees.effects import CLIP, fit_effects, near_exp


def corrected(found, codes, base):
    start = found.start[:, None]
    added = found.worth[found.bins[start + codes[found.of]]].sum(axis=0)
    p = base * np.exp(np.clip(added, -2, 2))
    return p / p.sum(axis=1, keepdims=True)


def test_two_weak_relations_are_put_back():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, (2, 20_000)).astype(np.int32)
    y = (rng.random(20_000) < 0.35 + 0.15 * codes[0] + 0.1 * codes[1]).astype(np.int32)
    base = np.full((20_000, 2), 0.5)
    bins = [np.arange(2, dtype=np.int32)] * 2
    p = corrected(
        fit_effects(bins, codes, base, (y, np.ones(20_000), np.arange(20_000)), 1.0), codes, base
    )[:, 1]
    for column in codes:
        for value in (0, 1):
            chosen = column == value
            assert abs(p[chosen].mean() - y[chosen].mean()) < 0.01


def test_what_few_people_show_is_hardly_believed():
    codes = np.array([[0] * 4 + [1] * 400], np.int32)
    y = np.array([1] * 4 + [0, 1] * 200, np.int32)
    base = np.full((404, 2), 0.5)
    how = ([np.arange(2, dtype=np.int32)], codes, base, (y, np.ones(404), np.arange(404)))
    p = corrected(fit_effects(*how, 100.0), codes, base)[:, 1]
    # of 4 people seen where 2 were expected, 4 / 104 counts at most
    assert 0.5 <= p[0] < 0.52
    assert abs(p[-1] - 0.5) < 0.01


def test_noise_counts_for_nothing():
    rng = np.random.default_rng(0)
    kept = 0
    for _ in range(40):
        codes = rng.integers(0, 16, (1, 600)).astype(np.int32)
        y = rng.integers(0, 20, 600).astype(np.int32)
        base = np.full((600, 20), 0.05)
        how = ([np.arange(16, dtype=np.int32)], codes, base, (y, np.ones(600), np.arange(600)))
        kept += len(fit_effects(*how, 5.0).of)
    # beyond one standard deviation: about one column of noise in six; P(more than 13) < 1 %
    assert kept <= 13


def test_a_declared_relation_is_kept_however_weak_it_is():
    codes = np.array([[0] * 300 + [1] * 300], np.int32)
    y = np.array([1] * 156 + [0] * 144 + [1] * 144 + [0] * 156, np.int32)
    base = np.full((600, 2), 0.5)
    how = ([np.arange(2, dtype=np.int32)], codes, base, (y, np.ones(600), np.arange(600)), 0.0)
    assert len(fit_effects(*how).of) == 0  # 52 % and 48 % of 300: chance would do
    p = corrected(fit_effects(*how, [True]), codes, base)[:, 1]
    assert abs(p[0] - 0.52) < 0.002
    assert abs(p[-1] - 0.48) < 0.002


def test_powers_of_e_are_right_to_twelve_digits_where_they_are_asked_for():
    x = np.linspace(-CLIP, CLIP, 2001)
    found = np.array([near_exp(v) for v in x])
    assert np.abs(found / np.exp(x) - 1.0).max() < 1e-12

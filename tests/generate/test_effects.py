"""Effects: a relation that the trees do not have is put back, and noise hardly is."""

import numpy as np

from assaymark.generate.effects import fit_effects


def corrected(found, codes, base):
    start = found.start[:, None]
    added = found.worth[found.bins[start + codes]].sum(axis=0)
    p = base * np.exp(np.clip(added, -1, 1))
    return p / p.sum(axis=1, keepdims=True)


def test_two_weak_relations_are_put_back():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, (2, 20_000)).astype(np.int32)
    y = (rng.random(20_000) < 0.35 + 0.15 * codes[0] + 0.1 * codes[1]).astype(np.int32)
    base = np.full((20_000, 2), 0.5)
    bins = [np.arange(2, dtype=np.int32)] * 2
    p = corrected(fit_effects(bins, codes, base, (y, np.ones(20_000)), 1.0), codes, base)[:, 1]
    for column in codes:
        for value in (0, 1):
            chosen = column == value
            assert abs(p[chosen].mean() - y[chosen].mean()) < 0.01


def test_what_few_people_show_is_hardly_believed():
    codes = np.array([[0] * 4 + [1] * 400], np.int32)
    y = np.array([1] * 4 + [0, 1] * 200, np.int32)
    base = np.full((404, 2), 0.5)
    how = ([np.arange(2, dtype=np.int32)], codes, base, (y, np.ones(404)))
    p = corrected(fit_effects(*how, 100.0), codes, base)[:, 1]
    # 4 people seen where 2 were expected, and 100 more as expected: (4 + 50) / 104 = .519
    assert 0.5 < p[0] < 0.52
    assert abs(p[-1] - 0.5) < 0.01

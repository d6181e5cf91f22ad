import numpy as np

from assaymark.generate.relations.mixtures import may_add, mixture


def test_the_best_mixture_of_two_densities_is_found():
    # of every row one density is e times as likely, of the other half the other: half of each
    one, other = np.array([0.0, -1.0] * 500), np.array([-1.0, 0.0] * 500)
    assert np.allclose(mixture(one, other), np.log((1 + np.exp(-1)) / 2))


def test_no_mixture_that_adds_enough_is_passed_over():
    rng, passed = np.random.default_rng(0), 0
    for _ in range(400):
        n, width = int(rng.choice([1, 7, 60, 900])), rng.choice([0.1, 1, 3, 30], 2)
        one, other = (rng.normal(rng.normal(), w, n) - 3 for w in width)
        other[rng.random(n) < rng.choice([0, 0.3])] = -200.0
        added = float((mixture(one, other) - one).mean())
        for least in (0.1, 0.25, 1.0):
            may = may_add(one, other, least)
            assert may or added < least
            passed += not may
    assert passed > 300  # of 1,200


def test_no_rows_add_nothing():
    assert not may_add(np.zeros(0), np.zeros(0), 0.1)

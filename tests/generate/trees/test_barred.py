"""Barred: what nobody has together, though many would by chance, does not come out."""

import numpy as np

from assaymark.generate.trees.barred import barred
from assaymark.generate.trees.effects import BARRED, no_effects

LEVELS = np.arange(2, dtype=np.int32)


def bars(codes, y, persons=None, said=0.01):
    share = np.where(np.arange(2) == y[:, None], 1 - said, said)
    whose = np.arange(len(y)) if persons is None else persons
    found = barred(no_effects(2), [LEVELS], codes[None, :], (y, share, whose), 10)
    return (found.worth < BARRED).tolist() if len(found.worth) else []


def pairs(*counts):
    """Return codes and groups with so many rows of 00, 01, 10 and 11."""
    both = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], counts, axis=0).astype(np.int32)
    return both[:, 0], both[:, 1]


def test_what_nobody_has_together_is_barred():
    assert bars(*pairs(500, 500, 0, 1000), said=0.02) == [[False, False], [True, False]]


def test_what_ten_persons_have_together_is_not():
    assert bars(*pairs(500, 500, 9, 991), said=0.05)[1][0]
    assert bars(*pairs(500, 500, 10, 990), said=0.05) == []


def test_one_person_more_or_less_decides_nothing_where_four_are_not_there():
    share = np.full((2000, 2), 0.5)
    for said in (0.0005, 0.001, 0.002, 0.005, 0.011, 0.013, 0.05):
        share[1000:] = said, 1 - said
        found = []
        for k in range(5):
            codes, y = pairs(500, 500, k, 1000 - k)
            given = codes[None, :], (y, share, np.arange(2000)), 10
            found.append(barred(no_effects(2), [LEVELS], *given).worth.tolist())
        assert all(f == found[0] for f in found), said


def test_what_few_would_have_by_chance_is_not_barred():
    assert bars(*pairs(50, 50, 0, 60)) == []  # 20 by chance


def test_what_does_not_come_out_anyway_is_not_barred():
    assert bars(*pairs(500, 500, 0, 1000), said=1e-6) == []


def test_persons_are_counted_and_not_their_rows():
    codes, y = pairs(500, 500, 0, 1000)
    order = np.random.default_rng(0).permutation(2000)
    persons = np.sort(np.arange(2000) % 20)  # of whom not fifty can have it by chance
    assert bars(codes[order], y[order], persons) == []

"""Siege: the same people and fits whoever makes the rows, and what each fit gives away."""

from dataclasses import replace

import numpy as np
import pytest

from assaymark.core.streams import Streams
from assaymark.evaluate.siege import SUBJECTS, leak_of, mean_over_worlds, scores_in, siege_of
from assaymark.evaluate.worlds import Worlds, halves_of


@pytest.fixture(scope="module")
def parts(population):
    return [population(n, s) for n, s in ((800, 1), (700, 2), (800, 3), (5, 4))]


def test_a_leak_is_an_auc_in_each_world_and_a_share_above_one_threshold_for_all():
    """Of four pairs in each world three are in order.

    The highest score of anybody outside is 5, which of those inside only the 6 exceeds.
    """
    inside = np.array([[True, True, False, False], [False, False, True, True]])
    score = np.array([[3.0, 1.0, 2.0, 0.0], [5.0, 0.0, 6.0, 1.0]])
    leak = leak_of(inside, score)
    assert leak.aucs.tolist() == [0.75, 0.75]
    assert leak.shares.tolist() == [0.0, 0.5]


def test_the_mean_over_two_worlds_has_the_wide_interval_of_one_degree_of_freedom():
    """Of 1 and 3: mean 2, standard error 1, and 12.706 times it on each side."""
    assert mean_over_worlds(np.array([1.0, 3.0])) == pytest.approx((2, -10.706, 14.706), abs=1e-3)


def test_people_attacked_do_not_depend_on_whose_rows_are_judged(parts, make_case):
    train, holdout, *made = parts
    first, second = (siege_of(make_case(train, holdout, m), Streams.from_seed(3)) for m in made)
    assert np.array_equal(first.targets.persons, second.targets.persons)
    assert first.targets.records.frame.equals(second.targets.records.frame)
    assert np.array_equal(first.watch.radius, second.watch.radius)
    assert np.array_equal(first.member, second.member)
    for subject in SUBJECTS:
        assert np.array_equal(first.subjects[subject], second.subjects[subject])


def test_each_target_is_in_half_of_the_fits_and_nobody_twice_in_one(parts, make_case):
    """Counted fit by fit; fits are as large as train where the pool allows it."""
    at = siege_of(make_case(*parts[:3]), Streams.from_seed(3))
    inside, fits = halves_of(at.pool, at.targets, (500, 8), Streams.from_seed(4))
    assert (inside.sum(axis=0) == 4).all()
    for chosen, part in zip(inside, fits, strict=True):
        who = part.persons.tolist()
        assert len(who) == len(set(who)) == max(500, chosen.sum())
        assert [p in who for p in at.targets.persons] == chosen.tolist()


def test_a_score_in_a_world_does_not_know_who_was_inside_it():
    rng = np.random.default_rng(5)
    inside = np.stack([rng.permutation(np.arange(10) < 5) for _ in range(40)], axis=1)
    worlds = Worlds(inside=inside, seen=rng.standard_normal((10, 40, 4)) + inside[:, :, None])
    turned = inside.copy()
    turned[3] = ~turned[3]
    before, after = scores_in(worlds), scores_in(replace(worlds, inside=turned))
    assert np.array_equal(before[3], after[3])
    assert not np.array_equal(before[4], after[4])

"""Guesses: what is chosen on one half is judged on the other, and counts become coefficients."""

import numpy as np
import pytest

from assaymark.evaluate.guesses import SILENT, Answers, Guessed, judged, loss_of


def answers(ways, n, seed, *, leak=0.0, way=0):
    """Ways that are right by luck; one knows a share ``leak`` of the people and is sure of it."""
    rng = np.random.default_rng(seed)
    sure = rng.random((ways, n))
    right = (rng.random((ways, n)) < 0.3).astype(float)
    known = rng.random(n) < leak
    right[way, known], sure[way, known] = 1.0, 2.0
    return Answers(sure, (right - 0.3) / 0.7, right)


def test_the_way_that_knows_is_found_and_no_other():
    found = judged(answers(4, 2_000, 1, leak=0.08, way=2), answers(4, 2_000, 2))
    assert found.ways == (2, 2)
    assert found.excess.value == pytest.approx(0.08, abs=0.02)
    assert found.excess.low > 0.04


def test_whoever_is_surest_by_luck_gets_nothing():
    """200 draws without a leak: 5 may be accused by an interval of 95 %, 10 are allowed."""
    found = [judged(answers(4, 400, 2 * s), answers(4, 400, 2 * s + 1)).excess for s in range(200)]
    assert sum(f.low > 0 for f in found) <= 10
    assert abs(np.mean([f.value for f in found])) < 0.002


def test_a_way_that_says_nothing_is_not_asked():
    members, unseen = answers(1, 100, 1, leak=0.5), answers(1, 100, 2)
    silent = [a._replace(sure=np.full((1, 100), SILENT)) for a in (members, unseen)]
    found = judged(*silent)
    assert not found.tried[0].any()
    assert found.excess.value == 0
    assert found.counts[0].precision == 0


def test_answers_are_taken_from_the_surer():
    first = Answers(np.array([[0.1, 0.9]]), np.array([[1.0, 1.0]]), np.zeros((1, 2)))
    second = Answers(np.array([[0.5, 0.5]]), np.array([[2.0, 2.0]]), np.ones((1, 2)))
    assert first.surer(second).worth.tolist() == [[2.0, 1.0]]
    assert first.where(np.array([1]), second).worth.tolist() == [[1.0, 2.0]]
    assert first.worth.tolist() == [[1.0, 1.0]]


def test_loss_by_hand():
    """80 of 100 right against 40 of 100, everybody guessed about: (.8 - .4) / (1 - .4)."""
    rng = np.random.default_rng(1)
    found = loss_of(Guessed(80, 100, 100), Guessed(40, 100, 100), rng)
    assert found.value == pytest.approx(2 / 3)
    assert 0.4 < found.low < 2 / 3 < found.high < 0.85
    nothing = loss_of(Guessed(0, 0, 100), Guessed(0, 0, 100), rng)
    assert nothing.low < nothing.value == 0 <= nothing.high


@pytest.mark.slow
def test_equal_guesses_lose_nothing():
    """100 draws of two equal sides: an interval of 95 % holds 0; 4 in a thousand runs err more."""
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(100):
        tried = rng.binomial(1_000, 0.1, 2)
        right = rng.binomial(tried, 0.5)
        sides = [Guessed(float(r), float(t), 1_000.0) for r, t in zip(right, tried, strict=True)]
        found = loss_of(*sides, rng)
        held += found.low <= 0 <= found.high
    assert held >= 89

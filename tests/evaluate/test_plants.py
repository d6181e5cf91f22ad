"""Plants of secrets: people whom one row more gives away."""

import numpy as np

from assaymark.evaluate.guesses import SILENT, Answers, telling


def test_a_copy_tells_of_whoever_is_then_sure_and_right_and_was_not():
    """The surest tenth of ten unseen people are as sure as 9."""
    unseen = Answers(np.arange(10.0)[None], np.zeros((1, 10)), np.zeros((1, 10)))
    right = np.array([[1.0, 1.0, 0.0, 1.0, 1.0]])
    before = Answers(np.array([[9.5, 1.0, 9.5, 1.0, SILENT]]), right, right)
    sure = np.array([[9.9, 9.9, 9.9, 3.0, 9.0]])
    after = Answers(sure, np.ones((1, 5)), np.ones((1, 5)))
    assert telling(before, unseen, after).tolist() == [False, True, True, False, True]


def test_it_is_one_way_to_which_copies_tell_most():
    unseen = Answers(np.zeros((2, 4)), np.zeros((2, 4)), np.zeros((2, 4)))
    before = Answers(np.full((2, 3), -1.0), np.zeros((2, 3)), np.zeros((2, 3)))
    sure = np.array([[1.0, -1.0, -1.0], [-1.0, 1.0, 1.0]])
    assert telling(before, unseen, Answers(sure, np.ones((2, 3)), np.ones((2, 3)))).tolist() == [
        False,
        True,
        True,
    ]


def test_that_somebody_is_like_nearly_all_others_gives_nobody_away():
    """Of a value that 98 % have a right guess is worth 0.04, of one that 2 % have 1."""
    unseen = Answers(np.zeros((1, 4)), np.zeros((1, 4)), np.zeros((1, 4)))
    before = Answers(np.full((1, 2), -1.0), np.zeros((1, 2)), np.zeros((1, 2)))
    after = Answers(np.ones((1, 2)), np.array([[0.04, 1.0]]), np.ones((1, 2)))
    assert telling(before, unseen, after).tolist() == [False, True]

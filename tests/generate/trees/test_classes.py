"""Classes: by hand."""

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assaymark.generate.trees.classes import classes_of, cut_of, merged, placed


@dataclass(frozen=True)
class Codes:
    """As much of a coding as classes look at."""

    size: int
    ordered: bool
    missing: bool = False


def test_neighbours_merge_to_equal_mass_and_a_heavy_code_stands_alone():
    # a quarter is 25: 10 + 10, then 60 by itself; of the last 20, a half is 10: 10, then 5 + 5
    mass = np.array([10.0, 10, 60, 10, 5, 5])
    assert merged(mass, 4).tolist() == [0, 0, 1, 2, 3, 3]


def test_few_codes_are_classes_of_their_own():
    assert merged(np.ones(3), 4).tolist() == [0, 1, 2]


def test_missing_is_a_class_of_its_own():
    ordered = classes_of(Codes(5, ordered=True, missing=True), np.array([1.0, 1, 1, 1, 9]), 2)
    assert ordered.tolist() == [0, 0, 1, 1, 2]
    few = classes_of(Codes(4, ordered=False, missing=True), np.array([5.0, 4, 3, 0.1]), 2)
    assert few.tolist() == [0, 1, 1, 2]


def test_of_unordered_codes_the_heaviest_stand_alone():
    assert classes_of(Codes(4, ordered=False), np.array([1.0, 9, 2, 5]), 3).tolist() == [2, 0, 2, 1]


def test_groups_are_made_of_whole_classes_and_cover_them():
    rng = np.random.default_rng(0)
    for ordered in (True, False):
        cut = cut_of(Codes(300, ordered=ordered, missing=True), rng.random(300), 64)
        assert set(cut.classes) == set(range(cut.n_classes))
        assert set(cut.groups) == set(range(cut.n_groups))
        if ordered:
            assert (np.diff(cut.groups[cut.classes]) >= 0).all()


def test_levels_with_like_answers_lie_together():
    # levels 0 and 2 answer 1, levels 1 and 3 answer 0
    codes = np.repeat(np.arange(4, dtype=np.int32), 50)
    y = np.isin(codes, [0, 2]).astype(np.int32)
    at = placed(codes, 4, y, np.ones(200), 64)
    assert sorted(at) == [0, 1, 2, 3]
    assert abs(at[0] - at[2]) == 1
    assert abs(at[1] - at[3]) == 1


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200), st.integers(1, 64))
def test_there_are_never_more_classes_than_asked(mass, most):
    found = merged(np.array(mass), most)
    assert found.max() < most
    assert (np.diff(found) >= 0).all()
    assert set(found) == set(range(found.max() + 1))

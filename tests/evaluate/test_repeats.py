"""Repeats: counted by hand."""

import numpy as np

from assaymark.evaluate.repeats import repeats_of


def test_people_with_a_record_of_their_own_are_counted_by_hand(table):
    """a is repeated; b shares a record with c; d is repeated but for z; e is not at all."""
    kinds = {"x": "integer", "y": "integer", "z": "integer"}
    people = table({"x": [1, 2, 2, 4, 5], "y": [1, 2, 2, 4, 5], "z": [1, 2, 2, 4, 5]}, **kinds)
    made = table({"x": [1, 2, 4], "y": [1, 2, 4], "z": [1, 2, 9]}, **kinds)
    exact, near = repeats_of(people, [made])
    assert (exact.value, exact.n) == (1.0, 5)
    assert (near.value, near.n) == (2.0, 5)
    only = np.array([False, False, False, True, True])
    exact, near = repeats_of(people, [made], only)
    assert (exact.value, near.value, near.n) == (0.0, 1.0, 2)


def test_a_person_with_several_rows_counts_once(table):
    people = table({"x": [1, 2, 3]}, persons=np.array([0, 0, 1]), x="integer")
    made = table({"x": [1, 2, 2]}, x="integer")
    exact, near = repeats_of(people, [made])
    assert (exact.value, exact.n, near.value) == (1.0, 2, 1.0)

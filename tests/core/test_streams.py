import numpy as np

from assaymark.core.streams import Streams


def test_the_same_name_gives_the_same_numbers_in_any_order():
    root = Streams.from_seed(1)
    a = root.child("x").generator().random(3)
    root.child("y").generator().random(100)
    np.testing.assert_array_equal(a, root.child("x").generator().random(3))


def test_other_names_and_other_roots_give_other_numbers():
    root = Streams.from_seed(1)
    draws = {
        tuple(s.generator().integers(0, 2**32, 4))
        for s in (root, root.child("x"), root.child("x", "y"), root.child("xy"), root.child("x", 1))
    }
    assert len(draws) == 5
    assert Streams.secret().root != Streams.secret().root


def test_the_seed_for_libraries_is_in_range():
    assert all(0 <= Streams.from_seed(i).integer() < 2**31 for i in range(50))

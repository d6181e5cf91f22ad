import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.errors import InputError
from assaymark.generate.keys.permutation import MOST, Permutation
from assaymark.generate.philox import philox

WORDS = st.integers(0, 2**32 - 1)


def by_hand(key, size, place):
    """The same network with whole numbers of Python and one number at a time."""
    half = max(1, ((size - 1).bit_length() + 1) // 2)
    mask, word = 2**half - 1, np.uint64
    while True:
        left, right = place >> half, place & mask
        for r in range(10):
            drawn = philox((word(key[0]), word(key[1])), word(right), word(r), word(0))
            left, right = right, left ^ (int(drawn[0]) & mask)
        place = left << half | right
        if place < size:
            return place


@given(size=st.integers(1, 700), key=st.tuples(WORDS, WORDS))
@settings(max_examples=60, deadline=None)
def test_each_number_below_the_size_comes_out_once(size, key):
    sent = Permutation(key=key, size=size).of(np.arange(size, dtype=np.uint64))
    assert sorted(sent.tolist()) == list(range(size))


@given(size=st.integers(1, MOST), key=st.tuples(WORDS, WORDS), data=st.data())
@settings(max_examples=40, deadline=None)
def test_it_is_the_network_written_out_by_hand(size, key, data):
    places = data.draw(st.lists(st.integers(0, size - 1), max_size=5))
    sent = Permutation(key=key, size=size).of(np.array(places, dtype=np.uint64))
    assert sent.tolist() == [by_hand(key, size, p) for p in places]


def test_it_never_changes():
    """Known answer: tables are made again, to the byte, by later versions."""
    sent = Permutation(key=(1, 2), size=1000).of(np.arange(5, dtype=np.uint64))
    assert sent.tolist() == [682, 929, 287, 676, 942]


def test_places_are_spread_and_another_key_sends_elsewhere():
    at = np.arange(100_000, dtype=np.uint64)
    one, two = (Permutation(key=(k, 0), size=10**6).of(at) for k in (1, 2))
    assert np.isin(one, two).mean() == pytest.approx(0.1, abs=0.01)  # chance; 3 sigma is .003
    assert abs(np.corrcoef(at, one)[0, 1]) < 0.015  # 4.7 sigma
    counts = np.bincount((one // 10**5).astype(int), minlength=10)
    assert counts.min() > 9500  # 5 sigma


@pytest.mark.parametrize("size", [0, -1, MOST + 1])
def test_a_size_that_cannot_be_is_refused(size):
    with pytest.raises(InputError, match="1 to "):
        Permutation(key=(0, 0), size=size)

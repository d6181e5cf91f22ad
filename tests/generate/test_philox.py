"""Philox: the published test vectors of Random123, and even numbers."""

import numpy as np
import pytest

from assaymark.generate.philox import philox, uniform


def words(key, counter):
    row = np.uint64(counter[0] | counter[1] << 32)
    two = (np.uint64(counter[2]), np.uint64(counter[3]))
    return [int(w) for w in philox((np.uint64(key[0]), np.uint64(key[1])), row, *two)]


@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [  # kat_vectors of Random123, philox4x32 10
        ([0, 0], [0, 0, 0, 0], [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        (
            [0xFFFFFFFF] * 2,
            [0xFFFFFFFF] * 4,
            [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD],
        ),
        (
            [0xA4093822, 0x299F31D0],
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_published_vectors(key, counter, expected):
    assert words(key, counter) == expected


def test_uniform_is_in_the_unit_interval():
    assert uniform(np.uint64(0)) == 0.0
    assert uniform(np.uint64(0xFFFFFFFF)) < 1.0
    assert uniform(np.uint64(1 << 31)) == 0.5

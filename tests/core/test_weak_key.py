import pytest

from assaymark.core.weak_key import is_weak
from assaymark.store.keys import SigningKey

# every way to write a point of small order, its sign bit off: y = 0, 1, the two of order 8, -1,
# and 0 and 1 again as p and p + 1
SMALL = (
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
)


@pytest.mark.parametrize("text", SMALL)
def test_every_point_of_small_order_is_weak_with_either_sign_and_its_neighbours_are_not(text):
    raw = bytes.fromhex(text)
    assert is_weak(raw)
    assert is_weak(raw[:31] + bytes([raw[31] | 0x80]))
    near = bytes([raw[0] ^ 2]) + raw[1:]
    assert is_weak(near) == (near.hex() in SMALL)


def test_a_key_that_somebody_holds_is_not_weak():
    assert not any(is_weak(SigningKey.new().public) for _ in range(50))

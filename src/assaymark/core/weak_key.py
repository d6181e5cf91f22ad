"""Weak key: an Ed25519 key that anybody can sign some messages for."""

from __future__ import annotations

__all__ = ["is_weak"]

_SMALL_ORDER = frozenset(
    {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    }
)
"""Ed25519 points of small order, sign bit off."""


def is_weak(public: bytes) -> bool:
    """Whether these 32 bytes are a public key of small order, whatever its sign."""
    return (public[:31] + bytes([public[31] & 0x7F])).hex() in _SMALL_ORDER

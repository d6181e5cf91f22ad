"""Weak key: an Ed25519 key that anybody can sign some messages for."""

from __future__ import annotations

__all__ = ["is_weak"]

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P)


def is_weak(public: bytes) -> bool:
    """Whether these 32 bytes are a point of small order: 1, 2, 4 or 8, whatever its sign.

    Of order 1, 2 and 4 are the points with y = 1, -1 and 0. Twice a point of order 8 has y = 0, so
    that y^2 = -x^2; put into the curve -x^2 + y^2 = 1 + d x^2 y^2, that is d y^4 + 2 y^2 = 1.

    References
    ----------
    RFC 8032, section 5.1 (the curve and how its points are written).
    """
    y = int.from_bytes(public, "little") % 2**255 % _P
    return (y**3 - y) * (_D * y**4 + 2 * y**2 - 1) % _P == 0

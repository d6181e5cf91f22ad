"""Permutation: every whole number below a size sent to another one, by a key and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.errors import InputError
from assaymark.generate.philox import philox

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MOST", "Permutation"]

MOST = 2**62
"""The largest size."""

_ROUNDS = 10
_ONE, _NONE = np.uint64(1), np.uint64(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permutation:
    """A bijection of 0 to ``size - 1`` onto itself, of which no table is kept.

    A balanced Feistel network of ten rounds over the least even number of bits that ``size`` fits
    in, its round function the counter-based generator Philox; what falls beyond ``size`` is sent
    on until it does not (cycle walking, at most four times on average).

    Attributes
    ----------
    key
        Two words of 32 bits.
    size
        How many numbers there are, 1 to ``MOST``.

    Raises
    ------
    InputError
        When the size is not in that range.

    References
    ----------
    Luby and Rackoff (1988), How to construct pseudorandom permutations; Black and Rogaway (2002),
    Ciphers with arbitrary finite domains.
    """

    key: tuple[int, int]
    size: int

    def __post_init__(self) -> None:
        if not 1 <= self.size <= MOST:
            raise InputError(
                f"a permutation of {self.size} numbers was asked for\n\nHint: 1 to {MOST}"
            )

    def of(self, places: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return where each of ``places``, all below ``size``, is sent to; shape ``(n,)``."""
        out = np.empty(len(places), dtype=np.uint64)
        half = max(1, ((self.size - 1).bit_length() + 1) // 2)
        key = np.uint64(self.key[0]), np.uint64(self.key[1])
        _walk(key, np.ascontiguousarray(places), np.uint64(self.size), np.uint64(half), out)
        return out


@compiled
def _walk(
    key: tuple[np.uint64, np.uint64],
    places: NDArray[np.uint64],
    size: np.uint64,
    half: np.uint64,
    out: NDArray[np.uint64],
) -> None:
    mask = (_ONE << half) - _ONE
    for i in range(len(places)):
        x = places[i]
        while True:
            left, right = x >> half, x & mask
            for r in range(_ROUNDS):
                word = philox(key, right, np.uint64(r), _NONE)[0]
                left, right = right, (left ^ word) & mask
            x = (left << half) | right
            if x < size:
                break
        out[i] = x

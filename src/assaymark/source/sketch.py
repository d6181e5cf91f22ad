"""Sketch: the lowest of a set's keyed hashes, which tell what two sets have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[np.uint64]

__all__ = ["Sketch"]

_HEAD = 16
_ALL = np.uint64(2**64 - 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sketch:
    """The ``k`` lowest of a set's hashes (all, where there are fewer), in order, shape ``(m,)``.

    Hashes are 64 bits wide and keyed, so that who lacks the key cannot ask whether somebody is in
    the set; who has it can: a sketch of persons is personal data.

    References
    ----------
    Beyer et al. (2007), On synopses for distinct-value estimation under multiset operations.
    """

    hashes: Words
    k: int

    @classmethod
    def of(cls, hashes: Words, k: int) -> Sketch:
        """Return the sketch of a set given by its hashes, which may repeat."""
        return cls(hashes=np.unique(hashes)[:k], k=k)

    @property
    def whole(self) -> bool:
        """Whether every element is in the sketch."""
        return len(self.hashes) < self.k

    @property
    def edge(self) -> np.uint64:
        """The hash up to which every element is in the sketch."""
        return _ALL if self.whole else np.uint64(self.hashes[-1])

    def known(self, asked: Words) -> NDArray[np.bool_]:
        """Return which hashes are in the sketch."""
        return np.isin(asked, self.hashes, assume_unique=True)

    def shared(self, other: Sketch) -> float:
        """Return which share of the smaller set the two have in common; 0 where one is empty.

        Exact where both are whole, else estimated from the elements below both edges.
        """
        edge = min(self.edge, other.edge)
        own, others = (s.hashes[s.hashes <= edge] for s in (self, other))
        smaller = min(len(own), len(others))
        if not smaller:
            return 0.0
        return len(np.intersect1d(own, others, assume_unique=True)) / smaller

    def encode(self) -> bytes:
        """Return the sketch as bytes; :meth:`parse` reads them back."""
        head = self.k.to_bytes(8, "big") + len(self.hashes).to_bytes(8, "big")
        return head + self.hashes.astype(">u8").tobytes()

    @classmethod
    def parse(cls, raw: bytes) -> tuple[Sketch, bytes]:
        """Read one sketch and return it with the bytes after it.

        Raises
        ------
        IntegrityError
            When the bytes are no sketch.
        """
        k, n = int.from_bytes(raw[:8], "big"), int.from_bytes(raw[8:_HEAD], "big")
        end = _HEAD + 8 * n
        if len(raw) < end or n > k:
            raise IntegrityError("a sketch of people in the sealed tier is cut off")
        hashes = np.frombuffer(raw[_HEAD:end], dtype=">u8").astype(np.uint64)
        return cls(hashes=hashes, k=k), raw[end:]

"""Random streams by name: results do not depend on the order or the number of workers."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

import numpy as np

__all__ = ["Streams"]


@dataclass(frozen=True, slots=True)
class Streams:
    """A tree of independent random streams under one secret root.

    ``streams.child("generate", "table", "age", 0)`` names a stream; the same root and name give
    the same numbers whoever asks, whenever. The generator is Philox, keyed by the SHA-256 of
    root and path.

    References
    ----------
    Salmon et al. (2011), Parallel random numbers: as easy as 1, 2, 3.
    """

    root: bytes
    path: tuple[str, ...] = ()

    @classmethod
    def secret(cls) -> Streams:
        """Return a tree under a fresh secret root from the operating system."""
        return cls(secrets.token_bytes(32))

    @classmethod
    def from_seed(cls, seed: int) -> Streams:
        """Return the tree of a small public seed; for tests and ungated drafts only."""
        return cls(hashlib.sha256(f"assaymark public seed {seed}".encode()).digest())

    def child(self, *names: str | int) -> Streams:
        """Return the sub-tree with this name."""
        return Streams(self.root, self.path + tuple(str(n) for n in names))

    @property
    def name(self) -> str:
        """The stream's name, for the record: its path joined by slashes."""
        return "/".join(self.path)

    def generator(self) -> np.random.Generator:
        """Return a new generator at the start of this stream."""
        return np.random.Generator(np.random.Philox(key=int.from_bytes(self._key()[:16], "big")))

    def words(self) -> tuple[int, int]:
        """Return two words of 32 bits, a key for generators that count."""
        raw = self._key()[20:28]
        return int.from_bytes(raw[:4], "big"), int.from_bytes(raw[4:], "big")

    def integer(self) -> int:
        """Return one integer in [0, 2**31) for libraries that take a seed."""
        return int.from_bytes(self._key()[16:20], "big") >> 1

    def _key(self) -> bytes:
        digest = hashlib.sha256(self.root)
        for part in self.path:
            raw = part.encode()
            digest.update(len(raw).to_bytes(4, "big") + raw)
        return digest.digest()

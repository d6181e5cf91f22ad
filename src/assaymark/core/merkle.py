"""Merkle: tree hash, inclusion and consistency proofs over a list of entries; pure bytes.

References
----------
RFC 9162, Certificate Transparency Version 2.0, section 2.1 (RFC 6962 hashing).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = [
    "Tree",
    "check_consistency",
    "check_inclusion",
    "consistency_proof",
    "grown",
    "inclusion_proof",
    "leaf_hash",
    "tree_hash",
]

_SIZE = 32


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one entry (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _cut(n: int) -> int:
    """Return the largest power of two below ``n`` (n > 1)."""
    return 1 << (n - 1).bit_length() - 1


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes; the hash of nothing for an empty list."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    stack: list[tuple[int, bytes]] = []
    for leaf in leaves:
        size, node = 1, leaf
        while stack and stack[-1][0] == size:
            left = stack.pop()
            size, node = size * 2, _node(left[1], node)
        stack.append((size, node))
    node = stack.pop()[1]
    while stack:
        node = _node(stack.pop()[1], node)
    return node


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the path that shows that leaf ``index`` is in the tree of ``leaves``."""
    return _tree_of(leaves).inclusion(index)


def check_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise unless ``proof`` leads from ``leaf`` to ``root`` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        raise IntegrityError(f"no entry {index} in a ledger of {size}")
    _check_hashes(leaf, root, *proof)
    fn, sn, node = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            raise IntegrityError("the inclusion proof is too long")
        if fn & 1 or fn == sn:
            node = _node(p, node)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = _node(node, p)
        fn, sn = fn >> 1, sn >> 1
    if sn or node != root:
        raise IntegrityError("the inclusion proof does not lead to the root")


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """Return the proof that the tree of the ``first`` leaves is a prefix of the whole tree."""
    return _tree_of(leaves).consistency(first)


def check_consistency(
    first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes
) -> None:
    """Raise unless ``proof`` shows the first tree to be a prefix of the second (2.1.4.2)."""
    if not 0 < first <= second:
        raise IntegrityError(f"{first} entries are no prefix of {second}")
    if first == second:
        if proof or first_root != second_root:
            raise IntegrityError("two ledgers of one size have different roots")
        return
    _check_hashes(first_root, second_root, *proof)
    if not proof:
        raise IntegrityError("the consistency proof is empty")
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr, sr = _replay(path, fn, sn)
    if fr != first_root or sr != second_root:
        raise IntegrityError("the consistency proof does not lead to the roots")


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of ``size`` leaves whose whole subtrees are looked up, not recomputed.

    ``node(level, i)`` is the hash over the leaves from ``i * 2**level`` on, ``2**level`` of them,
    for every such subtree that lies within the tree. Roots and proofs take O(log n) look-ups.
    """

    size: int
    node: Callable[[int, int], bytes]

    def root(self, size: int | None = None) -> bytes:
        """Return the root over the first ``size`` leaves, all of them by default."""
        n = self.size if size is None else size
        return self._range(0, n) if n else hashlib.sha256(b"").digest()

    def inclusion(self, index: int) -> list[bytes]:
        """Return the path from leaf ``index`` to the root."""
        if not 0 <= index < self.size:
            raise IntegrityError(f"no entry {index} in a ledger of {self.size}")
        low, high, path = 0, self.size, []
        while high - low > 1:
            middle = low + _cut(high - low)
            if index < middle:
                path.append(self._range(middle, high))
                high = middle
            else:
                path.append(self._range(low, middle))
                low = middle
        return path[::-1]

    def consistency(self, first: int) -> list[bytes]:
        """Return the proof that the tree of the ``first`` leaves is a prefix of this one."""
        if not 0 < first <= self.size:
            raise IntegrityError(f"no earlier size {first} of a ledger of {self.size}")
        low, high, path = 0, self.size, []
        while high != first:
            middle = low + _cut(high - low)
            if first <= middle:
                path.append(self._range(middle, high))
                high = middle
            else:
                path.append(self._range(low, middle))
                low = middle
        return [*([self._range(low, high)] if low else []), *path[::-1]]

    def _range(self, low: int, high: int) -> bytes:
        """Return the hash over some leaves that make a subtree of this tree."""
        n = high - low
        if n & (n - 1) == 0:
            return self.node(n.bit_length() - 1, low // n)
        middle = low + _cut(n)
        return _node(self._range(low, middle), self._range(middle, high))


def grown(index: int, leaf: bytes, node: Callable[[int, int], bytes]) -> Iterator[bytes]:
    """Yield the hashes of the subtrees that leaf ``index`` makes whole, from level 1 upwards."""
    level, right = 0, leaf
    while index >> level & 1:
        right = _node(node(level, (index >> level) - 1), right)
        level += 1
        yield right


def _tree_of(leaves: Sequence[bytes]) -> Tree:
    return Tree(len(leaves), lambda level, i: tree_hash(leaves[i << level : i + 1 << level]))


def _check_hashes(*hashes: bytes) -> None:
    if any(len(h) != _SIZE for h in hashes):
        raise IntegrityError("a SHA-256 hash in the proof does not have 32 bytes")


def _replay(path: list[bytes], fn: int, sn: int) -> tuple[bytes, bytes]:
    """Return the two roots that a consistency proof leads to."""
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            raise IntegrityError("the consistency proof is too long")
        if fn & 1 or fn == sn:
            fr, sr = _node(c, fr), _node(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = _node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise IntegrityError("the consistency proof is too short")
    return fr, sr

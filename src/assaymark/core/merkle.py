"""Merkle: tree hash, inclusion and consistency proofs over a list of entries; pure bytes.

References
----------
RFC 9162, Certificate Transparency Version 2.0, section 2.1 (RFC 6962 hashing).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "check_consistency",
    "check_inclusion",
    "consistency_proof",
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
    n = len(leaves)
    if not 0 <= index < n:
        raise IntegrityError(f"no entry {index} in a ledger of {n}")
    if n == 1:
        return []
    k = _cut(n)
    if index < k:
        return [*inclusion_proof(leaves[:k], index), tree_hash(leaves[k:])]
    return [*inclusion_proof(leaves[k:], index - k), tree_hash(leaves[:k])]


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
    if not 0 < first <= len(leaves):
        raise IntegrityError(f"no earlier size {first} of a ledger of {len(leaves)}")
    return _subproof(leaves, first, whole=True)


def _subproof(leaves: Sequence[bytes], m: int, *, whole: bool) -> list[bytes]:
    n = len(leaves)
    if m == n:
        return [] if whole else [tree_hash(leaves)]
    k = _cut(n)
    if m <= k:
        return [*_subproof(leaves[:k], m, whole=whole), tree_hash(leaves[k:])]
    return [*_subproof(leaves[k:], m - k, whole=False), tree_hash(leaves[:k])]


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

"""Ancestry: which releases the rows of a release were learnt from, and how much of it was real."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING

from assaymark.core.document import Document
from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["ANCESTORS", "DEEPEST", "Ancestry", "Parent", "ancestry_of"]

DEEPEST = 50
"""How far from real rows a release may be at all; policies allow less."""
ANCESTORS = 10_000
"""How many ancestors a statement may name, one that is met twice counted twice."""

_STEP = Decimal("0.01")
_SHARE = re.compile(r"0(\.\d{1,2})?|1")


class Parent(Document):
    """A release that rows were learnt from, with its own ancestry.

    ``manifest`` is the SHA-256 of its manifest, ``candidate`` that of its rows; ``signer`` and
    ``public`` are the key that may withdraw it; ``source_commitment`` is the keyed commitment to
    what it was learnt from. ``share`` of the rows that were learnt from are
    its rows, as a decimal string, rounded up to a hundredth.
    """

    manifest: str
    name: str
    candidate: str
    source_commitment: str
    signer: str
    public: str
    share: str
    ancestry: Ancestry


class Ancestry(Document):
    """How far a release is from real rows.

    ``depth`` is 0 for real rows and one more than the deepest part of what a release was learnt
    from, so that a release learnt from real rows alone has 1. ``real_fraction`` is the share of
    real rows among the rows it was learnt from, as a decimal string, rounded down to a hundredth.
    """

    depth: int = 1
    real_fraction: str = "1"
    parents: tuple[Parent, ...] = ()

    def every(self) -> Iterator[Parent]:
        """Yield all ancestors, the nearest first; one that is met twice comes twice."""
        yield from self.parents
        for parent in self.parents:
            yield from parent.ancestry.every()

    def check(self, candidate: str = "") -> None:
        """Raise where depth and shares do not follow from the parents, or where it is a circle.

        ``candidate`` is the digest of the rows whose ancestry this is.
        """
        self.check_size()
        self._check_path((candidate,))

    def check_size(self) -> None:
        """Raise where it is deeper, or names more ancestors, than any can be.

        Raises
        ------
        IntegrityError
            When it is beyond ``DEEPEST`` or ``ANCESTORS``.
        """
        level, depth, n = list(self.parents), 1, len(self.parents)
        while level:
            level = [p for above in level for p in above.ancestry.parents]
            depth, n = depth + 1, n + len(level)
        if depth > DEEPEST:
            raise IntegrityError(
                f"the ancestry is {depth} releases deep, and {DEEPEST} is the most that is followed"
            )
        if n > ANCESTORS:
            raise IntegrityError(
                f"the ancestry names {n:,} releases, and {ANCESTORS:,} is the most that is followed"
            )

    def _check_path(self, below: tuple[str, ...]) -> None:
        depth = 1 + max((p.ancestry.depth for p in self.parents), default=0)
        if self.depth != depth:
            raise IntegrityError(f"the ancestry says depth {self.depth}, its parents give {depth}")
        shares = [_share(p.share) for p in self.parents]
        rest = 1 - sum(shares, Decimal(0)) - _share(self.real_fraction)
        if abs(rest) > _STEP * (len(shares) + 1):
            raise IntegrityError("the shares of the ancestry and the real fraction do not add up")
        for parent in self.parents:
            if parent.candidate in below:
                raise IntegrityError(
                    f"the ancestry is a circle: {parent.name[:120]} is its own ancestor"
                )
            parent.ancestry._check_path((*below, parent.candidate))


def ancestry_of(parents: Iterable[tuple[Parent, float]]) -> Ancestry:
    """Combine what rows were learnt from: each parent with its share of the rows, unrounded.

    Depth is one more than the deepest parent's; what is no parent's is real.
    """
    found = list(parents)
    real = max(0.0, 1 - sum(share for _, share in found))
    return Ancestry(
        depth=1 + max((p.ancestry.depth for p, _ in found), default=0),
        real_fraction=_hundredths(math.floor(real * 100 + 1e-9)),
        parents=tuple(
            p.model_copy(update={"share": _hundredths(math.ceil(share * 100 - 1e-9))})
            for p, share in found
        ),
    )


def _hundredths(n: int) -> str:
    return f"{min(100, max(0, n)) / 100:g}"


def _share(text: str) -> Decimal:
    if not _SHARE.fullmatch(text):
        raise IntegrityError(f"{text!r} in the ancestry is not a share")
    return Decimal(text)

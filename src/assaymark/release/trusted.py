"""Trusted: the signers that somebody knows in another way, by fingerprint or its first digits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assaymark.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["check_trusted", "is_trusted"]

_FINGERPRINT = re.compile(r"[0-9a-f]{16,64}")


def check_trusted(given: Iterable[str]) -> tuple[str, ...]:
    """Return fingerprints in one spelling.

    Raises
    ------
    InputError
        When one is none: a fingerprint has 64 hex digits, of which the first 16 are enough.
    """
    found = tuple(t.strip().lower() for t in given)
    odd = [t for t in found if not _FINGERPRINT.fullmatch(t)]
    if odd:
        raise InputError(
            f"{odd[0][:80]!r} is not the fingerprint of a key: that has 64 hex digits, of which "
            "the first 16 are enough\n\nHint: step 1 of `assaymark verify` prints that of the "
            "signer; ask who issued the release for theirs"
        )
    return found


def is_trusted(signer: str, trusted: Iterable[str]) -> bool:
    """Whether a signer is one of those, each said in full or by its first 16 digits or more."""
    return any(_FINGERPRINT.fullmatch(t) and signer.startswith(t) for t in trusted)

"""Receipts: signed statements of consumers that a release, or what was made of it, is destroyed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from assaymark.core.notice import Destruction
from assaymark.core.plain import read_plain
from assaymark.errors import IntegrityError
from assaymark.release.envelope import fingerprint_of, open_envelope, payload_of, seal_envelope
from assaymark.release.statement import read_statement, statement

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["read_receipt", "receipt_bytes"]

_KIND = "destruction"


def receipt_bytes(receipt: Destruction, sign: Callable[[bytes], bytes], key: str) -> bytes:
    """Return a signed receipt about one release."""
    return seal_envelope(statement(_KIND, {"manifest.json": receipt.release}, receipt), sign, key)


def read_receipt(raw: bytes) -> tuple[str, Destruction]:
    """Return the fingerprint of the key that signed a receipt, and what it says.

    Raises
    ------
    IntegrityError
        When it is none, was altered, or was signed by another key than it names.
    """
    try:
        predicate = json.dumps(read_plain(payload_of(raw), "the receipt")["predicate"])
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError("not a receipt of destruction") from error
    receipt = Destruction.parse(predicate)
    public = bytes.fromhex(receipt.public)
    payload, key = open_envelope(raw, {fingerprint_of(public): public})
    subjects, said = read_statement(payload, _KIND)
    if subjects != {"manifest.json": receipt.release} or said != receipt.canonical():
        raise IntegrityError("the receipt is about something else than it says")
    return key, receipt

"""Envelope: a payload with its signatures.

References
----------
DSSE v1, Dead Simple Signing Envelope, protocol.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, ValidationError

from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["PAYLOAD_TYPE", "fingerprint_of", "open_envelope", "pae", "seal_envelope"]

PAYLOAD_TYPE: Literal["application/vnd.in-toto+json"] = "application/vnd.in-toto+json"


class _Signature(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    keyid: str
    sig: str


class _Envelope(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    payload: str
    payloadType: Literal["application/vnd.in-toto+json"]  # noqa: N815  # DSSE's spelling
    signatures: tuple[_Signature, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that are signed (pre-authentication encoding)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def fingerprint_of(public: bytes) -> str:
    """Return the SHA-256 of a raw Ed25519 public key, hex."""
    return hashlib.sha256(public).hexdigest()


def seal_envelope(payload: bytes, sign: Callable[[bytes], bytes], keyid: str) -> bytes:
    """Return the envelope of ``payload`` with one signature, as JSON with a fixed layout."""
    made = _Envelope(
        payload=base64.b64encode(payload).decode(),
        payloadType=PAYLOAD_TYPE,
        signatures=(
            _Signature(
                keyid=keyid, sig=base64.b64encode(sign(pae(PAYLOAD_TYPE, payload))).decode()
            ),
        ),
    )
    return (made.model_dump_json(indent=1) + "\n").encode()


def open_envelope(raw: bytes, keys: Mapping[str, bytes]) -> tuple[bytes, str]:
    """Return the payload and the fingerprint of the key that signed it.

    ``keys`` are raw Ed25519 public keys by fingerprint. Every signature in the envelope must be
    valid, and the envelope must be in the one layout that :func:`seal_envelope` writes.

    Raises
    ------
    IntegrityError
        When anything is not as it was signed.
    """
    try:
        found = _Envelope.model_validate_json(raw)
        payload = base64.b64decode(found.payload, validate=True)
        signatures = [(s.keyid, base64.b64decode(s.sig, validate=True)) for s in found.signatures]
    except (ValidationError, binascii.Error) as error:
        raise IntegrityError("not a DSSE envelope of an in-toto statement") from error
    if (found.model_dump_json(indent=1) + "\n").encode() != raw:
        raise IntegrityError("the envelope's bytes are not in their one canonical layout")
    if len(signatures) != 1:
        raise IntegrityError(f"the envelope carries {len(signatures)} signatures, one is expected")
    keyid, signature = signatures[0]
    if keyid not in keys:
        raise IntegrityError(f"signed by key {keyid[:16]}, which the release does not carry")
    public = Ed25519PublicKey.from_public_bytes(keys[keyid])
    try:
        public.verify(signature, pae(PAYLOAD_TYPE, payload))
    except InvalidSignature as error:
        raise IntegrityError(f"the signature of key {keyid[:16]} does not match") from error
    return payload, keyid

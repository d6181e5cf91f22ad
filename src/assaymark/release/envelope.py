"""Envelope: a payload with its signatures.

References
----------
DSSE v1, Dead Simple Signing Envelope, protocol.md.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, ValidationError

from assaymark.core.note import canonical_base64
from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

__all__ = [
    "PAYLOAD_TYPE",
    "countersign",
    "fingerprint_of",
    "kept_signatures",
    "key_of",
    "open_cosigned",
    "open_envelope",
    "pae",
    "payload_of",
    "seal_envelope",
]

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
    return _written(payload, (_signature(payload, sign, keyid),))


def countersign(raw: bytes, sign: Callable[[bytes], bytes], keyid: str) -> bytes:
    """Return an envelope with one signature more; a key that signed already signs no second."""
    payload, there = _read(raw)
    if keyid in {s.keyid for s in there}:
        return raw
    return _written(payload, (*there, _signature(payload, sign, keyid)))


def kept_signatures(raw: bytes, keys: Collection[str]) -> bytes:
    """Return an envelope with the signatures of ``keys`` alone."""
    payload, there = _read(raw)
    return _written(payload, tuple(s for s in there if s.keyid in keys))


def payload_of(raw: bytes) -> bytes:
    """Return what is in an envelope, without a look at who signed it."""
    return _read(raw)[0]


def key_of(path: str, raw: bytes) -> tuple[str, bytes]:
    """Return fingerprint and bytes of a public key, from a file that is named by the first.

    Raises
    ------
    IntegrityError
        When it is no key, or another one.
    """
    name = path.removeprefix("keys/").removesuffix(".pub")
    try:
        public = bytes.fromhex(raw.decode("ascii").removesuffix("\n"))
    except ValueError as error:
        raise IntegrityError(f"{path} is not a public key") from error
    if len(public) != 32 or fingerprint_of(public) != name:
        raise IntegrityError(f"{path} is not the key that its name says")
    return name, public


def open_envelope(raw: bytes, keys: Mapping[str, bytes]) -> tuple[bytes, str]:
    """Return the payload and the fingerprint of the one key that signed it.

    ``keys`` are raw Ed25519 public keys by fingerprint.

    Raises
    ------
    IntegrityError
        When anything is not as it was signed, or there is not exactly one signature.
    """
    count = len(_read(raw)[1])
    if count != 1:
        raise IntegrityError(f"the envelope carries {count} signatures, one is expected")
    payload, signers = open_cosigned(raw, keys)
    return payload, signers[0]


def open_cosigned(raw: bytes, keys: Mapping[str, bytes]) -> tuple[bytes, tuple[str, ...]]:
    """Return the payload and the fingerprints of the keys that signed it, at least one.

    Every signature in the envelope must be valid and of another key, and the envelope must be in
    the one layout that :func:`seal_envelope` writes.

    Raises
    ------
    IntegrityError
        When anything is not as it was signed.
    """
    payload, signatures = _read(raw)
    signers = tuple(s.keyid for s in signatures)
    if not signers or len(set(signers)) < len(signers):
        raise IntegrityError("the envelope carries no signature, or two of one key")
    for s in signatures:
        if s.keyid not in keys:
            raise IntegrityError(f"signed by key {s.keyid[:16]}, which the release does not carry")
        public = Ed25519PublicKey.from_public_bytes(keys[s.keyid])
        try:
            public.verify(canonical_base64(s.sig), pae(PAYLOAD_TYPE, payload))
        except InvalidSignature as error:
            raise IntegrityError(f"the signature of key {s.keyid[:16]} does not match") from error
    return payload, signers


def _signature(payload: bytes, sign: Callable[[bytes], bytes], keyid: str) -> _Signature:
    made = sign(pae(PAYLOAD_TYPE, payload))
    return _Signature(keyid=keyid, sig=base64.b64encode(made).decode())


def _written(payload: bytes, signatures: tuple[_Signature, ...]) -> bytes:
    made = _Envelope(
        payload=base64.b64encode(payload).decode(),
        payloadType=PAYLOAD_TYPE,
        signatures=signatures,
    )
    return (made.model_dump_json(indent=1) + "\n").encode()


def _read(raw: bytes) -> tuple[bytes, tuple[_Signature, ...]]:
    try:
        found = _Envelope.model_validate_json(raw)
    except ValidationError as error:
        raise IntegrityError("not a DSSE envelope of an in-toto statement") from error
    if (found.model_dump_json(indent=1) + "\n").encode() != raw:
        raise IntegrityError("the envelope's bytes are not in their one canonical layout")
    return canonical_base64(found.payload), found.signatures

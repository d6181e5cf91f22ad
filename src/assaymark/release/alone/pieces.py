"""Check this release with Python and `cryptography` alone, offline: python verify.py FOLDER.

The same steps as `assaymark verify`, as far as one file can take them; it says what it left out.
Options: --trust FINGERPRINT (repeat), --today YYYY-MM-DD, --json. Ends with 4 if anything fails,
and with 3 if all holds but the release is contested or degraded, or approved for no use any more.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from decimal import Decimal
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from assaymark.core.plain import check_nesting

__all__ = [
    "MOST",
    "Broken",
    "Plain",
    "b64",
    "canonical",
    "check_signature",
    "envelope",
    "included",
    "need",
    "read_json",
    "sha256",
]

MOST = 64 << 20
FORMATS = {
    *("manifest", "release", "decision", "provenance", "evidence", "entry", "history"),
    *("roles", "approval", "waiver", "threat", "generator", "lot"),
    *("withdrawal", "finding", "answer", "observation"),
}
NEWER = "use the verify.py of a newer release, or a newer assaymark"
Plain = dict[str, Any]


class Broken(Exception):  # noqa: N818
    """Something does not hold."""


def need(holds: object, said: str) -> None:
    """Raise what is said, unless it holds."""
    if not holds:
        raise Broken(said)


def sha256(raw: bytes) -> str:
    """Return the SHA-256, hex."""
    return hashlib.sha256(raw).hexdigest()


def canonical(value: object) -> bytes:
    """Return JSON as RFC 8785 has it."""
    return spelt(value).encode()


def spelt(value: Any) -> str:  # noqa: ANN401
    """Return a value in its one spelling: keys in the order of UTF-16, numbers as JavaScript's."""
    if isinstance(value, dict):
        order = sorted(value, key=lambda k: k.encode("utf-16-be"))
        return "{" + ",".join(f"{spelt(k)}:{spelt(value[k])}" for k in order) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelt, value)) + "]"
    if not isinstance(value, float):
        return json.dumps(value, ensure_ascii=False)
    need(math.isfinite(value), "a number that is none")
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    if 1e-6 <= abs(value) < 1e-4:
        return format(Decimal(repr(value)), "f")
    mantissa, e, power = repr(value).partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(power):+d}" if e else mantissa


def read_json(raw: bytes, what: str) -> Any:  # noqa: ANN401
    """Return the value of JSON of a format that is known here."""

    def once(pairs: list[tuple[str, Any]]) -> Plain:
        need(len(dict(pairs)) == len(pairs), f"{what} has a key twice")
        return dict(pairs)

    need(len(raw) <= MOST, f"{what} has more than {MOST >> 20} MB")
    try:
        found = json.loads(raw, object_pairs_hook=once)
        check_nesting(found)
    except (ValueError, RecursionError) as error:
        raise Broken(f"{what} is not JSON that can be read: {error}") from error
    schema = found.get("schema_id") if isinstance(found, dict) else None
    known = sorted(f"assaymark/{f}/v0" for f in FORMATS)
    same = [f for f in known if f.rpartition("/")[0] == str(schema).rpartition("/")[0]] or known
    need(
        schema is None or schema in known,
        f"{what} is in the format {schema!r}, and this file knows {', '.join(same)}: {NEWER}",
    )
    return found


def b64(text: str) -> bytes:
    """Return the bytes behind base64 in its one canonical spelling."""
    raw = base64.b64decode(text, validate=True)
    need(raw and base64.b64encode(raw).decode() == text, "base64 in another spelling")
    return raw


def check_signature(public: bytes, signature: bytes, signed: bytes, who: str) -> None:
    """Raise unless the signature is that of the key over these bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    except (InvalidSignature, ValueError) as error:
        raise Broken(f"the signature of {who} does not match") from error


def envelope(raw: bytes, keys: dict[str, bytes], kind: str, what: str) -> tuple[Plain, Plain, Any]:
    """Return subjects, predicate and signers of a DSSE envelope, every signature checked."""
    plain = read_json(raw, what)
    need(
        (json.dumps(plain, indent=1, ensure_ascii=False) + "\n").encode() == raw, f"{what}: layout"
    )
    need(set(plain) == {"payload", "payloadType", "signatures"}, f"{what} is no envelope")
    payload, typed = b64(plain["payload"]), plain["payloadType"].encode()
    signed = b"DSSEv1 %d %b %d %b" % (len(typed), typed, len(payload), payload)
    signers = [s["keyid"] for s in plain["signatures"]]
    need(
        signers and len(set(signers)) == len(signers), f"{what} is not signed, or twice by one key"
    )
    for s in plain["signatures"]:
        need(s["keyid"] in keys, f"{what} is signed by a key that is not known, {s['keyid'][:16]}")
        check_signature(keys[s["keyid"]], b64(s["sig"]), signed, f"{what} by {s['keyid'][:16]}")
    said = read_json(payload, what)
    expected = f"https://assaymark.dev/{kind}/v0"
    typed = said["predicateType"]
    known = f"{what} is a {typed!r}, and this file knows {expected!r}: {NEWER}"
    need(typed == expected, known)
    read_json(json.dumps(said["predicate"]).encode(), what)
    subjects = {s["name"]: s["digest"]["sha256"] for s in said["subject"]}
    return subjects, said["predicate"], signers


def included(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> None:
    """Raise unless the path leads from a leaf to the root (RFC 9162, 2.1.3.2)."""
    need(0 <= index < size, f"no entry {index} in a ledger of {size}")
    fn, sn, node = index, size - 1, leaf
    for p in path:
        need(sn and len(p) == 32, "the inclusion proof is too long")
        if fn & 1 or fn == sn:
            node = hashlib.sha256(b"\x01" + p + node).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + p).digest()
        fn, sn = fn >> 1, sn >> 1
    need(not sn and node == root, "the inclusion proof does not lead to the root")

"""Note: text signed by Ed25519 keys, as transparency logs and their witnesses write it.

References
----------
C2SP signed-note v1.0.0, c2sp.org/signed-note.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["NoteKey", "canonical_base64", "open_note", "sign_note"]

_ED25519 = b"\x01"
_DASH = "\u2014 "
_MOST = 64
_ID = 4


@dataclass(frozen=True, slots=True)
class NoteKey:
    """The name and the raw Ed25519 public key of a signer."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(c.isspace() for c in self.name):
            raise IntegrityError(f"{self.name!r} cannot name the signer of a note")

    @property
    def id(self) -> bytes:
        """The four bytes that stand before the signature."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID]

    @property
    def text(self) -> str:
        """The key as one line that other tools read: name, id and key, joined by plus signs."""
        coded = base64.b64encode(_ED25519 + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{coded}"

    @classmethod
    def parse(cls, text: str) -> NoteKey:
        """Read a key back from :attr:`text`."""
        name, _, rest = text.strip().partition("+")
        number, _, coded = rest.partition("+")
        raw = canonical_base64(coded)
        key = cls(name, raw[1:])
        if raw[:1] != _ED25519 or len(raw) != 33 or key.id.hex() != number:
            raise IntegrityError(f"{text[:80]!r} is not the Ed25519 key of a note's signer")
        return key


def sign_note(text: str, key: NoteKey, sign: Callable[[bytes], bytes]) -> bytes:
    """Return ``text``, which ends with a newline, with one signature."""
    signature = base64.b64encode(key.id + sign(text.encode())).decode()
    return f"{text}\n{_DASH}{key.name} {signature}\n".encode()


def open_note(raw: bytes, keys: Sequence[NoteKey]) -> str:
    """Return the text of a note that at least one of ``keys`` signed.

    Signatures of unknown keys (witnesses, say) are passed over, as the specification asks.

    Raises
    ------
    IntegrityError
        When the bytes are no note, no known key signed it, or a known key's signature is wrong.
    """
    text, lines = _parts(raw)
    held = False
    for line in lines:
        name, _, coded = line.partition(" ")
        signature = canonical_base64(coded)
        for key in keys:
            if (key.name, key.id) == (name, signature[:_ID]):
                _check(key, signature[_ID:], text)
                held = True
    if not held:
        signers = ", ".join(line.partition(" ")[0] for line in lines)
        raise IntegrityError(f"the note is signed by {signers}, and by no key that is known here")
    return text


def _parts(raw: bytes) -> tuple[str, list[str]]:
    try:
        whole = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise IntegrityError("a note is UTF-8 text, and this is not") from error
    text, gap, signed = whole.rpartition("\n\n")
    lines = signed.removesuffix("\n").split("\n")
    clean = all(c == "\n" or c >= " " for c in whole)
    whole_lines = all(line.startswith(_DASH) for line in lines) and signed.endswith("\n")
    if not (gap and text and clean and whole_lines and len(lines) <= _MOST):
        raise IntegrityError("not a signed note: a text, an empty line, and lines of signatures")
    return text + "\n", [line.removeprefix(_DASH) for line in lines]


def _check(key: NoteKey, signature: bytes, text: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
    except (InvalidSignature, ValueError) as error:
        raise IntegrityError(f"the signature of {key.name} does not match the note") from error


def canonical_base64(text: str) -> bytes:
    """Return the bytes behind standard base64 in its one canonical spelling."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise IntegrityError(f"{text[:60]!r} is not base64") from error
    if not raw or base64.b64encode(raw).decode() != text:
        raise IntegrityError(f"{text[:60]!r} is not base64 in its one canonical spelling")
    return raw

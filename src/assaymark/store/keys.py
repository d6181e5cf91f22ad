"""Keys: the workspace's own Ed25519 key, made at first use."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from assaymark.errors import IntegrityError

__all__ = ["SigningKey"]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 private key; ``fingerprint`` is the SHA-256 of the raw public key, hex."""

    _private: Ed25519PrivateKey

    @classmethod
    def new(cls) -> SigningKey:
        """Return a fresh key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def parse(cls, raw: bytes) -> SigningKey:
        """Read the 32 raw bytes of a private key."""
        try:
            return cls(Ed25519PrivateKey.from_private_bytes(raw))
        except ValueError as error:
            raise IntegrityError("the workspace's signing key is not an Ed25519 key") from error

    def raw(self) -> bytes:
        """Return the 32 private bytes; they never leave the workspace."""
        return self._private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())

    @property
    def public(self) -> bytes:
        """The 32 bytes of the public key."""
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def fingerprint(self) -> str:
        """What identifies the key."""
        return hashlib.sha256(self.public).hexdigest()

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the signature."""
        return self._private.sign(message)

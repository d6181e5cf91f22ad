"""Key file: the private key of a person, on that person's own machine, and its public half."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.weak_key import is_weak
from assaymark.errors import InputError, IntegrityError
from assaymark.store.keys import SigningKey

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["new_key", "public_key", "read_key"]

_KEY_MOST = 4_096


def new_key(path: Path) -> str:
    """Write a fresh private key, readable by its owner only, and return the public key in hex.

    Raises
    ------
    InputError
        When the file cannot be written, or is there already; of a key it says the public half.
    """
    key = SigningKey.new()
    if path.exists():
        raise InputError(f"cannot write the key {str(path)!r}: File exists\n\nHint: {_held(path)}")
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(key.raw().hex() + "\n")
    except OSError as error:
        raise InputError(f"cannot write the key {str(path)!r}: {error.strerror}") from error
    return key.public.hex()


def _held(path: Path) -> str:
    try:
        public = read_key(path).public.hex()
    except InputError:
        return "give another --out"
    return f"it holds a key already, whose public half is {public}; else give another --out"


def read_key(path: Path) -> SigningKey:
    """Read a private key that :func:`new_key` wrote."""
    try:
        with path.open("rb") as file:
            raw = file.read(_KEY_MOST + 1)
    except OSError as error:
        raise InputError(
            f"cannot read the key {str(path)!r}: {error.strerror}\n\nHint: --key takes the file "
            "that `assaymark people key --out FILE` wrote"
        ) from error
    try:
        return SigningKey.parse(bytes.fromhex(raw.decode("ascii").strip()))
    except (ValueError, IntegrityError) as error:
        found = f"more than {_KEY_MOST}" if len(raw) > _KEY_MOST else str(len(raw.strip()))
        raise InputError(
            f"{str(path)!r} is not a private key: it holds {found} bytes, and a key is 64 "
            "hexadecimal digits\n\nHint: `assaymark people key --out FILE` makes one"
        ) from error


def public_key(text: str) -> bytes:
    """Return the 32 bytes of a public key that nobody but its holder can sign for."""
    try:
        raw = bytes.fromhex(text.strip())
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise InputError(
            f"{text[:70]!r} is not a public key of 64 hexadecimal digits\n\nHint: the person runs "
            "`assaymark people key --out FILE` and sends you what it prints"
        )
    if is_weak(raw):
        raise InputError(
            f"{raw.hex()} is a key that anybody can sign for\n\nHint: the person runs `assaymark "
            "people key --out FILE` and sends you what it prints"
        )
    return raw

"""Checkpoint: a signed tree head, and proofs that lead to one; text formats that others read.

References
----------
C2SP tlog-checkpoint, tlog-proof v1 and the request of tlog-witness (for consistency proofs).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.core.merkle import check_consistency, check_inclusion, leaf_hash
from assaymark.core.note import NoteKey, canonical_base64, open_note, sign_note
from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Checkpoint", "ConsistencyProof", "InclusionProof", "log_key", "open_checkpoint"]

_INCLUSION = "c2sp.org/tlog-proof@v1"
_ORIGIN = "assaymark.dev/ledger/"
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_HASH = 32


def log_key(public: bytes, fingerprint: str) -> NoteKey:
    """Return the key of a ledger; its name, the log's origin, holds the key's fingerprint."""
    return NoteKey(f"{_ORIGIN}{fingerprint}", public)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How many entries a log has, and the root over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{_coded(self.root)}\n"

    def signed(self, key: NoteKey, sign: Callable[[bytes], bytes]) -> bytes:
        """Return the checkpoint as a signed note."""
        return sign_note(self.text, key, sign)

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the text of a note; extension lines are not taken, since none are written."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not lines[0]:
            raise IntegrityError("not a checkpoint: origin, size and root on three lines")
        return cls(lines[0], _number(lines[1], "tree size"), _hash(lines[2]))


def open_checkpoint(raw: bytes, key: NoteKey) -> Checkpoint:
    """Return a checkpoint that ``key`` signed as the log of that name."""
    found = Checkpoint.parse(open_note(raw, (key,)))
    if found.origin != key.name:
        raise IntegrityError(f"a checkpoint of another log, {found.origin}")
    return found


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That an entry is in a log: its index, the path to the root, and the signed checkpoint."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes

    def raw(self) -> bytes:
        """Return the proof as a ``.tlog-proof`` file."""
        lines = [_INCLUSION, f"index {self.index}", *map(_coded, self.path), "", ""]
        return "\n".join(lines).encode() + self.checkpoint

    @classmethod
    def parse(cls, raw: bytes) -> InclusionProof:
        """Read a ``.tlog-proof`` file that carries no extra data."""
        head, checkpoint = _split(raw)
        name, _, version = head[0].partition("@") if head else ("", "", "")
        if version and head[0] != _INCLUSION and name == _INCLUSION.partition("@")[0]:
            raise IntegrityError(
                f"the proof is written in the format {head[0]!r:.80}, and this assaymark knows "
                f"{_INCLUSION!r}\n\nHint: use a newer assaymark"
            )
        if len(head) < 2 or head[0] != _INCLUSION or not head[1].startswith("index "):
            raise IntegrityError(f"not a proof of inclusion: it starts with {_INCLUSION!r}")
        index = _number(head[1].removeprefix("index "), "index")
        return cls(index, tuple(map(_hash, head[2:])), checkpoint)

    def check(self, entry: bytes, key: NoteKey) -> Checkpoint:
        """Return the checkpoint if it is signed and ``entry`` is under it at this index."""
        found = open_checkpoint(self.checkpoint, key)
        check_inclusion(leaf_hash(entry), self.index, found.size, self.path, found.root)
        return found


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That a log only grew since it had ``old`` entries: hashes, and the later checkpoint."""

    old: int
    path: tuple[bytes, ...]
    checkpoint: bytes

    def raw(self) -> bytes:
        """Return the proof as the request that a witness is sent."""
        lines = [f"old {self.old}", *map(_coded, self.path), "", ""]
        return "\n".join(lines).encode() + self.checkpoint

    @classmethod
    def parse(cls, raw: bytes) -> ConsistencyProof:
        """Read a proof back from :meth:`raw`."""
        head, checkpoint = _split(raw)
        if not head or not head[0].startswith("old "):
            raise IntegrityError("not a proof of consistency: it starts with 'old' and a size")
        old = _number(head[0].removeprefix("old "), "size")
        return cls(old, tuple(map(_hash, head[1:])), checkpoint)

    def check(self, held: Checkpoint, key: NoteKey) -> Checkpoint:
        """Return the later checkpoint if the log of ``held`` is a prefix of its log."""
        later = open_checkpoint(self.checkpoint, key)
        if self.old != held.size:
            raise IntegrityError(
                f"the proof starts from {self.old} entries, the checkpoint that is held has "
                f"{held.size}"
            )
        if held.size == 0:
            if self.path:
                raise IntegrityError("a proof from an empty log has no hashes")
            return later
        check_consistency(held.size, later.size, self.path, held.root, later.root)
        return later


def _split(raw: bytes) -> tuple[Sequence[str], bytes]:
    head, gap, checkpoint = raw.partition(b"\n\n")
    if not gap:
        raise IntegrityError("the proof carries no checkpoint after an empty line")
    try:
        return head.decode("ascii").split("\n"), checkpoint
    except UnicodeDecodeError as error:
        raise IntegrityError("the lines of a proof are ASCII text") from error


def _coded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _hash(text: str) -> bytes:
    raw = canonical_base64(text)
    if len(raw) != _HASH:
        raise IntegrityError(f"{text[:60]!r} is not the base64 of a SHA-256 hash")
    return raw


def _number(text: str, what: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise IntegrityError(f"{what} {text[:30]!r} is not a decimal number without leading zeroes")
    return int(text)

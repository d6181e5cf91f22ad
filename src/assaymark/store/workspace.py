"""Workspace: one folder with blobs by digest, sealed secrets, the ledger, reports and releases."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from assaymark.core.document import sha256
from assaymark.errors import IntegrityError, WorkspaceError
from assaymark.store.keys import SigningKey
from assaymark.store.ledger import Ledger
from assaymark.store.whole import PART, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Workspace"]

_BACKUP = (
    "\n\nHint: put the folder `blobs` of the workspace back as it was, from a backup; what is "
    "whole stays as it is"
)
_FOLDERS = ("blobs", "people", "quarantine", "ready", "releases", "reports", "sealed")


@dataclass(frozen=True, slots=True)
class Workspace:
    """The only place where state is kept. Every write is whole or not there at all."""

    path: Path
    ledger: Ledger

    @classmethod
    def open(cls, path: Path) -> Workspace:
        """Open the workspace at ``path``; make it where there is none.

        Raises
        ------
        WorkspaceError
            When the folder cannot be made or written, or ``path`` is something else.
        """
        if path.exists() and not path.is_dir():
            raise WorkspaceError(f"{str(path)!r} is not a folder\n\nHint: --workspace FOLDER")
        with _plainly(path):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in _FOLDERS:
                (path / name).mkdir(exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=path):
                pass
        return cls(path, Ledger(path / "ledger.db"))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other run out until the block ends; a killed run leaves no lock behind."""
        with _plainly(self.path):
            file = (self.path / "lock").open("a+", encoding="utf-8")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                holder = file.read().strip() or "another process"
                raise WorkspaceError(
                    f"the workspace {str(self.path)!r} is in use by {holder}\n\n"
                    "Hint: wait for it to end, or use another --workspace"
                ) from error
            file.truncate(0)
            file.write(f"process {os.getpid()} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
            file.flush()
            yield
            file.truncate(0)

    def put(self, raw: bytes) -> str:
        """Keep a blob and return its SHA-256."""
        digest = sha256(raw)
        where = self._blob(digest)
        if not where.exists():
            self._write(where, raw, 0o400)
        return digest

    def has(self, digest: str) -> bool:
        """Whether the blob is there."""
        return self._blob(digest).exists()

    def get(self, digest: str) -> bytes:
        """Return a blob; one whose bytes are not what they were is an integrity error."""
        try:
            raw = self._blob(digest).read_bytes()
        except OSError as error:
            raise IntegrityError(
                f"blob {digest} is not in the workspace any more: {error.strerror}{_BACKUP}"
            ) from error
        if sha256(raw) != digest:
            raise IntegrityError(f"blob {digest} in the workspace was altered{_BACKUP}")
        return raw

    def seal(self, name: str, raw: bytes) -> None:
        """Keep something secret: readable by the owner only, never in a release."""
        self._write(self.path / "sealed" / name, raw, 0o600)

    def unseal(self, name: str) -> bytes | None:
        """Return what was sealed under ``name``, if anything."""
        where = self.path / "sealed" / name
        return where.read_bytes() if where.exists() else None

    def sealed(self, prefix: str) -> list[str]:
        """Return the names that something is sealed under and that start with ``prefix``."""
        found = (self.path / "sealed").glob(f"{prefix}*")
        return sorted(p.name for p in found if not p.name.startswith(".part-"))

    def secret(self, name: str) -> bytes:
        """Return the 32 secret bytes called ``name``; they are drawn at first use."""
        found = self.unseal(name)
        if found is None:
            found = secrets.token_bytes(32)
            self.seal(name, found)
        return found

    def key(self) -> SigningKey:
        """Return the workspace's signing key; it is made at first use."""
        found = self.unseal("signing-key")
        if found is None:
            key = SigningKey.new()
            self.seal("signing-key", key.raw())
            return key
        return SigningKey.parse(found)

    def write(self, name: str, raw: bytes) -> Path:
        """Write a file of the workspace as a whole, in place of one that is there."""
        where = self.path / name
        self._write(where, raw, 0o644)
        return where

    def write_folder(self, name: str, files: Mapping[str, bytes]) -> Path:
        """Write a folder that is there with all of its files or not at all.

        One that is there already with the same files is left as it is.
        """
        where = self.path / name
        if where.exists():
            return where
        with _plainly(self.path):
            where.parent.mkdir(parents=True, exist_ok=True)
            part = Path(tempfile.mkdtemp(dir=where.parent, prefix=PART))
            for file, raw in files.items():
                self._write(part / file, raw, 0o644)
            part.chmod(0o755)
            part.rename(where)
        return where

    def _blob(self, digest: str) -> Path:
        return self.path / "blobs" / digest[:2] / digest[2:]

    def _write(self, where: Path, raw: bytes, mode: int) -> None:
        with _plainly(self.path):
            where.parent.mkdir(parents=True, exist_ok=True)
            write_whole(where, raw, mode)


@contextmanager
def _plainly(path: Path) -> Iterator[None]:
    """Turn an error of the file system into one that says what to do."""
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        hint = "make room, then start the same command again" if full else "--workspace FOLDER"
        raise WorkspaceError(
            f"the workspace {str(path)!r} cannot be written: {error.strerror}; what was there "
            f"before is whole\n\nHint: {hint}"
        ) from error

"""Folder: the files of a release on disk, read as what they are and nothing else."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from assaymark.core.document import sha256
from assaymark.core.plain import MOST
from assaymark.errors import InputError, IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Folder", "read_release"]

_FILES = 10_000


class Folder:
    """The files of a release on disk: plain files only, small ones read once, rows in parts."""

    def __init__(self, folder: Path) -> None:
        self._paths = dict(_plain_files(folder))
        self._read: dict[str, bytes] = {}
        self._digests: dict[str, str] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, path: str) -> bytes:
        if path not in self._read:
            size = self.size(path)
            if size > MOST:
                raise IntegrityError(
                    f"{path} has {size >> 20} MB, and {MOST >> 20} MB is the most that is read of "
                    "a document"
                )
            with _opened(self._paths[path], path) as file:
                self._read[path] = file.read(MOST + 1)
        return self._read[path]

    def digest(self, path: str) -> str:
        """Return the SHA-256 of a file, hex; of a document, of the bytes that are read."""
        if path not in self._digests:
            if path.startswith("data/"):
                with _opened(self._paths[path], path) as file:
                    self._digests[path] = hashlib.file_digest(file, "sha256").hexdigest()
            else:
                self._digests[path] = sha256(self[path])
        return self._digests[path]

    def size(self, path: str) -> int:
        """Return how many bytes a file has."""
        return len(self._read[path]) if path in self._read else self._paths[path].stat().st_size

    def part(self, path: str, start: int, length: int) -> bytes:
        """Return some bytes of a file."""
        with _opened(self._paths[path], path) as file:
            file.seek(start)
            return file.read(length)

    def file(self, path: str) -> Path:
        """Return where a file is."""
        return self._paths[path]


def read_release(folder: Path) -> dict[str, bytes]:
    """Return every file of a release by its path in the folder; links are refused."""
    files = Folder(folder)
    return {path: files.part(path, 0, files.size(path)) for path in files}


def _plain_files(folder: Path) -> Iterator[tuple[str, Path]]:
    if folder.is_file():
        raise InputError(
            f"{str(folder)!r} is a file, and a release is a folder\n\nHint: unpack it where you "
            "have room, and name the folder that it was"
        )
    if not folder.is_dir():
        raise InputError(
            f"there is no folder {str(folder)!r}\n\nHint: name the folder of a release; `assaymark "
            "show` lists them"
        )
    for n, path in enumerate(sorted(folder.rglob("*"))):
        name, kind = path.relative_to(folder).as_posix(), path.lstat().st_mode
        if n >= _FILES:
            raise IntegrityError(f"more than {_FILES:,} files, which no release has")
        if stat.S_ISLNK(kind):
            raise IntegrityError(f"{name} is a link; a release holds plain files only")
        if stat.S_ISDIR(kind):
            if not any(path.iterdir()):
                raise IntegrityError(f"{name} is an empty folder, which no release has")
        elif stat.S_ISREG(kind):
            yield name, path
        else:
            raise IntegrityError(f"{name} is a device or a pipe; a release holds plain files only")


def _opened(path: Path, name: str) -> io.BufferedReader:
    try:
        return os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb")
    except OSError as error:
        raise InputError(f"cannot read {name}: {error.strerror}") from error

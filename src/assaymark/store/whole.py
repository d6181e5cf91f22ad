"""Whole: files that are on disk to their end, or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["PART", "NotWrittenError", "is_special", "write_all", "write_whole"]

PART = ".part-"
"""How the names of files begin that are not written to their end."""


class NotWrittenError(OSError):
    """A file that could not be written, and which others of the same call were put in place."""

    def __init__(self, error: OSError, path: Path, placed: tuple[Path, ...] = ()) -> None:
        super().__init__(error.errno, error.strerror, str(path))
        self.path, self.placed = path, placed


def write_whole(path: Path, raw: bytes, mode: int | None) -> None:
    """Write a file in place of one that is there; a crash leaves the old one or the new one.

    ``mode`` None: that of the file that is there, else what the user's umask leaves.
    """
    write_all({path: raw}, mode)


def write_all(files: Mapping[Path, bytes], mode: int | None) -> None:
    """Write files as :func:`write_whole` does; none is put in place before all are on disk.

    Devices and pipes (``/dev/stdout``) are written to, and never replaced.

    Raises
    ------
    NotWrittenError
        When one cannot be written; it says which, and which are in place already.
    """
    for path in files:
        if path.is_dir():
            taken = IsADirectoryError(errno.EISDIR, "there is a folder of that name")
            raise NotWrittenError(taken, path)
    parts: dict[Path, Path] = {}
    placed: list[Path] = []
    try:
        for path, raw in files.items():
            if is_special(path):
                continue
            with _named(path):
                handle, name = tempfile.mkstemp(dir=path.parent, prefix=PART)
                parts[path] = Path(name)
                with os.fdopen(handle, "wb") as file:
                    file.write(raw)
                    file.flush()
                    os.fsync(file.fileno())
                parts[path].chmod(_usual(path) if mode is None else mode)
        for path, raw in files.items():
            with _named(path, placed):
                if path in parts:
                    parts[path].replace(path)
                else:
                    path.write_bytes(raw)
            placed.append(path)
    except BaseException:
        for part in parts.values():
            part.unlink(missing_ok=True)
        raise


def is_special(path: Path) -> bool:
    """Whether a device, a pipe or a socket is there."""
    return path.exists() and not path.is_file() and not path.is_dir()


@contextmanager
def _named(path: Path, placed: Sequence[Path] = ()) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotWrittenError(error, path, tuple(placed)) from error


def _usual(path: Path) -> int:
    """Return the mode of a file that is there, else that of a new one."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask

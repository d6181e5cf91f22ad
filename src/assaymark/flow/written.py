"""Written: files where they were asked for, whole, or an error that says what to do."""

from __future__ import annotations

import errno
import tempfile
from typing import TYPE_CHECKING

from assaymark.errors import InputError
from assaymark.source.database import is_address, masked
from assaymark.store.whole import write_all

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["check_can_write", "check_local", "write_files", "write_page"]

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_MODE = 0o644


def write_files(files: Mapping[Path, bytes], hint: str = "--out PATH") -> None:
    """Write files to their end in place of what is there, or none of them.

    Raises
    ------
    InputError
        When the disk is full or a folder cannot be written; nothing half written stays.
    """
    try:
        for path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
        write_all({path.resolve(): raw for path, raw in files.items()}, _MODE)
    except OSError as error:
        raise _unwritable(next(iter(files)), error, sum(map(len, files.values())), hint) from error


def write_page(path: Path, page: bytes) -> None:
    """Write a report where it was asked for.

    Raises
    ------
    InputError
        When it cannot be written there.
    """
    write_files({path: page}, "--report PATH")


def check_local(path: Path) -> None:
    """Raise InputError if ``path`` was meant as an address of an object store."""
    address = is_address(str(path))
    if address:
        raise InputError(
            f"cannot write {masked(address)!r}: it is an address, and files are written on this "
            "machine\n\nHint: write a file, and copy it with the store's own tools"
        )


def check_can_write(path: Path, hint: str = "--out PATH") -> None:
    """Raise InputError if no file can be made beside ``path``, before long work for it."""
    check_local(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "there is a folder of that name")
    except OSError as error:
        raise _unwritable(path, error, 0, hint) from error


def _unwritable(path: Path, error: OSError, size: int, hint: str) -> InputError:
    full = error.errno in _FULL
    room = f" (for {size / 1e6:,.1f} MB)" if size else ""
    said = f"make room{room}, or name another disk: {hint}" if full else hint
    return InputError(
        f"cannot write {str(path)!r}: {error.strerror}; nothing was written, and what was there "
        f"before is whole\n\nHint: {said}"
    )

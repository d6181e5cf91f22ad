"""Written: files where they were asked for, whole, or an error that says what to do."""

from __future__ import annotations

import errno
import tempfile
from typing import TYPE_CHECKING

from assaymark.errors import InputError
from assaymark.source.database import is_address, masked
from assaymark.store.whole import NotWrittenError, is_special, write_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["check_can_write", "check_local", "write_files", "write_page"]

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REAL = 0o600


def write_files(
    files: Mapping[Path, bytes], hint: str = "--out PATH", *, real: bool = False
) -> None:
    """Write files to their end in place of what is there, or none of them.

    ``real`` rows are for their owner to read only; else a file keeps the mode that it has, and a
    new one has what the user's umask leaves.

    Raises
    ------
    InputError
        When the disk is full or a folder cannot be written; nothing half written stays.
    """
    asked = {_place(path): path for path in files}
    size = sum(map(len, files.values()))
    try:
        for path in files:
            _make_folder(path)
        write_all({_place(path): raw for path, raw in files.items()}, _REAL if real else None)
    except NotWrittenError as error:
        placed = [asked[path] for path in error.placed]
        raise _unwritable(asked.get(error.path, error.path), error, size, hint, placed) from error


def _place(path: Path) -> Path:
    """Return the file that a link leads to; a pipe behind ``/dev/stdout`` has no name."""
    return path if is_special(path) else path.resolve()


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWrittenError(error, path) from error


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
    if is_special(path):
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "there is a folder of that name")
    except OSError as error:
        raise _unwritable(path, error, 0, hint) from error


def _unwritable(
    path: Path, error: OSError, size: int, hint: str, placed: Sequence[Path] = ()
) -> InputError:
    full = error.errno in _FULL
    room = f" (for {size / 1e6:,.1f} MB)" if size else ""
    said = f"make room{room}, or name another disk: {hint}" if full else hint
    whole = "nothing was written, and what was there before is whole"
    if placed:
        whole = f"replaced already: {', '.join(repr(str(p)) for p in placed)}; all else is whole"
    return InputError(f"cannot write {str(path)!r}: {error.strerror}; {whole}\n\nHint: {said}")

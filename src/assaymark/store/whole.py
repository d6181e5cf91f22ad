"""Whole: files that are on disk to their end, or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PART", "write_all", "write_whole"]

PART = ".part-"
"""How the names of files begin that are not written to their end."""


def write_whole(path: Path, raw: bytes, mode: int) -> None:
    """Write a file in place of one that is there; a crash leaves the old one or the new one."""
    write_all({path: raw}, mode)


def write_all(files: Mapping[Path, bytes], mode: int) -> None:
    """Write files as :func:`write_whole` does; none is put in place before all are on disk."""
    parts: dict[Path, Path] = {}
    try:
        for path, raw in files.items():
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=PART)
            parts[path] = Path(name)
            with os.fdopen(handle, "wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            parts[path].chmod(mode)
        for path, part in parts.items():
            part.replace(path)
    except BaseException:
        for part in parts.values():
            part.unlink(missing_ok=True)
        raise

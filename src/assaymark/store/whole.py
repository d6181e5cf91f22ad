"""Whole: a file that is on disk to its end, or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["PART", "write_whole"]

PART = ".part-"
"""How the names of files begin that are not written to their end."""


def write_whole(path: Path, raw: bytes, mode: int) -> None:
    """Write a file in place of one that is there; a crash leaves the old one or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=PART)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

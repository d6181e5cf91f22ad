"""Block: a stretch of a synthetic table as one Parquet file; the same bytes whoever makes it."""

from __future__ import annotations

import errno
import io
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from assaymark.core.document import Document, sha256
from assaymark.core.streams import Streams
from assaymark.errors import InputError, IntegrityError
from assaymark.generate.model_file import read_model
from assaymark.store.whole import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.generate.model_file import ModelFile

__all__ = ["Block", "Job", "make_block", "plainly", "planned_model", "write_plainly"]

_AGAIN = (
    "\n\nHint: put it back; or delete it, and the same command fits it again; every worker must "
    "see the folder at the same path"
)


class Block(Document):
    """One block: its file, its rows of the endless table, and the SHA-256 of its bytes."""

    file: str
    first: int
    rows: int
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a worker must know to make any block.

    ``folder`` is one that every worker can write to; ``model`` the model file and ``digest`` its
    SHA-256; ``root`` and ``path`` are the stream's.
    """

    folder: str
    model: str
    digest: str
    root: bytes
    path: tuple[str, ...]
    rows: int
    block_rows: int
    mark: str

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return -(-self.rows // self.block_rows)

    def file(self, number: int) -> str:
        """Return the name of a block's file."""
        return f"rows-{number:0{max(5, len(str(self.n_blocks - 1)))}d}.parquet"


def make_block(job: Job, number: int) -> Block:
    """Make block ``number`` and write it as a whole, in place of one that is there.

    Raises
    ------
    IntegrityError
        When the model file is not the planned one.
    InputError
        When the folder is full or cannot be written.
    """
    held = _held(job.model, job.digest)
    first = number * job.block_rows
    rows = range(first, min(first + job.block_rows, job.rows))
    frame = held.model.sample(rows, Streams(job.root, job.path)).frame
    if held.identifiers is not None:
        frame = held.identifiers.joined(frame, rows, job.rows, Streams(job.root))
    out = io.BytesIO()
    frame.write_parquet(out, compression="zstd", metadata={"assaymark": job.mark})
    raw = out.getvalue()
    write_plainly(Path(job.folder, job.file(number)), raw)
    return Block(
        file=job.file(number), first=first, rows=len(rows), sha256=sha256(raw), size=len(raw)
    )


def write_plainly(path: Path, raw: bytes, mode: int = 0o644) -> None:
    """Write a file to its end or not at all.

    Raises
    ------
    InputError
        When the folder is full or cannot be written.
    """
    with plainly(path.name):
        write_whole(path, raw, mode)


@contextmanager
def plainly(what: str) -> Iterator[None]:
    """Turn an error of the file system into one that says what to do."""
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        taken = error.errno in {errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST}
        hint = "move away the folder of that name" if taken else "make the folder writable"
        hint = f"{'make room' if full else hint}, then start"
        raise InputError(
            f"cannot write {what!r}: {error.strerror}; the blocks that are done stay\n\n"
            f"Hint: {hint} the same command again: it goes on where it was"
        ) from error


@lru_cache(maxsize=1)
def _held(file: str, digest: str) -> ModelFile:
    return read_model(planned_model(file, digest))


def planned_model(file: str, digest: str) -> bytes:
    """Return the bytes of the model file at ``file``, whose SHA-256 is ``digest``.

    Raises
    ------
    InputError
        When it cannot be read.
    IntegrityError
        When it is another.
    """
    try:
        raw = Path(file).read_bytes()
    except OSError as error:
        raise InputError(f"the model {file!r} cannot be read: {error.strerror}{_AGAIN}") from error
    if sha256(raw) != digest:
        raise IntegrityError(f"{file!r} is not the model that the blocks are planned with{_AGAIN}")
    return raw

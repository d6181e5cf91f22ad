"""Block plan: which blocks a folder is to hold, which of them are done, and the root over all."""

from __future__ import annotations

import fcntl
import json
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

from pydantic import JsonValue

from assaymark.core.document import Document, sha256
from assaymark.core.merkle import leaf_hash, tree_hash
from assaymark.errors import InputError, IntegrityError
from assaymark.flow.generate.block import Block, plainly, write_plainly
from assaymark.store.whole import PART

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BlockFolder", "Manifest", "Plan", "merkle_root"]

_DONE, _PLAN, _MANIFEST = "done.jsonl", "plan.json", "manifest.json"

_Kind = TypeVar("_Kind", bound=Document)


class Plan(Document):
    """What a folder of blocks is to hold.

    ``source`` is a keyed commitment to the source's bytes, ``model`` the SHA-256 of the model
    file, ``key`` a commitment to the secret root of the random numbers, ``stream`` the name of
    theirs. With model and root, every block can be made again, anywhere, to the byte.
    """

    schema_id: Literal["assaymark/block-plan/v0"] = "assaymark/block-plan/v0"
    gated: bool = False
    mark: str
    table: str
    source: str
    generator: dict[str, JsonValue]
    model: str
    key: str
    stream: str
    columns: tuple[str, ...]
    rows: int
    block_rows: int
    writer: str
    identifiers: Literal["fresh", "left out"] = "left out"

    LATER: ClassVar[tuple[str, ...]] = ("identifiers",)


class Manifest(Document):
    """A finished folder: the plan, its blocks in order, and the Merkle root over these."""

    schema_id: Literal["assaymark/blocks/v0"] = "assaymark/blocks/v0"
    plan: Plan
    blocks: tuple[Block, ...]
    merkle_root: str


def merkle_root(blocks: tuple[Block, ...]) -> str:
    """Return the root (RFC 9162) over the canonical bytes of the blocks."""
    return tree_hash([leaf_hash(b.canonical()) for b in blocks]).hex()


_SCHEMAS = {_PLAN: "assaymark/block-plan/", _MANIFEST: "assaymark/blocks/"}


def _says(file: Path, schema: str) -> bool:
    """Whether a file names one of our schemas, even if it was damaged since."""
    return file.is_file() and f'"{schema}'.encode() in file.read_bytes()


@dataclass(frozen=True, slots=True)
class BlockFolder:
    """A folder of blocks on disk.

    ``plan.json`` is there from before the first block on, ``manifest.json`` once all are done; in
    between, ``private/done.jsonl`` has a line a block. ``private`` also has the model and the root.
    """

    path: Path

    @property
    def private(self) -> Path:
        """Where what must not be handed on is kept."""
        return self.path / "private"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes out; a killed one leaves no lock behind.

        Raises
        ------
        InputError
            When the folder cannot be made, holds something else, or is in use.
        """
        try:
            if self.path.is_dir() and not self._ours() and any(self.path.iterdir()):
                raise InputError(
                    f"{str(self.path)!r} holds something else already\n\n"
                    "Hint: name a new folder, or one that this command began"
                )
            self.path.mkdir(parents=True, exist_ok=True)
            self.private.mkdir(exist_ok=True, mode=0o700)
            file = (self.private / "lock").open("a", encoding="utf-8")
        except OSError as error:
            raise InputError(f"cannot use {str(self.path)!r}: {error.strerror}") from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InputError(
                    f"another process is writing to {str(self.path)!r}\n\nHint: wait for it to end"
                ) from error
            yield

    def plan(self) -> Plan | None:
        """Return the plan that is there, if any; where it was lost, the one that a manifest has.

        Raises
        ------
        IntegrityError
            When plan or manifest cannot be read.
        """
        there, manifest = self._read(_PLAN, Plan), self.manifest()
        return there if manifest is None else there or manifest.plan

    def begin(self, plan: Plan) -> None:
        """Write the plan, and the note that the rows are ungated; blocks of none are forgotten."""
        (self.private / _DONE).unlink(missing_ok=True)
        self.restate(plan)

    def restate(self, plan: Plan) -> None:
        """Write what says what the folder is, where it was lost."""
        for name, raw in (("UNGATED.txt", f"{plan.mark}\n".encode()), (_PLAN, plan.canonical())):
            if not (self.path / name).exists():
                write_plainly(self.path / name, raw)

    def done(self) -> dict[str, Block]:
        """Return the blocks whose files are there with the bytes that were written, by file.

        Every file is read: a block that was altered, cut short or lost is not among them, nor one
        that nobody wrote down. Files that were not written to their end are removed.
        """
        self._tidy()
        return {b.file: b for b in self.noted().values() if self._whole(b)}

    def note(self, block: Block) -> None:
        """Write down that a block is done; on a line of its own, whatever was torn before."""
        with plainly(_DONE), (self.private / _DONE).open("ab") as log:
            log.write(b"\n" + block.canonical())

    def says_what(self) -> bool:
        """Whether plan or manifest of blocks are there, even if they were damaged since."""
        return any(_says(self.path / name, kind) for name, kind in _SCHEMAS.items())

    def manifest(self) -> Manifest | None:
        """Return the manifest; None before the folder is finished.

        Raises
        ------
        IntegrityError
            When it cannot be read.
        """
        return self._read(_MANIFEST, Manifest)

    def promised(self) -> dict[str, Block]:
        """Return the blocks of a manifest that is there: what is made again must be as they are."""
        manifest = self.manifest()
        return {} if manifest is None else {b.file: b for b in manifest.blocks}

    def finish(self, plan: Plan, blocks: tuple[Block, ...]) -> Manifest:
        """Write the manifest over all blocks."""
        made = Manifest(plan=plan, blocks=blocks, merkle_root=merkle_root(blocks))
        write_plainly(self.path / _MANIFEST, made.canonical())
        (self.private / _DONE).unlink(missing_ok=True)
        self._tidy()
        return made

    def check(self) -> Manifest:
        """Return the manifest of a finished folder if every block is as it says.

        Raises
        ------
        IntegrityError
            When a block was altered or is missing, or the root is not over these blocks.
        InputError
            When the folder is not finished.
        """
        found = self.manifest()
        if found is None:
            raise InputError(
                f"{str(self.path)!r} has no manifest\n\nHint: it is not finished; start the same "
                "command again"
            )
        if found.merkle_root != merkle_root(found.blocks):
            raise IntegrityError("the manifest's root is not the root over its blocks")
        bad = [b.file for b in found.blocks if not self._whole(b)]
        if bad:
            raise IntegrityError(f"{len(bad)} blocks were altered or are missing, first {bad[0]}")
        return found

    def _tidy(self) -> None:
        """Remove what a killed process, of this command or one of its workers, did not end."""
        for torn in (*self.path.glob(f"{PART}*"), *self.private.glob(f"{PART}*")):
            torn.unlink(missing_ok=True)

    def _ours(self) -> bool:
        """Whether this command began the folder: `private` or plan may have been deleted since."""
        if (self.private / "root").is_file() or (self.private / "lock").is_file():
            return True
        return self.says_what()

    def _read(self, name: str, kind: type[_Kind]) -> _Kind | None:
        file = self.path / name
        if not file.exists():
            return None
        try:
            return kind.parse(file.read_bytes())
        except IntegrityError as error:
            raise IntegrityError(
                f"{str(file)!r} was damaged or altered: {error}\n\nHint: put it back as it was; "
                "or delete it: the same command writes it again, and makes again the blocks that "
                "it alone vouched for"
            ) from error

    def noted(self) -> dict[str, Block]:
        """Return the blocks that manifest or log say are done, by file, there or not."""
        found = self.promised()
        log = self.private / _DONE
        for line in log.read_bytes().splitlines() if log.exists() else ():
            try:
                block = Block.model_validate(json.loads(line))
            except ValueError:  # the line at which a process was killed
                continue
            found[block.file] = block
        return found

    def _whole(self, block: Block) -> bool:
        file = self.path / block.file
        return (
            file.is_file()
            and file.stat().st_size == block.size
            and sha256(file.read_bytes()) == block.sha256
        )

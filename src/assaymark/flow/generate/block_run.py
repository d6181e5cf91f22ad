"""Block run: a folder of synthetic rows of any size, made block by block, resumable, ungated."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from assaymark.core.document import Document, sha256
from assaymark.core.recipe import GenerateSpec
from assaymark.core.streams import Streams
from assaymark.errors import InputError, IntegrityError
from assaymark.flow.generate.block import Block, Job, planned_model, write_plainly
from assaymark.flow.generate.block_plan import BlockFolder, Manifest, Plan
from assaymark.flow.generate.draft import MARK, check_free, draft
from assaymark.flow.generate.engines import blocks_by, check_engine
from assaymark.flow.generate.fit import model_file, named
from assaymark.flow.progress import pace, silent
from assaymark.flow.written import check_local
from assaymark.generate.model_file import check_can_store
from assaymark.source.read import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assaymark.flow.progress import Progress

__all__ = ["BLOCK_ROWS", "Asked", "WrittenBlocks", "write_blocks"]

BLOCK_ROWS = 262_144
_LOOKED_AT = 10_000
_STREAM = ("sample", "0")
_MODEL, _NOTE, _REPORT = "model.zip", "README.txt", "report.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How many rows of what; ``workers`` 0 means one for each core.

    ``identifiers``: whether keys of the table's own making are made afresh, or left out.
    """

    rows: int
    generator: str = "tree_chain"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    engine: str = "local"
    workers: int = 0
    block_rows: int = BLOCK_ROWS
    keep: tuple[str, ...] = ()
    identifiers: bool = True

    @property
    def spec(self) -> GenerateSpec:
        """The generator as a recipe has it."""
        return GenerateSpec(generator=self.generator, parameters=dict(self.parameters))


class WrittenBlocks(Document):
    """A finished folder: what was made now, what was there, and the root over all blocks.

    Of blocks that were ``redone``, ``lost`` ones were not there, and ``unfinished`` ones were, but
    nothing said that they are whole: the command had ended before it could note them.
    """

    rows: str
    report: str
    n: int
    blocks: int
    made: int
    found: int
    redone: tuple[str, ...]
    lost: tuple[str, ...]
    unfinished: tuple[str, ...]
    merkle_root: str
    gated: bool = False
    notices: tuple[str, ...]


def write_blocks(
    source: Path, out: Path, asked: Asked, progress: Progress = silent
) -> WrittenBlocks:
    """Make the folder ``out`` hold ``asked.rows`` synthetic rows of ``source``, and say how.

    What is there already is kept if its bytes are as they were written; the same call after a
    kill, a full disk or a damaged file makes what is missing. With neither engine nor number of
    workers do the bytes change.

    Raises
    ------
    InputError
        When the generator's model fits in no file, the folder holds blocks of another plan or
        lacks the secret that they were made with, or it cannot be written.
    IntegrityError
        When the model that is there, or a block or the model that is made again, is not as plan
        and manifest say.
    """
    check_engine(asked.engine)
    named(asked.spec)
    check_free(asked.generator)
    check_can_store(asked.generator)
    check_local(out)
    if not source.is_file():
        read_table(source)  # says what is wrong with it, before there is a folder
    folder = BlockFolder(out)
    with folder.lock():
        plan = folder.plan()
        root = _root(folder, asked, plan)
        notices: tuple[str, ...] = ()
        wanted = _wanted(source, asked, root)
        if plan is None:
            plan, notices = _begun(folder, source, asked, root, progress)
        _check_same(plan, wanted, out)
        folder.restate(plan)
        done = folder.done()
        promised = folder.promised()
        job = _job(folder, plan, root)
        missing = [n for n in range(job.n_blocks) if job.file(n) not in done]
        # without any of the files that stand beside it, the model was moved away for handing on
        needed = missing or (folder.private / _NOTE).exists()
        fitted = (folder.private / _MODEL).exists()
        if fitted:
            planned_model(job.model, job.digest)
        unfitted = needed and not fitted
        if unfitted or not (folder.path / _REPORT).exists():
            notices = _fitted(folder, source, asked, root, progress, plan=plan).notices
        again = _redone(folder, [job.file(n) for n in missing])
        found = len(done)
        made = _made(folder, job, missing, asked, progress)
        _check_promised(made, promised)
        whole = done | made
        blocks = tuple(whole[job.file(n)] for n in range(job.n_blocks))
        manifest = folder.finish(plan, blocks)
    return _said(out, manifest, (len(made), found), again, notices)


def _root(folder: BlockFolder, asked: Asked, plan: Plan | None) -> bytes:
    """Return the root of the random numbers; a secret one is kept, for the command to go on."""
    if asked.seed is not None:
        return Streams.from_seed(asked.seed).root
    kept = folder.private / "root"
    if plan is not None and not kept.exists():
        whole, total = len(folder.done()), -(-plan.rows // plan.block_rows)
        raise InputError(
            f"{str(kept)!r} is gone, the secret that the blocks of this folder are made with, so "
            f"that none can be made again; {whole} of {total} blocks are whole"
            "\n\nHint: repeat --seed if one was given; put `private` back if there is a copy; or "
            "name a new folder"
        )
    if not kept.exists():
        write_plainly(kept, secrets.token_bytes(32), 0o600)
    return kept.read_bytes()


def _wanted(source: Path, asked: Asked, root: bytes) -> dict[str, object]:
    """Return what a plan must say to be the plan of this call."""
    return {
        "rows": asked.rows,
        "generator": named(asked.spec),
        "key": sha256(b"assaymark root " + root),
        "source": _commitment(source, root, asked.keep),
        "block_rows": asked.block_rows,
        "writer": f"polars {pl.__version__}",
        "identifiers": "fresh" if asked.identifiers else "left out",
    }


def _commitment(source: Path, root: bytes, keep: Sequence[str]) -> str:
    """Return the keyed digest of the source, and of the columns whose words are kept, if any."""
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    if keep:
        digest += repr(sorted(set(keep))).encode()
    return hmac.new(root, digest, "sha256").hexdigest()


_WHAT = {
    "rows": "another number of rows",
    "generator": "another generator, or other parameters of it",
    "source": "another source or other columns to --keep, or the source has changed since",
    "key": "another seed, or `private/root` is another",
    "block_rows": "other sizes of blocks",
    "writer": "another version of polars, which writes other bytes",
    "identifiers": "another choice on identifiers (--identifiers, --no-identifiers)",
}


def _check_same(plan: Plan, wanted: Mapping[str, object], out: Path) -> None:
    said = {"identifiers": plan.identifiers, **plan.plain()}
    for name, value in wanted.items():
        if said[name] != value:
            raise InputError(
                f"{str(out)!r} was begun with {_WHAT[name]}: it has {said[name]}, asked is {value}"
                f"\n\nHint: {_again(name, asked=value)}"
            )


def _again(name: str, *, asked: object) -> str:
    other = "--identifiers" if asked == "left out" else "--no-identifiers"
    how = f" with {other}" if name == "identifiers" else ""
    return f"repeat the command that began it{how}, or name a new folder"


def _begun(
    folder: BlockFolder, source: Path, asked: Asked, root: bytes, progress: Progress
) -> tuple[Plan, tuple[str, ...]]:
    """Fit, look at the first rows, and write the plan over what a killed process left."""
    made = _fitted(folder, source, asked, root, progress)
    plan = Plan.model_validate(
        {
            **_wanted(source, asked, root),
            "mark": MARK,
            "table": source.stem,
            "model": made.digest,
            "stream": "/".join(_STREAM),
            "columns": made.columns,
        }
    )
    folder.begin(plan)
    return plan, made.notices


class _Fitted(NamedTuple):
    digest: str
    columns: tuple[str, ...]
    notices: tuple[str, ...]


def _fitted(
    folder: BlockFolder,
    source: Path,
    asked: Asked,
    root: bytes,
    progress: Progress,
    *,
    plan: Plan | None = None,
) -> _Fitted:
    """Fit and write model and report; where they were lost, the model must be the planned one."""
    before = _commitment(source, root, asked.keep)
    made = draft(
        read_table(source),
        name=source.stem,
        rows=min(asked.rows, _LOOKED_AT),
        total=asked.rows,
        generator=asked.generator,
        parameters=asked.parameters,
        seed=root if asked.seed is None else asked.seed,
        keep=asked.keep,
        identifiers=asked.identifiers,
        progress=progress,
    )
    if _commitment(source, root, asked.keep) != before:
        raise InputError(
            f"{str(source)!r} changed while the model was fitted to it; nothing was begun\n\n"
            "Hint: give a copy, or wait until nothing writes to it"
        )
    fresh = made.identifiers if made.identifiers.columns else None
    raw = model_file(asked.spec, made.model, Streams(root), fresh)
    if plan is not None and sha256(raw) != plan.model:
        raise IntegrityError(
            f"the model of {str(folder.path)!r} was lost, and fitting again gives another one: "
            f"SHA-256 {sha256(raw)}, not {plan.model}\n\nHint: another version of assaymark or of "
            "a package fits otherwise: take the one that began the folder, or name a new folder"
        )
    write_plainly(folder.private / _MODEL, raw, 0o600)
    write_plainly(folder.private / _NOTE, _README)
    write_plainly(folder.path / _REPORT, made.page)
    return _Fitted(sha256(raw), tuple(made.frame.columns), made.notices)


_README = b"""The fitted model, and the secret root of the random numbers where no --seed was given.
Both are needed to make lost blocks again. Both tell of the source: do not hand them on.
"""


def _job(folder: BlockFolder, plan: Plan, root: bytes) -> Job:
    return Job(
        folder=str(folder.path.resolve()),
        model=str((folder.private / _MODEL).resolve()),
        digest=plan.model,
        root=root,
        path=_STREAM,
        rows=plan.rows,
        block_rows=plan.block_rows,
        mark=plan.mark,
    )


class _Redone(NamedTuple):
    redone: tuple[str, ...]
    lost: tuple[str, ...]
    unfinished: tuple[str, ...]


def _redone(folder: BlockFolder, missing: Sequence[str]) -> _Redone:
    """Return which missing blocks are made a second time, and why."""
    promised, noted = folder.promised(), folder.noted()
    there = {f for f in missing if (folder.path / f).exists()}
    redone = tuple(f for f in missing if f in promised or f in there)
    lost = tuple(f for f in redone if f not in there)
    return _Redone(redone, lost, tuple(f for f in redone if f not in noted))


def _made(
    folder: BlockFolder, job: Job, missing: list[int], asked: Asked, progress: Progress
) -> dict[str, Block]:
    made: dict[str, Block] = {}
    begun, rows = time.monotonic(), 0
    total = sum(min(job.block_rows, job.rows - n * job.block_rows) for n in missing)
    workers = asked.workers or os.cpu_count() or 1
    for _, block in blocks_by(asked.engine, job, missing, workers):
        folder.note(block)
        made[block.file] = block
        rows += block.rows
        progress("generate", pace(rows, total, time.monotonic() - begun), rows / total)
    return made


def _check_promised(made: Mapping[str, Block], promised: Mapping[str, Block]) -> None:
    for file, block in made.items():
        if file in promised and promised[file] != block:
            raise IntegrityError(
                f"{file} was made again and is not as the manifest says: SHA-256 {block.sha256}, "
                f"not {promised[file].sha256}\n\nHint: model, root or manifest were altered"
            )


def _said(
    out: Path,
    manifest: Manifest,
    counts: tuple[int, int],
    again: _Redone,
    notices: tuple[str, ...],
) -> WrittenBlocks:
    return WrittenBlocks(
        rows=str(out),
        report=str(out / _REPORT),
        n=manifest.plan.rows,
        blocks=len(manifest.blocks),
        made=counts[0],
        found=counts[1],
        redone=again.redone,
        lost=again.lost,
        unfinished=again.unfinished,
        merkle_root=manifest.merkle_root,
        notices=(
            *notices,
            f"The report looks at the first {min(manifest.plan.rows, _LOOKED_AT):,} rows.",
            f"{out / 'private'} holds the fitted model: move it away before you hand the rows on; "
            "without it no block can be made again."
            if (out / "private" / _MODEL).exists()
            else f"{out / 'private'} holds no fitted model: it was moved away.",
        ),
    )

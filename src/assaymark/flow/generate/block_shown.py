"""Block shown: what a folder of blocks says of itself, without a look into its blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.document import Document
from assaymark.flow.generate.block_plan import BlockFolder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BlocksShown", "show_blocks"]


class BlocksShown(Document):
    """A folder of ungated rows: of which table, how many, and how many blocks are there."""

    folder: str
    table: str
    generator: str
    n: int
    blocks: int
    there: int
    finished: bool
    merkle_root: str
    gated: bool = False


def show_blocks(path: Path) -> BlocksShown | None:
    """Return what the folder at ``path`` is; None where no plan or manifest of blocks is there.

    Raises
    ------
    IntegrityError
        When plan or manifest were damaged.
    """
    folder = BlockFolder(path)
    if not folder.says_what():
        return None
    plan, manifest = folder.plan(), folder.manifest()
    if plan is None:
        return None
    return BlocksShown(
        folder=str(path),
        table=plan.table,
        generator=str(plan.generator["name"]),
        n=plan.rows,
        blocks=-(-plan.rows // plan.block_rows),
        there=sum((path / file).is_file() for file in folder.noted()),
        finished=manifest is not None,
        merkle_root="" if manifest is None else manifest.merkle_root,
    )

"""Lineage: every act between a source and the files of a release, and what it was done to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from assaymark.core.document import Document
from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Act", "check_lineage"]


class Act(Document):
    """One act: what it was done to, by name, and what came of it.

    ``content`` is the SHA-256 of what came of it where that is in the release or a model file, a
    keyed commitment where it is real rows, and empty for steps in between.
    """

    kind: Literal["read", "transform", "split", "fit", "sample", "write"]
    what: str
    inputs: tuple[str, ...]
    output: str
    content: str = ""


def check_lineage(acts: Sequence[Act], files: Mapping[str, str]) -> None:
    """Raise unless the acts lead from a source to exactly these files (name to SHA-256).

    Raises
    ------
    IntegrityError
        When an act is done to what is not there yet, or a file is of no act, or of another.
    """
    there: dict[str, str] = {}
    for act in acts:
        unknown = [i for i in act.inputs if i not in there]
        if unknown or act.output in there or bool(act.inputs) == (act.kind == "read"):
            raise IntegrityError(
                f"the lineage is broken at {act.kind} {act.output}: "
                f"{', '.join(unknown) or 'it comes of nothing, or was there before'}"
            )
        there[act.output] = act.content
    made = {a.output for a in acts if a.kind in {"sample", "write"}}
    for name in sorted(made ^ set(files)):
        raise IntegrityError(f"{name} is of no declared act, or missing")
    for name, digest in files.items():
        if there[name] != digest:
            raise IntegrityError(f"{name} was changed by something that was not declared")

"""Lineage: the acts of a run, from the source that was read to the files that are released."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.document import sha256
from assaymark.core.lineage import Act
from assaymark.flow.generate.row_files import csv_of
from assaymark.release.build import row_files

if TYPE_CHECKING:
    from assaymark.core.generator import GeneratorVersion
    from assaymark.flow.generate.fit import Candidate
    from assaymark.flow.source.read import Prepared

__all__ = ["lineage_of"]


def lineage_of(
    prepared: Prepared, candidate: Candidate, version: GeneratorVersion
) -> tuple[Act, ...]:
    """Return every act, before and after the fit; nothing else is done to the rows."""
    acts = [
        Act(kind="read", what="the table", inputs=(), output="source", content=prepared.commitment)
    ]
    for i, step in enumerate(prepared.transformations):
        acts.append(
            Act(
                kind="transform",
                what=f"{step.kind}: {step.parameters}",
                inputs=(acts[-1].output,),
                output=f"transformed {i + 1}",
            )
        )
    commitment = prepared.parts.commitment
    split = f"by {prepared.parts.unit}; identifiers and free text left out"
    model = sha256(candidate.model) if candidate.model else ""
    fitted = f"{version.name}, version {version.digest()[:16]}"
    last = (acts[-1].output,)
    acts += [
        Act(kind="split", what=split, inputs=last, output="train", content=commitment),
        Act(kind="fit", what=fitted, inputs=("train",), output="model", content=model),
    ]
    texts = candidate.summary.get("constraints") or []
    drawn = "; ".join(map(str, texts)) if isinstance(texts, list) else ""
    n = len(candidate.files)
    paths = zip(candidate.files, row_files(n, ".parquet"), row_files(n, ".csv"), strict=True)
    for raw, parquet, csv in paths:
        acts += [
            Act(
                kind="sample",
                what=f"rows such that {drawn}" if drawn else "rows as they are drawn",
                inputs=("model",),
                output=parquet,
                content=sha256(raw),
            ),
            Act(
                kind="write",
                what="the same rows as CSV",
                inputs=(parquet,),
                output=csv,
                content=sha256(csv_of(raw)),
            ),
        ]
    return tuple(acts)

"""Lot model: the model that a release was approved with, and its recipe's constraints."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
from pydantic import TypeAdapter

from assaymark.core.constraint import ConstraintSpec, FixedCombinations
from assaymark.core.dataset import Dataset
from assaymark.core.document import sha256
from assaymark.core.plausibility import RuleSpec
from assaymark.core.streams import Streams
from assaymark.errors import IntegrityError, NotApprovedError
from assaymark.flow.generate.model import load_model
from assaymark.generate.constraints.constrained import Constrained
from assaymark.generate.constraints.demands import Demands, demands_of
from assaymark.generate.constraints.plausible import keeping
from assaymark.generate.model_file import read_model

if TYPE_CHECKING:
    from pathlib import Path

    from assaymark.core.protocols import Model
    from assaymark.flow.release.issued import Issued
    from assaymark.store.workspace import Workspace

__all__ = ["Approved", "approved_of", "made_by"]

_RULES: TypeAdapter[tuple[RuleSpec, ...]] = TypeAdapter(tuple[RuleSpec, ...])
_SPECS: TypeAdapter[tuple[ConstraintSpec, ...]] = TypeAdapter(tuple[ConstraintSpec, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """A model with its digest; ``unknown`` says why its constraints cannot be checked."""

    model: Model
    digest: str
    demands: Demands
    unknown: str = ""


def approved_of(workspace: Workspace, release: Issued, given: Path | None) -> Approved:
    """Return the model that the workspace kept for a release, or the one given in its place.

    Raises
    ------
    NotApprovedError
        When no model was kept: the generator's cannot be written to a file.
    """
    if not release.made.model:
        raise NotApprovedError(
            f"no model of {release.folder.name} was kept: {release.made.generator!r} has none that "
            "can be written to a file\n\nHint: run the recipe again, as a new release"
        )
    if given is None:
        raw = workspace.get(release.made.model)
        held, digest = read_model(raw), sha256(raw)
    else:
        held, digest = load_model(given)
    demands, unknown = _demands(workspace, release)
    return Approved(model=held.model, digest=digest, demands=demands, unknown=unknown)


def made_by(approved: Approved, rows: int, streams: Streams) -> pl.DataFrame:
    """Draw rows that satisfy the constraints."""
    model = approved.model
    if approved.demands.texts:
        model = Constrained(model=model, demands=approved.demands)
    return model.sample(range(rows), streams).frame


def _demands(workspace: Workspace, release: Issued) -> tuple[Demands, str]:
    """Return the constraints, built on the approved rows in place of the real ones."""
    entries = workspace.ledger.entries(kind="candidate", subject=release.made.candidate)
    if not entries:
        raise IntegrityError(f"the ledger has no candidate {release.made.candidate[:16]}")
    about = json.loads(workspace.get(str(entries[-1].body["about"])))
    texts = about["summary"].get("constraints") or []
    specs = _SPECS.validate_json(json.dumps(about.get("constraint", [])))
    rules = _RULES.validate_json(json.dumps(about.get("plausible", [])))
    if texts and not (specs or rules):
        return Demands(), "the constraints were not kept with this candidate: run the recipe again"
    if any(isinstance(s, FixedCombinations) for s in specs):
        return Demands(), "which combinations are known is read off the real rows: run the recipe"
    if not (specs or rules):
        return Demands(), ""
    first = entries[-1].body["files"]
    raw = workspace.get(str(first[0])) if isinstance(first, list) else b""
    model = read_model(workspace.get(release.made.model)).model
    schema = model.sample(range(1), Streams.from_seed(0)).schema
    rows = Dataset(schema=schema, frame=pl.read_parquet(io.BytesIO(raw)))
    return keeping(demands_of(specs, rows), rules, rows), ""

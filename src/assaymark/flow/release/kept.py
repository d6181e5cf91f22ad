"""Kept: keyed hashes of the people behind a release, sealed, so that lots need no real rows."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from assaymark.core.case import Case
from assaymark.core.threat import Profile, threat_of
from assaymark.errors import DataError, IntegrityError
from assaymark.evaluate.controls import hits_difference
from assaymark.evaluate.isolation import scene_of, sides_of
from assaymark.source.folds import Folds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assaymark.core.dataset import Dataset
    from assaymark.evaluate.statistics import Interval
    from assaymark.flow.source.read import Prepared
    from assaymark.store.workspace import Workspace

__all__ = ["Exposure", "exposure_of", "keep_people"]

_PREFIX = "people-of-"
_HEX = 24
_TAG = 32
_FEW = 100
_MARK = "\x1f"


class Exposure(NamedTuple):
    """How many people's own rows were repeated, of those learnt from and of those never seen.

    ``excess`` is the difference of the shares with its interval.
    """

    members: int
    of_members: int
    unseen: int
    of_unseen: int
    excess: Interval


def keep_people(
    workspace: Workspace, candidate: str, prepared: Prepared, candidate_rows: Dataset
) -> None:
    """Seal a keyed hash of each person's most isolated record, if it is unlike any other.

    Those learnt from, and as a control those of development and reference: as
    :class:`assaymark.evaluate.privacy.copies.Copies` counts them. Synthetic rows play no part in
    which records these are, so that a few of the candidate's stand for all. A cross-fit has nobody
    who was never seen, and nothing is kept.
    """
    parts = prepared.parts
    if isinstance(parts, Folds) or workspace.unseal(_PREFIX + candidate):
        return
    case = Case(
        schema=parts.train.schema,
        train=parts.train,
        holdout=parts.development,
        reference=parts.reference,
        synthetics=(candidate_rows.take(np.arange(min(_FEW, candidate_rows.n))),),
        threat=threat_of(Profile.CONTROLLED),
    )
    scene, (holdout, reference, _) = scene_of(case), sides_of(case)
    key, first = workspace.secret("people"), scene.controls.n
    records = {
        "members": [parts.train.take(scene.members.record)],
        "unseen": [
            holdout.take(scene.controls.record),
            reference.take(scene.unseen.record[first:]),
        ],
    }
    unlike = {"members": scene.members.distinctive, "unseen": scene.unseen.distinctive}
    names = parts.train.schema.names
    kept = {
        side: [
            row if alone else ""
            for row, alone in zip(
                (h for d in data for h in _hashes(d.frame, names, key)),
                unlike[side].tolist(),
                strict=True,
            )
        ]
        for side, data in records.items()
    }
    raw = json.dumps({"columns": names, **kept}).encode()
    workspace.seal(_PREFIX + candidate, raw + hmac.digest(key, raw, "sha256"))


def exposure_of(workspace: Workspace, candidate: str, frames: Iterable[pl.DataFrame]) -> Exposure:
    """Count the people whose record, unlike any other, is repeated by one of ``frames``.

    Raises
    ------
    DataError
        When nothing is kept of these people.
    """
    sealed = workspace.unseal(_PREFIX + candidate)
    if sealed is None:
        raise DataError(
            "nothing is kept of the people behind this release: it was cross-fitted, or their "
            "hashes were erased"
        )
    key, raw = workspace.secret("people"), sealed[:-_TAG]
    if not hmac.compare_digest(hmac.digest(key, raw, "sha256"), sealed[-_TAG:]):
        raise IntegrityError("what is kept of the people behind this release was altered")
    kept = json.loads(raw)
    names = kept["columns"]
    released = {h for f in frames if set(names) <= set(f.columns) for h in _hashes(f, names, key)}
    hits = {
        side: np.array([row in released for row in kept[side]], dtype=bool)
        for side in ("members", "unseen")
    }
    members, unseen = hits["members"], hits["unseen"]
    return Exposure(
        int(members.sum()),
        len(members),
        int(unseen.sum()),
        len(unseen),
        hits_difference(members, unseen),
    )


def _hashes(frame: pl.DataFrame, names: Sequence[str], key: bytes) -> list[str]:
    cells = (pl.col(n).cast(pl.String).fill_null("\x00") for n in names)
    text = frame.select(pl.concat_str(cells, separator=_MARK)).to_series()
    return [hmac.digest(key, row.encode(), "sha256").hex()[:_HEX] for row in text.to_list()]

"""Attempt: the candidate of a run, made once and found again by every later run of the same."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark import __version__
from assaymark.core.document import sha256
from assaymark.core.privacy import PrivacyGuarantee
from assaymark.core.streams import Streams
from assaymark.flow.evaluate.audit import begun, check_declared
from assaymark.flow.generate.fit import Candidate, candidate_of
from assaymark.flow.release.history import attempt_event
from assaymark.flow.source.budget import charge
from assaymark.source.folds import FOLDS, Folds

if TYPE_CHECKING:
    from assaymark.core.recipe import Recipe
    from assaymark.flow.progress import Progress
    from assaymark.flow.source.queries import Asked
    from assaymark.flow.source.read import Prepared
    from assaymark.store.workspace import Workspace

__all__ = ["Attempt", "Making", "obtain", "sealed_root"]

_ROOT_OF = "root-of-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A candidate, the secret streams it was drawn from, and whether it was there before."""

    candidate: Candidate
    streams: Streams
    reused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What a candidate is made of, and who makes it."""

    recipe: Recipe
    prepared: Prepared
    asked: Asked
    seed: int | None

    @property
    def key(self) -> str:
        """What must be equal for two runs to have the same candidate.

        Rights, uses, title and policy are not part of it: adding them makes no new attempt.
        """
        part = {"columns", "transform", "split", "generate"}
        asked = json.loads(self.recipe.model_dump_json(include=part))
        asked["split"].pop("cross_fit", None)
        asked["generate"] = self.recipe.making.plain()
        if self.recipe.privacy is not None and self.recipe.privacy.canaries:
            asked["canaries"] = self.recipe.privacy.canaries
        if isinstance(self.prepared.parts, Folds):
            asked["split"] = {"unit": self.recipe.split.unit, "folds": FOLDS}
        return sha256(
            json.dumps([self.asked.source, asked, self.seed, __version__], sort_keys=True).encode()
        )


def obtain(
    workspace: Workspace, making: Making, progress: Progress, *, fresh: bool = False
) -> Attempt:
    """Return the candidate that was made before, or make it.

    The secret root of the randomness is sealed before the fit starts, so that a run killed in
    the middle makes the same rows when it is started again; ``fresh`` draws a new root.
    """
    streams = _root(workspace, making, fresh=fresh)
    if not fresh:
        found = _made(workspace, making.key)
        if found is not None:
            progress("generate", "found the candidate of an earlier run", 1.0)
            return Attempt(candidate=found, streams=streams, reused=True)
    spec = making.recipe.making
    progress("generate", f"fitting {spec.generator}", 0.1)

    def record(who: str, why: str) -> None:
        making.asked.record(who, why, (part,))

    part = "everybody" if isinstance(making.prepared.parts, Folds) else "train"
    if making.recipe.privacy is not None:
        check_declared(making.recipe.privacy, making.prepared.parts.train)
        charge(making.asked, making.recipe.privacy, making.prepared.prints, making.key)
    test = begun(making.asked, making.recipe.privacy, making.prepared.parts.train)
    candidate = test.ended(candidate_of(spec, test.rows, streams, record), streams)
    workspace.seal(f"{_ROOT_OF}{candidate.digest}", streams.root)
    _keep(workspace, making, candidate)
    progress("generate", "rows written", 1.0)
    return Attempt(candidate=candidate, streams=streams, reused=False)


def sealed_root(workspace: Workspace, candidate: str) -> bytes | None:
    """Return the secret root that a candidate was made from, if it was made here."""
    return workspace.unseal(f"{_ROOT_OF}{candidate}")


def _root(workspace: Workspace, making: Making, *, fresh: bool) -> Streams:
    if making.seed is not None:
        return Streams.from_seed(making.seed)
    name = f"root-{making.key}"
    raw = None if fresh else workspace.unseal(name)
    streams = Streams(raw) if raw else Streams.secret()
    if raw is None:
        workspace.seal(name, streams.root)
    return streams


def _keep(workspace: Workspace, making: Making, candidate: Candidate) -> None:
    about = {
        "summary": candidate.summary,
        "generator": candidate.generator,
        "holds_records": candidate.holds_records,
        "seconds": list(candidate.seconds),
        "privacy": None if candidate.privacy is None else candidate.privacy.plain(),
        "constraint": [s.plain() for s in making.recipe.generate.constraint],
        "plausible": [s.plain() for s in making.recipe.making.plausible],
    }
    body = {
        "key": making.key,
        "population": making.asked.population,
        "source": making.asked.source,
        "split": making.prepared.parts.commitment,
        "files": [workspace.put(raw) for raw in candidate.files],
        "about": workspace.put(json.dumps(about, sort_keys=True).encode()),
        "model": workspace.put(candidate.model) if candidate.model else "",
    }
    events = [
        *attempt_event(workspace, candidate.digest, making.asked.population),
        ("candidate", candidate.digest, body),
    ]
    workspace.ledger.append_all(events, making.asked.actor)


def _made(workspace: Workspace, key: str) -> Candidate | None:
    entries = [e for e in workspace.ledger.entries(kind="candidate") if e.body["key"] == key]
    if not entries:
        return None
    body = entries[-1].body
    about = json.loads(workspace.get(str(body["about"])))
    files = body["files"]
    if not isinstance(files, list) or not {"holds_records", "seconds"} <= set(about):
        return None
    return Candidate(
        files=tuple(workspace.get(str(d)) for d in files),
        summary=about["summary"],
        generator=about["generator"],
        holds_records=about["holds_records"],
        seconds=tuple(about["seconds"]),
        model=workspace.get(str(body["model"])) if body.get("model") else b"",
        privacy=PrivacyGuarantee.parse(json.dumps(said))
        if (said := about.get("privacy"))
        else None,
    )

"""Lot: a further batch from an approved, unchanged model, accepted in seconds or held."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from assaymark import __version__
from assaymark.core.actor import Actor
from assaymark.core.document import Document, decimal, sha256
from assaymark.core.streams import Streams
from assaymark.decide.policy import parse_policy
from assaymark.errors import ConditionError, DataError, InputError, IntegrityError, NotApprovedError
from assaymark.flow.generate.row_files import csv_of, parquet_of
from assaymark.flow.release.folder import read_release
from assaymark.flow.release.heard import check_in_force
from assaymark.flow.release.kept import exposure_of
from assaymark.flow.release.log import logged
from assaymark.flow.release.lot_model import Approved, approved_of, made_by
from assaymark.flow.release.recall import of_workspace
from assaymark.monitor.agree import FALSE_ALARM, agree
from assaymark.monitor.sketch import Sketch
from assaymark.release.envelope import payload_of
from assaymark.release.logged import LOG_ENTRY, LOG_PROOF, STATEMENT
from assaymark.release.lots import LOT, LOT_ROWS, OF_RELEASE, Lot, LotCheck, lot_bytes
from assaymark.release.predicates import Decided
from assaymark.release.statement import read_statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from assaymark.core.entry import Entry
    from assaymark.decide.policy import Policy
    from assaymark.flow.release.issued import Issued
    from assaymark.store.workspace import Workspace

__all__ = ["Batch", "LotMade", "checks_of", "lots_of", "make_lot"]

_COPIES = "copies.exact_excess"


class LotMade(Document):
    """What came of a lot: where it is, and each check; ``held`` says why it is in quarantine."""

    name: str
    release: str
    rows: int
    accepted: bool
    where: str
    checks: tuple[LotCheck, ...]

    @property
    def held(self) -> tuple[str, ...]:
        """Why it is held, if it is."""
        return tuple(c.said for c in self.checks if c.outcome == "held")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The rows of a lot to be, the model they came from, and what was handed out before."""

    frame: pl.DataFrame
    model: str
    before: int
    earlier: tuple[pl.DataFrame, ...]


def make_lot(
    workspace: Workspace,
    name: str,
    rows: int,
    *,
    model: Path | None = None,
    seed: int | None = None,
) -> LotMade:
    """Draw ``rows`` rows from the model that a release was approved with, and check them.

    ``model`` is a model file in place of the one that the workspace kept. A lot that is accepted
    is written to ``lots`` with a signed statement that is in the ledger; one that is held goes to
    the quarantine with the reason. The real rows are not read.

    Raises
    ------
    NotApprovedError
        When the release is expired, contested, degraded or withdrawn, or for uses that affect
        people's rights.
    InputError
        When no model was kept, or ``model`` cannot be read.
    """
    release = of_workspace(workspace, name)
    check_in_force(release, today=datetime.now(UTC).date())
    if _decided(release).affects_rights:
        raise NotApprovedError(
            f"{name} is for uses that affect people's rights, which light acceptance is not enough "
            "for\n\nHint: run the recipe again, as a new release"
        )
    if rows < 1:
        raise InputError("a lot needs rows\n\nHint: --rows 5000")
    with workspace.lock():
        approved = approved_of(workspace, release, model)
        streams = Streams.secret() if seed is None else Streams.from_seed(seed)
        number = 1 + len(lots_of(workspace, release.manifest))
        batch = _batch(workspace, release, approved, (rows, streams.child("lot", number)))
        policy = parse_policy((release.folder / "policy.toml").read_bytes())
        checks = checks_of(workspace, release, approved, batch, policy)
        said = "secret root" if seed is None else f"public seed {seed}"
        return _written(workspace, release, (number, said), batch, checks)


def _decided(release: Issued) -> Decided:
    raw = (release.folder / "attestations/decision.dsse.json").read_bytes()
    return Decided.parse(read_statement(payload_of(raw), "decision")[1])


def lots_of(workspace: Workspace, manifest: str) -> list[Entry]:
    """Return the ledger's entries of the lots of a release, oldest first."""
    return [e for e in workspace.ledger.entries(kind="lot") if e.body.get("parents") == [manifest]]


def checks_of(
    workspace: Workspace, release: Issued, approved: Approved, batch: Batch, policy: Policy
) -> tuple[LotCheck, ...]:
    """Return every check of a batch; it is held if one of them says so."""
    return (
        _generator(release, approved),
        _constraints(approved, batch),
        _drift(release, batch),
        _copies(workspace, release, batch, policy),
        _rows(release, batch, policy),
    )


def _generator(release: Issued, approved: Approved) -> LotCheck:
    if approved.digest != release.made.model:
        said = f"the model is {approved.digest[:16]}, and {release.made.model[:16]} was approved"
        return LotCheck(name="generator", outcome="held", said=said)
    return LotCheck(name="generator", outcome="ok", said="the model is the one that was approved")


def _constraints(approved: Approved, batch: Batch) -> LotCheck:
    if approved.unknown:
        return LotCheck(name="constraints", outcome="held", said=approved.unknown)
    broken = int((~approved.demands.hold(batch.frame)).sum()) if batch.frame.width else 0
    n = len(approved.demands.texts)
    if broken:
        said = f"{broken} rows break a constraint of the recipe"
        return LotCheck(name="constraints", outcome="held", said=said, value=str(broken), limit="0")
    said = f"every row satisfies {n} constraints" if n else "the recipe has none"
    return LotCheck(name="constraints", outcome="ok", said=said)


def _drift(release: Issued, batch: Batch) -> LotCheck:
    sketch = Sketch.parse((release.folder / "sketch.json").read_bytes())
    try:
        found = agree(sketch, batch.frame)
    except DataError as error:
        return LotCheck(name="drift", outcome="held", said=str(error))
    said = f"most apart in {found.subject}: {found.distance:.3f} of the rows"
    return LotCheck(
        name="drift",
        outcome="ok" if found.holds else "held",
        said=said if found.holds else f"drifted from the approved rows; {said}",
        value=decimal(found.p) or "",
        limit=decimal(found.limit) or "",
    )


def _copies(workspace: Workspace, release: Issued, batch: Batch, policy: Policy) -> LotCheck:
    rules = [r for r in policy.rule if r.metric == _COPIES and r.severity == "block"]
    limit = min((r.threshold for r in rules), default=0.0)
    try:
        found = exposure_of(workspace, release.made.candidate, (*batch.earlier, batch.frame))
    except DataError as error:
        return LotCheck(name="copies", outcome="held", said=str(error))
    excess = found.excess
    shown = f"{excess.value:.4f} [{excess.low:.4f}, {excess.high:.4f}]"
    beyond = excess.high > limit
    return LotCheck(
        name="copies",
        outcome="held" if beyond else "ok",
        said=f"people whose record, unlike any other, is repeated by any rows handed out so far, "
        f"less the same share of people never seen: {shown}"
        + ("; not shown to be within what the policy allows" if beyond else ""),
        value=decimal(excess.value) or "",
        limit=decimal(limit) or "",
    )


def _rows(release: Issued, batch: Batch, policy: Policy) -> LotCheck:
    approved = release.made.rows * release.made.replicates
    total, most = batch.before + batch.frame.height, int(policy.lot_rows_at_most * approved)
    said = f"{total:,} rows of this model in all; {most:,} are allowed"
    outcome = "held" if total > most else "ok"
    return LotCheck(
        name="rows",
        outcome=outcome,  # type: ignore[arg-type]
        said=said + ("" if outcome == "ok" else ": run the recipe again, as a new release"),
        value=str(total),
        limit=str(most),
    )


def _batch(
    workspace: Workspace, release: Issued, approved: Approved, draw: tuple[int, Streams]
) -> Batch:
    rows, streams = draw
    try:
        frame = made_by(approved, rows, streams)
    except ConditionError as error:
        raise InputError(f"{rows:,} rows cannot be drawn: {error}") from error
    lots = lots_of(workspace, release.manifest)
    before = release.made.rows * release.made.replicates + sum(_number(e, "rows") for e in lots)
    return Batch(
        frame=frame,
        model=approved.digest,
        before=before,
        earlier=tuple(_handed_out(workspace, release)),
    )


def _handed_out(workspace: Workspace, release: Issued) -> Iterator[pl.DataFrame]:
    """Yield all rows that were released of the same people, lots among them."""
    made = {e.subject: e for e in workspace.ledger.entries(kind="candidate")}
    ours = made[release.made.candidate].body
    released = dict.fromkeys(e.subject for e in workspace.ledger.entries(kind="release"))
    same = [
        made[c]
        for c in released
        if c in made and any(made[c].body[k] == ours[k] for k in ("source", "population"))
    ]
    known = {e.subject for e in same}
    lots = [e for e in workspace.ledger.entries(kind="lot") if e.body["candidate"] in known]
    for entry in (*same, *lots):
        files = entry.body["files"]
        for digest in files if isinstance(files, list) else []:
            yield pl.read_parquet(io.BytesIO(workspace.get(str(digest))))


def _number(e: Entry, key: str) -> int:
    value = e.body[key]
    if not isinstance(value, int):
        raise IntegrityError(f"entry {e.index} of the ledger has no number for {key!r}")
    return value


def _written(
    workspace: Workspace,
    release: Issued,
    which: tuple[int, str],
    batch: Batch,
    checks: Sequence[LotCheck],
) -> LotMade:
    number, randomness = which
    name, key = f"{release.folder.name}-lot-{number:03d}", workspace.key()
    parquet = parquet_of(batch.frame)
    rows = dict(zip(LOT_ROWS, (csv_of(parquet), parquet), strict=True))
    held = [c for c in checks if c.outcome == "held"]
    subject = sha256(sha256(parquet).encode())
    actor = Actor(key=key.fingerprint)
    if held:
        name = f"{name}-{subject[:8]}"
        note = {"release": release.folder.name, "held": [c.said for c in held]}
        text = f"QUARANTINE: this lot was held. Do not hand it on.\n{json.dumps(note, indent=2)}\n"
        where = workspace.write_folder(
            f"quarantine/{name}", {**rows, "QUARANTINE.txt": text.encode()}
        )
        body = {"release": release.manifest, "name": name, "held": [c.name for c in held]}
        workspace.ledger.append("lot.held", subject, body, actor)
        return _made(name, release, batch, checks, where)
    lot = Lot(
        release=release.manifest,
        name=name,
        number=number,
        candidate=release.made.candidate,
        model=batch.model,
        rows=batch.frame.height,
        rows_in_all=batch.before + batch.frame.height,
        uses=release.released.approved,
        checks=tuple(checks),
        false_alarm=f"{FALSE_ALARM:g}",
        randomness=randomness,
        expires=release.released.expires,
        software=f"assaymark {__version__}",
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    signed = lot_bytes(lot, rows, key.sign, key.fingerprint)
    about = {"statement": "lot", "release": release.manifest}
    entry = workspace.ledger.append(STATEMENT, sha256(signed), about, actor)
    there = read_release(release.folder)
    proof = logged(workspace, entry, ())
    files = {
        **rows,
        LOT: signed,
        **{here: there[path] for here, path in OF_RELEASE.items()},
        f"keys/{key.fingerprint}.pub": there[f"keys/{key.fingerprint}.pub"],
        **{path: proof[path] for path in (LOG_ENTRY, LOG_PROOF)},
    }
    where = workspace.write_folder(f"lots/{name}", files)
    workspace.ledger.append(
        "lot",
        subject,
        {
            "name": name,
            "parents": [release.manifest],
            "candidate": release.made.candidate,
            "manifest": sha256(signed),
            "rows": batch.frame.height,
            "files": [workspace.put(parquet)],
        },
        actor,
    )
    return _made(name, release, batch, checks, where)


def _made(
    name: str, release: Issued, batch: Batch, checks: Sequence[LotCheck], where: Path
) -> LotMade:
    return LotMade(
        name=name,
        release=release.folder.name,
        rows=batch.frame.height,
        accepted=all(c.outcome == "ok" for c in checks),
        where=str(where),
        checks=tuple(checks),
    )

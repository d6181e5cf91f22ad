"""History: the entries of the ledger that a release rests on, each under the same checkpoint."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Literal

from assaymark.core.document import Document
from assaymark.core.entry import Entry
from assaymark.core.merkle import check_inclusion, leaf_hash
from assaymark.core.note import canonical_base64
from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assaymark.core.checkpoint import Checkpoint
    from assaymark.release.predicates import CrossFitDecided, Decided, StageDecided

__all__ = [
    "ATTEMPT",
    "DECIDED",
    "EVALUATED",
    "HISTORY",
    "OPENED",
    "POLICY",
    "History",
    "Shown",
    "check_attempts",
    "check_order",
    "read_history",
]

HISTORY = "log/history.json"
POLICY = "policy.committed"
ATTEMPT = "attempt"
OPENED = "confirmation.opened"
EVALUATED = "evaluated"
DECIDED = "decided"
_KINDS = frozenset({POLICY, ATTEMPT, OPENED, EVALUATED, DECIDED, "statement"})


class Shown(Document):
    """An entry of the ledger, and the path from it to the root (base64)."""

    entry: Entry
    path: tuple[str, ...]


class History(Document):
    """What a release rests on, in the ledger's order.

    That is: the commitment to its policy, every attempt at these persons and every opening of
    their confirmation holdout until then, the evaluations, the decision, and the approvals.
    """

    schema_id: Literal["assaymark/history/v0"] = "assaymark/history/v0"
    entries: tuple[Shown, ...]

    @classmethod
    def of(cls, entries: Iterable[tuple[Entry, Sequence[bytes]]]) -> History:
        """Gather entries with their paths, raw hashes."""
        return cls(
            entries=tuple(
                Shown(entry=e, path=tuple(base64.b64encode(p).decode() for p in path))
                for e, path in sorted(entries, key=lambda pair: pair[0].index)
            )
        )


def read_history(raw: bytes, head: Checkpoint) -> tuple[Entry, ...]:
    """Return the entries, each of them under the checkpoint.

    Raises
    ------
    IntegrityError
        When one is not, or they are not in the ledger's order.
    """
    found = History.parse(raw)
    if found.canonical() != raw:
        raise IntegrityError(f"{HISTORY} is not in canonical form")
    entries = tuple(s.entry for s in found.entries)
    if [e.index for e in entries] != sorted({e.index for e in entries}):
        raise IntegrityError(f"{HISTORY} is not in the ledger's order")
    if [e.time for e in entries] != sorted(e.time for e in entries):
        raise IntegrityError(f"{HISTORY} has an entry dated before the one that it follows")
    for s in found.entries:
        if s.entry.kind not in _KINDS:
            raise IntegrityError(f"{HISTORY} shows an entry of kind {s.entry.kind!r}")
        path = [canonical_base64(p) for p in s.path]
        leaf = leaf_hash(s.entry.canonical())
        check_inclusion(leaf, s.entry.index, head.size, path, head.root)
    return entries


def check_order(
    entries: Sequence[Entry],
    *,
    decided: Decided,
    decision: str,
    approvals: Sequence[str],
    last: int,
) -> str:
    """Return the order in words.

    A policy may change while rows are looked at on the development holdout, which approves
    nothing; it must be committed to before the sealed people are looked at for them.

    ``decision`` is the digest of the signed decision, ``approvals`` those of the signed approvals,
    ``last`` the index of the release's entry.

    Raises
    ------
    IntegrityError
        When the policy was not committed to before the evaluation that approves, or an
        evaluation, the decision and the approvals did not follow each other.
    """
    made = _one(entries, ATTEMPT, decided.candidate, "the rows")
    committed = _one(entries, POLICY, decided.policy, "the policy")
    measured = [_evaluated(entries, decided.candidate, s) for s in decided.stages]
    judged = _one(entries, DECIDED, decision, "the decision")
    signed = [_one(entries, "statement", digest, "an approval") for digest in approvals]
    looked = _one(entries, OPENED, decided.candidate, "the look at the sealed people")
    if not committed.index < looked.index:
        raise IntegrityError(
            f"the policy was committed to as entry {committed.index}, after the sealed people were "
            f"looked at for these rows (entry {looked.index}): it was evaluated before its policy"
        )
    for e in measured:
        sealed = e.body.get("stage") != "development"
        if not (looked.index if sealed else made.index) < e.index:
            raise IntegrityError(f"the {e.body.get('stage')} evaluation came before its look")
        if not made.index < e.index:
            raise IntegrityError(f"the rows were made after their evaluation (entry {e.index})")
        if not e.index < judged.index:
            raise IntegrityError(f"the decision came before an evaluation (entry {e.index})")
    if not all(judged.index < e.index < last for e in signed) or not judged.index < last:
        raise IntegrityError("the approvals and the release do not follow the decision")
    steps = [
        ("policy", committed),
        ("sealed look", looked),
        *(("evaluation", e) for e in measured),
        ("decision", judged),
    ]
    steps += [("approval", e) for e in signed]
    steps.sort(key=lambda step: step[1].index)
    return ", ".join(f"{what} {e.index}" for what, e in steps) + f", release {last}"


def check_attempts(
    entries: Sequence[Entry], *, candidate: str, attempts: int, openings: int
) -> None:
    """Raise unless every attempt and opening that the provenance counts is shown, none twice."""
    made = [e for e in entries if e.kind == ATTEMPT]
    opened = [e for e in entries if e.kind == OPENED]
    for what, shown, said, field in (
        ("attempts", made, attempts, "attempt"),
        ("openings of the confirmation holdout", opened, openings, "opening"),
    ):
        numbers = [e.body.get(field) for e in shown]
        once = len({e.subject for e in shown}) == len(shown)
        if numbers != list(range(1, said + 1)) or not once:
            raise IntegrityError(
                f"the provenance counts {said} {what}, the ledger shows {len(shown)}"
            )
    if len({e.body.get("population") for e in (*made, *opened)}) > 1:
        raise IntegrityError("the attempts are about different people")
    if candidate not in {e.subject for e in made}:
        raise IntegrityError("these rows are not among the attempts")


def _one(entries: Sequence[Entry], kind: str, subject: str, what: str) -> Entry:
    found = [e for e in entries if (e.kind, e.subject) == (kind, subject)]
    if not found:
        raise IntegrityError(f"{what} is not among the entries of the ledger that are shown")
    return found[0]


def _evaluated(
    entries: Sequence[Entry], candidate: str, judged: StageDecided | CrossFitDecided
) -> Entry:
    found = [
        e
        for e in entries
        if (e.kind, e.subject) == (EVALUATED, candidate)
        and (e.body.get("stage"), e.body.get("evidence")) == (judged.stage, judged.evidence)
    ]
    if not found:
        raise IntegrityError(
            f"the {judged.stage} evaluation is not among the entries that are shown"
        )
    return found[0]

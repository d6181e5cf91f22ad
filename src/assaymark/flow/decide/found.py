"""Found: what a decision was, what keeps its uses from approval, and what may be waived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.document import Document
from assaymark.decide.policy import parse_policy
from assaymark.decide.verdict import UseStatus
from assaymark.decide.waiver import never_waived
from assaymark.flow.decide.verdicts import rejudge, verdicts_again
from assaymark.flow.decide.waivers import DECIDED, decided_called, in_force

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.core.entry import Entry
    from assaymark.store.workspace import Workspace

__all__ = ["Finding", "Found", "found_called"]


class Finding(Document):
    """One verdict that blocks; ``never`` says why it cannot be waived, empty where it can."""

    rule: str
    subject: str
    verdict: str
    never: str

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """The finding as a row of a table."""
        return self.rule, self.subject, self.verdict, f"no: {self.never}" if self.never else "yes"


class Found(Document):
    """A decision: what each use is, what keeps rows from release, what was found."""

    name: str
    refused: bool
    uses: dict[str, str]
    blocked: tuple[str, ...]
    findings: tuple[Finding, ...]
    waived: tuple[str, ...]
    report: str

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules of which somebody may waive what was found."""
        return tuple(dict.fromkeys(f.rule for f in self.findings if not f.never))


def found_called(workspace: Workspace, name: str) -> Found | None:
    """Return what the last decision called ``name`` found; None where there was none.

    Of the sealed holdout only verdicts are told, never numbers.
    """
    last = decided_called(workspace, name, (*DECIDED, "release"))
    if last is None:
        return None
    uses, blocked = last.body.get("uses"), last.body.get("blocked")
    policy = str(last.body["policy"])
    return Found(
        name=name,
        refused=last.kind == "refusal",
        uses={str(u): str(s) for u, s in uses.items()} if isinstance(uses, dict) else {},
        blocked=tuple(map(str, blocked)) if isinstance(blocked, list) else (),
        findings=tuple(_findings(workspace, last)),
        waived=tuple(
            dict.fromkeys(
                f"{w.rule} until {w.expires}" for w, _ in in_force(workspace, last.subject, policy)
            )
        ),
        report=f"reports/{name}.html",
    )


def _findings(workspace: Workspace, decided: Entry) -> Iterator[Finding]:
    """Judge again what the decision rests on, and yield what blocks, each once."""
    digest = str(decided.body["policy"])
    raw = workspace.get(digest)
    policy = parse_policy(raw)
    waivers = [w for w, _ in in_force(workspace, decided.subject, digest)]
    told: set[tuple[str, str]] = set()
    for v in verdicts_again(raw, _evidence(workspace, decided, raw), decided.subject, waivers):
        about = (v.rule.id, v.measurement.subject)
        if v.blocks and about not in told:
            told.add(about)
            yield Finding(
                rule=v.rule.id,
                subject=v.measurement.subject,
                verdict=v.verdict.value,
                never=never_waived(policy, v.rule, v.verdict),
            )


def _evidence(
    workspace: Workspace, decided: Entry, policy: bytes
) -> list[tuple[bytes, tuple[str, ...]]]:
    """Return the evidence of each stage that was looked at, with the uses that it was asked about.

    The sealed holdout was asked about what development had approved, and of nothing else a
    verdict may be told.
    """
    body, candidate, asked = decided.body, decided.subject, decided.body.get("uses")
    uses = tuple(asked) if isinstance(asked, dict) else ()
    stages = {
        str(e.body["stage"]): workspace.get(str(e.body["evidence"]))
        for e in workspace.ledger.entries(kind="evidence", subject=candidate)
        if e.index < decided.index
    }
    first, looked = stages.get("development"), bool(body.get("verdicts"))
    if first is None:
        return [(raw, uses) for raw in stages.values() if looked]
    then = in_force(workspace, candidate, str(body["policy"]), before=decided.index)
    statuses = rejudge(policy, first, uses, candidate, [w for w, _ in then])
    passed = tuple(u for u, s in statuses.items() if s == UseStatus.APPROVED.value)
    sealed = stages.get("confirmation")
    return [(first, uses), *([(sealed, passed)] if looked and sealed is not None else [])]

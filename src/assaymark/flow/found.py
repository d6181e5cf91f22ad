"""Found: what a decision was, what keeps its uses from approval, and what may be waived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.document import Document
from assaymark.core.evidence import Evidence
from assaymark.decide.gate import judge
from assaymark.decide.policy import parse_policy
from assaymark.decide.waiver import never_waived
from assaymark.flow.waivers import in_force

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.core.entry import Entry
    from assaymark.decide.policy import Policy
    from assaymark.store.workspace import Workspace

__all__ = ["Finding", "Found", "found_called"]

_DECIDED = ("ready", "refusal", "release")


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
    decided = [
        e for k in _DECIDED for e in workspace.ledger.entries(kind=k) if e.body.get("name") == name
    ]
    last = max(decided, key=lambda e: e.index, default=None)
    if last is None:
        return None
    uses, blocked = last.body.get("uses"), last.body.get("blocked")
    policy = str(last.body["policy"])
    return Found(
        name=name,
        refused=last.kind == "refusal",
        uses={str(u): str(s) for u, s in uses.items()} if isinstance(uses, dict) else {},
        blocked=tuple(map(str, blocked)) if isinstance(blocked, list) else (),
        findings=tuple(_findings(workspace, last, parse_policy(workspace.get(policy)))),
        waived=tuple(
            dict.fromkeys(
                f"{w.rule} until {w.expires}" for w, _ in in_force(workspace, last.subject, policy)
            )
        ),
        report=f"reports/{name}.html",
    )


def _findings(workspace: Workspace, decided: Entry, policy: Policy) -> Iterator[Finding]:
    """Judge the last evidence of each stage again, and yield what blocks, each once."""
    uses = decided.body.get("uses")
    waivers = [w for w, _ in in_force(workspace, decided.subject, str(decided.body["policy"]))]
    stages = {
        str(e.body.get("stage")): e
        for e in workspace.ledger.entries(kind="evidence", subject=decided.subject)
    }
    told: set[tuple[str, str]] = set()
    for entry in stages.values():
        evidence = Evidence.parse(workspace.get(str(entry.body["evidence"])))
        asked = list(uses) if isinstance(uses, dict) else []
        for v in judge(
            policy, evidence, asked, candidate=decided.subject, waivers=waivers
        ).verdicts:
            about = (v.rule.id, v.measurement.subject)
            if v.blocks and about not in told:
                told.add(about)
                yield Finding(
                    rule=v.rule.id,
                    subject=v.measurement.subject,
                    verdict=v.verdict.value,
                    never=never_waived(policy, v.rule, v.verdict),
                )

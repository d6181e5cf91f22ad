"""Story: a candidate's entries in the ledger, replayed as statements; an illegal order is found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assaymark.core.document import sha256
from assaymark.core.evidence import Evidence
from assaymark.decide.policy import parse_policy
from assaymark.decide.story import (
    Approved,
    Committed,
    Judged,
    Made,
    Measured,
    Offered,
    Opened,
    Story,
    advance,
)
from assaymark.flow.decide.people import author_of, current
from assaymark.flow.decide.waivers import in_force
from assaymark.release.approved import DECISION
from assaymark.release.envelope import payload_of
from assaymark.release.predicates import Decided
from assaymark.release.statement import read_statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assaymark.core.entry import Entry
    from assaymark.core.people import Signed
    from assaymark.decide.story import Statement
    from assaymark.store.workspace import Workspace

__all__ = ["check_story", "policy_late", "questions_late", "story_of"]


def story_of(workspace: Workspace, candidate: str) -> Story:
    """Return what the ledger says of a candidate, up to its evidence.

    Raises
    ------
    IntegrityError
        When entries are in an order that no run leaves behind.
    """
    story = Story(
        candidate=candidate,
        author=author_of(workspace),
        today=datetime.now(UTC).date(),
        people=current(workspace),
    )
    for entry in workspace.ledger.entries():
        statement = _statement(workspace, entry, candidate, story)
        if statement is not None:
            story = advance(statement, story)
    return story


def policy_late(workspace: Workspace, candidate: str, policy: str) -> str:
    """Say that a policy came too late to release a candidate, or nothing where it did not."""
    if story_of(workspace, candidate).in_time(policy):
        return ""
    return (
        "this policy was first used after the sealed people had been looked at for these rows: it "
        "can judge them, and cannot release them. Run with the policy from before, or with "
        "--fresh for a new candidate, which is one of the openings"
    )


def questions_late(workspace: Workspace, candidate: str, recipe: str, questions: str) -> str:
    """Say that claims or plausibility rules came too late to release a candidate, or nothing.

    ``recipe`` is its name, ``questions`` the digest of these, empty where there are none. As with
    a policy: what was asked first after the sealed look may be chosen by what was seen there.
    """
    looks = workspace.ledger.entries(kind="confirmation.opened", subject=candidate)
    if not looks:
        return ""
    before = {
        str(e.body.get("questions", ""))
        for e in workspace.ledger.entries(kind="run.started", subject=recipe)
        if e.index < looks[0].index
    }
    if questions in before:
        return ""
    if not questions:
        said = f"a recipe {recipe!r} without claims and plausibility rules was first run"
    else:
        said = "these claims and plausibility rules were first asked"
    return (
        f"{said} after the sealed people had been looked at for these rows: that can be judged, "
        "and cannot release them. Run with the recipe from before, under its name, or with --fresh "
        "for a new candidate, which is one of the openings"
    )


def check_story(
    workspace: Workspace,
    candidate: str,
    files: Mapping[str, bytes],
    signed: Sequence[Signed] | None = None,
) -> None:
    """Raise unless what the ledger says of a candidate leads up to the release of these files.

    ``signed`` are the approvals; ``None`` where nobody else is registered.
    """
    story = story_of(workspace, candidate)
    decided = Decided.parse(read_statement(payload_of(files[DECISION]), "decision")[1])
    policy, name = files["policy.toml"], sha256(files[DECISION])
    waivers = {sha256(raw): w for w, raw in in_force(workspace, candidate, decided.policy)}
    judged = Judged(
        decision=name,
        digest=sha256(policy),
        policy=parse_policy(policy),
        evidence=Evidence.parse(files[f"evidence/{decided.stages[-1].stage}.json"]),
        uses=decided.stages[-1].uses,
        waivers=tuple(waivers[d] for d in decided.waivers if d in waivers),
        gate=decided.gate,
    )
    said: list[Statement] = [judged]
    if signed is not None:
        said += [Offered(decision=name), *(Approved(signed=s) for s in signed)]
    for statement in said:
        story = advance(statement, story)
    story.check_approved(name)


def _statement(
    workspace: Workspace, entry: Entry, candidate: str, story: Story
) -> Statement | None:
    if entry.kind == "run.started":
        return Committed(policy=str(entry.body.get("policy")))
    if entry.subject != candidate:
        return None
    if entry.kind == "candidate" and story.status == "DRAFT":
        return Made()
    if entry.kind == "confirmation.opened":
        return Opened()
    if entry.kind == "evidence":
        return Measured(evidence=Evidence.parse(workspace.get(str(entry.body["evidence"]))))
    return None

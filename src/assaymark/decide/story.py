"""Story: what was said of one candidate, replayed; its status follows from that alone. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import singledispatch
from typing import TYPE_CHECKING

from assaymark.core.merkle import check_inclusion
from assaymark.core.people import lacking
from assaymark.decide.gate import judge
from assaymark.decide.lifecycle import Status, check_transition
from assaymark.decide.version import GATE
from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from assaymark.core.evidence import Evidence
    from assaymark.core.people import RoleFile, Signed
    from assaymark.core.waiver import Waiver
    from assaymark.decide.policy import Policy

__all__ = [
    "Approved",
    "Committed",
    "Entered",
    "Judged",
    "Made",
    "Measured",
    "Offered",
    "Opened",
    "Statement",
    "Story",
    "advance",
]

_SEALED = ("confirmation", "cross-fit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A run was started under the policy with this digest."""

    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The candidate was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The sealed people were looked at for the candidate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Evidence about the candidate was entered."""

    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A decision: ``evidence`` was held against ``policy``, and what that gave for each use.

    ``gate`` is the version of the gate that judged.
    """

    decision: str
    digest: str
    policy: Policy
    evidence: Evidence
    uses: Mapping[str, str]
    waivers: tuple[Waiver, ...] = ()
    gate: str = GATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """The decision was made ready for people to review."""

    decision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """Somebody signed something about a decision: approve, request changes or reject."""

    signed: Signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """The release of a decision was entered into the log, with the proof of that."""

    decision: str
    leaf: bytes
    index: int
    size: int
    path: tuple[bytes, ...]
    root: bytes


Statement = Committed | Made | Opened | Measured | Judged | Offered | Approved | Entered


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What was said of ``candidate`` until now, for the key ``author`` that signs decisions.

    ``committed`` are policies that were in use before the sealed people were looked at;
    ``people`` are registered on ``today``, or nobody is. ``signed`` is all that was said of any
    decision: what somebody said of this one counts also after it was made again.
    """

    candidate: str
    author: str
    today: date
    people: RoleFile | None = None
    status: Status = Status.DRAFT
    committed: frozenset[str] = frozenset()
    opened: bool = False
    evidence: tuple[Evidence, ...] = ()
    judged: Judged | None = None
    signed: tuple[Signed, ...] = ()

    @property
    def reviewed(self) -> bool:
        """Whether a second person is registered, so that the author cannot approve."""
        return self.people is not None and len(self.people.persons) > 1

    def in_time(self, policy: str) -> bool:
        """Whether the policy with this digest was in use before anybody could know the outcome."""
        return policy in self.committed or not self.opened

    def check_approved(self, decision: str) -> None:
        """Raise unless enough people approved this decision, or it may be attested alone."""
        judged = _releasable(decision, self)
        if self.people is None or not self.reviewed:
            if judged.policy.require_second_person:
                raise IntegrityError("not approved: the policy asks for a second person")
            return
        if self.status is not Status.READY:
            raise IntegrityError("the decision was not offered for review")
        needed = {str(role): n for role, n in judged.policy.approvals.items()}
        signed = [s for s in self.signed if s[1].decision == decision]
        missing = lacking(self.people, self.author, signed, needed)
        if missing:
            raise IntegrityError(f"not approved: {'; '.join(missing)}")

    def moved(self, then: Status) -> Story:
        """Return the story at the status ``then``, where the lifecycle has that step."""
        check_transition(self.status, then)
        return replace(self, status=then)


@singledispatch
def advance(statement: Statement, story: Story) -> Story:
    """Return the story after ``statement``.

    Raises
    ------
    IntegrityError
        When the statement is out of order, or does not follow from what was said before.
    """
    said = type(statement).__name__
    raise IntegrityError(f"{said} is nothing that is said of a candidate that is {story.status}")


@advance.register
def _committed(statement: Committed, story: Story) -> Story:
    if story.opened:
        return story
    return replace(story, committed=story.committed | {statement.policy})


@advance.register
def _made(_: Made, story: Story) -> Story:
    return story.moved(Status.CANDIDATE)


@advance.register
def _opened(_: Opened, story: Story) -> Story:
    if story.status is Status.DRAFT:
        raise IntegrityError("sealed people were looked at for a candidate that was not made")
    return replace(story, opened=True)


@advance.register
def _measured(statement: Measured, story: Story) -> Story:
    if statement.evidence.candidate != story.candidate:
        raise IntegrityError("the evidence is about another candidate")
    if statement.evidence.stage in _SEALED and not story.opened:
        raise IntegrityError("evidence on sealed people whose opening was not written down")
    told = (*story.evidence, statement.evidence)
    return replace(story.moved(Status.EVALUATED), evidence=told, judged=None)


@advance.register
def _judged(statement: Judged, story: Story) -> Story:
    story = story.moved(Status.DECIDED)
    if not story.in_time(statement.digest):
        raise IntegrityError("the policy was first used after the sealed people were looked at")
    if statement.evidence not in story.evidence:
        raise IntegrityError("the decision rests on evidence that was not entered")
    for waiver in statement.waivers:
        _check_waiver(waiver, statement, story)
    again = judge(
        statement.policy,
        statement.evidence,
        tuple(statement.uses),
        candidate=story.candidate,
        waivers=statement.waivers,
        gate=statement.gate,
    )
    found = {use: status.value for use, status in again.uses.items()}
    if found != dict(statement.uses):
        raise IntegrityError(f"judging the evidence again gives {found}, not {statement.uses}")
    return replace(story, judged=statement)


@advance.register
def _offered(statement: Offered, story: Story) -> Story:
    _releasable(statement.decision, story)
    if not story.reviewed:
        raise IntegrityError("nobody is registered who could review the decision")
    return story.moved(Status.READY)


@advance.register
def _approved(statement: Approved, story: Story) -> Story:
    if story.status is not Status.READY or story.judged is None:
        raise IntegrityError("there is no decision that waits for people")
    if statement.signed[1].decision != story.judged.decision:
        raise IntegrityError("the approval is of another decision")
    return replace(story, signed=(*story.signed, statement.signed))


@advance.register
def _entered(statement: Entered, story: Story) -> Story:
    story.check_approved(statement.decision)
    check_inclusion(
        statement.leaf, statement.index, statement.size, list(statement.path), statement.root
    )
    return story.moved(Status.RELEASED)


def _releasable(decision: str, story: Story) -> Judged:
    if story.judged is None or story.judged.decision != decision:
        raise IntegrityError("this is not the last decision about the candidate")
    if story.judged.evidence.stage not in _SEALED:
        raise IntegrityError("only verdicts on sealed people approve a release")
    if "approved" not in story.judged.uses.values():
        raise IntegrityError("no use is approved")
    return story.judged


def _check_waiver(waiver: Waiver, statement: Judged, story: Story) -> None:
    if story.people is None or not story.reviewed:
        raise IntegrityError("nobody waives alone")
    if (waiver.candidate, waiver.policy) != (story.candidate, statement.digest):
        raise IntegrityError(f"the waiver of {waiver.rule!r} is about something else")
    waiver.check(story.people, author=story.author, key=waiver.signer, day=story.today)

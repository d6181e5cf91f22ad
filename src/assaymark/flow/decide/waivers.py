"""Waivers: somebody in a higher role lets one finding about one candidate stand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from assaymark.core.actor import Actor
from assaymark.core.document import Document
from assaymark.core.evidence import Evidence
from assaymark.core.people import one_of
from assaymark.core.waiver import WAIVERS, Waiver
from assaymark.decide.policy import parse_policy
from assaymark.errors import InputError, IntegrityError, NotApprovedError, UnknownNameError
from assaymark.flow.decide.people import author_of, check_may_sign, current
from assaymark.release.logged import STATEMENT
from assaymark.release.waived import read_waiver, waiver_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.core.entry import Entry
    from assaymark.core.people import RoleFile
    from assaymark.decide.policy import Policy
    from assaymark.store.keys import SigningKey
    from assaymark.store.workspace import Workspace

__all__ = ["DECIDED", "MOST_DAYS", "Asked", "decided_called", "in_force", "may_waive", "waive"]

MOST_DAYS = 366
"""How long a waiver may last."""
DECIDED = ("ready", "refusal")
"""The kinds of the ledger's entries about decisions of which something may be waived."""


class Asked(Document):
    """Which rule is to be waived, why, what is done instead, and until when."""

    rule: str
    subject: str = "*"
    reason: str
    control: str
    expires: str
    role: str = ""


def waive(workspace: Workspace, name: str, key: SigningKey, asked: Asked) -> Waiver:
    """Sign a waiver for the candidate and policy of the decision called ``name``.

    Raises
    ------
    NotApprovedError
        When the key's holder may not waive, or the rule or one more rule cannot be waived.
    """
    role = may_waive(workspace, key, asked.role)
    today = datetime.now(UTC).date()
    entry = _decided(workspace, name)
    policy = parse_policy(workspace.get(str(entry.body["policy"])))
    known = [r.id for r in policy.rule]
    if asked.rule not in known:
        raise UnknownNameError("rule", asked.rule, known, f"policy {policy.name!r}")
    if asked.rule in policy.never_waived:
        raise NotApprovedError(f"rule {asked.rule!r} is in never_waived of the policy")
    _check_words(asked, today)
    _check_subject(workspace, entry.subject, policy, asked)
    waiver = Waiver(
        rule=asked.rule,
        subject=asked.subject,
        reason=" ".join(asked.reason.split()),
        signer=key.fingerprint,
        expires=asked.expires,
        control=" ".join(asked.control.split()),
        role=role,
        candidate=entry.subject,
        policy=str(entry.body["policy"]),
    )
    _check(workspace, waiver, today)
    others = {w.rule for w, _ in in_force(workspace, waiver.candidate, waiver.policy)}
    if len({*others, waiver.rule}) > policy.waivers_at_most:
        raise NotApprovedError(
            f"policy {policy.name!r} allows {policy.waivers_at_most} waivers, and "
            f"{', '.join(sorted(others)) or 'none'} are waived already"
        )
    body = {"statement": "waiver", "candidate": waiver.candidate, "policy": waiver.policy}
    raw = waiver_bytes(waiver, key.sign)
    workspace.ledger.append(STATEMENT, workspace.put(raw), body, Actor(key=key.fingerprint))
    return waiver


def _check(workspace: Workspace, waiver: Waiver, day: date) -> None:
    """Hold a waiver against what verifiers will ask of it, before it is signed."""
    people, author = _people(workspace), author_of(workspace)
    try:
        waiver.check(people, author=author, key=waiver.signer, day=day)
    except IntegrityError as error:
        raise NotApprovedError(str(error)) from error


def may_waive(workspace: Workspace, key: SigningKey, asked: str = "") -> str:
    """Return the role that the key's holder would waive in.

    Raises
    ------
    NotApprovedError
        When nobody else is registered, or the key's holder may not waive.
    """
    people = _people(workspace)
    person = people.person_of(key.fingerprint)
    if person is not None and person == people.person_of(author_of(workspace)):
        raise NotApprovedError(
            "whoever made a decision waives nothing of it\n\nHint: somebody else, who is "
            f"{one_of(WAIVERS)}, does"
        )
    mine = [r for r in WAIVERS if person is not None and r in person.roles]
    if not mine or (asked and asked not in mine):
        said = "nobody registered" if person is None else ", ".join(person.roles) or "in no role"
        raise NotApprovedError(
            f"the holder of this key is {said}\n\nHint: a waiver needs one of the roles "
            f"{one_of(WAIVERS)}"
        )
    return asked or mine[0]


def _people(workspace: Workspace) -> RoleFile:
    people = current(workspace)
    if people is None or len(people.persons) < 2:
        raise NotApprovedError(
            "nobody waives alone\n\nHint: `assaymark people add` registers a second person"
        )
    check_may_sign(people, datetime.now(UTC).date())
    return people


def in_force(
    workspace: Workspace, candidate: str, policy: str, *, before: int | None = None
) -> tuple[tuple[Waiver, bytes], ...]:
    """Return the waivers about a candidate under a policy that hold today, the last per rule.

    With ``before``, of those only that entry of the ledger came after.
    """
    people = current(workspace)
    if people is None or len(people.persons) < 2:
        return ()
    found: dict[tuple[str, str], tuple[Waiver, bytes]] = {}
    about = {"statement": "waiver", "candidate": candidate, "policy": policy}
    for e in workspace.ledger.entries(kind=STATEMENT):
        if e.body != about or (before is not None and e.index >= before):
            continue
        raw = workspace.get(e.subject)
        try:
            waiver = read_waiver(
                raw, people, author=author_of(workspace), day=datetime.now(UTC).date()
            )
        except IntegrityError:
            continue
        found[waiver.rule, waiver.subject] = (waiver, raw)
    return tuple(found.values())


def decided_called(workspace: Workspace, name: str, kinds: Sequence[str] = DECIDED) -> Entry | None:
    """Return the last decision of this name; None where there was none."""
    return _decisions(workspace, kinds).get(name)


def _decisions(workspace: Workspace, kinds: Sequence[str]) -> dict[str, Entry]:
    found = [e for kind in kinds for e in workspace.ledger.entries(kind=kind)]
    return {str(e.body["name"]): e for e in sorted(found, key=lambda e: e.index)}


def _decided(workspace: Workspace, name: str) -> Entry:
    found = decided_called(workspace, name)
    if found is None:
        known = _decisions(workspace, DECIDED)
        raise UnknownNameError("decision", name, known or ["none was made"])
    return found


def _check_subject(workspace: Workspace, candidate: str, policy: Policy, asked: Asked) -> None:
    """Refuse a waiver of what was not measured: it would count, and waive nothing."""
    metric = next(r.metric for r in policy.rule if r.id == asked.rule)
    measured = {
        m.subject
        for e in workspace.ledger.entries(kind="evidence", subject=candidate)
        for m in Evidence.parse(workspace.get(str(e.body["evidence"]))).measurements
        if m.metric == metric
    }
    if measured and not any(fnmatchcase(s, asked.subject) for s in measured):
        raise UnknownNameError("subject", asked.subject, measured, f"what {metric!r} measured")


def _check_words(asked: Asked, today: date) -> None:
    if not asked.reason.strip() or not asked.control.strip():
        raise InputError(
            "a waiver says why, and what is done instead\n\nHint: --reason TEXT --control TEXT"
        )
    try:
        end = date.fromisoformat(asked.expires)
    except ValueError as error:
        raise InputError(
            f"--expires {asked.expires!r} is not a date\n\nHint: --expires 2027-06-30"
        ) from error
    if not today <= end <= today + timedelta(days=MOST_DAYS):
        raise InputError(
            f"a waiver ends between today and {today + timedelta(days=MOST_DAYS)}, not on {end}"
        )

"""Accounts: whose people each charge was for, and which earlier charges were for the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assaymark.core.actor import Actor
from assaymark.core.document import sha256
from assaymark.core.separation import Separation
from assaymark.errors import InputError, IntegrityError, NotApprovedError, UnknownNameError
from assaymark.flow.decide.people import author_of, current
from assaymark.release.envelope import open_envelope, seal_envelope
from assaymark.release.logged import STATEMENT
from assaymark.release.statement import read_statement, statement
from assaymark.source.prints import Prints, compared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.source.prints import Match
    from assaymark.store.keys import SigningKey
    from assaymark.store.workspace import Workspace

__all__ = ["known", "matches", "remember", "separate"]

_SEALED = "prints-"
_KIND = "separation"


def remember(workspace: Workspace, prints: Prints) -> None:
    """Keep the prints of some people in the sealed tier.

    They are personal data: who holds the workspace's secret can ask them whether a person was in.
    They are kept as long as the workspace, since a budget that forgets its people is none.
    """
    name = _SEALED + prints.id
    if workspace.unseal(name) is None:
        workspace.seal(name, prints.encode())


def known(workspace: Workspace, account: str) -> Prints:
    """Return the prints of an account.

    Raises
    ------
    IntegrityError
        When they are gone or altered: whose budget was charged is not known then.
    """
    raw = workspace.unseal(_SEALED + account)
    if raw is None or sha256(raw)[:16] != account:
        raise IntegrityError(
            f"the people of account {account} are not in the sealed tier any more, or were "
            "altered, so that nobody can say whether they are these\n\nHint: restore the folder "
            "'sealed' of the workspace from its last copy"
        )
    return Prints.parse(raw)


def matches(workspace: Workspace, own: Prints, accounts: set[str]) -> dict[str, Match]:
    """Return those of ``accounts`` that are of the same people as ``own``, by what evidence.

    Evidence from values counts for nothing where the privacy role signed that the two are apart.
    """
    apart = {a for pair in _apart(workspace) if own.id in pair for a in pair}
    found = {}
    for account in sorted(accounts):
        match = compared(own, known(workspace, account))
        if match.by in {"itself", "persons"} or (match.by and account not in apart):
            found[account] = match
    return found


def separate(
    workspace: Workspace, accounts: tuple[str, str], reason: str, key: SigningKey
) -> Separation:
    """Sign that two accounts are of different people, in the role privacy.

    Raises
    ------
    NotApprovedError
        When nobody else than who spends the budget is registered, the key's holder has another
        role, or person keys show the same people.
    InputError
        When an account is unknown, or there is no reason.
    """
    people = current(workspace)
    if people is None or len(people.persons) < 2:
        raise NotApprovedError(
            "nobody keeps accounts apart alone\n\nHint: `assaymark people add NAME --role privacy "
            "--key ...` registers a second person"
        )
    listed = [n.removeprefix(_SEALED) for n in workspace.sealed(_SEALED)]
    for account in accounts:
        if account not in listed:
            raise UnknownNameError("account", account, listed or ["none yet"])
    if not reason.strip() or accounts[0] == accounts[1]:
        raise InputError("two accounts, and why their people are others\n\nHint: --reason TEXT")
    one, other = (known(workspace, a) for a in accounts)
    if compared(one, other).by == "persons":
        raise NotApprovedError(
            "the person keys of both show the same people: nobody can say otherwise"
        )
    made = Separation(
        accounts=accounts,
        reason=" ".join(reason.split()),
        signer=key.fingerprint,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    try:
        made.check(people, author=author_of(workspace), key=key.fingerprint)
    except IntegrityError as error:
        raise NotApprovedError(str(error)) from error
    subjects = {a: sha256(a.encode()) for a in accounts}
    raw = seal_envelope(statement(_KIND, subjects, made), key.sign, made.signer)
    body = {"statement": _KIND, "accounts": sorted(accounts)}
    workspace.ledger.append(STATEMENT, workspace.put(raw), body, Actor(key=key.fingerprint))
    return made


def _apart(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Yield the pairs that somebody signed are apart who still may."""
    people = current(workspace)
    if people is None:
        return
    for entry in workspace.ledger.entries(kind=STATEMENT):
        if entry.body.get("statement") != _KIND:
            continue
        try:
            payload, key = open_envelope(workspace.get(entry.subject), people.public_keys)
            found = Separation.parse(read_statement(payload, _KIND)[1])
            found.check(people, author=author_of(workspace), key=key)
        except IntegrityError:
            continue
        yield found.accounts

"""Rights: what keeps rows from being read, and what keeps them from being released."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.licence import spdx
from assaymark.core.rights import USES
from assaymark.core.threat import Profile
from assaymark.errors import InputError, NotApprovedError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from assaymark.core.rights import Rights
    from assaymark.decide.policy import Policy

__all__ = ["blocked", "check_columns", "check_terms"]

_SAID = "ip_columns of [source.rights], or of what the source was registered with"
_UNREAD = "the table was not read"


def blocked(
    rights: Rights,
    policy: Policy,
    statuses: Sequence[str],
    columns: Sequence[str] = (),
    *,
    reviewed: bool = False,
) -> tuple[str, ...]:
    """Say what keeps approved rows from being released; rights are asked for only then.

    ``columns`` are those of the rows; ``reviewed`` says that a second person is registered.
    """
    if "approved" not in statuses:
        return ()
    found = list(_unspecified(rights))
    if "distribute" in rights.banned:
        found.append(
            "[source.rights] prohibits to distribute what is made from the source: ask the owner, "
            "then strike the ODRL rule"
        )
    secret = [c for c in rights.ip_columns if c in columns]
    if secret and policy.profile is Profile.OPEN:
        found.append(
            f"column {secret[0]!r} is among ip_columns in [source.rights], and anyone may get the "
            "rows: drop it with a [[transform]], or choose another profile"
        )
    if policy.require_second_person and not reviewed:
        found.append(
            f"policy {policy.name!r} requires a second person, and none is registered in this "
            "workspace: `assaymark people init`, `people add`; or set require_second_person = "
            "false in a policy of your own to attest alone"
        )
    return tuple(found)


def _unspecified(rights: Rights) -> Iterator[str]:
    if not rights.owner:
        yield "[source.rights] names no owner: say who may decide about these rows"
    if not (rights.licence or rights.basis):
        yield "[source.rights] gives neither a licence nor a legal basis: fill in one of the two"
    if rights.licence:
        try:
            spdx(rights.licence)
        except InputError as error:
            yield f"licence in [source.rights]: {' '.join(str(error).split())}"


def check_terms(rights: Rights, wanted: Sequence[str], today: date) -> None:
    """Refuse uses that nobody knows, and what the source's terms rule out; reads nothing.

    Raises
    ------
    NotApprovedError
        When a use is prohibited or not allowed, or the source has expired.
    """
    for use in wanted:
        if use not in USES:
            raise UnknownNameError("use", use, USES)
    ended = rights.ended(today)
    if ended:
        raise NotApprovedError(
            f"{ended}; {_UNREAD}\n\nHint: ask the owner{_at(rights)} to extend it, then change "
            "the date in [source.rights]"
        )
    for action in ("use", "derive"):
        if action in rights.banned:
            raise NotApprovedError(
                f"the source's ODRL terms prohibit to {action} it; {_UNREAD}\n\nHint: ask the "
                f"owner{_at(rights)}, then strike the rule in [source.rights]"
            )
    said = next(filter(None, map(rights.allows, wanted)), "")
    if said:
        raise NotApprovedError(
            f"{said}; {_UNREAD}\n\nHint: ask the owner{_at(rights)}, then change purposes or "
            "prohibited in [source.rights], or ask for another use with --use"
        )


def check_columns(rights: Rights, columns: Sequence[str]) -> None:
    """Refuse terms about columns that the table, whose terms they are, does not have.

    Terms that came with a release that rows were learnt from are no matter of this: what they
    name may have been dropped there.

    Raises
    ------
    UnknownNameError
        When a column is not there; a slip would let what it was to protect go out.
    """
    for name in rights.ip_columns:
        if name not in columns:
            raise UnknownNameError("column", name, columns, _SAID)


def _at(rights: Rights) -> str:
    return f" ({rights.contact})" if rights.contact else ""

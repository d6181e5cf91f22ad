"""``assaymark review``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from assaymark.cli.say import print_json

if TYPE_CHECKING:
    from assaymark.flow.review import Reviewed, Said
    from assaymark.store.keys import SigningKey
    from assaymark.store.workspace import Workspace

__all__ = ["command"]

_Outcome = Literal["approve", "request_changes", "reject"]
_ANSWERS: dict[str, _Outcome] = {"a": "approve", "c": "request_changes", "r": "reject"}


def command(
    release: Annotated[str, typer.Argument(help="A decision that is ready; `assaymark show`.")],
    key: Annotated[Path | None, typer.Option(help="Your key file.")] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Approve, and sign that.")] = False,
    request_changes: Annotated[
        bool, typer.Option("--request-changes", help="Ask for changes; needs --reason.")
    ] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Reject; needs --reason.")] = False,
    reason: Annotated[str, typer.Option(help="Why; public.")] = "",
    conflict: Annotated[
        str, typer.Option(help="Your interest in the outcome, if any; public.")
    ] = "none",
    waive: Annotated[
        str, typer.Option(help="Waive this rule, of a refused decision too; run again then.")
    ] = "",
    subject: Annotated[str, typer.Option(help="With --waive: for these subjects only.")] = "*",
    control: Annotated[str, typer.Option(help="With --waive: what is done instead.")] = "",
    expires: Annotated[str, typer.Option(help="With --waive: its last day.")] = "",
    role: Annotated[str, typer.Option(help="The role you sign under, if you have several.")] = "",
    workspace: Annotated[Path, typer.Option(help="The workspace.")] = Path(".assaymark"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Read a decision that is ready, and approve, reject, or ask for changes.

    Shows which uses passed and what must be known first; what you sign is exactly these words,
    files and decision. Without an answer it asks. Ends with 3 where approvals still block, and
    says which; the release is issued once none does.
    """
    from assaymark.errors import InputError
    from assaymark.flow.log import workspace_at
    from assaymark.flow.people import read_key
    from assaymark.flow.ready import READY
    from assaymark.flow.review import Said, review, role_of, shown

    chosen = [o for o, on in _given(approve, request_changes, reject) if on]
    if len(chosen) > 1:
        raise InputError("give one answer: --approve, --request-changes or --reject")
    if (chosen or waive) and key is None:
        raise InputError("--key FILE signs\n\nHint: `assaymark people key --out FILE` makes a key")
    found = workspace_at(workspace)
    if waive and key is not None:
        asked = (waive, subject, reason, control, expires)
        return _waived(found, release, read_key(key), asked, as_json=json)
    told, own = shown(found, release), None if key is None else read_key(key)
    if not json:
        _show(told, found.path / READY / release)
    said = None
    if chosen:
        said = Said(outcome=chosen[0], reason=reason, conflict=conflict, role=role)
    elif own is not None and not json:
        said = _asked(role_of(found, release, own, role))
    elif not json:
        typer.echo(f"to sign: assaymark review {release} --key FILE")
    if said is not None and own is not None:
        told = review(found, release, own, said)
    _tell(told, said, as_json=json)
    return 0 if told.release else 3


def _tell(told: Reviewed, said: Said | None, *, as_json: bool) -> None:
    if as_json:
        print_json(told.plain())
    elif said is not None:
        typer.echo(f"\nsigned: {said.outcome.replace('_', ' ')}")
        typer.echo(f"Release:  {told.release}" if told.release else _waits(told))


def _waived(
    workspace: Workspace,
    name: str,
    key: SigningKey,
    asked: tuple[str, str, str, str, str],
    *,
    as_json: bool,
) -> int:
    from assaymark.flow.waivers import Asked, waive

    rule, subject, reason, control, expires = asked
    made = waive(
        workspace,
        name,
        key,
        Asked(rule=rule, subject=subject, reason=reason, control=control, expires=expires),
    )
    if as_json:
        print_json(made.plain())
    else:
        typer.echo(f"waived: {made.rule} until {made.expires}; run the recipe again")
    return 3


def _given(approve: bool, changes: bool, reject: bool) -> list[tuple[_Outcome, bool]]:
    return [("approve", approve), ("request_changes", changes), ("reject", reject)]


def _show(told: Reviewed, folder: Path) -> None:
    typer.echo(told.words)
    typer.echo(f"read first: {folder / 'report.html'}")
    for line in told.signed:
        typer.echo(f"signed so far: {line}")
    typer.echo(_waits(told))


def _waits(told: Reviewed) -> str:
    return "\n".join(f"waits: {line}" for line in told.missing) or "nothing blocks it"


def _asked(role: str) -> Said | None:
    """Ask the person who sits at the terminal; nothing is signed without an answer."""
    from assaymark.flow.review import Said

    typer.echo(f"\nYou sign as {role.replace('_', ' ')}; your answer and its reason are public.")
    letter = ""
    while letter not in {*_ANSWERS, "l"}:
        said = typer.prompt("[a]pprove, ask for [c]hanges, [r]eject, or [l]ater", default="l")
        letter = str(said).strip().lower()[:1]
    if letter == "l":
        typer.echo("nothing was signed")
        return None
    outcome = _ANSWERS[letter]
    reason = "" if outcome == "approve" else str(typer.prompt("Why"))
    conflict = str(typer.prompt("Your interest in the outcome, if any", default="none"))
    return Said(outcome=outcome, reason=reason, conflict=conflict, role=role)

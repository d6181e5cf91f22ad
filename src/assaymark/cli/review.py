"""``assaymark review``."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from assaymark.cli.say import print_json, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.flow.decide.found import Found
    from assaymark.flow.decide.review import Reviewed, Said
    from assaymark.flow.decide.waivers import Asked
    from assaymark.store.keys import SigningKey
    from assaymark.store.workspace import Workspace

__all__ = ["command"]

_Outcome = Literal["approve", "request_changes", "reject"]
_ANSWERS: dict[str, _Outcome] = {"a": "approve", "c": "request_changes", "r": "reject"}


def command(
    release: Annotated[
        str, typer.Argument(help="A decision, by name or folder; `assaymark show` lists them.")
    ],
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
    says which; the release is issued once none does. Of a refused decision it shows what was
    found, and which of that you may waive.
    """
    from assaymark.flow.decide.found import found_called
    from assaymark.flow.decide.people import read_key
    from assaymark.flow.decide.review import Said, review, role_of, shown
    from assaymark.flow.decide.waivers import Asked
    from assaymark.flow.release.place import workspace_and_name

    chosen = [o for o, on in _given(approve, request_changes, reject) if on]
    _check_asked(chosen, waive, key)
    found, name = workspace_and_name(release, workspace)
    own = None if key is None else read_key(key)
    if waive and own is not None:
        plain = {"rule": waive, "subject": subject, "control": control, "expires": expires}
        asked = Asked.model_validate({**plain, "reason": reason, "role": role})
        return _waived(found, name, own, asked, as_json=json)
    decided = found_called(found, name)
    if decided is not None and decided.refused:
        _check_no_answer(decided, chosen)
        return _refused(found, decided, own, role, as_json=json)
    told = shown(found, name)
    if not json:
        _show(told, found.path / "ready" / name)
    said = None
    if chosen:
        said = Said(outcome=chosen[0], reason=reason, conflict=conflict, role=role)
    elif own is not None and not json:
        letter = _letter(role_of(found, name, own, role), decided)
        if letter == "w" and decided is not None:
            return _guided_waiver(found, decided, own, role)
        said = _said(letter, role)
    elif not json:
        typer.echo(f"to sign: assaymark review {name} --key FILE")
    if said is not None and own is not None:
        told = review(found, name, own, said)
    _tell(told, said, as_json=json)
    return 0 if told.release else 3


def _tell(told: Reviewed, said: Said | None, *, as_json: bool) -> None:
    if as_json:
        print_json(told.plain())
    elif said is not None:
        typer.echo(f"\nsigned: {said.outcome.replace('_', ' ')}")
        typer.echo(f"Release:  {told.release}" if told.release else _waits(told))


def _waived(
    workspace: Workspace, name: str, key: SigningKey, asked: Asked, *, as_json: bool
) -> int:
    from assaymark.flow.decide.waivers import waive

    made = waive(workspace, name, key, asked)
    if as_json:
        print_json(made.plain())
    else:
        typer.echo(f"waived: {made.rule} until {made.expires}; run the recipe again")
    return 3


def _check_no_answer(decided: Found, chosen: list[_Outcome]) -> None:
    from assaymark.errors import NotApprovedError

    if chosen:
        raise NotApprovedError(
            f"{decided.name} was refused: there is nothing to {chosen[0].replace('_', ' ')}\n\n"
            f"Hint: `assaymark review {decided.name}` shows what was found, and what of it may be "
            "waived"
        )


def _refused(
    workspace: Workspace, decided: Found, key: SigningKey | None, role: str, *, as_json: bool
) -> int:
    """Show a refused decision and, to who has a key and sits at the terminal, ask for a waiver."""
    if as_json:
        print_json(decided.plain())
        return 3
    typer.echo(f"{decided.name} was not released\n")
    for use, status in decided.uses.items():
        typer.echo(f"  {status.upper():<13} {use.replace('_', ' ')}")
    for line in decided.blocked:
        typer.echo(f"  - {line}")
    if key is not None and decided.rules:
        return _guided_waiver(workspace, decided, key, role)
    _findings(workspace, decided)
    typer.echo(
        f"to waive one: assaymark review {decided.name} --key FILE"
        if decided.rules
        else "nothing here can be waived: change the recipe or the policy, and run again"
    )
    return 3


def _findings(workspace: Workspace, decided: Found) -> None:
    heads = ("rule", "on", "verdict", "may be waived")
    typer.echo("\n" + table([f.cells for f in decided.findings], heads))
    for line in decided.waived:
        typer.echo(f"waived already: {line}")
    typer.echo(f"\nread first: {workspace.path / decided.report}")


@contextmanager
def _unsigned() -> Iterator[None]:
    """Say that nothing was signed where a question gets no answer."""
    try:
        yield
    except typer.Abort:
        typer.echo("\nnothing was signed")
        raise typer.Exit(3) from None


@_unsigned()
def _guided_waiver(workspace: Workspace, decided: Found, key: SigningKey, role: str) -> int:
    """Ask what is waived, why, and until when; nothing is signed without a yes."""
    from assaymark.flow.decide.waivers import Asked, may_waive

    may_waive(workspace, key, role)
    _findings(workspace, decided)
    typer.echo(
        "\nA waiver lets a finding about these rows stand. You sign it; rule, reason, what is done"
        "\ninstead and its end are on the public card."
    )
    rule, which = "", ", ".join(decided.rules)
    while rule not in {*decided.rules, "none"}:
        rule = str(typer.prompt(f"Which rule ({which}, or none)", default="none")).strip()
    if rule == "none":
        typer.echo("nothing was signed")
        return 3
    asked = Asked(
        rule=rule,
        reason=str(typer.prompt("Why it may stand")),
        control=str(typer.prompt("What is done instead")),
        expires=str(typer.prompt("Its last day, such as 2027-06-30")).strip(),
        role=role,
    )
    if not typer.confirm(f"Sign the waiver of {rule}?"):
        typer.echo("nothing was signed")
        return 3
    return _waived(workspace, decided.name, key, asked, as_json=False)


def _check_asked(chosen: list[_Outcome], waive: str, key: Path | None) -> None:
    from assaymark.errors import InputError

    if len(chosen) + bool(waive) > 1:
        raise InputError("give one answer: --approve, --request-changes, --reject or --waive")
    if (chosen or waive) and key is None:
        raise InputError("--key FILE signs\n\nHint: `assaymark people key --out FILE` makes a key")


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


@_unsigned()
def _letter(role: str, decided: Found | None) -> str:
    """Ask the person who sits at the terminal; nothing is signed without an answer."""
    waives = decided is not None and decided.rules
    typer.echo(f"\nYou sign as {role.replace('_', ' ')}; your answer and its reason are public.")
    more = "[w]aive a rule, " if waives else ""
    letter = ""
    while letter not in {*_ANSWERS, "l", *("w" if waives else "")}:
        ask = f"[a]pprove, ask for [c]hanges, [r]eject, {more}or [l]ater"
        letter = str(typer.prompt(ask, default="l")).strip().lower()[:1]
    return letter


@_unsigned()
def _said(letter: str, role: str) -> Said | None:
    from assaymark.flow.decide.review import Said

    if letter not in _ANSWERS:
        typer.echo("nothing was signed")
        return None
    outcome = _ANSWERS[letter]
    reason = "" if outcome == "approve" else str(typer.prompt("Why"))
    conflict = str(typer.prompt("Your interest in the outcome, if any", default="none"))
    return Said(outcome=outcome, reason=reason, conflict=conflict, role=role)

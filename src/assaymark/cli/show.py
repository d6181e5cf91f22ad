"""``assaymark show``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import print_json, table

__all__ = ["command"]


def command(
    release: Annotated[
        Path | None,
        typer.Argument(
            help="A release, to read its card, or a model file, to see what it is drawn from. "
            "Default: the workspace."
        ),
    ] = None,
    workspace: Annotated[Path, typer.Option(help="The workspace.")] = Path(".assaymark"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show a release's card, a model file, or what happened in the workspace."""
    from assaymark.flow.status import card_of, status_of
    from assaymark.release.quoted import unlinked

    if release is not None and release.is_file():
        _model(release, as_json=json)
        return
    if release is not None:
        card = card_of(release)
        if json:
            print_json({"release": str(release), "card": card})
        else:
            typer.echo(unlinked(card))
        return
    status = status_of(workspace)
    if json:
        print_json(status.plain())
        return
    heads = ("candidate", "name", "status", "uses", "where")
    typer.echo(table([c.cells for c in status.candidates], heads))
    for line in status.notices:
        typer.echo(f"\nnote: {line}")


def _model(path: Path, *, as_json: bool) -> None:
    from assaymark.flow.model import show_model

    shown = show_model(path)
    if as_json:
        print_json(shown.plain())
        return
    typer.echo(f"{shown.generator}, SHA-256 {shown.sha256}")
    typer.echo("  ".join(f"{name} = {value}" for name, value in shown.parameters.items()) + "\n")
    heads = ("column", "codes", "missing", "hidden values", "pools", "drawn from")
    typer.echo(table([c.cells for c in shown.columns], heads))
    for column, of in shown.derived.items():
        typer.echo(f"\n{column} follows from {of}.")

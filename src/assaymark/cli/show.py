"""``assaymark show``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import print_json, table

__all__ = ["command"]


def command(
    release: Annotated[
        Path | None, typer.Argument(help="A release, to read its card. Default: the workspace.")
    ] = None,
    workspace: Annotated[Path, typer.Option(help="The workspace.")] = Path(".assaymark"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show a release's card, or what happened in the workspace: attempts, openings, releases."""
    from assaymark.flow.status import card_of, status_of

    if release is not None:
        card = card_of(release)
        if json:
            print_json({"release": str(release), "card": card})
        else:
            typer.echo(card)
        return
    status = status_of(workspace)
    if json:
        print_json(status.plain())
        return
    heads = ("candidate", "name", "status", "uses", "where")
    typer.echo(table([c.cells for c in status.candidates], heads))
    for line in status.notices:
        typer.echo(f"\nnote: {line}")

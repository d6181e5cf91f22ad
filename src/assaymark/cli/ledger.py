"""``assaymark ledger``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import print_json, table

__all__ = ["app"]

app = typer.Typer(
    help="Read and check the append-only ledger of a workspace.", no_args_is_help=True
)
_Workspace = Annotated[Path, typer.Option(help="The workspace.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("list")
def list_(
    workspace: _Workspace = Path(".assaymark"),
    kind: Annotated[str | None, typer.Option(help="Entries of this kind only.")] = None,
    json: _Json = False,
) -> None:
    """List the entries, oldest first."""
    from assaymark.flow.status import entries_of

    entries = entries_of(workspace, kind=kind)
    if json:
        print_json(entries)
        return
    rows = [
        (str(e["index"]), str(e["time"]), str(e["kind"]), str(e["subject"])[:24]) for e in entries
    ]
    typer.echo(table(rows, ("index", "time", "kind", "subject")))


@app.command("check")
def check(workspace: _Workspace = Path(".assaymark"), json: _Json = False) -> None:
    """Recompute every hash; ends with 4 when an entry was changed, removed or moved."""
    from assaymark.flow.status import check_ledger

    found = check_ledger(workspace)
    if json:
        print_json(found)
    else:
        typer.echo(f"{found['size']} entries hold together; root {found['root']}")

"""``assaymark budget``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import print_json, table

__all__ = ["app"]

app = typer.Typer(
    help="Read what was spent of people's privacy budgets, and keep accounts apart.",
    no_args_is_help=True,
)
_Workspace = Annotated[Path, typer.Option(help="The workspace.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("list")
def list_(workspace: _Workspace = Path(".assaymark"), json: _Json = False) -> None:
    """List the accounts of people, and what was charged to each, together with its kin.

    An account belongs to people, not to a file: a table that was renamed, shuffled, cut or merged
    is charged to the same one.
    """
    from assaymark.flow.budget import listed
    from assaymark.flow.log import workspace_at

    found = listed(workspace_at(workspace))
    if json:
        print_json([line.plain() for line in found])
        return
    rows = [
        (
            line.account,
            str(line.charges),
            f"{line.epsilon:.3g}",
            f"{line.cap:.3g}",
            ", ".join(f"{a} by {by}" for a, by in sorted(line.kin.items())),
        )
        for line in found
    ]
    typer.echo(table(rows, ("account", "fits", "epsilon so far", "at most", "also charged with")))


@app.command("separate")
def separate(
    account: Annotated[str, typer.Argument(help="An account, as a refusal or `list` names it.")],
    other: Annotated[str, typer.Argument(help="The account that is of other people.")],
    reason: Annotated[str, typer.Option(help="How it is known that the people are others.")],
    key: Annotated[Path, typer.Option(help="Key file of somebody with the role privacy.")],
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> None:
    """Sign, in the role privacy, that two accounts are of different people.

    It counts where values cannot tell; person keys that agree cannot be talked away.
    """
    from assaymark.flow.accounts import separate as do
    from assaymark.flow.log import workspace_at
    from assaymark.flow.people import read_key

    made = do(workspace_at(workspace), (account, other), reason, read_key(key))
    if json:
        print_json(made.plain())
    else:
        typer.echo(f"accounts {account} and {other} are kept apart: {made.reason}")

"""``assaymark generator``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import print_json, table

__all__ = ["app"]

app = typer.Typer(help="Say which versions of generators may feed releases.", no_args_is_help=True)
_Workspace = Annotated[Path, typer.Option(help="The workspace.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("approve")
def approve(
    name: Annotated[str, typer.Argument(help="The generator, such as tree_chain.")],
    key: Annotated[Path, typer.Option(help="Your key file; `assaymark people key` makes one.")],
    recipe: Annotated[
        Path | None, typer.Option(help="Take the parameters from this recipe. Default: its own.")
    ] = None,
    role: Annotated[
        str, typer.Option(help="ml_owner, privacy or release_manager. Default: the one you have.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why; public.")] = "",
    reject: Annotated[
        bool, typer.Option("--reject", help="Say that this version must not be used.")
    ] = False,
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> None:
    """Sign that a generator may feed releases, exactly as it is installed here and now.

    That is its code, packages and parameters. Once a second person is registered, rows of other
    versions can be explored and not released.
    """
    from assaymark.flow.decide.people import read_key
    from assaymark.flow.generate.generator import approve as do
    from assaymark.flow.generate.generator import spec_of
    from assaymark.flow.release.log import workspace_at

    made = do(
        workspace_at(workspace),
        spec_of(name, recipe),
        read_key(key),
        outcome="reject" if reject else "approve",
        reason=reason,
        role=role,
    )
    if json:
        print_json(made.plain())
        return
    said = "rejected" if reject else "approved"
    of = ", ".join(f"{p.name} {p.version}" for p in made.version.packages)
    typer.echo(f"{said} {name} ({of}; code {made.version.code[:16]}) as {made.role}")


@app.command("list")
def list_(workspace: _Workspace = Path(".assaymark"), json: _Json = False) -> None:
    """List what was approved and rejected, and whether it is what is installed now."""
    from assaymark.flow.generate.generator import listed
    from assaymark.flow.release.log import workspace_at

    found = listed(workspace_at(workspace))
    if json:
        print_json([line.plain() for line in found])
        return
    titles = ("generator", "parameters", "package", "code", "outcome", "by", "installed now")
    typer.echo(table([line.cells for line in found], titles))

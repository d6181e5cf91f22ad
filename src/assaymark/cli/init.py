"""``assaymark init``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import print_json, table

__all__ = ["command"]


def command(
    source: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV or Parquet file.")],
    out: Annotated[Path, typer.Option(help="Folder for recipe.toml and policy.toml.")] = Path(),
    profile: Annotated[
        str, typer.Option(help="Who receives the rows: controlled, open or enclave.")
    ] = "controlled",
    force: Annotated[
        bool, typer.Option("--force", help="Write over files that are there.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Profile TABLE and write a commented recipe.toml and policy.toml that run as they are."""
    from assaymark.flow.source.init import init

    made = init(source, out, profile=profile, force=force)
    if json:
        print_json(made.plain())
        return
    rows = [(c.name, c.kind, ", ".join(c.roles), c.reason) for c in made.columns]
    typer.echo(table(rows, ("column", "kind", "roles", "why")))
    for notice in made.notices:
        typer.echo(f"\nnote: {notice}")
    typer.echo(f"\nWrote {made.recipe} and {made.policy}. Read the roles, then:\n")
    typer.echo(f"  assaymark run {made.recipe}")

"""``assaymark generate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import print_json, progress

__all__ = ["command"]


def command(
    source: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV or Parquet file.")],
    rows: Annotated[
        int | None, typer.Option(min=1, help="How many rows. Default: about as many as in TABLE.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where to write, .csv or .parquet. Default: beside you.")
    ] = None,
    generator: Annotated[str, typer.Option(help="Which generator.")] = "tree_chain",
    seed: Annotated[
        int | None, typer.Option(help="A public seed: same rows again; the output is marked.")
    ] = None,
    where: Annotated[
        str, typer.Option(help="Only rows such as \"age >= 40 and sex == 'F'\".")
    ] = "",
    shares: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN:VALUE=SHARE", help="Exact shares, one each; or a TOML file of them."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make an ungated draft: synthetic rows and a one-page report, no configuration needed.

    A draft was held against no policy. `assaymark init` and `assaymark run` make a release.
    """
    from assaymark.flow.draft import write_draft
    from assaymark.flow.kinds import Kinds, read_shares

    made = write_draft(
        source,
        out,
        rows=rows,
        generator=generator,
        seed=seed,
        kinds=Kinds(where=where, shares=read_shares(shares or ())),
        progress=progress(quiet=json),
    )
    if json:
        print_json(made.plain())
        return
    typer.echo(f"\nRows:    {made.rows}  ({made.n:,} rows; UNGATED: held against no policy)")
    typer.echo(f"Report:  {made.report}")
    for notice in made.notices:
        typer.echo(f"  - {notice}")
    typer.echo(f"\nFor a release: assaymark init {source}")

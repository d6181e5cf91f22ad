"""``assaymark impute``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import print_json, progress, table

__all__ = ["command"]


def command(
    source: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV or Parquet file.")],
    out: Annotated[Path, typer.Option(help="A .csv or .parquet file for the filled table.")],
    column: Annotated[
        list[str] | None,
        typer.Option(help="Fill this column only; as often as needed. Default: all that can be."),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="A column in which NA, null and the like are values; elsewhere they are filled.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="A public seed: the same draws again. Default: new ones.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Fill the missing cells of TABLE's own rows, each drawn given the row's known cells.

    The result is real rows with guesses in their gaps, as private as TABLE: no synthetic data.
    Columns that look like identifiers, and free text, stay as they are.
    """
    from assaymark.flow.impute import write_imputed

    made = write_imputed(
        source, out, columns=column or (), keep=keep or (), seed=seed, progress=progress(quiet=json)
    )
    if json:
        print_json(made.plain())
        return
    typer.echo(f"\nRows:    {made.rows}  ({made.n:,} real rows, as private as the table)\n")
    rows = [(c.name, f"{c.filled:,}", f"{c.left:,}") for c in made.columns]
    typer.echo(table(rows, ("column", "cells filled", "still missing")))
    for notice in made.notices:
        typer.echo(f"  - {notice}")

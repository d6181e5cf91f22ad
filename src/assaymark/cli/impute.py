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
    constraint: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE",
            help='What holds on every row, such as "admitted <= discharged"; or a TOML file of '
            "[[constraint]] tables, such as a recipe. As often as needed.",
        ),
    ] = None,
    anyway: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="A column to fill also where another says that nobody has a value; elsewhere "
            "such cells are left empty. As often as needed.",
        ),
    ] = None,
    imputations: Annotated[
        int,
        typer.Option(help="Fill the table so often, by other draws each: FILE-1, FILE-2, ..."),
    ] = 1,
    seed: Annotated[
        int | None, typer.Option(help="A public seed: the same draws again. Default: new ones.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Fill the missing cells of TABLE's own rows, each drawn given the row's known cells.

    What follows exactly from cells that are there gets that value, what must be missing because of
    another column stays so, and sums, orders and other rules between columns are kept. The result
    is real rows with guesses in their gaps, as private as TABLE: no synthetic data. Columns that
    look like identifiers, and free text, stay as they are.
    """
    from assaymark.flow.generate.constraints import read_constraints
    from assaymark.flow.generate.impute import Filling, write_imputed

    how = Filling(
        columns=column or (),
        keep=keep or (),
        anyway=anyway or (),
        constraints=read_constraints(constraint or ()),
        imputations=imputations,
        seed=seed,
    )
    made = write_imputed(source, out, how, progress=progress(quiet=json))
    if json:
        print_json(made.plain())
        return
    for path in made.imputations or (made.rows,):
        typer.echo(f"\nRows:    {path}  ({made.n:,} real rows, as private as the table)")
    rows = [
        (c.name, f"{c.filled:,}", f"{c.exact:,}", f"{c.left:,}", f"{c.must:,}")
        for c in made.columns
    ]
    head = ("column", "cells filled", "of these exact", "still missing", "of these must be")
    typer.echo("\n" + table(rows, head))
    for notice in made.notices:
        typer.echo(f"  - {notice}")

"""``assaymark infer``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import print_json, table, wrapped

__all__ = ["command"]


def command(
    what: Annotated[
        list[Path], typer.Argument(help="The folder of a release, or files of synthetic rows.")
    ],
    mean: Annotated[str, typer.Option(help="Mean of this column.")] = "",
    share: Annotated[str, typer.Option(help="Share of rows that this condition holds for.")] = "",
    quantile: Annotated[str, typer.Option(help="Quantile, as in income:0.5.")] = "",
    model: Annotated[str, typer.Option(help='Regression, as in "ill ~ age + sex".')] = "",
    family: Annotated[str, typer.Option(help="ols (or linear), logistic, poisson or cox.")] = "ols",
    event: Annotated[str, typer.Option(help="For cox: the column that says yes or no.")] = "",
    where: Annotated[str, typer.Option(help="Only rows that this condition holds for.")] = "",
    n: Annotated[
        int | None, typer.Option(help="For files: persons that the generator was fitted to.")
    ] = None,
    made: Annotated[
        str, typer.Option(help="For files: one fit, refits, fully synthetic, partially synthetic.")
    ] = "",
    uncertified: Annotated[
        bool, typer.Option("--uncertified", help="Also what simulations showed not to hold.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Estimate from synthetic rows, with 95 % intervals that take their making into account."""
    from assaymark.errors import InputError
    from assaymark.flow.api import infer

    column, _, at = quantile.rpartition(":")
    try:
        point = (column, float(at)) if quantile else None
    except ValueError as error:
        raise InputError(f"--quantile {quantile!r} cannot be read\n\nHint: income:0.5") from error
    found = infer(
        list(what),
        mean=mean,
        share=share,
        quantile=point,
        model=model,
        family=family,
        event=event,
        where=where,
        n=n,
        made=made,
        uncertified=uncertified,
    )
    if json:
        print_json(found.plain())
        return 0
    heads = ("estimate of", "estimate", "95 % interval", "error", "df")
    rows = [
        (
            e.name,
            f"{e.estimate:.5g}",
            f"[{e.low:.5g}, {e.high:.5g}]",
            f"{e.se:.3g}",
            f"{e.df:.0f}",
        )
        for e in found.estimates
    ]
    typer.echo(table(rows, heads))
    many = "one table" if found.replicates == 1 else f"{found.replicates} tables"
    typer.echo(f"\n{many} of {found.rows:,} rows, rule {found.rule!r}")
    if found.covered is not None:
        typer.echo(f"such intervals held the truth in {found.covered:.1%} of simulations")
    for notice in found.notices:
        typer.echo(wrapped("note", notice))
    return 0

"""``assaymark monitor``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import print_json, table

__all__ = ["command"]


def command(
    release: Annotated[Path, typer.Argument(help="The folder of a release.")],
    batch: Annotated[Path, typer.Option(help="Rows of today, CSV or Parquet.")],
    threshold: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Total variation distance that counts as drift.")
    ] = 0.1,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Compare a batch with what was released, column by column. Ends with 3 where one drifted."""
    from assaymark.flow.monitor import monitor
    from assaymark.source.read import read_table

    found = monitor(release, read_table(batch), threshold=threshold)
    if json:
        print_json(found.plain())
    else:
        heads = ("column", "says", "distance", "interval", "what")
        typer.echo(table([line.cells for line in found.lines], heads))
        typer.echo(f"\n{found.summary}")
    return 3 if found.drifted else 0

"""``assaymark release lot``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import print_json, table

__all__ = ["command"]


def command(
    name: Annotated[
        str, typer.Argument(metavar="RELEASE", help="Its name in the workspace, or its folder.")
    ],
    rows: Annotated[int, typer.Option(min=1, help="How many rows.")],
    model: Annotated[
        Path | None, typer.Option(help="A model file. Default: the one that the workspace kept.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="A public seed, for tests.")] = None,
    workspace: Annotated[Path, typer.Option(help="The workspace that issued it.")] = Path(
        ".assaymark"
    ),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Make a further batch from an approved, unchanged model, with a statement of its own.

    Checked in seconds, without the real rows: the model is the approved one, constraints hold, the
    rows have not drifted, people's own rows are not repeated beyond what the policy allows over
    everything handed out, and not too many rows were. Ends with 3 when the lot is held.
    """
    from assaymark.flow.release.lot import make_lot
    from assaymark.flow.release.place import workspace_and_name

    made = make_lot(*workspace_and_name(name, workspace), rows, model=model, seed=seed)
    if json:
        print_json(made.plain())
    else:
        lines = [(c.name, c.outcome, c.value, c.limit, c.said) for c in made.checks]
        typer.echo(table(lines, ("check", "outcome", "value", "limit", "")))
        if made.accepted:
            typer.echo(f"\nLot:     {made.where}  ({made.rows:,} rows)")
            typer.echo(f"Verify:  assaymark verify {made.where}")
        else:
            typer.echo(f"\nHELD, in quarantine: {made.where}")
            for reason in made.held:
                typer.echo(f"  - {reason}")
    return 0 if made.accepted else 3

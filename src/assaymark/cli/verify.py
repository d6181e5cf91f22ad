"""``assaymark verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import print_json

__all__ = ["command"]


def command(
    release: Annotated[Path, typer.Argument(help="The folder of a release.")],
    trust: Annotated[
        list[str] | None,
        typer.Option(help="Fingerprint of a signer that you trust; repeat for more."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Check a release offline: every file, every signature, every decision.

    Prints twelve steps, and what was not verified. Ends with 4 when anything does not hold.
    """
    from assaymark.flow.verify import verify

    found = verify(release, trusted=trust or ())
    if json:
        print_json(found.plain())
    else:
        for step in found.steps:
            typer.echo(f"  {step.number:>2}  {step.title:<23} {step.outcome:<15} {step.said}")
        typer.echo("\nNot verified:")
        for check in found.not_verified:
            typer.echo(f"  {check.title}: {check.said}")
        typer.echo("")
        for use, status in found.uses.items():
            typer.echo(f"  {use.replace('_', ' ')}: {status}")
        typer.echo("\nVERIFIED" if found.ok else "\nNOT VERIFIED: do not use this folder")
    return 0 if found.ok else 4

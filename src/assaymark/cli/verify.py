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

    Lists what was verified and what was not. Ends with 4 when anything does not hold.
    """
    from assaymark.flow.verify import verify

    found = verify(release, trusted=trust or ())
    if json:
        print_json(found.plain())
    else:
        for check in found.checks:
            said = f": {check.said}" if check.said else ""
            typer.echo(f"  {check.outcome:<12} {check.title}{said}")
        typer.echo("")
        for use, status in found.uses.items():
            typer.echo(f"  {use.replace('_', ' ')}: {status}")
        typer.echo("\nVERIFIED" if found.ok else "\nNOT VERIFIED: do not use this folder")
    return 0 if found.ok else 4

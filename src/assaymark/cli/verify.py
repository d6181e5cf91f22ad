"""``assaymark verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assaymark.cli.say import print_json

if TYPE_CHECKING:
    from assaymark.flow.release.verify import Verified

__all__ = ["command"]


def command(
    release: Annotated[
        Path, typer.Argument(help="The folder of a release, or its name in .assaymark.")
    ],
    trust: Annotated[
        list[str] | None,
        typer.Option(help="Fingerprint of a signer that you trust; repeat for more."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Check a release offline: every file, every signature, every decision.

    Prints twelve steps, and what was not verified. Ends with 4 when anything does not hold, and
    with 3 when all holds but it is contested or degraded, or approved for no use any more.
    """
    from assaymark.flow.release.place import folder_at
    from assaymark.flow.release.verify import verify

    found = verify(folder_at(release), trusted=trust or ())
    if json:
        print_json(found.plain())
    else:
        typer.echo(f"{_headline(found)}\n")
        for step in found.steps:
            typer.echo(f"  {step.number:>2}  {step.title:<23} {step.outcome:<15} {step.said}")
        typer.echo("\nNot verified:")
        for check in found.not_verified:
            typer.echo(f"  {check.title}: {check.said}")
    return 0 if found.usable else 3 if found.ok else 4


def _headline(found: Verified) -> str:
    """Say whether it holds, and for what it is approved."""
    if not found.ok:
        failed = ", ".join(s.title for s in found.steps if s.outcome == "FAILED")
        return f"NOT VERIFIED: do not use this folder ({failed})"
    words = {u: u.replace("_", " ") for u in found.uses}
    uses = found.now
    approved = [words[u] for u, s in uses.items() if s == "approved"]
    others = [f"{words[u]} ({s})" for u, s in uses.items() if s != "approved"]
    said = f"approved for {', '.join(approved)}" if approved else "approved for no use"
    said += f"; not for {', '.join(others)}" if others else ""
    if not found.stands:
        return f"VERIFIED, but {found.status}: do not use it, ask who issued it; it was {said}"
    return f"VERIFIED: {said}"

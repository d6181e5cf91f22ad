"""``assaymark demo``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import progress

__all__ = ["command"]


def command(
    out: Annotated[Path, typer.Option(help="Folder for all that the demo makes.")] = Path("demo"),
    dp: Annotated[
        bool,
        typer.Option("--dp", help="Once more under differential privacy: about a minute longer."),
    ] = False,
) -> None:
    """Tell the story in two acts on real hospital encounters; every number is computed."""
    from assaymark.flow.demo import demo

    demo(out, say=typer.echo, progress=progress(), program=sys.argv[0], private=dp)

"""``assaymark release generations``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assaymark.cli.say import complain, error_json, print_json, table
from assaymark.errors import AssaymarkError

if TYPE_CHECKING:
    from assaymark.flow.monitor.generations import Generations

__all__ = ["command"]


def command(
    releases: Annotated[
        list[Path], typer.Argument(help="Releases of one lineage, each made of the one before.")
    ],
    act: Annotated[
        bool, typer.Option("--act", help="Sign what the policy of the newest says of a loss.")
    ] = False,
    workspace: Annotated[
        Path | None, typer.Option(help="The workspace that issued the newest, for --act.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Find out whether rows made of made rows lose tails, spread and rare values (collapse).

    Each release is held against the first, the oldest. Ends with 3 where the newest lost any for
    certain.
    """
    from assaymark.flow.monitor.generations import generations
    from assaymark.flow.release.place import folder_at

    releases = [folder_at(r, workspace) for r in releases]
    found, wrong = generations(releases), None
    if not json:
        _say(found)
    if act and found.collapsing:
        try:
            _act(found, releases[-1].resolve(), workspace)
        except AssaymarkError as error:  # what was found is told all the same
            complain(error, as_json=False)
            wrong = error
    if json:
        print_json({**found.plain(), **(error_json(wrong) if wrong else {})})
    if wrong:
        return wrong.exit_code
    return 3 if found.collapsing else 0


def _say(found: Generations) -> None:
    for g in found.generations:
        many = "1 loss" if len(g.losses) == 1 else f"{len(g.losses)} losses"
        said = many if g.losses else "nothing lost for certain"
        far = f"depth {g.depth}, real fraction {g.real_fraction}"
        typer.echo(f"{g.name} ({far}): {said} of {g.compared} looked at")
        rows = [
            (x.column, x.measure, f"{x.ratio:.2f}", f"{x.lost:.1%} for certain") for x in g.losses
        ]
        if rows:
            typer.echo(table(rows, ("column", "what", "of the first", "lost")))


def _act(found: Generations, newest: Path, workspace: Path | None) -> None:
    from assaymark.flow.monitor.act import act, issuer_of
    from assaymark.flow.monitor.generations import seen_in_generations

    method = f"held against {found.first}, generation by generation"
    acted = act(issuer_of(newest, workspace), newest.name, seen_in_generations(found), method)
    for line in acted.signed:
        typer.echo(f"signed: {line}", err=True)
    typer.echo(f"{acted.name} is {acted.standing}", err=True)
    if acted.note:
        typer.echo(acted.note, err=True)

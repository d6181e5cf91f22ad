"""``assaymark run``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import print_json, progress, say_outcome

__all__ = ["command"]


def command(
    recipe: Annotated[Path, typer.Argument(help="The recipe.toml that `assaymark init` wrote.")],
    policy: Annotated[
        Path | None,
        typer.Option(
            help="A policy.toml. Default: policy.toml beside the recipe, else the shipped policy "
            "of the recipe's profile."
        ),
    ] = None,
    use: Annotated[
        list[str] | None,
        typer.Option(help="Ask for this use only: policy_simulation, analytics or pretraining."),
    ] = None,
    workspace: Annotated[
        Path, typer.Option(help="Where state, secrets, reports and releases are kept.")
    ] = Path(".assaymark"),
    no_confirm: Annotated[
        bool, typer.Option("--no-confirm", help="Keep the confirmation holdout closed.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Draw a new candidate; counts as a new attempt.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option(help="A public seed, for tests; the output is marked.")
    ] = None,
    time_limit: Annotated[
        float,
        typer.Option(
            help="Seconds that one metric may take; one that does not end by then gives no "
            "figure, and its rules are NOT_RUN."
        ),
    ] = 600.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Generate, evaluate, decide, and release what every rule approves.

    Ends with 0 when every requested use is approved, 3 when one is refused or inconclusive or
    when rights block the release.
    """
    from assaymark.flow.job import Options, read_job
    from assaymark.flow.run import run

    job = read_job(recipe, policy_path=policy, uses=use or (), workspace=workspace)
    options = Options(
        workspace=workspace,
        confirm=not no_confirm,
        fresh=fresh,
        seed=seed,
        time_limit=time_limit,
    )
    outcome = run(job, options, progress(quiet=json))
    if json:
        print_json(outcome.model_dump(mode="json"))
    else:
        say_outcome(outcome)
    return 0 if outcome.approved else 3

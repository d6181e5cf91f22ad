"""``assaymark evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import print_json, progress, say_described, say_outcome

__all__ = ["command"]


def command(
    train: Annotated[Path, typer.Option(help="Real rows that the generator saw.")],
    synthetic: Annotated[
        list[Path] | None,
        typer.Option(
            help="Synthetic rows; repeat the option for replicates. Without any, --only names "
            "what is said of the real table by itself."
        ),
    ] = None,
    holdout: Annotated[
        Path | None, typer.Option(help="Real rows that the generator did not see.")
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(help="Real rows that the attacker is granted.")
    ] = None,
    earlier: Annotated[
        list[Path] | None,
        typer.Option(
            help="Rows of an earlier release of the same people, attacked together with these; "
            "repeat the option for further releases."
        ),
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="A recipe.toml for roles, kinds and threat profile.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="A policy.toml. Default: the shipped one of the profile.")
    ] = None,
    use: Annotated[
        list[str] | None,
        typer.Option(help="Judge for this use: policy_simulation, analytics or pretraining."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Run this metric only, or this family: fidelity, utility, fairness, privacy; "
            "rules on others are NOT_RUN."
        ),
    ] = None,
    report: Annotated[Path, typer.Option(help="Where to write the HTML report.")] = Path(
        "evaluation.html"
    ),
    seed: Annotated[int | None, typer.Option(help="A public seed, for tests.")] = None,
    time_limit: Annotated[
        float,
        typer.Option(
            help="Seconds that one metric may take; one that does not end by then gives no "
            "figure, and its rules are NOT_RUN."
        ),
    ] = 600.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Judge synthetic rows that any tool made. Ends with 3 when a use is not approved.

    Without --holdout, the verdicts that need one are not given. Without --synthetic, and with
    --only fairness, the table is described by itself, and nothing is judged: it ends with 0.
    """
    from assaymark.flow.evaluate.describe import Described
    from assaymark.flow.evaluate.given import Ask, Files, evaluate_files

    files = Files(
        train=train,
        holdout=holdout,
        reference=reference,
        synthetic=tuple(synthetic or ()),
        earlier=tuple(earlier or ()),
        recipe=recipe,
    )
    ask = Ask(
        uses=tuple(use or ()),
        only=tuple(only or ()),
        report=report,
        seed=seed,
        time_limit=time_limit,
    )
    outcome = evaluate_files(files, ask, policy_path=policy, progress=progress(quiet=json))
    if json:
        print_json(outcome.model_dump(mode="json"))
    elif isinstance(outcome, Described):
        say_described(outcome)
    else:
        say_outcome(outcome)
    return 0 if outcome.approved or isinstance(outcome, Described) else 3

"""``assaymark budget``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assaymark.cli.say import print_json, table

if TYPE_CHECKING:
    from assaymark.flow.evaluate.sweep import Swept

__all__ = ["app"]

app = typer.Typer(
    help="What an epsilon means and costs, what was spent of people's budgets, which are apart.",
    no_args_is_help=True,
)
_Workspace = Annotated[Path, typer.Option(help="The workspace.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("list")
def list_(workspace: _Workspace = Path(".assaymark"), json: _Json = False) -> None:
    """List the accounts of people, and what was charged to each, together with its kin.

    An account belongs to people, not to a file: a table that was renamed, shuffled, cut or merged
    is charged to the same one.
    """
    from assaymark.flow.release.log import workspace_at
    from assaymark.flow.source.budget import listed

    found = listed(workspace_at(workspace))
    if json:
        print_json([line.plain() for line in found])
        return
    rows = [
        (
            line.account,
            str(line.charges),
            f"{line.epsilon:.3g}",
            f"{line.cap:.3g}",
            ", ".join(f"{a} by {by}" for a, by in sorted(line.kin.items())),
        )
        for line in found
    ]
    typer.echo(table(rows, ("account", "fits", "epsilon so far", "at most", "also charged with")))


@app.command("explain")
def explain(
    epsilon: Annotated[float, typer.Argument(help="An epsilon.")],
    delta: Annotated[float, typer.Option(help="The chance with which it may fail.")] = 1e-6,
    json: _Json = False,
) -> None:
    """Say what an epsilon means: the most that any attacker can tell of one person."""
    from assaymark.core.zcdp import best_success, best_tpr, check_delta, check_epsilon

    check_epsilon(epsilon)
    check_delta(delta)
    right = best_success(epsilon, delta)
    found = {rate: best_tpr(epsilon, delta, rate) for rate in (0.001, 0.01, 0.1)}
    if json:
        print_json({"epsilon": epsilon, "delta": delta, "right": right, "found": found})
        return
    filled = round(20 * (2 * right - 1))
    typer.echo(
        f"Epsilon {epsilon:g}, delta {delta:g}\n\n"
        "The best attacker bets at even odds on whether one person was in the source.\n"
        f"  a coin is right   50.0 % of the time  [{'.' * 20}]\n"
        f"  he is, at most   {right:6.1%} of the time  [{'#' * filled}{'.' * (20 - filled)}]\n\n"
        "Of those who were in he finds at most"
    )
    for rate, share in found.items():
        typer.echo(f"  {share:6.1%}   if he wrongly names {rate:.1%} of those who were not")
    typer.echo(
        "\nThis holds whatever he knows besides. It says nothing of findings about groups, of "
        "relatives' rows,\nor of a report that was made from the real rows."
    )


@app.command("sweep")
def sweep(
    recipe: Annotated[Path, typer.Argument(help="A recipe with [privacy].")],
    epsilon: Annotated[
        list[float] | None, typer.Option(help="An epsilon to try; repeat for more.")
    ] = None,
    proxy: Annotated[
        Path | None,
        typer.Option(help="A public table with the same columns: nothing is charged then."),
    ] = None,
    repeats: Annotated[
        int, typer.Option(help="Fits at each epsilon, and one more for attacks; each is charged.")
    ] = 1,
    report: Annotated[Path, typer.Option(help="Where to write the page.")] = Path("sweep.html"),
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> None:
    """Show how close and how useful rows are at one epsilon after another.

    On the recipe's own people every fit is charged, and the cost is said; on a public proxy, or on
    rows that a release under differential privacy gave out, nothing is.
    """
    from assaymark.cli.say import progress
    from assaymark.flow.evaluate.sweep import EPSILONS, Sweeping
    from assaymark.flow.evaluate.sweep import sweep as do

    how = Sweeping(
        workspace=workspace,
        epsilons=tuple(epsilon or EPSILONS),
        repeats=repeats,
        proxy=proxy,
        report=report,
    )
    found = do(recipe, how, progress(quiet=json))
    if json:
        print_json(found.model_dump(mode="json"))
        return
    _say(found)


def _say(found: Swept) -> None:
    from assaymark.release.pages.comparison_words import score_words

    rows = [("real rows", "", "", score_words(found.real_utility))]
    rows += [
        (
            f"{line.epsilon:g}",
            f"{line.right:.1%}",
            score_words(line.closeness) if not line.reason else line.reason,
            score_words(line.utility),
        )
        for line in found.lines
    ]
    heads = ("epsilon", "an attacker is right, at most", "closeness", "trained on it")
    typer.echo("\n" + table(rows, heads))
    if found.proxy:
        typer.echo("\nOn a proxy: nothing was charged, and your own table may behave otherwise.")
    else:
        typer.echo(
            f"\nThese fits cost epsilon {found.cost:.3g} together; the account of these people "
            f"stands at {found.spent:.3g} of {found.cap:g}."
        )
    typer.echo(f"\nReport:   {found.report}")


@app.command("separate")
def separate(
    account: Annotated[str, typer.Argument(help="An account, as a refusal or `list` names it.")],
    other: Annotated[str, typer.Argument(help="The account that is of other people.")],
    reason: Annotated[str, typer.Option(help="How it is known that the people are others.")],
    key: Annotated[Path, typer.Option(help="Key file of somebody with the role privacy.")],
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> None:
    """Sign, in the role privacy, that two accounts are of different people.

    It counts where values cannot tell; person keys that agree cannot be talked away.
    """
    from assaymark.flow.decide.people import read_key
    from assaymark.flow.release.log import workspace_at
    from assaymark.flow.source.accounts import separate as do

    made = do(workspace_at(workspace), (account, other), reason, read_key(key))
    if json:
        print_json(made.plain())
    else:
        typer.echo(f"accounts {account} and {other} are kept apart: {made.reason}")

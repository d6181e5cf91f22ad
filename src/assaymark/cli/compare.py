"""``assaymark compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assaymark.cli.say import print_json, progress, table, wrapped

if TYPE_CHECKING:
    from assaymark.core.comparison import Comparison

__all__ = ["command"]


def command(
    what: Annotated[
        list[Path],
        typer.Argument(metavar="RECIPE... | TABLE", help="Recipes of one table, or a table."),
    ],
    generators: Annotated[
        str,
        typer.Option(
            help="With a table: generators, by commas. Default: tree_chain, gaussian_copula, "
            "independent and bootstrap, which leaks on purpose."
        ),
    ] = "",
    target: Annotated[
        str | None, typer.Option(help="With a table: the column that models should predict.")
    ] = None,
    repeats: Annotated[
        int, typer.Option(min=1, help="Fits of each recipe behind closeness and cost.")
    ] = 5,
    rows: Annotated[
        int, typer.Option(min=100, help="Rows of each side that are told apart, at most.")
    ] = 10_000,
    shadow: Annotated[
        bool,
        typer.Option("--shadow", help="Let the attacker refit each generator 64 times, as well."),
    ] = False,
    report: Annotated[Path, typer.Option(help="Where to write the page.")] = Path(
        "comparison.html"
    ),
    workspace: Annotated[
        Path, typer.Option(help="Whose split is used; the confirmation holdout stays closed.")
    ] = Path(".assaymark"),
    seed: Annotated[
        int | None, typer.Option(help="A public seed, for tests; the output is marked.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare recipes, or generators, on the same people: closeness, use, leaks and cost.

    Nothing is released and the confirmation holdout stays closed. Ends with 3 where the holdout
    shares rows or persons with train beyond the policy's limit.
    """
    from assaymark.flow.evaluate.compare import Comparing, compare
    from assaymark.flow.evaluate.entrants import read_entrants

    names = [n.strip() for n in generators.split(",") if n.strip()]
    how = Comparing(
        workspace=workspace, repeats=repeats, rows=rows, shadow=shadow, seed=seed, report=report
    )
    entrants = read_entrants(what, names, target=target)
    found = compare(entrants, how, progress(quiet=json))
    if json:
        print_json(found.model_dump(mode="json"))
    else:
        _say(found)


def _say(found: Comparison) -> None:
    from assaymark.release.pages.comparison_words import (
        badge_of,
        compared_answer,
        cost_words,
        leak_words,
        score_words,
        sorted_contenders,
        speed_words,
    )

    answer = compared_answer(found)
    typer.echo(f"\n{found.name}: {answer.headline}\n\n{wrapped('', answer.sentence)}\n")
    heads = ["recipe", "closeness", "CPU s a fit", "rows a CPU s", "attacks"]
    rows = [["real rows", score_words(found.ceiling), "", "", ""]]
    rows += [
        [c.name, score_words(c.closeness), cost_words(c), speed_words(c), badge_of(c).word]
        for c in sorted_contenders(found)
    ]
    if found.target is not None and found.real_utility.value is not None:
        heads.insert(2, f"score for {found.target}")
        uses = [found.real_utility, *(c.utility for c in sorted_contenders(found))]
        for row, use in zip(rows, uses, strict=True):
            row.insert(2, "" if use.value is None else f"{use.value:.3f}")
    typer.echo(table(rows, heads))
    typer.echo("\nMost successful attack:")
    for c in sorted_contenders(found):
        if not c.reason:
            typer.echo(f"  {c.name}: {leak_words(c.worst)}".replace("\u00a0", " "))
    typer.echo("\nKnow first:")
    for notice in (found.hygiene.words, *found.notices):
        typer.echo(wrapped("  -", notice).replace("  -           ", "  - ", 1))
    typer.echo(f"\nReport:   {found.report}")

"""``assaymark dial``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assaymark.cli.say import print_json, progress, table, wrapped
from assaymark.errors import InputError

if TYPE_CHECKING:
    from assaymark.core.dial import Dialled

__all__ = ["command"]


def command(
    what: Annotated[Path, typer.Argument(metavar="RECIPE | TABLE", help="A recipe, or a table.")],
    at_most: Annotated[
        float,
        typer.Option(
            help="Share of members that may be recognised where 1 % of others are; 0.01 is chance."
        ),
    ] = 0.02,
    write: Annotated[
        Path | None,
        typer.Option(help="Write the recipe with the chosen setting there."),
    ] = None,
    worlds: Annotated[int, typer.Option(help="How often the attacker refits each setting.")] = 40,
    people: Annotated[int, typer.Option(help="People in each of these fits, at most.")] = 10_000,
    repeats: Annotated[int, typer.Option(help="Fits behind closeness and cost.")] = 3,
    report: Annotated[Path, typer.Option(help="Where to write the page.")] = Path("dial.html"),
    workspace: Annotated[
        Path, typer.Option(help="Whose split is used; the confirmation holdout stays closed.")
    ] = Path(".assaymark"),
    seed: Annotated[
        int | None, typer.Option(help="A public seed, for tests; the output is marked.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure how close to the source the default generator may go before attacks succeed.

    Five settings are fitted, told apart from unseen people and attacked by refitting; the closest
    one within the limit is chosen. Nothing is released. Ends with 3 where no setting holds.
    """
    from assaymark.flow.evaluate.dial import Dialling, dial, with_parameters
    from assaymark.flow.evaluate.entrants import read_entrants
    from assaymark.flow.written import check_can_write, write_files

    if write is not None and what.suffix.lower() != ".toml":
        raise InputError("--write goes with a recipe\n\nHint: `assaymark init TABLE` makes one")
    if write is not None:
        check_can_write(write, "--write PATH")
    how = Dialling(
        workspace=workspace,
        at_most=at_most,
        worlds=worlds,
        people=people,
        repeats=repeats,
        seed=seed,
        report=report,
    )
    how.check()
    names = [] if what.suffix.lower() == ".toml" else ["tree_chain"]
    found = dial(read_entrants([what], names), how, progress(quiet=json))
    if write is not None and found.chosen is not None:
        text = with_parameters(what.read_text("utf-8"), found)
        write_files({write: text.encode()}, "--write PATH")
    if json:
        print_json(found.model_dump(mode="json"))
    else:
        _say(found, write)
    if found.chosen is None:
        raise typer.Exit(3)


def _say(found: Dialled, write: Path | None) -> None:
    from assaymark.release.pages.comparison_words import score_words
    from assaymark.release.pages.dial_words import dialled_answer, recognised_words, settings_words

    answer = dialled_answer(found)
    typer.echo(f"\n{found.name}: {answer.headline}\n\n{wrapped('', answer.sentence)}\n")
    heads = ["setting", "closeness", "anyone", "the most isolated", "", "parameters"]
    rows = [["real rows", score_words(found.ceiling), "", "", "", ""]]
    for n in found.notches:
        mark = "chosen" if n.name == found.chosen else "within" if n.within else "beyond"
        figures = (n.anyone, n.isolated)
        said = [recognised_words(f).replace("\u00a0", " ") for f in figures]
        rows.append([n.name, score_words(n.closeness), *said, mark, settings_words(n)])
    typer.echo(table(rows, heads))
    typer.echo("\nRecognised where 1 % of others are, with 95 % intervals; 1 % is chance.")
    typer.echo("\nKnow first:")
    for notice in found.notices:
        typer.echo(wrapped("  -", notice).replace("  -           ", "  - ", 1))
    if write is not None and found.chosen is not None:
        typer.echo(f"\nRecipe:   {write}")
    typer.echo(f"\nReport:   {found.report}")

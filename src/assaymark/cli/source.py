"""``assaymark source``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import print_json, table

__all__ = ["app"]

app = typer.Typer(help="Register sources with their terms, and look them up.", no_args_is_help=True)
_Workspace = Annotated[Path, typer.Option(help="The workspace.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("register")
def register(
    recipe: Annotated[Path, typer.Argument(help="A recipe; its [source] is registered.")],
    id_: Annotated[str, typer.Option("--id", help="The source's id. Default: from the name.")] = "",
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> None:
    """Register the source of a recipe with its terms; again, to change them.

    From then on every recipe that reads the table is held to these terms: it may add to them and
    narrow them. The ledger gets keyed commitments only; the terms stay sealed in the workspace.
    """
    from assaymark.flow.release.log import workspace_at
    from assaymark.flow.source.sources import register as do
    from assaymark.flow.source.sources import shown

    found = shown(do(workspace_at(workspace, make=True), recipe, name=id_))
    if json:
        print_json(found.plain())
        return
    typer.echo(f"registered {found.id}: {found.state}")
    if found.next:
        typer.echo(f"next: {found.next}")


@app.command("show")
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The source's id.")],
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> None:
    """Show one source with its terms, and what they allow today."""
    from assaymark.flow.release.log import workspace_at
    from assaymark.flow.source.sources import source_called

    found = source_called(workspace_at(workspace), id_)
    if json:
        print_json(found.plain())
        return
    plain = found.plain()
    lines = {**plain.pop("rights"), **plain}
    rows = [
        (k.replace("_", " "), ", ".join(map(str, v)) if isinstance(v, list) else str(v))
        for k, v in lines.items()
        if v
    ]
    typer.echo(table(rows, ("term", "value")))


@app.command("list")
def list_(workspace: _Workspace = Path(".assaymark"), json: _Json = False) -> None:
    """List the registered sources and what their terms allow today."""
    from assaymark.flow.release.log import workspace_at
    from assaymark.flow.source.sources import registered, shown

    found = [shown(s) for s in registered(workspace_at(workspace))]
    if json:
        print_json([s.plain() for s in found])
        return
    rows = [
        (s.id, s.state, s.rights.licence or s.rights.basis or "-", s.rights.expires or "-", s.next)
        for s in found
    ]
    typer.echo(table(rows, ("id", "state", "licence or basis", "expires", "next")))


@app.command("rules")
def rules(
    file: Annotated[Path, typer.Argument(help="A table: CSV or Parquet.")],
    recipe: Annotated[
        Path | None, typer.Option(help="A recipe, for what the columns mean and what is changed.")
    ] = None,
    support: Annotated[int, typer.Option(help="People that a rule must be about, at least.")] = 100,
    json: _Json = False,
) -> None:
    """Propose plausibility rules that every row keeps, commented out, for somebody to accept.

    Nothing in them is a value, or the end of a range, that fewer than ten people have.
    """
    from assaymark.flow.source.mining import mine, rules_text

    found = mine(file, recipe, support=support)
    if json:
        print_json([{"rule": p.rule.plain(), "people": p.people, "words": p.words} for p in found])
        return
    typer.echo(rules_text(found), nl=False)


@app.command("related")
def related(
    rules: Annotated[Path, typer.Argument(help="A file of tables, keys and rules over them.")],
    real: Annotated[Path, typer.Option(help="A folder with the real tables.")],
    synthetic: Annotated[
        Path | None, typer.Option(help="A folder with the synthetic ones, called alike.")
    ] = None,
    json: _Json = False,
) -> None:
    """Hold rules over related tables, such as persons and visits, against real and made ones.

    Ends with 3 where a rule is not shown to hold: a synthetic row breaks a hard one, more rows
    break a soft one than real rows do, or there is too little to tell.
    """
    from assaymark.flow.source.related import hold_against, passed, rows_of

    found = hold_against(rules, real, synthetic)
    if json:
        print_json([f.plain() for f in found])
    else:
        typer.echo(table(rows_of(found), ("table", "rule", "", "real", "synthetic", "finding")))
    raise typer.Exit(0 if passed(found) else 3)


@app.command("sample")
def sample(
    place: Annotated[
        str,
        typer.Argument(
            metavar="PLACE",
            help="A CSV or Parquet file, a folder or 'pattern*' of them, an object store such as "
            "s3://bucket/visits/, or a database such as sqlite:///file.db.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The .parquet file to write.")],
    rows: Annotated[int, typer.Option(min=1, help="How many rows at most.")] = 1_000_000,
    query: Annotated[str, typer.Option(help="For a database: the query that finds the rows.")] = "",
    person: Annotated[
        str | None,
        typer.Option(help="The column that says whose row it is. Default: the one that looks so."),
    ] = None,
    by_row: Annotated[
        bool, typer.Option("--by-row", help="Draw rows, not persons with all of theirs.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="A public seed: the same sample again.")] = None,
    json: _Json = False,
) -> None:
    """Draw a random sample from a table of any size, and say what the whole of it holds.

    The table is read once, some rows at a time, so that it need not fit into memory. Every other
    command takes the sample.
    """
    from assaymark.cli.say import progress
    from assaymark.flow.source.thin import sample_source

    made = sample_source(
        place,
        out,
        rows=rows,
        query=query,
        person=person,
        by_row=by_row,
        seed=seed,
        progress=progress(quiet=json),
    )
    if json:
        print_json(made.plain())
        return
    by = f"persons by {made.person}" if made.person else "rows"
    typer.echo(f"{made.file}: {made.rows:,} of {made.n:,} rows, drawn by {by}")
    lines = [
        (c.name, c.kind, c.reason, f"{c.n_unique_in_sample:,}", f"{c.empty:.1%}")
        for c in made.columns
    ]
    typer.echo(table(lines, ("column", "kind", "why", "values in the sample", "empty, all rows")))

"""``assaymark generate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assaymark.cli.say import print_json, progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.flow.generate.block_run import WrittenBlocks

__all__ = ["command"]


def command(
    source: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV or Parquet file.")],
    rows: Annotated[
        int | None, typer.Option(min=1, help="How many rows. Default: about as many as in TABLE.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A .csv or .parquet file, or a folder for any number of rows: Parquet blocks, "
            "made by several workers, resumable. Default: a file beside you."
        ),
    ] = None,
    generator: Annotated[str, typer.Option(help="Which generator.")] = "tree_chain",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A parameter of the generator, such as quality=standard; as often as needed.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="A public seed: same rows again; the output is marked.")
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(help="Who makes a folder's blocks: local (processes) or ray (a cluster)."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="How many at a time. Default: one for each core.")
    ] = None,
    where: Annotated[
        str, typer.Option(help="Only rows such as \"age >= 40 and sex == 'F'\".")
    ] = "",
    shares: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN:VALUE=SHARE", help="Exact shares, one each; or a TOML file of them."
        ),
    ] = None,
    constraint: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE",
            help='What holds on every row, such as "admitted <= discharged"; or a TOML file of '
            "[[constraint]] tables, such as a recipe. As often as needed.",
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="A column in which NA, null and the like are values; elsewhere they are read as "
            "missing. As often as needed.",
        ),
    ] = None,
    identifiers: Annotated[
        bool,
        typer.Option(
            "--identifiers/--no-identifiers",
            help="Give keys of the table's own making, such as ids of encounters, fresh values of "
            "the same pattern, or leave them out.",
        ),
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make an ungated draft: synthetic rows and a one-page report, no configuration needed.

    A draft was held against no policy. `assaymark init` and `assaymark run` make a release.
    The same command again goes on with a folder that is not finished, and mends one that is.
    """
    from assaymark.errors import InputError
    from assaymark.flow.generate.constraints import read_constraints
    from assaymark.flow.generate.draft import write_draft
    from assaymark.flow.generate.fit import read_parameters
    from assaymark.flow.generate.kinds import Kinds, read_shares

    parameters = read_parameters(set_ or ())

    if out is not None and (out.is_dir() or not out.suffix):
        if where or shares or constraint:
            raise InputError(
                "--where, --shares and --constraint are for a file, not for a folder of blocks\n\n"
                "Hint: --out rows.parquet"
            )
        made_by = generator, parameters, seed
        run_by = engine, workers
        _folder(
            source,
            out,
            rows,
            made_by,
            run_by,
            keep=keep or (),
            identifiers=identifiers,
            as_json=json,
        )
        return
    if engine or workers:
        raise InputError(
            "--engine and --workers are for a folder of blocks\n\nHint: --out FOLDER, a name "
            "without a suffix"
        )
    made = write_draft(
        source,
        out,
        rows=rows,
        generator=generator,
        parameters=parameters,
        seed=seed,
        kinds=Kinds(
            where=where,
            shares=read_shares(shares or ()),
            constraints=read_constraints(constraint or ()),
        ),
        keep=keep or (),
        identifiers=identifiers,
        progress=progress(quiet=json),
    )
    if json:
        print_json(made.plain())
        return
    typer.echo(f"\nRows:    {made.rows}  ({made.n:,} rows; UNGATED: held against no policy)")
    typer.echo(f"Report:  {made.report}")
    for notice in made.notices:
        typer.echo(f"  - {notice}")
    typer.echo(f"\nFor a release: assaymark init {source}")


def _folder(
    source: Path,
    out: Path,
    rows: int | None,
    made_by: tuple[str, dict[str, Any], int | None],
    run_by: tuple[str | None, int | None],
    *,
    keep: Sequence[str],
    identifiers: bool,
    as_json: bool,
) -> None:
    from assaymark.errors import InputError
    from assaymark.flow.generate.block_run import Asked, write_blocks

    (generator, parameters, seed), (engine, workers) = made_by, run_by
    if rows is None:
        raise InputError(
            f"{str(out)!r} has no suffix or is a folder, in which rows are made as blocks, and it "
            f"is not said how many\n\nHint: --rows 10000000; or --out {out}.csv for one file"
        )
    asked = Asked(
        rows=rows,
        generator=generator,
        parameters=parameters,
        seed=seed,
        engine=engine or "local",
        workers=workers or 0,
        keep=tuple(keep),
        identifiers=identifiers,
    )
    made = write_blocks(source, out, asked, progress(quiet=as_json))
    if as_json:
        print_json(made.plain())
        return
    typer.echo(f"\nRows:    {made.rows}  ({made.n:,} rows; UNGATED: held against no policy)")
    there = f", {made.found} were there" if made.found else ""
    typer.echo(f"Blocks:  {made.blocks}: {made.made} made{there}; root {made.merkle_root[:16]}")
    for file in made.redone[:6]:
        typer.echo(f"  - {file} {_why_again(file, made)}, and was made again")
    typer.echo(f"Report:  {made.report}")
    for notice in made.notices:
        typer.echo(f"  - {notice}")


def _why_again(file: str, made: WrittenBlocks) -> str:
    if file in made.lost:
        return "was missing"
    if file in made.unfinished:
        return "was not noted as finished when the command ended"
    return "was not as it was written"

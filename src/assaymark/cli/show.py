"""``assaymark show``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assaymark.cli.say import print_json, table

if TYPE_CHECKING:
    from assaymark.flow.monitor.since import Since

__all__ = ["command"]


def command(
    release: Annotated[
        Path | None,
        typer.Argument(
            help="A release, by folder or name, to read its card, or a model file, to see what it "
            "is drawn from, or a folder of blocks. Default: the workspace."
        ),
    ] = None,
    workspace: Annotated[Path, typer.Option(help="The workspace.")] = Path(".assaymark"),
    timeline: Annotated[
        list[Path] | None,
        typer.Option(
            help="A monitor's timeline of the release; RELEASE*.timeline.jsonl beside it is found."
        ),
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="Write what became of the release as a page.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show a release's card and what became of it, a model file, blocks, or what happened here."""
    from assaymark.flow.monitor.since import since, since_page
    from assaymark.flow.release.place import folder_at
    from assaymark.flow.status import card_of, status_of
    from assaymark.flow.written import write_page
    from assaymark.release.documents.quoted import unlinked

    if release is not None and release.is_file():
        _model(release, as_json=json)
        return
    if release is not None:
        release = folder_at(release, workspace)
        if _blocks(release, as_json=json):
            return
        found = since(release, timelines=timeline or (), workspace=_given(workspace))
        if page is not None:
            write_page(page, since_page(found))
        card = card_of(release)
        if json:
            print_json({"release": str(release), "card": card, "since": found.plain()})
        else:
            _since(found)
            typer.echo(unlinked(card))
        return
    status = status_of(workspace)
    if json:
        print_json(status.plain())
        return
    heads = ("candidate", "name", "status", "uses", "where", "next")
    typer.echo(table([c.cells for c in status.candidates], heads))
    for line in status.notices:
        typer.echo(f"\nnote: {line}")


def _given(workspace: Path) -> Path | None:
    return workspace if (workspace / "ledger.db").exists() else None


def _since(found: Since) -> None:
    typer.echo(f"\nSince it was issued: {found.standing}\n")
    if found.said:
        typer.echo(table([s.cells for s in found.said], ("when", "what", "said", "so it is")))
    for looked in found.looked:
        typer.echo(f"- Watched ({looked.file}): {looked.words}")
    if not (found.said or found.looked):
        typer.echo("Nothing was said of it, and no timeline of a monitor lies beside it.")
    typer.echo("")


def _model(path: Path, *, as_json: bool) -> None:
    from assaymark.flow.generate.model import show_model

    shown = show_model(path)
    if as_json:
        print_json(shown.plain())
        return
    typer.echo(f"{shown.generator}, SHA-256 {shown.sha256}")
    typer.echo("  ".join(f"{name} = {value}" for name, value in shown.parameters.items()) + "\n")
    heads = ("column", "codes", "missing", "hidden values", "pools", "drawn from")
    typer.echo(table([c.cells for c in shown.columns], heads))
    for column, of in shown.derived.items():
        typer.echo(f"\n{column} follows from {of}.")
    for column, pattern in shown.identifiers.items():
        typer.echo(f"\n{column} is made afresh for each row: {pattern}.")


def _blocks(path: Path, *, as_json: bool) -> bool:
    """Say what a folder of blocks is; return whether it is one."""
    from assaymark.flow.generate.block_shown import show_blocks

    shown = show_blocks(path)
    if shown is None:
        return False
    if as_json:
        print_json(shown.plain())
        return True
    typer.echo(
        f"An ungated draft, no release: rows of {shown.table!r} by {shown.generator}, held against "
        f"no policy.\n\nRows:    {shown.n:,}\nBlocks:  {shown.there} of {shown.blocks} are there"
        f"{f'; root {shown.merkle_root[:16]}' if shown.finished else '; not finished'}\n\n"
        "The `assaymark generate` that began it, again, reads every block, and makes again what is "
        "missing or was altered. For a release: assaymark init TABLE"
    )
    return True

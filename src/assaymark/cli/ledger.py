"""``assaymark ledger``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assaymark.cli.say import print_json, table

__all__ = ["app"]

app = typer.Typer(
    help="Read and check the append-only ledger of a workspace.", no_args_is_help=True
)
_Workspace = Annotated[Path, typer.Option(help="The workspace.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("list")
def list_(
    workspace: _Workspace = Path(".assaymark"),
    kind: Annotated[str | None, typer.Option(help="Entries of this kind only.")] = None,
    json: _Json = False,
) -> None:
    """List the entries, oldest first."""
    from assaymark.flow.status import entries_of

    entries = entries_of(workspace, kind=kind)
    if json:
        print_json(entries)
        return
    rows = [
        (str(e["index"]), str(e["time"]), str(e["kind"]), str(e["subject"])[:24]) for e in entries
    ]
    typer.echo(table(rows, ("index", "time", "kind", "subject")))


@app.command("check")
def check(workspace: _Workspace = Path(".assaymark"), json: _Json = False) -> None:
    """Recompute every hash; ends with 4 when an entry was changed, removed or moved."""
    from assaymark.flow.status import check_ledger

    found = check_ledger(workspace)
    if json:
        print_json(found)
    else:
        typer.echo(f"{found['size']} entries hold together; root {found['root']}")


@app.command("checkpoint")
def checkpoint(
    workspace: _Workspace = Path(".assaymark"),
    out: Annotated[Path | None, typer.Option(help="Write it here.")] = None,
    json: _Json = False,
) -> None:
    """Sign the ledger's size and root as they are now; give it to somebody else to keep.

    Whoever holds it finds out later when entries were removed, changed, reordered or forked.
    """
    from assaymark.flow.release.log import checkpoint_of, workspace_at

    head = checkpoint_of(workspace_at(workspace))
    _put(out, head.checkpoint.encode())
    if json:
        print_json(head.plain())
        return
    if out is None:
        typer.echo(head.checkpoint, nl=False)
    typer.echo(f"{head.size} entries; others check it with the key\n{head.key}", err=True)


@app.command("prove")
def prove(
    index: Annotated[int | None, typer.Argument(help="Index of the entry.")] = None,
    since: Annotated[
        Path | None, typer.Option(help="A checkpoint: prove that the ledger only grew since.")
    ] = None,
    workspace: _Workspace = Path(".assaymark"),
    out: Annotated[Path | None, typer.Option(help="Write the proof here.")] = None,
    json: _Json = False,
) -> None:
    """Prove that an entry is in the ledger, or that the ledger only grew since a checkpoint.

    The proof carries a fresh checkpoint and is checked without this workspace.
    """
    from assaymark.errors import InputError
    from assaymark.flow.release.log import prove_entry, prove_since, workspace_at

    if (index is None) == (since is None):
        raise InputError(
            "say what to prove\n\nHint: `assaymark ledger prove INDEX`, or `assaymark ledger "
            "prove --since CHECKPOINT`"
        )
    found = workspace_at(workspace)
    raw = prove_entry(found, index or 0) if since is None else prove_since(found, _read(since))
    _put(out, raw)
    if json:
        print_json({"index": index, "proof": raw.decode()})
    elif out is None:
        typer.echo(raw.decode(), nl=False)


@app.command("verify")
def verify(
    against: Annotated[Path, typer.Option(help="A checkpoint that somebody else held.")],
    workspace: _Workspace = Path(".assaymark"),
    proof: Annotated[
        Path | None,
        typer.Option(help="Check this proof of `ledger prove --since`; needs no workspace."),
    ] = None,
    key: Annotated[str, typer.Option(help="With --proof: the ledger's key.")] = "",
    held_since: Annotated[
        str, typer.Option(help="When the checkpoint came into other hands (ISO time).")
    ] = "",
    json: _Json = False,
) -> None:
    """Compare the ledger with a checkpoint that somebody else held.

    Ends with 4 when entries were changed, removed, reordered, forked or back-dated.
    """
    from assaymark.errors import InputError
    from assaymark.flow.release.log import compare, compare_offline, moment, workspace_at

    if proof is not None and not key:
        raise InputError(
            "--proof is checked with the ledger's key\n\nHint: --key takes the line that "
            "`assaymark ledger checkpoint` prints"
        )
    if proof is not None:
        found = compare_offline(_read(against), _read(proof), key)
    else:
        found = compare(workspace_at(workspace), _read(against), since=moment(held_since))
    if json:
        print_json(found.plain())
    else:
        typer.echo(
            f"the {found.held} entries of the checkpoint are all there, as they were; "
            f"{found.added} were added since"
        )


def _read(path: Path) -> bytes:
    from assaymark.flow.release.handed import read_handed

    return read_handed(path)


def _put(path: Path | None, raw: bytes) -> None:
    from assaymark.errors import InputError

    if path is None:
        return
    try:
        path.write_bytes(raw)
    except OSError as error:
        raise InputError(f"cannot write {str(path)!r}: {error.strerror}") from error

"""``assaymark release``: withdraw, and what follows it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from assaymark.cli.say import print_json, table

if TYPE_CHECKING:
    from assaymark.flow.release.receipts import RecallState

__all__ = ["destroyed", "recall", "receipt", "withdraw"]

_Workspace = Annotated[Path, typer.Option(help="The workspace that issued it.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_Name = Annotated[
    str, typer.Argument(metavar="RELEASE", help="Its name in the workspace, or its folder.")
]
_Admissions = Annotated[
    list[Path] | None,
    typer.Option(
        "--admission",
        help="A file of admissions that a consumer sent, or the folder of a release made of this "
        "one; repeat for more.",
    ),
]


def withdraw(
    name: _Name,
    reason: Annotated[
        Literal["privacy", "quality", "rights", "legal", "consent"],
        typer.Option(help="Class of the reason."),
    ],
    why: Annotated[str, typer.Option(help="In words; recipients read it.")],
    instruct: Annotated[
        Literal["stop", "destroy", "replace"], typer.Option(help="What recipients must do.")
    ] = "stop",
    successor: Annotated[str, typer.Option(help="Which release to use instead.")] = "",
    admission: _Admissions = None,
    drill: Annotated[
        bool, typer.Option("--drill", help="Only practise: change nothing, take the time.")
    ] = False,
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> None:
    """Take a release back for good; lists what was made from it and writes a signed notice."""
    from assaymark.flow.release.place import workspace_and_name
    from assaymark.flow.release.recall import withdraw as do

    found = do(
        *workspace_and_name(name, workspace),
        reason,
        why,
        instruct=instruct,
        successor=successor,
        drill=drill,
        admissions=admission or (),
    )
    if json:
        print_json(found.plain())
        return
    typer.echo(f"{'DRILL: nothing was changed; ' if drill else 'withdrawn: '}{found.name}")
    for d in found.made:
        digest = f" ({d.sha256[:16]})" if d.sha256 else ""
        typer.echo(f"  tell: {d.words}{digest}")
    typer.echo(
        f"{len(found.descendants)} to be told; time to notify {found.seconds:g} s, from the "
        "command to the signed notice that lists them"
    )
    if found.notice:
        typer.echo(f"Send this notice to every recipient: {found.notice}")
        typer.echo(f"Who has answered: assaymark release recall {found.name}")


def destroyed(
    release: Annotated[
        Path,
        typer.Argument(help="Its folder or name, or the notice that withdrew it."),
    ],
    what: Annotated[
        list[str],
        typer.Option(help="What was destroyed: its name or digest in the withdrawal's list."),
    ],
    key: Annotated[Path, typer.Option(help="Your key file; `assaymark people key` makes one.")],
    how: Annotated[str, typer.Option(help="How it was destroyed, in words.")],
    out: Annotated[Path, typer.Option(help="Where to write it.")] = Path("receipt.dsse.json"),
    json: _Json = False,
) -> None:
    """Sign a receipt that a release, or what was made of it, was destroyed, for the issuer."""
    from assaymark.core.document import sha256
    from assaymark.errors import InputError
    from assaymark.flow.decide.people import read_key
    from assaymark.flow.release.place import folder_at
    from assaymark.flow.release.receipts import destroyed as do

    raw = do(folder_at(release), read_key(key), what, how)
    try:
        out.write_bytes(raw)
    except OSError as error:
        raise InputError(f"cannot write {str(out)!r}: {error.strerror}") from error
    if json:
        print_json({"receipt": sha256(raw), "file": str(out)})
    else:
        typer.echo(f"receipt {sha256(raw)[:16]} written to {out}; send it to who withdrew it")


def receipt(
    name: _Name,
    file: Annotated[Path, typer.Argument(help="The receipt that you were sent.")],
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> None:
    """Enter a receipt of destruction that a consumer sent, and show who has not answered."""
    from assaymark.flow.release.handed import read_handed
    from assaymark.flow.release.place import workspace_and_name
    from assaymark.flow.release.receipts import take_receipt

    opened, called = workspace_and_name(name, workspace)
    _show(take_receipt(opened, called, read_handed(file, "receipt")), as_json=json)


def recall(
    name: _Name,
    admission: _Admissions = None,
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> None:
    """Show how far a withdrawal got: who said that it was destroyed, and who has not answered."""
    from assaymark.flow.release.place import workspace_and_name
    from assaymark.flow.release.receipts import recall_of

    opened, called = workspace_and_name(name, workspace)
    _show(recall_of(opened, called, admission or ()), as_json=json)


def _show(state: RecallState, *, as_json: bool) -> None:
    if as_json:
        print_json({**state.plain(), "waiting": state.waiting})
        return
    typer.echo(f"{state.name}: withdrawn {state.withdrawn}; {state.instruct}")
    titles = ("what", "answer", "key", "when", "how")
    typer.echo(table([line.cells for line in state.lines], titles))
    if state.others:
        typer.echo("\nNot on the list:")
        typer.echo(table([line.cells for line in state.others], titles))
    typer.echo(f"\n{state.waiting} of {len(state.lines)} have not answered")

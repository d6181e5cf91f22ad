"""``assaymark people``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assaymark.cli.say import print_json, table

if TYPE_CHECKING:
    from assaymark.core.people import RoleFile

__all__ = ["app"]

app = typer.Typer(
    help="Say who has which role and which key; names stay in an erasable directory.",
    no_args_is_help=True,
)
_Workspace = Annotated[Path, typer.Option(help="The workspace.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_Name = Annotated[str, typer.Argument(help="The person's name.")]
_Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--role",
        help="data_owner, privacy, domain, fairness, ml_owner, release_manager, auditor or "
        "witness; repeat for more.",
    ),
]
_SignWith = Annotated[
    list[Path] | None,
    typer.Option(help="Key file of a root person who signs the change; repeat for more."),
]
_Days = Annotated[int, typer.Option(help="Days until the role file expires.")]


@app.command("key")
def key(
    out: Annotated[Path, typer.Option(help="Where to write the private key.")],
    json: _Json = False,
) -> None:
    """Make a key of your own and print its public half, which others register."""
    from assaymark.flow.decide.people import new_key

    public = new_key(out)
    if json:
        print_json({"public": public, "private_key_file": str(out)})
    else:
        typer.echo(public)


@app.command("init")
def init(
    name: _Name,
    role: _Roles = None,
    days: _Days = 365,
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> None:
    """Begin with one person, who holds the workspace's key; everything stays self-attested."""
    from assaymark.flow.decide.people import init as do
    from assaymark.flow.release.log import workspace_at

    found = workspace_at(workspace, make=True)
    _said(do(found, name, role or ("ml_owner",), days=days), as_json=json)


@app.command("add")
def add(
    name: _Name,
    key: Annotated[str, typer.Option(help="The person's public key, 64 hexadecimal digits.")],
    role: _Roles = None,
    root: Annotated[
        bool, typer.Option("--root", help="The person may sign role files, too.")
    ] = False,
    threshold: Annotated[
        int | None, typer.Option(min=1, help="How many root persons must sign from now on.")
    ] = None,
    sign_with: _SignWith = None,
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> None:
    """Add a person, or another key of a person, who then still counts once.

    From the second person on, whoever made a decision cannot approve it.
    """
    from assaymark.flow.decide.people import add as do
    from assaymark.flow.decide.people import read_key
    from assaymark.flow.release.log import workspace_at

    keys = [read_key(p) for p in sign_with or ()]
    found = do(
        workspace_at(workspace),
        name,
        role or (),
        key,
        root=root,
        threshold=threshold,
        sign_with=keys,
    )
    _said(found, as_json=json)


@app.command("remove")
def remove(
    who: Annotated[str, typer.Argument(help="The person's name or id.")],
    sign_with: _SignWith = None,
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> None:
    """Take a person out of the role file and erase the name; approvals that wait lose theirs."""
    from assaymark.flow.decide.people import read_key
    from assaymark.flow.decide.people import remove as do
    from assaymark.flow.release.log import workspace_at

    keys = [read_key(p) for p in sign_with or ()]
    _said(do(workspace_at(workspace), who, sign_with=keys), as_json=json)


@app.command("renew")
def renew(
    days: _Days = 365,
    sign_with: _SignWith = None,
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> None:
    """Sign the same people again before, or after, the role file expired."""
    from assaymark.flow.decide.people import read_key
    from assaymark.flow.decide.people import renew as do
    from assaymark.flow.release.log import workspace_at

    keys = [read_key(p) for p in sign_with or ()]
    _said(do(workspace_at(workspace), days=days, sign_with=keys), as_json=json)


@app.command("sign")
def sign(
    key: Annotated[Path, typer.Option(help="Your key file.")],
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> None:
    """Sign, as a root person, a change of people that waits for more signatures."""
    from assaymark.flow.decide.people import read_key, sign_pending
    from assaymark.flow.release.log import workspace_at

    _said(sign_pending(workspace_at(workspace), read_key(key)), as_json=json)


@app.command("list")
def list_(workspace: _Workspace = Path(".assaymark"), json: _Json = False) -> None:
    """List people, roles and keys; names come from the directory, ids from the role file."""
    from assaymark.flow.decide.people import current, listed
    from assaymark.flow.release.log import workspace_at

    found = workspace_at(workspace)
    people, file = listed(found), current(found)
    if json:
        head = {} if file is None else {"version": file.version, "expires": file.expires}
        print_json({**head, "people": [p.plain() for p in people]})
        return
    rows = [
        (p.name or "-", p.id, ", ".join(p.roles), str(len(p.keys)), "root" if p.root else "")
        for p in people
    ]
    typer.echo(table(rows, ("name", "id", "roles", "keys", "signs role files")))
    if file is not None:
        typer.echo(f"\nversion {file.version}, expires {file.expires}")


def _said(file: RoleFile, *, as_json: bool) -> None:
    if as_json:
        print_json(file.plain())
        return
    alone = ": self-attested, no second person" if len(file.persons) == 1 else ""
    typer.echo(
        f"role file {file.version}, until {file.expires}, {len(file.persons)} registered{alone}"
    )

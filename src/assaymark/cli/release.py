"""``assaymark release``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from assaymark.cli.say import print_json, table

__all__ = ["app"]

app = typer.Typer(
    help="Take a release into use, challenge it, or take it back.", no_args_is_help=True
)
_Workspace = Annotated[Path, typer.Option(help="The workspace that issued it.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_Name = Annotated[str, typer.Argument(help="Name of the release's folder in the workspace.")]


@app.command("admit")
def admit(
    release: Annotated[Path, typer.Argument(help="The folder of a release.")],
    use: Annotated[str, typer.Option(help="policy_simulation, analytics or pretraining.")],
    into: Annotated[str, typer.Option(help="What it goes into: a model, a study.")] = "",
    notice: Annotated[
        list[Path] | None, typer.Option(help="A notice that you were sent; repeat for more.")
    ] = None,
    trust: Annotated[
        list[str] | None, typer.Option(help="Fingerprint of a signer that you trust.")
    ] = None,
    provenance: Annotated[
        Path | None, typer.Option(help="Add the admission to this file, as a line of JSON.")
    ] = None,
    workspace: Annotated[
        Path | None, typer.Option(help="Enter the admission into this workspace's ledger.")
    ] = None,
    json: _Json = False,
) -> None:
    """Verify a release and take it into use, or refuse: ends with 3, or with 4 if it is broken.

    Refused are uses that were not approved, and releases that are expired, degraded, contested
    or withdrawn.
    """
    from assaymark.flow.admit import admit as do

    made = do(
        release,
        use,
        into=into,
        notices=notice or (),
        trusted=trust or (),
        provenance=provenance,
        workspace=workspace,
    )
    if json:
        print_json(made.plain())
    else:
        until = f", until {made.expires}" if made.expires else ""
        typer.echo(f"admitted {made.name} for {made.use}{until}; {', '.join(made.checked)} checked")


@app.command("documents")
def documents(
    release: Annotated[Path, typer.Argument(help="The folder of a release.")],
    pack: Annotated[
        list[str] | None,
        typer.Option(
            help="A pack: anonymity, hipaa, datasheet, or the path of a .toml file; repeat for "
            "more. Default: every pack that comes with the package."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write into. Default: RELEASE.documents beside the release."),
    ] = None,
    json: _Json = False,
) -> None:
    """Write datasheet, page in plain words, Croissant and regulation packs, all from evidence.

    Each answer of a pack says EVIDENCED, PARTIAL, NOT EVIDENCED or NOT APPLICABLE; whether a law
    is met is for counsel to confirm.
    """
    from assaymark.flow.documents import documents as do

    made = do(release, pack or (), out)
    if json:
        print_json(made.plain())
        return
    for filled in made.packs:
        typer.echo(f"{filled.title} ({filled.name}); counsel confirms\n")
        rows = [(c.status, c.id, c.reason) for c in filled.cells]
        typer.echo(table(rows, ("status", "question", "what is missing or left open")) + "\n")
    for path in made.files:
        typer.echo(path)


@app.command("withdraw")
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
    drill: Annotated[
        bool, typer.Option("--drill", help="Only practise: change nothing, take the time.")
    ] = False,
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> None:
    """Take a release back for good; lists what was made from it and writes a signed notice."""
    from assaymark.flow.log import workspace_at
    from assaymark.flow.recall import withdraw as do

    found = do(
        workspace_at(workspace),
        name,
        reason,
        why,
        instruct=instruct,
        successor=successor,
        drill=drill,
    )
    if json:
        print_json(found.plain())
        return
    typer.echo(f"{'DRILL: nothing was changed; ' if drill else 'withdrawn: '}{found.name}")
    for line in found.descendants:
        typer.echo(f"  tell: {line}")
    typer.echo(f"{len(found.descendants)} to be told, found out in {found.seconds:g} s")
    if found.notice:
        typer.echo(f"Send this notice to every recipient: {found.notice}")


@app.command("challenge")
def challenge(
    release: Annotated[Path, typer.Argument(help="The folder of a release.")],
    claim: Annotated[str, typer.Option(help="Which claim does not hold.")],
    method: Annotated[str, typer.Option(help="How that was found out.")],
    key: Annotated[Path, typer.Option(help="Your key file; `assaymark people key` makes one.")],
    evidence: Annotated[Path | None, typer.Option(help="A file; its digest is signed.")] = None,
    out: Annotated[Path, typer.Option(help="Where to write it.")] = Path("finding.dsse.json"),
    json: _Json = False,
) -> None:
    """Sign a finding against a claim of a release; send the file to who issued it."""
    from assaymark.core.document import sha256
    from assaymark.errors import InputError
    from assaymark.flow.people import read_key
    from assaymark.flow.recall import challenge as do

    raw = do(release, read_key(key), claim, method, evidence)
    try:
        out.write_bytes(raw)
    except OSError as error:
        raise InputError(f"cannot write {str(out)!r}: {error.strerror}") from error
    if json:
        print_json({"finding": sha256(raw), "file": str(out)})
    else:
        typer.echo(f"finding {sha256(raw)[:16]} written to {out}")


@app.command("contest")
def contest(
    name: _Name,
    finding: Annotated[Path, typer.Argument(help="The finding that you were sent.")],
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> None:
    """Enter a finding that somebody sent: the release is CONTESTED until it is answered."""
    from assaymark.errors import InputError
    from assaymark.flow.log import workspace_at
    from assaymark.flow.recall import take_in

    try:
        raw = finding.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {str(finding)!r}: {error.strerror}") from error
    digest = take_in(workspace_at(workspace), name, raw)
    if json:
        print_json({"finding": digest, "status": "CONTESTED"})
    else:
        typer.echo(f"CONTESTED; answer it: assaymark release answer {name} {digest[:16]}")


@app.command("answer")
def answer(
    name: _Name,
    finding: Annotated[str, typer.Argument(help="First digits of the finding's digest.")],
    outcome: Annotated[Literal["upheld", "refuted"], typer.Option(help="What came of it.")],
    reason: Annotated[str, typer.Option(help="Why; public.")],
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> None:
    """Answer a finding: refuted, the release stands; upheld, it is DEGRADED."""
    from assaymark.flow.log import workspace_at
    from assaymark.flow.recall import answer as do

    now = do(workspace_at(workspace), name, finding, outcome, reason)
    if json:
        print_json({"status": now.status.value, "why": now.why, "open": list(now.open)})
    else:
        typer.echo(now.status.value)


@app.command("detect")
def detect(
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file of unknown origin.")],
    release: Annotated[
        list[Path] | None, typer.Option(help="The folder of a release; repeat for more.")
    ] = None,
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> None:
    """Find out whether rows without card and name are rows of a release, and of which.

    Compares with the releases given, or else with all that the workspace issued. Rows are found
    in any order; altered values and renamed columns are not recognised.
    """
    from assaymark.flow.detect import detect as do

    folders = release or sorted(p for p in (workspace / "releases").glob("*") if p.is_dir())
    found = do(file, folders)
    if json:
        print_json(found.plain())
        return
    heads = ("release", "columns", "rows found", "by chance", "so it holds")
    typer.echo(table([m.cells for m in found.matches], heads))

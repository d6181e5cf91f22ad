"""``assaymark release``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from assaymark.cli import generations, lot, recall
from assaymark.cli.say import print_json, progress, table

__all__ = ["app"]

app = typer.Typer(
    help="Take a release into use, challenge it, or take it back.", no_args_is_help=True
)
_Workspace = Annotated[Path, typer.Option(help="The workspace that issued it.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_Name = Annotated[
    str, typer.Argument(metavar="RELEASE", help="Its name in the workspace, or its folder.")
]


@app.command("admit")
def admit(
    release: Annotated[Path, typer.Argument(help="Its folder, or its name in .assaymark.")],
    use: Annotated[str, typer.Option(help="policy_simulation, analytics or pretraining.")],
    group: Annotated[
        str, typer.Option(help="People to be studied, as in the report: column=value.")
    ] = "",
    into: Annotated[str, typer.Option(help="What it goes into, by name.")] = "",
    kind: Annotated[
        Literal["model", "table", "study", "other"], typer.Option(help="What that is.")
    ] = "other",
    made: Annotated[
        Path | None, typer.Option(help="Its file or folder; the digest is recorded.")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="Your key file: then only you can say that it was destroyed."),
    ] = None,
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

    Refused are uses that were not approved, and releases that are expired, degraded, contested,
    withdrawn, or made of one that was withdrawn. Name what it goes into: a recall reaches that.
    """
    from assaymark.flow.decide.people import read_key
    from assaymark.flow.release.admit import Consumer
    from assaymark.flow.release.admit import admit as do
    from assaymark.flow.release.place import folder_at

    who = Consumer(kind=kind, made=made, key=None if key is None else read_key(key))
    found = do(
        folder_at(release, workspace),
        use,
        group=group,
        into=into,
        consumer=who,
        notices=notice or (),
        trusted=trust or (),
        provenance=provenance,
        workspace=workspace,
    )
    if json:
        print_json(found.plain())
    else:
        until = f", until {found.expires}" if found.expires else ""
        checked = ", ".join(found.checked)
        of = f" in {found.group}" if found.group else ""
        typer.echo(f"admitted {found.name} for {found.use}{of}{until}; {checked} checked")


@app.command("documents")
def documents(
    release: Annotated[Path, typer.Argument(help="Its folder, or its name in .assaymark.")],
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
    from assaymark.flow.release.documents import documents as do
    from assaymark.flow.release.place import folder_at

    made = do(folder_at(release), pack or (), out)
    if json:
        print_json(made.plain())
        return
    if made.standing or made.stale:
        uses = ", ".join(use.replace("_", " ") for use in made.stale)
        less = [made.standing, f"STALE for {uses}" if uses else ""]
        typer.echo(
            f"It is {'; '.join(filter(None, less))} since it was issued, "
            "of which these documents say nothing.\n"
        )
    for filled in made.packs:
        typer.echo(f"{filled.title} ({filled.name}); counsel confirms\n")
        rows = [(c.status, c.id, c.reason) for c in filled.cells]
        typer.echo(table(rows, ("status", "question", "what is missing or left open")) + "\n")
    for path in made.files:
        typer.echo(path)


app.command("withdraw")(recall.withdraw)
app.command("lot")(lot.command)
app.command("destroyed")(recall.destroyed)
app.command("receipt")(recall.receipt)
app.command("recall")(recall.recall)


@app.command("challenge")
def challenge(
    release: Annotated[Path, typer.Argument(help="Its folder, or its name in .assaymark.")],
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
    from assaymark.flow.decide.people import read_key
    from assaymark.flow.release.place import folder_at
    from assaymark.flow.release.recall import challenge as do

    raw = do(folder_at(release), read_key(key), claim, method, evidence)
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
    from assaymark.flow.release.handed import read_handed
    from assaymark.flow.release.place import workspace_and_name
    from assaymark.flow.release.recall import take_in

    opened, called = workspace_and_name(name, workspace)
    digest = take_in(opened, called, read_handed(finding, "finding"))
    if json:
        print_json({"finding": digest, "status": "CONTESTED"})
    else:
        typer.echo(f"CONTESTED; answer it: assaymark release answer {called} {digest[:16]}")


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
    from assaymark.flow.release.place import workspace_and_name
    from assaymark.flow.release.recall import answer as do

    now = do(*workspace_and_name(name, workspace), finding, outcome, reason)
    if json:
        print_json({"status": now.status.value, "why": now.why, "open": list(now.open)})
    else:
        typer.echo(now.status.value)


@app.command("reproduce")
def reproduce(
    name: _Name,
    recipe: Annotated[Path, typer.Option(help="The recipe it was made with.")],
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> int:
    """Make a release's rows again from what is sealed; ends with 4 when any byte is another.

    Needs the table as it was, and the same versions of assaymark and its packages.
    """
    from assaymark.flow.generate.reproduce import reproduce as do
    from assaymark.flow.release.place import workspace_and_name

    found = do(*workspace_and_name(name, workspace), recipe, progress(quiet=json))
    if json:
        print_json({"same": found.same, **found.plain()})
    else:
        said = "the same bytes" if found.same else "NOT the same bytes"
        typer.echo(f"{found.name}: made again, {said}")
        for f in found.files:
            typer.echo(f"  {f.path}: {'same' if f.same else 'differs'} ({f.again[:16] or 'none'})")
        if not found.same:
            typer.echo("Another recipe, other rows of the table, or other versions of packages?")
    return 0 if found.same else 4


@app.command("reassess")
def reassess(
    name: Annotated[
        str,
        typer.Argument(
            metavar="RELEASE", help="Its name in the workspace, or its folder; left out with --all."
        ),
    ] = "",
    all_: Annotated[bool, typer.Option("--all", help="Every release of the workspace.")] = False,
    recipe: Annotated[
        list[Path] | None,
        typer.Option(help="The recipe it was made with; repeat for those of several releases."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--every", help="Run all attacks, also those that are no newer.")
    ] = False,
    workspace: _Workspace = Path(".assaymark"),
    json: _Json = False,
) -> int:
    """Run attacks that are newer than a release on the people who were sealed for it.

    Where a verdict falls, an advisory is signed as the release's policy says. Ends with 3 where
    one was, or where a release could not be attacked again. Needs the table as it was.
    """
    from assaymark.errors import InputError
    from assaymark.flow.monitor.reassess import reassess as do
    from assaymark.flow.release.place import releases_in, workspace_and_name

    opened, name = workspace_and_name(name, workspace)
    folders = [p.name for p in releases_in(opened.path)]
    if bool(name) == all_:
        raise InputError(
            f"say which release, or --all\n\nHint: {', '.join(folders) or 'none was issued'}"
        )
    shown = progress(quiet=json)
    found = [
        do(opened, n, recipe or (), every=every, progress=shown)
        for n in (folders if all_ else [name])
    ]
    if json:
        print_json([f.plain() for f in found])
    else:
        heads = ("rule", "on", "was", "is", "why")
        for f in found:
            again = f"{len(f.attacks)} attacks run again" if f.told != "not possible" else f.why
            typer.echo(f"{f.name}: {f.told}; {again}; {f.standing}")
            if f.changes:
                typer.echo(table([c.cells for c in f.changes], heads))
            for line in f.signed:
                typer.echo(f"  signed: {line}")
    return 3 if any(f.told in {"advisory", "not possible"} for f in found) else 0


app.command("generations")(generations.command)


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

    Compares with the releases given, or else with all that the workspace issued: by the file's
    hash, then by fragments of rows, so that shuffling, subsampling, dropped columns and edits do
    not hide them. Renamed columns are not recognised.
    """
    from assaymark.flow.monitor.detect import detect as do
    from assaymark.flow.release.place import folder_at, releases_in

    folders = [folder_at(r, workspace) for r in release or ()] or releases_in(workspace)
    found = do(file, folders)
    if json:
        print_json(found.plain())
        return
    heads = ("release", "columns", "rows found", "by chance", "so it holds")
    typer.echo(table([m.cells for m in found.matches], heads))
    typer.echo(
        f"\nOf files that hold none of these rows, at most {found.error:.1%} are said to hold some."
    )

"""``assaymark monitor``."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from assaymark.cli.say import complain, error_json, print_json, table
from assaymark.errors import AssaymarkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from assaymark.flow.monitor.batches import Monitored
    from assaymark.flow.monitor.performance import Performance

__all__ = ["command"]


def command(
    release: Annotated[
        Path, typer.Argument(help="The folder of a release, or its name in .assaymark.")
    ],
    batch: Annotated[
        Path | None,
        typer.Option(help="Rows of today: CSV, Parquet, a folder of them, or another release."),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(help="SQLite or DuckDB file, or a database's address, instead of --batch."),
    ] = None,
    query: Annotated[str, typer.Option(help="The SELECT that returns the rows of today.")] = "",
    recipe: Annotated[
        Path | None,
        typer.Option(
            help="The recipe it was made by, where the rows are as the source has them: they are "
            "taken through its steps, one row a person."
        ),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(help="File of the timeline: each batch is added, and all count together."),
    ] = None,
    against: Annotated[
        Literal["released", "source"],
        typer.Option(help="Hold it against the released rows, or the real rows behind them."),
    ] = "released",
    workspace: Annotated[
        Path | None,
        typer.Option(help="The workspace that issued it, for --against source."),
    ] = None,
    threshold: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Total variation distance that counts as drift.")
    ] = 0.1,
    tolerance: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=0.5,
            help="Change of a share of rows that is none: 0.05 against the released rows, else 0.",
        ),
    ] = None,
    at: Annotated[
        datetime | None, typer.Option(help="Time of the batch, UTC; now unless given.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page with the timeline.")] = None,
    prometheus: Annotated[
        Path | None, typer.Option(help="Write metrics for Prometheus to this file.")
    ] = None,
    jsonl: Annotated[Path | None, typer.Option(help="Add a line of JSON to this file.")] = None,
    webhook: Annotated[str, typer.Option(help="On an alarm, POST JSON to this address.")] = "",
    mail: Annotated[Path | None, typer.Option(help="On an alarm, write a mail (.eml).")] = None,
    target: Annotated[
        str,
        typer.Option(
            help="Estimate how a model of this column, trained on the released rows, does on the "
            "batch; labels are not needed."
        ),
    ] = "",
    positive: Annotated[str, typer.Option(help="The value of the target to predict.")] = "",
    scores: Annotated[
        str, typer.Option(help="Column of the batch with a model's calibrated risks, instead.")
    ] = "",
    apart: Annotated[
        bool,
        typer.Option(
            "--apart/--no-apart", help="Train a model that tells the batch from released rows."
        ),
    ] = True,
    trust: Annotated[
        list[str] | None,
        typer.Option(help="Fingerprint of a signer that you trust; repeat for more."),
    ] = None,
    degrade: Annotated[
        bool,
        typer.Option(
            "--degrade", help="On an alarm, sign that the release is DEGRADED; for who issued it."
        ),
    ] = False,
    act: Annotated[
        bool,
        typer.Option(
            "--act", help="On an alarm, sign what the release's policy says of it ([[watch]])."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Hold a batch of rows against what was released. Ends with 3 where something changed.

    With --state, look as often as you like: while nothing changes, at most one timeline in twenty
    ever raises an alarm.
    """
    from assaymark.flow.monitor.batch import batch_of
    from assaymark.flow.monitor.batches import Watching, monitor
    from assaymark.flow.monitor.notify import check_places
    from assaymark.flow.monitor.performance import Forecast
    from assaymark.flow.release.place import folder_at

    release = folder_at(release, workspace)
    files = (p for p in (prometheus, jsonl, mail) if p is not None)
    check_places(webhook, *files, report=report)
    rows, name = batch_of(batch, database, query)
    how = Watching(
        state=state,
        against=against,
        workspace=workspace,
        tolerance=tolerance,
        at=at,
        name=name,
        forecast=Forecast(target=target, positive=positive, scores=scores)
        if target or scores
        else None,
        trusted=tuple(trust or ()),
        apart=apart,
        recipe=recipe,
    )
    found = monitor(release, rows, threshold=threshold, watching=how)
    wrong: list[AssaymarkError] = []
    steps: list[Callable[[], object]] = []
    if degrade and found.watched.alarmed:
        steps.append(partial(_degrade, release, workspace, found))
    if act:
        steps.append(partial(_act, release, workspace, found))
    if report is not None:
        steps.append(partial(_draw, found, report))
    steps += _telling(found, prometheus, jsonl, mail, webhook)
    if json:
        steps.append(partial(_print, found, wrong))
    else:
        steps.insert(0, partial(_say, found))
    _each(steps, wrong)
    if wrong:
        return wrong[0].exit_code
    return 3 if found.drifted or found.watched.alarmed else 0


def _each(steps: Sequence[Callable[[], object]], wrong: list[AssaymarkError]) -> None:
    """Do every step, whatever became of the others: nothing that fails may hide an alarm."""
    with ExitStack() as rest:
        for step in reversed(steps):
            rest.callback(_noted, step, wrong)


def _noted(step: Callable[[], object], wrong: list[AssaymarkError]) -> None:
    try:
        step()
    except AssaymarkError as error:
        complain(error, as_json=False)
        wrong.append(error)


def _print(found: Monitored, wrong: Sequence[AssaymarkError]) -> None:
    print_json({**found.plain(), **(error_json(*wrong) if wrong else {})})


def _draw(found: Monitored, page: Path) -> None:
    from assaymark.flow.monitor.watch_page import watch_page
    from assaymark.flow.written import write_page

    write_page(page, watch_page(found))


def _degrade(release: Path, workspace: Path | None, found: Monitored) -> None:
    from assaymark.flow.monitor.degrade import degraded

    typer.echo(f"signed: {degraded(release, found, workspace)}", err=True)


def _act(release: Path, workspace: Path | None, found: Monitored) -> None:
    from assaymark.flow.monitor.act import act, issuer_of, seen_in
    from assaymark.flow.monitor.performance import seen_in_performance

    together, seen = found.watched, seen_in(found.watched)
    if found.performance is not None:
        seen += seen_in_performance(found.performance)
    if not seen:
        return
    method = (
        f"assaymark monitor --against {together.against}, {together.looks} looks, "
        f"{together.rows} rows, false alarms at most {together.false_alarm:g} over all looks"
    )
    place = issuer_of(release, workspace)
    acted = act(place, release.resolve().name, seen, method)
    for line in acted.signed:
        typer.echo(f"signed: {line}", err=True)
    typer.echo(f"{acted.name} is {acted.standing}", err=True)
    if acted.note:
        typer.echo(acted.note, err=True)


def _telling(
    found: Monitored, metrics: Path | None, jsonl: Path | None, mail: Path | None, webhook: str
) -> Iterator[Callable[[], object]]:
    from assaymark.flow.monitor import notify

    if metrics is not None:
        yield partial(notify.write_metrics, found, metrics)
    if jsonl is not None:
        yield partial(notify.append_json, found, jsonl)
    if mail is not None and found.watched.alarmed:
        yield partial(notify.write_mail, found, mail)
    if webhook and found.watched.alarmed:
        yield partial(notify.post, found, webhook)


def _say(found: Monitored) -> None:
    from assaymark.flow.monitor.watch import odd_words
    from assaymark.release.pages.report_words import spoken_subject

    together = found.watched
    looks = "one look" if together.looks == 1 else f"{together.looks:,} looks"
    if found.note:
        typer.echo(f"\nKnow: {found.note}")
    if found.taken:
        typer.echo(f"\nThe batch was {found.taken}.")
    typer.echo(f"\n{together.says.upper()}, by {looks} at {together.rows:,} rows\n")
    for odd in odd_words(together.odd):
        typer.echo(f"  {odd}")
    for a in together.alarms:
        rests = f"; {', '.join(a.rests)} rests on it" if a.rests else ""
        typer.echo(
            f"  {spoken_subject(a.subject)}: {a.what}: {a.before:.1%} before, {a.after:.1%} now, "
            f"of {a.rows:,} rows since look {a.since}{rests}"
        )
    if together.alarmed:
        typer.echo("")
    heads = ("column", "says", "distance", "interval", "what", "rests on it")
    relied = [line.cells for line in found.lines if line.rests]
    other = [line.cells[:-1] for line in found.lines if not line.rests]
    if relied:
        typer.echo("This batch, the columns that claims rest on:\n")
        typer.echo(table(relied, heads))
    if other:
        typer.echo("\nThe other columns:\n" if relied else "This batch, column by column:\n")
        typer.echo(table(other, heads[:-1]))
    typer.echo(f"\n{found.summary}")
    if found.apart is not None:
        typer.echo(f"\n{found.apart.words[0].upper()}{found.apart.words[1:]}")
    if found.performance is not None:
        _say_performance(found.performance)


def _say_performance(found: Performance) -> None:
    typer.echo(f"\nExpected without labels, of {found.model}:\n")
    if found.estimates:
        heads = ("figure", "expected", "interval", "on released rows", "by the labels")
        typer.echo(table([e.cells for e in found.estimates], heads))
    for doubt in found.doubts:
        typer.echo(f"  NOT to be believed: {doubt}")
    typer.echo(f"Assumed: {found.assumes}.")

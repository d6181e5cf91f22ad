"""What the terminal shows: progress, tables, verdicts and errors in plain words."""

from __future__ import annotations

import json
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.errors import AssaymarkError
    from assaymark.flow.evaluate.describe import Described
    from assaymark.flow.outcome import Outcome, VerdictRow
    from assaymark.flow.progress import Progress

__all__ = [
    "complain",
    "error_json",
    "misused",
    "print_json",
    "progress",
    "say_described",
    "say_outcome",
    "table",
    "wrapped",
]

_STAGES = ("source", "generate", "evaluate", "decide", "release", "monitor")
_WIDTH = 72
_SHOWN = 6
_EVERY = 30.0  # seconds


def progress(*, quiet: bool = False) -> Progress:
    """Return a progress display on standard error: one moving line, or plain lines in a log.

    In a log there is a line for each stage, and one every half minute while a stage goes on.
    """
    moving = sys.stderr.isatty()
    begun = time.monotonic()
    last, written = [""], [begun]

    def show(stage: str, said: str, share: float | None = None) -> None:
        if quiet:
            return
        mark = f"{_STAGES.index(stage) + 1}/{len(_STAGES)}" if stage in _STAGES else "-"
        part = "" if share is None else f"{100 * share:3.0f} %"
        line = f"[{time.monotonic() - begun:5.1f} s] {mark} {stage:<9} {part:>5}  {said}"
        if moving:
            sys.stderr.write(f"\r\x1b[2K{line[: _WIDTH + 28]}")
            sys.stderr.write("\n" if share == 1.0 else "")
            sys.stderr.flush()
        elif stage != last[0] or share == 1.0 or time.monotonic() - written[0] >= _EVERY:
            sys.stderr.write(line + "\n")
            written[0] = time.monotonic()
        last[0] = stage

    return show


def print_json(value: object) -> None:
    """Print one JSON object on standard output."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def complain(error: AssaymarkError, *, as_json: bool) -> None:
    """Say what was wrong on standard error; with ``--json``, as one object on standard output."""
    _complain(str(error), type(error).__name__, error.exit_code, as_json=as_json)


def error_json(first: AssaymarkError, *others: AssaymarkError) -> dict[str, object]:
    """Return errors as JSON says them, with the messages of all; it ends as the first says."""
    said = "\n\n".join(str(error) for error in (first, *others))
    return _error_json(said, type(first).__name__, first.exit_code)


def misused(error: typer.TyperException, *, as_json: bool) -> int:
    """Say which option or command was wrong, and where to look; return what to end with."""
    command = getattr(getattr(error, "ctx", None), "command_path", "assaymark")
    said = f"{error.format_message()}\n\nHint: {command} --help"
    _complain(said, "UsageError", 2, as_json=as_json)
    return 2


def _complain(said: str, kind: str, code: int, *, as_json: bool) -> None:
    typer.echo(f"error: {said}", err=True)
    if as_json:
        print_json(_error_json(said, kind, code))


def _error_json(said: str, kind: str, code: int) -> dict[str, object]:
    return {"error": {"kind": kind, "message": said}, "exit": code}


def table(rows: Sequence[Sequence[str]], heads: Sequence[str]) -> str:
    """Return rows as aligned plain text; where there are none, that is said."""
    every = [list(heads), *[list(r) for r in rows]]
    widths = [max(len(r[i]) for r in every) for i in range(len(heads))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in every]
    return "\n".join([lines[0], "  ".join("-" * w for w in widths), *(lines[1:] or ["(none)"])])


def wrapped(head: str, text: str) -> str:
    """Return ``text`` broken into lines beside its heading."""
    lines = textwrap.wrap(text, width=_WIDTH + 8) or [""]
    return "\n".join(
        f"{h:<13} {line}" for h, line in zip([head, *[""] * (len(lines) - 1)], lines, strict=True)
    )


def say_outcome(outcome: Outcome) -> None:
    """Answer: which uses passed, which did not, why, what must I know, where is what."""
    typer.echo(f"\n{outcome.name}: held against policy {outcome.policy!r}\n")
    for use, status in outcome.uses.items():
        typer.echo(f"  {status.value.upper():<13} {use.replace('_', ' ')}")
        for line in _why(outcome, use):
            typer.echo(f"                {line}")
    _groups(outcome)
    _list("What keeps it from being released", outcome.blocked)
    _list("Ready; what it waits for", outcome.waiting)
    _list("Know first", outcome.notices)
    typer.echo("")
    if outcome.report:
        typer.echo(f"Report:   {outcome.report}")
    if outcome.release:
        typer.echo(f"Release:  {outcome.release}")
        typer.echo(f"Verify:   assaymark verify {outcome.release}")
    elif outcome.waiting:
        typer.echo("Release:  none yet; the decision is READY and waits for people")
    elif outcome.command == "run":
        typer.echo("Release:  none was issued; the rows stay quarantined in the workspace")


def say_described(described: Described) -> None:
    """Show what was found in one table, a line a figure, under what the figures are."""
    from assaymark.release.pages.report_words import spoken_subject

    typer.echo(f"\n{described.name}: {described.rows:,} rows, described by themselves")
    found: dict[str, list[tuple[str, ...]]] = {}
    for f in described.found:
        if f.value is not None:
            ends = "-" if f.low is None or f.high is None else f"{f.low:.3g} to {f.high:.3g}"
            row = (spoken_subject(f.subject), f"{f.value:.3g}", ends, f"about {f.n:,}")
            title = f"{f.title.replace(' in the real rows', '')}, in {f.unit}"
            found.setdefault(title, []).append(row)
    for title, rows in found.items():
        typer.echo(f"\n{title}\n" + table(rows, ("of", "value", "95 % interval", "people")))
    for reason in dict.fromkeys(f.reason for f in described.found if f.reason):
        typer.echo(wrapped("none", reason))
    _list("Know first", described.notices)


def _groups(outcome: Outcome) -> None:
    cells = [(u, g, f) for u, groups in outcome.fitness.items() for g, f in groups.items()]
    if not cells:
        return
    counts = [f for _, _, f in cells]
    said = ", ".join(f"{counts.count(f)} {f}" for f in ("fit", "not fit", "not enough evidence"))
    typer.echo(f"\nUses by groups of people: {said}")
    approved = {u for u, s in outcome.uses.items() if s.value == "approved"}
    unfit = [(g, u, f) for u, g, f in cells if f != "fit" and u in approved]
    for group, use, found in unfit[:_SHOWN]:
        typer.echo(f"  - {found}: {group}, for {use.replace('_', ' ')}")
    if len(unfit) > _SHOWN:
        typer.echo(f"  - ... and {len(unfit) - _SHOWN} more: see the report")


def _why(outcome: Outcome, use: str) -> list[str]:
    stages = [v.stage for v in outcome.verdicts if v.use == use]
    last = "confirmation" if "confirmation" in stages else (stages[0] if stages else "")
    found = [
        v
        for v in outcome.verdicts
        if v.use == use
        and v.stage == last
        and v.severity == "block"
        and v.verdict not in {"PASS", "WAIVED"}
    ]
    found.sort(key=lambda v: v.verdict != "FAIL")
    lines = [_line(v) for v in found[:_SHOWN]]
    return lines + ([f"... and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else [])


def _line(v: VerdictRow) -> str:
    about = "" if v.subject in {"table", "*"} else f" ({v.subject})"
    if v.value is None or v.low is None or v.high is None:
        return f"{v.verdict.value} {v.rule}{about}: {v.reason}"
    side = {"at_most": "at most", "at_least": "at least", "within": "within +/-"}[v.direction]
    why = f"; {v.reason}" if v.reason else ""
    return (
        f"{v.verdict.value} {v.rule}{about}: {v.value:.3g} [{v.low:.3g}, {v.high:.3g}], "
        f"must be {side} {v.threshold:g}{why}"
    )


def _list(head: str, lines: Sequence[str]) -> None:
    if lines:
        typer.echo(f"\n{head}:")
        for line in lines:
            typer.echo(f"  - {line}")

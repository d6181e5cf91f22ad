"""Notify: what a monitor found, told to programs: metrics, a line of JSON, a web hook, a mail."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assaymark.errors import InputError
from assaymark.flow.monitor.watch import odd_words
from assaymark.release.pages.report_words import spoken_subject

if TYPE_CHECKING:
    from assaymark.flow.monitor.batches import Monitored

__all__ = ["append_json", "check_places", "post", "prometheus", "write_mail", "write_metrics"]

_TIMEOUT = 10.0


def check_places(url: str, *paths: Path, report: Path | None = None) -> None:
    """Check before a look that what is found can be told: it cannot be looked at twice.

    The folder of a ``report`` need not be there: it is made.

    Raises
    ------
    InputError
        When the address of a web hook is none, or a file cannot be written where it is to be.
    """
    if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc):
        raise InputError(f"{url!r} is no web address\n\nHint: --webhook https://…")
    for path in paths:
        if path.is_dir() or not path.absolute().parent.is_dir():
            why = "it is a folder" if path.is_dir() else "there is no such folder"
            raise InputError(f"cannot write {str(path)!r}: {why}")
    if report is not None and report.is_dir():
        raise InputError(f"cannot write {str(report)!r}: it is a folder")


def prometheus(found: Monitored) -> str:
    """Return the figures in the text format that Prometheus collects."""
    together = found.watched
    release = found.release.replace("\\", "\\\\").replace('"', '\\"')
    lines = [
        "# HELP assaymark_monitor_looks Batches looked at so far.",
        "# TYPE assaymark_monitor_looks counter",
        f'assaymark_monitor_looks{{release="{release}"}} {together.looks}',
        "# HELP assaymark_monitor_rows Rows looked at so far.",
        "# TYPE assaymark_monitor_rows counter",
        f'assaymark_monitor_rows{{release="{release}"}} {together.rows}',
        "# HELP assaymark_monitor_alarm 1 where something changed for certain, else 0.",
        "# TYPE assaymark_monitor_alarm gauge",
        f'assaymark_monitor_alarm{{release="{release}"}} {int(together.alarmed)}',
        "# HELP assaymark_monitor_evidence Largest log10 evidence; an alarm from 0 on.",
        "# TYPE assaymark_monitor_evidence gauge",
        f'assaymark_monitor_evidence{{release="{release}"}} {together.evidence[-1]}',
        "# HELP assaymark_monitor_distance Total variation distance of the last batch's column.",
        "# TYPE assaymark_monitor_distance gauge",
    ]
    for line in found.lines:
        if line.value is not None:
            name = line.column.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            label = f'release="{release}",column="{name}"'
            lines.append(f"assaymark_monitor_distance{{{label}}} {line.value:.6f}")
    return "\n".join(lines) + "\n"


def write_metrics(found: Monitored, path: Path) -> None:
    """Write the metrics whole or not at all: a collector may read at any time."""
    beside = path.with_name(path.name + ".new")
    try:
        beside.write_text(prometheus(found))
        beside.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {str(path)!r}: {error.strerror}") from error


def append_json(found: Monitored, path: Path) -> None:
    """Add what was found to a file as one line of JSON."""
    try:
        with path.open("ab") as file:
            file.write(json.dumps(found.plain(), ensure_ascii=False).encode() + b"\n")
    except OSError as error:
        raise InputError(f"cannot write {str(path)!r}: {error.strerror}") from error


def post(found: Monitored, url: str) -> int:
    """Send what was found to a web hook, as JSON; return the answer's status.

    Raises
    ------
    InputError
        When the address is no web address, or nobody takes it there.
    """
    check_places(url)
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked
        url,
        data=json.dumps(found.plain()).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            return int(answer.status)
    except (urllib.error.URLError, OSError) as error:
        raise InputError(f"{url!r} did not take the alarm: {error}") from error


def write_mail(found: Monitored, path: Path) -> None:
    """Write what was found as a mail (``.eml``) that a mailer can send."""
    mail = EmailMessage()
    together = found.watched
    mail["Subject"] = f"assaymark: {together.says}: {Path(found.release).resolve().name}"
    mail["Date"] = format_datetime(datetime.fromisoformat(together.times[-1]))
    lines = [
        f"- {spoken_subject(a.subject)}: {a.what}: {a.before:.1%} before, {a.after:.1%} now, of "
        f"{a.rows:,} rows since look {a.since}"
        for a in together.alarms
    ]
    odd = [f"- {words}" for words in odd_words(together.odd)]
    said = f"Held against the {together.against} rows, look {together.looks:,}:"
    mail.set_content("\n".join([said, "", *odd, *lines, "", f"{found.summary}."]) + "\n")
    try:
        path.write_bytes(bytes(mail))
    except OSError as error:
        raise InputError(f"cannot write {str(path)!r}: {error.strerror}") from error

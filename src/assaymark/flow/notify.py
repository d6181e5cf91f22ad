"""Notify: what a monitor found, told to programs: metrics, a line of JSON, a web hook, a mail."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from email.message import EmailMessage
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assaymark.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from assaymark.flow.monitor import Monitored

__all__ = ["append_json", "post", "prometheus", "write_mail", "write_metrics"]

_TIMEOUT = 10.0


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
    if urlsplit(url).scheme not in {"http", "https"}:
        raise InputError(f"{url!r} is no web address\n\nHint: --webhook https://…")
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
    mail["Subject"] = f"assaymark: {together.says}: {found.release}"
    lines = [
        f"{a.subject}: {a.what}, {a.before:.3g} before, {a.after:.3g} now" for a in together.alarms
    ]
    mail.set_content("\n".join([found.summary, *together.odd, *lines]) + "\n")
    try:
        path.write_bytes(bytes(mail))
    except OSError as error:
        raise InputError(f"cannot write {str(path)!r}: {error.strerror}") from error

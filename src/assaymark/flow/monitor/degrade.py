"""Degrade: a change that a monitor found, signed, so that consumers learn of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.document import sha256
from assaymark.errors import InputError
from assaymark.flow.monitor.act import issuer_of
from assaymark.flow.release.recall import answer, challenge, of_workspace, standing_of, take_in

if TYPE_CHECKING:
    from pathlib import Path

    from assaymark.flow.monitor.batches import Monitored

__all__ = ["degraded"]

_SHOWN = 3


def degraded(release: Path, found: Monitored, workspace: Path | None) -> str:
    """Enter the change as a finding that is upheld: the release is DEGRADED, and not loaded.

    Only who issued the release can, in the workspace that did; what is DEGRADED already stays so.

    Raises
    ------
    InputError
        When nothing changed, or the workspace is not there.
    """
    if not found.watched.alarmed:
        raise InputError("nothing changed: there is nothing to sign")
    opened, name = issuer_of(release, workspace), release.resolve().name
    now = standing_of(opened, of_workspace(opened, name))
    if now.status in {"DEGRADED", "WITHDRAWN", "EXPIRED"}:
        return f"nothing: {name} is {now.status} already"
    together = found.watched
    changes = [f"{a.subject} ({a.what}: {a.before:.3g} to {a.after:.3g})" for a in together.alarms]
    said = "; ".join([*together.odd, *changes][:_SHOWN])
    more = len(together.odd) + len(changes) - _SHOWN
    raw = challenge(
        opened.path / "releases" / name,
        opened.key(),
        claim=f"the rows still stand for what they were made of: {said}"
        + (f"; and {more} more" if more > 0 else ""),
        method=f"assaymark monitor --against {together.against}, {together.looks} looks, "
        f"{together.rows} rows, false alarms at most {together.false_alarm:g} over all looks",
    )
    take_in(opened, name, raw)
    answer(opened, name, sha256(raw), "upheld", f"found by the monitor: {said}")
    return f"{name} is {standing_of(opened, of_workspace(opened, name)).status}"

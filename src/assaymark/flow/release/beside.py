"""Beside: what lies where a release lies: notices, and the workspace that issued it."""

from __future__ import annotations

import os
from pathlib import Path

from assaymark.store.ledger import Ledger
from assaymark.store.workspace import Workspace

__all__ = ["home_of", "notices_beside"]


def notices_beside(release: Path) -> list[Path]:
    """Return the notices that lie beside a release, or beside a link to it."""
    places = dict.fromkeys((Path(os.path.abspath(release)), release.resolve()))
    beside = [p.with_name(f"{p.name}.notices") for p in places if p.name]
    return sorted(path for folder in beside for path in folder.glob("*.dsse.json"))


def home_of(release: Path) -> Workspace | None:
    """Return the workspace that a release, or the lot of one, lies in; nothing is made there."""
    home = release.resolve().parent.parent
    ledger = home / "ledger.db"
    return Workspace(home, Ledger(ledger)) if ledger.is_file() else None

"""Beside: the notices that lie where a release lies, and in the workspace around it."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["notices_beside"]

_NOTICES = "*.dsse.json"


def notices_beside(release: Path) -> list[Path]:
    """Return the notices beside a release or a link to it, and in its workspace's ``notices``.

    Those of a workspace are about all of its releases; they are there whatever its ledger says.
    """
    places = dict.fromkeys((Path(os.path.abspath(release)), release.resolve()))
    beside = [p.with_name(f"{p.name}.notices") for p in places if p.name]
    own = release.resolve().parent.parent / "notices"
    return sorted(path for folder in (*beside, own) for path in folder.glob(_NOTICES))

"""Beside: the notices that lie where a release lies, and in the workspace around it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from assaymark.core.plain import MOST
from assaymark.errors import IntegrityError
from assaymark.flow.release.home import places_of
from assaymark.release.notices import is_ours

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["notices_beside"]

_NOTICES = "*.dsse.json"


def notices_beside(release: Path) -> list[bytes]:
    """Return the notices beside a release or a link to it, and in its workspace's ``notices``.

    Those of a workspace are about all of its releases; they are there whatever its ledger says.
    Signed statements of other programs, which go by the same ending, are passed over.

    Raises
    ------
    IntegrityError
        When a file is no plain one, is too large, or no signed statement.
    """
    places = places_of(release)
    beside = [p.with_name(f"{p.name}.notices") for p in places if p.name]
    own = dict.fromkeys(p.parent.parent / "notices" for p in places)
    paths = sorted(path for folder in (*beside, *own) for path in folder.glob(_NOTICES))
    return [raw for path in paths if is_ours(raw := _plain_bytes(path), f"{path.name} beside it")]


def _plain_bytes(path: Path) -> bytes:
    if not stat.S_ISREG(path.lstat().st_mode) or path.stat().st_size > MOST:
        raise IntegrityError(f"{path.name} beside it is no plain file of at most {MOST >> 20} MB")
    try:
        return path.read_bytes()
    except OSError as error:
        raise IntegrityError(f"{path.name} beside it cannot be read: {error.strerror}") from error

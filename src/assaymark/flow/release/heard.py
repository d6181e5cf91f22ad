"""Heard: what is known, here and now, to have been said of a release and of its ancestors."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from assaymark.core.document import sha256
from assaymark.core.notice import NOTICES, Withdrawal
from assaymark.decide.lifecycle import Status
from assaymark.decide.standing import standing
from assaymark.errors import NotApprovedError
from assaymark.flow.release.beside import notices_beside
from assaymark.flow.release.handed import read_handed
from assaymark.flow.release.home import home_of
from assaymark.release.logged import STATEMENT
from assaymark.release.notices import is_about, read_notice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from pathlib import Path

    from assaymark.core.ancestry import Ancestry
    from assaymark.core.notice import Notice
    from assaymark.flow.release.issued import Issued
    from assaymark.store.workspace import Workspace

__all__ = ["check_ancestors", "check_in_force", "heard_of", "in_order", "notices_in"]

_ORDER = {"Finding": 0, "Answer": 1, "Observation": 2, "Withdrawal": 3}


class _Signer(NamedTuple):
    signer: str
    public: bytes


def check_in_force(
    release: Issued,
    notices: Sequence[Path] = (),
    workspaces: Iterable[Workspace] = (),
    *,
    today: date,
    use: str = "",
) -> int:
    """Return how many notices about a release were heard of, if it may be used by them.

    With a ``use``, what is STALE for other uses alone does not count.

    Notices are looked for in the files given, in the folder ``RELEASE.notices`` beside the
    release, in the ledgers of ``workspaces``, and in ledger and folder ``notices`` of the
    workspace where it lies.

    Raises
    ------
    IntegrityError
        When the ledger of the workspace where it lies is not what it was.
    NotApprovedError
        When it is expired, contested, degraded or withdrawn, verdicts of the use are STALE, or an
        ancestor of it is withdrawn.
    """
    files, places = _sources(release, notices, workspaces)
    own = _about(release, files, places)
    expires = release.released.expires
    now = standing(own, expires=expires, today=today)
    if now.status is not Status.RELEASED:
        raise NotApprovedError(
            f"{release.folder.name} is {now.status.value}: {now.why}\n\nHint: ask who issued it"
        )
    stale = [s for s in now.stale if use in {"", s.use}]
    if stale:
        raise NotApprovedError(
            f"{release.folder.name} is no longer approved for {stale[0].use}: {stale[0].why}\n\n"
            "Hint: ask who issued it for a version that was evaluated again"
        )
    check_ancestors(release.folder.name, release.made.ancestry, files, places)
    return len(own)


def heard_of(
    release: Issued, notices: Sequence[Path] = (), workspaces: Iterable[Workspace] = ()
) -> list[tuple[str, Notice]]:
    """Return all that is known here to have been said of a release, oldest first.

    It is looked for where :func:`check_in_force` looks.
    """
    return _about(release, *_sources(release, notices, workspaces))


def check_ancestors(
    name: str, ancestry: Ancestry, files: Sequence[bytes], places: Sequence[Workspace]
) -> None:
    """Refuse what is made of a release that was withdrawn, at any distance.

    Raises
    ------
    NotApprovedError
        When ``files`` or the ledgers of ``places`` have a withdrawal of an ancestor.
    """
    every = {p.manifest: p for p in ancestry.every()}
    who = {m: _Signer(p.signer, bytes.fromhex(p.public)) for m, p in every.items()}
    for _, notice in _heard(who, files, places):
        if isinstance(notice, Withdrawal):
            raise NotApprovedError(
                f"{name} was made of {every[notice.release].name}, which was withdrawn "
                f"({notice.reason}): {notice.why}; {notice.instruct}\n\nHint: ask who issued it"
            )


def notices_in(
    workspace: Workspace, manifest: str, *, signer: str, public: bytes
) -> list[tuple[str, Notice]]:
    """Return what a ledger holds about one release, oldest first."""
    return _entered({manifest: _Signer(signer, public)}, workspace)


def _sources(
    release: Issued, notices: Sequence[Path], workspaces: Iterable[Workspace]
) -> tuple[list[bytes], list[Workspace]]:
    home = home_of(release.folder, signer=release.signer, public=release.public)
    places = [*workspaces, *([] if home is None else [home])]
    return [*map(read_handed, notices), *notices_beside(release.folder)], places


def _about(
    release: Issued, files: Sequence[bytes], places: Sequence[Workspace]
) -> list[tuple[str, Notice]]:
    return _heard({release.manifest: _Signer(release.signer, release.public)}, files, places)


def _entered(who: dict[str, _Signer], workspace: Workspace) -> list[tuple[str, Notice]]:
    return [
        (e.subject, _read(workspace.get(e.subject), who[str(e.body["release"])]))
        for e in workspace.ledger.entries(kind=STATEMENT)
        if e.body.get("statement") in NOTICES and e.body.get("release") in who
    ]


def _heard(
    who: dict[str, _Signer], files: Sequence[bytes], places: Sequence[Workspace]
) -> list[tuple[str, Notice]]:
    found: dict[str, Notice] = {}
    for place in places:
        found.update(_entered(who, place))
    for raw in files:
        about = is_about(raw)
        if about in who:
            found.setdefault(sha256(raw), _read(raw, who[about]))
    return in_order(found)


def in_order(told: dict[str, Notice]) -> list[tuple[str, Notice]]:
    """Return notices oldest first; of one second, an answer after what it answers."""
    return sorted(told.items(), key=lambda f: (f[1].made_at, _ORDER[type(f[1]).__name__]))


def _read(raw: bytes, who: _Signer) -> Notice:
    return read_notice(raw, signer=who.signer, public=who.public)

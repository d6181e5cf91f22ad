"""Standing check: whether a release still stands, by every notice that can be seen from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.document import sha256
from assaymark.decide.lifecycle import Status
from assaymark.decide.standing import standing
from assaymark.errors import IntegrityError, NotApprovedError, WorkspaceError
from assaymark.flow.release.beside import notices_beside
from assaymark.flow.release.heard import check_ancestors, in_order, notices_in
from assaymark.flow.release.home import home_of
from assaymark.release.notices import is_about, read_notice

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from assaymark.core.ancestry import Ancestry
    from assaymark.core.notice import Notice
    from assaymark.release.verification import Verification

__all__ = ["check_standing"]


def check_standing(  # noqa: PLR0913
    place: Path,
    found: Verification,
    today: date,
    *,
    manifest: str,
    public: bytes,
    expires: str,
    ancestry: Ancestry,
) -> None:
    """Check that a release, or the lot of one, has not expired, nor was withdrawn, nor its parents.

    Notices are looked for beside the folder ``place``, and in ledger and folder ``notices`` of the
    workspace that it lies in, if it lies in one; what was found says where that was. A ledger that
    is not what it was is a failure. ``manifest`` is the digest of the release's manifest,
    ``public`` the key that signed it, and ``ancestry`` what it was made of, at any distance.
    """
    try:
        raws = notices_beside(place)
        told = _about(raws, manifest, found.signer, public)
        final = standing(in_order(told), expires=expires, today=today).status is Status.WITHDRAWN
        home = None if final else home_of(place, signer=found.signer, public=public)
        if home is not None:
            told |= dict(notices_in(home, manifest, signer=found.signer, public=public))
        now = standing(in_order(told), expires=expires, today=today)
        if not final:
            check_ancestors("it", ancestry, raws, [] if home is None else [home])
    except NotApprovedError as error:
        found.fail(11, "Status", str(error).partition("\n")[0])
        return
    except (IntegrityError, WorkspaceError) as error:
        said = " ".join(str(error).split())
        found.fail(11, "Status", f"its end, or what was said of it, does not hold: {said}")
        return
    found.status, found.stale = now.status.value, tuple(s.use for s in now.stale)
    until = f"until {expires}" if expires else "without an end"
    said = now.words if now.why or now.stale else f"{now.status.value}, {until}"
    if now.status in {Status.WITHDRAWN, Status.EXPIRED}:
        found.fail(11, "Status", said)
        return
    count = f"{len(told) or 'no'} notice{'' if len(told) == 1 else 's'}"
    if home is None:
        here = f"as far as is known here: {count} beside it; a withdrawal elsewhere is not seen"
    else:
        here = f"{count} beside it or in the ledger of the workspace that it lies in"
    found.hold(11, "Status", f"{said}; {here}")
    found.leave("Notices that did not arrive", "there is no server; ask who issued the release")


def _about(raws: list[bytes], manifest: str, signer: str, public: bytes) -> dict[str, Notice]:
    return {
        sha256(raw): read_notice(raw, signer=signer, public=public)
        for raw in raws
        if is_about(raw) == manifest
    }

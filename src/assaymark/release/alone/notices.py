"""Alone, notices: what was said of a release after it was issued, replayed from beside it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from assaymark.release.alone.log import check_grown
from assaymark.release.alone.pieces import (
    MOST,
    Broken,
    Plain,
    b64,
    envelope,
    need,
    read_json,
    sha256,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["standing_of"]

NOTICE_KINDS = ("finding", "answer", "observation", "withdrawal")
"""Of one second, in this order: an answer comes after what it answers."""


def notices_of(
    folders: list[Path], manifest: str, keys: dict[str, bytes]
) -> list[tuple[str, str, Plain]]:
    """Return kind, digest and content of each notice about a release, in order of time."""
    found = []
    for path in sorted(path for folder in folders for path in folder.glob("*.dsse.json")):
        kind_of, what = path.lstat(), path.name
        plain = stat.S_ISREG(kind_of.st_mode) and kind_of.st_size <= MOST
        need(plain, f"{what} beside it is no plain file of at most {MOST >> 20} MB")
        raw = path.read_bytes()
        said = read_json(b64(read_json(raw, what)["payload"]), what)
        if said["predicate"]["release"] != manifest:
            continue
        typed = str(said["predicateType"])
        kind = typed.removeprefix("https://assaymark.dev/").rpartition("/")[0]
        need(kind in NOTICE_KINDS, f"{what} is no notice")
        public = bytes.fromhex(said["predicate"]["public"]) if kind == "finding" else b""
        by = {sha256(public): public} if public else keys
        subjects, notice, _ = envelope(raw, by, kind, what)
        need(subjects == {"manifest.json": manifest}, f"{what} is about something else")
        found.append((kind, sha256(raw), notice))
    return sorted(found, key=lambda n: (str(n[2]["made_at"]), NOTICE_KINDS.index(n[0])))


def standing_of(
    folder: Path, manifest: str, keys: dict[str, bytes], head: tuple[int, bytes]
) -> tuple[str, str]:
    """Return where a release, or the lot of one, stands, and in words; withdrawn is Broken.

    ``head`` is size and root of the checkpoint that it carries.
    """
    places = dict.fromkeys((folder.absolute(), folder.resolve()))
    beside = [p.with_name(p.name + ".notices") for p in places if p.name]
    home = folder.resolve().parent.parent
    at_home = (home / "ledger.db").exists() or all(
        (home / name).is_dir() for name in ("blobs", "sealed")
    )
    beside.append(home / "notices")
    open_, less, notices = [], "", notices_of(beside, manifest, keys)
    for kind, digest, notice in notices:
        if kind == "withdrawal":
            raise Broken(f"WITHDRAWN ({notice['reason']}): {notice['why']}; {notice['instruct']}")
        if kind == "finding" and digest not in open_:
            open_.append(digest)
        if kind == "answer" and notice["finding"] in open_:
            open_.remove(notice["finding"])
            if notice["outcome"] == "upheld":
                less = f"a finding was upheld: {notice['reason']}"
        if kind == "observation" and notice["then"] != "stale":
            less = "; ".join(notice["seen"])
    if at_home:
        check_grown(home / "ledger.db", *head)
    now = "CONTESTED" if open_ else "DEGRADED" if less else "RELEASED"
    why = f"{now}: {less}" if now == "DEGRADED" else now
    count = f"{len(notices) or 'no'} notice{'' if len(notices) == 1 else 's'}"
    if at_home:
        return now, f"{why}; {count} beside it or in the folder `notices` of its workspace"
    seen = f"{count} beside it; a withdrawal elsewhere is not seen"
    return now, f"{why}; as far as is known here: {seen}"

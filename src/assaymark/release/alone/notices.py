"""Alone, notices: what was said of a release after it was issued, replayed from beside it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from assaymark.release.alone.home import places_of, told_at_home
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

OURS = "https://assaymark.dev/"
NOTICE_KINDS = ("finding", "answer", "observation", "withdrawal")
"""Of one second, in this order: an answer comes after what it answers."""


def beside(folder: Path) -> list[tuple[str, bytes]]:
    """Return names and bytes of the statements that lie where a release or a link to it lies."""
    places = places_of(folder)
    folders = [p.with_name(p.name + ".notices") for p in places if p.name]
    folders += dict.fromkeys(p.parent.parent / "notices" for p in places)
    found = []
    for path in sorted(path for at in folders for path in at.glob("*.dsse.json")):
        kind_of, what = path.lstat(), f"{path.name} beside it"
        plain = stat.S_ISREG(kind_of.st_mode) and kind_of.st_size <= MOST
        need(plain, f"{what} is no plain file of at most {MOST >> 20} MB")
        found.append((what, path.read_bytes()))
    return found


def notices_of(
    raws: list[tuple[str, bytes]], manifest: str, keys: dict[str, bytes]
) -> list[tuple[str, str, Plain]]:
    """Return kind, digest and content of each notice about a release, in order of time."""
    found = {}
    for what, raw in raws:
        sealed = read_json(raw, what)
        need("payload" in sealed, f"{what} is not a signed statement")
        said = read_json(b64(sealed["payload"]), what)
        typed = str(said["predicateType"])
        if not typed.startswith(OURS) or said["predicate"]["release"] != manifest:
            continue
        kind = typed.removeprefix(OURS).rpartition("/")[0]
        need(kind in NOTICE_KINDS, f"{what} is no notice")
        public = bytes.fromhex(said["predicate"]["public"]) if kind == "finding" else b""
        by = {sha256(public): public} if public else keys
        subjects, notice, _ = envelope(raw, by, kind, what)
        need(subjects == {"manifest.json": manifest}, f"{what} is about something else")
        found[sha256(raw)] = (kind, sha256(raw), notice)
    return sorted(found.values(), key=lambda n: (str(n[2]["made_at"]), NOTICE_KINDS.index(n[0])))


def standing_of(
    folder: Path,
    manifest: str,
    keys: dict[str, bytes],
    head: tuple[int, bytes],
    parents: dict[str, Plain],
) -> tuple[str, list[str], str]:
    """Return where a release or a lot of one stands, uses that are stale, and both in words.

    One that was withdrawn is Broken, and so is one made of such a one; ``parents`` has those.

    ``head`` is size and root of the checkpoint that it carries.
    """
    raws = beside(folder)
    replay(notices_of(raws, manifest, keys))  # a withdrawal is said before a ledger lost with it
    told = told_at_home(folder, {manifest, *parents}, next(iter(keys)), head)
    raws += told or []
    notices = notices_of(raws, manifest, keys)
    now, stale, less = replay(notices)
    for parent, of in parents.items():
        said = notices_of(raws, parent, {of["signer"]: bytes.fromhex(of["public"])})
        taken = next((n for kind, _, n in said if kind == "withdrawal"), None)
        need(taken is None, f"it was made of {of['name'][:120]}, which was WITHDRAWN")
    why = f"{now}: {less}" if now == "DEGRADED" else now
    why += "".join(f"; STALE for {use}" for use in stale)
    count = f"{len(notices) or 'no'} notice{'' if len(notices) == 1 else 's'}"
    if told is not None:
        return (
            now,
            stale,
            f"{why}; {count} beside it or in the ledger of the workspace that it lies in",
        )
    seen = f"{count} beside it; a withdrawal elsewhere is not seen"
    return now, stale, f"{why}; as far as is known here: {seen}"


def replay(notices: list[tuple[str, str, Plain]]) -> tuple[str, list[str], str]:
    """Return where a release stands by its notices, uses that are stale, and why it is degraded."""
    open_: list[str] = []
    stale: list[str] = []
    less = ""
    for kind, digest, notice in notices:
        if kind == "withdrawal":
            raise Broken(f"WITHDRAWN ({notice['reason']}): {notice['why']}; {notice['instruct']}")
        if kind == "finding" and digest not in open_:
            open_.append(digest)
        if kind == "answer" and notice["finding"] in open_:
            open_.remove(notice["finding"])
            if notice["outcome"] == "upheld":
                less = f"a finding was upheld: {notice['reason']}"
        if kind == "observation" and notice["then"] == "stale":
            stale += [use for use in notice["uses"] if use not in stale]
        elif kind == "observation":
            less = "; ".join(notice["seen"])
    return "CONTESTED" if open_ else "DEGRADED" if less else "RELEASED", stale, less

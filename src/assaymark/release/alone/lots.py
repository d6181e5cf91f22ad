"""Alone, lots: a lot held against the statements of its release that it carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.release.alone.log import LOG, entered
from assaymark.release.alone.pieces import Plain, envelope, need, read_json, sha256

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LOT", "LOT_LEFT_OUT", "check_lot"]

LOT = "lot.dsse.json"
LOT_ROWS = ("data/synthetic.csv", "data/synthetic.parquet")
LOT_CHECKS = ("generator", "constraints", "drift", "copies", "rows")
OF_RELEASE = {
    f"release/{p}": p
    for p in (
        *("manifest.json", "attestations/release.dsse.json", "sketch.json"),
        "attestations/provenance.dsse.json",
    )
}
LOT_LEFT_OUT = (
    "Drift of the rows from the release, and whether CSV and Parquet hold the same rows",
    "Exact copies and rules of the rows: only who issued the lot can look again",
    "Attacks: a lot inherits those of its release, which is verified by itself",
    "Whether the release was withdrawn: `assaymark release admit`, or ask who issued it",
)


def check_lot(
    read: Callable[[str], bytes], digests: dict[str, str], signer: str, public: bytes
) -> tuple[Plain, tuple[int, int, bytes]]:
    """Return the lot, its place in the ledger, and size and root of the checkpoint it is under.

    ``digests`` are those of all files of the lot.
    """
    wanted = {LOT, *LOT_ROWS, *OF_RELEASE, *LOG, f"keys/{signer}.pub"}
    need(set(digests) == wanted, f"missing or extra: {sorted(set(digests) ^ wanted)}")
    keys = {signer: public}
    subjects, lot, _ = envelope(read(LOT), keys, "lot", LOT)
    need(subjects == {p: digests[p] for p in LOT_ROWS}, "the lot is about other rows than these")
    said = {}
    for kind in ("release", "provenance"):
        path = f"release/attestations/{kind}.dsse.json"
        about, said[kind], _ = envelope(read(path), keys, kind, path)
        fits = kind == "provenance" or about == {"manifest.json": digests["release/manifest.json"]}
        need(fits, "the manifest is not the one that the release signed")
    listed = {
        f["path"]: f["sha256"]
        for f in read_json(read("release/manifest.json"), "release/manifest.json")["files"]
    }
    for path in ("sketch.json", "attestations/provenance.dsse.json"):
        need(
            listed.get(path) == digests[f"release/{path}"], f"release/{path} is of another release"
        )
    released, made = said["release"], said["provenance"]
    own = (lot["release"], lot["candidate"]) == (
        digests["release/manifest.json"],
        made["candidate"],
    )
    need(own, "the lot is of another release than it carries the statements of")
    same = lot["model"] and lot["model"] == made.get("model", "")
    need(same, "the lot is of another model than the one that was approved")
    held = [c["name"] for c in lot["checks"] if c["outcome"] != "ok"]
    whole = sorted(c["name"] for c in lot["checks"]) == sorted(LOT_CHECKS)
    need(whole and not held, f"the lot was held, or lacks a check: {held}")
    need(set(lot["uses"]) <= set(released["approved"]), "the lot is for uses not approved")
    until = released.get("expires", "")
    need(lot["expires"] == until, "the lot ends on another day than the release")
    return lot, entered(read, sha256(read(LOT)), signer, public)

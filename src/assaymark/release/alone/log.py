"""Alone, log: the ledger's checkpoint, proofs, order and attempts, on plain values."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from assaymark.release.alone.pieces import (
    Plain,
    b64,
    canonical,
    check_signature,
    included,
    need,
    read_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    *("HISTORY", "LOG", "check_attempts", "check_order", "entered", "shown_under"),
]

LOG = ("log/release.json", "log/release.tlog-proof")
HISTORY = "log/history.json"
SHOWN_KINDS = {
    *("policy.committed", "attempt", "confirmation.opened", "evaluated", "decided", "statement"),
}


def leaf(entry: Plain) -> bytes:
    """Return the hash of an entry as a leaf of the tree."""
    return hashlib.sha256(b"\x00" + canonical(entry)).digest()


def entered(
    read: Callable[[str], bytes], statement: str, signer: str, public: bytes
) -> tuple[int, int, bytes]:
    """Return the place of a statement in the signer's ledger, and the checkpoint it is under."""
    entry = read_json(read(LOG[0]), LOG[0])
    need(canonical(entry) == read(LOG[0]), f"{LOG[0]} is not canonical")
    about = (entry["kind"], entry["subject"], entry["actor"]["key"])
    need(about == ("statement", statement, signer), f"{LOG[0]} is about something else than this")
    proof, _, note = read(LOG[1]).partition(b"\n\n")
    lines = proof.decode("ascii").split("\n")
    need(lines[:2] == ["c2sp.org/tlog-proof@v1", f"index {entry['index']}"], "another proof")
    size, root = checkpoint(note, signer, public)
    included(leaf(entry), entry["index"], size, [b64(x) for x in lines[2:]], root)
    return int(entry["index"]), size, root


def checkpoint(note: bytes, signer: str, public: bytes) -> tuple[int, bytes]:
    """Return size and root of a checkpoint that the signer's own ledger signed."""
    text, gap, signed = note.decode().rpartition("\n\n")
    name = f"assaymark.dev/ledger/{signer}"
    number = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    need(gap and signed.endswith("\n"), f"{LOG[1]} has no checkpoint")
    mine = [x for x in signed[:-1].split("\n") if x.startswith(f"\u2014 {name} ")]
    need(len(mine) == 1, "the checkpoint is not signed by the signer of the release")
    signature = b64(mine[0].rpartition(" ")[2])
    need(signature[:4] == number, "the checkpoint is signed by another key")
    check_signature(public, signature[4:], f"{text}\n".encode(), "the checkpoint")
    origin, size, root = text.split("\n")
    need(origin == name and size.isdigit(), "a checkpoint of another log")
    return int(size), b64(root)


def shown_under(raw: bytes, size: int, root: bytes) -> list[Plain]:
    """Return the entries that a release shows, each under the checkpoint, in order."""
    history = read_json(raw, HISTORY)
    need(canonical(history) == raw, f"{HISTORY} is not canonical")
    entries = [s["entry"] for s in history["entries"]]
    for s in history["entries"]:
        included(leaf(s["entry"]), s["entry"]["index"], size, [b64(x) for x in s["path"]], root)
    places, times = [e["index"] for e in entries], [e["time"] for e in entries]
    need(places == sorted(set(places)), f"{HISTORY} is not in the ledger's order")
    need(times == sorted(times), f"{HISTORY} has an entry dated before the one it follows")
    need({e["kind"] for e in entries} <= SHOWN_KINDS, f"{HISTORY} shows what it should not")
    return entries


def check_order(
    shown: list[Plain], decided: Plain, decision: str, approvals: list[str], last: int
) -> None:
    """Raise unless policy, look, evaluations, decision, approvals and release came in order."""
    candidate = decided["candidate"]

    def place(kind: str, subject: str, **body: str) -> int:
        fits = [
            e["index"]
            for e in shown
            if (e["kind"], e["subject"]) == (kind, subject)
            and all(e["body"].get(k) == v for k, v in body.items())
        ]
        need(fits, f"no entry of kind {kind!r} for {subject[:16]} is shown")
        return int(fits[0])

    policy, made = place("policy.committed", decided["policy"]), place("attempt", candidate)
    judged, looked = place("decided", decision), place("confirmation.opened", candidate)
    need(policy < looked, "the policy was committed to after the sealed people were looked at")
    for s in decided["stages"]:
        seen = place("evaluated", candidate, stage=s["stage"], evidence=s["evidence"])
        first = made if s["stage"] == "development" else max(made, looked)
        need(first < seen < judged, f"the {s['stage']} evaluation is out of order")
    signed = [place("statement", digest) for digest in approvals]
    need(all(judged < i < last for i in (*signed, last - 0.5)), "approvals out of order")


def check_attempts(shown: list[Plain], made: Plain) -> None:
    """Raise unless every attempt and opening that is counted is shown, none twice."""
    for kind, said, field in (
        ("attempt", made["attempts"], "attempt"),
        ("confirmation.opened", made["openings"], "opening"),
    ):
        found = [e for e in shown if e["kind"] == kind]
        numbers = [e["body"][field] for e in found]
        fits = numbers == list(range(1, said + 1)) and len({e["subject"] for e in found}) == said
        need(fits, f"the provenance counts {said} of {kind!r}, the ledger shows {len(found)}")
    tried = [e for e in shown if e["kind"] in {"attempt", "confirmation.opened"}]
    need(len({e["body"]["population"] for e in tried}) <= 1, "attempts of different people")

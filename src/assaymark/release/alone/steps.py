"""Alone, steps: the twelve steps over a release's folder, and the table of them."""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import re
import stat
import sys
import tomllib
from pathlib import Path

from assaymark.release.alone.budget import check_budget
from assaymark.release.alone.gate import agreed, caught
from assaymark.release.alone.people import check_people, check_waivers
from assaymark.release.alone.pieces import (
    MOST,
    Broken,
    Plain,
    b64,
    canonical,
    check_signature,
    envelope,
    included,
    need,
    read_json,
    sha256,
)

__all__ = ["main"]

STEPS = (
    *("People and keys", "Files", "Signatures", "Chain of digests", "Ledger", "Verdicts"),
    *("Controls", "Attempts", "Privacy budget", "Waivers", "Status", "Documents and boundary"),
)
LEFT_OUT = (
    "The release-boundary linter: `assaymark verify`",
    "Whether CSV and Parquet hold the same rows, and the form of each document: `assaymark verify`",
    "For the study of which people the uses are fit: `assaymark verify`",
    "Notices of withdrawal or challenge: ask who issued the release",
    "Truth of the measurements: only the holder of the source can repeat them",
    "The person behind the key, unless you know its fingerprint in another way (--trust)",
    "The rest of the ledger, and attempts that were never entered in it",
    "Attacks outside the threat model in threat.json",
)
MANIFEST, RELEASE = "manifest.json", "attestations/release.dsse.json"
DECISION = "attestations/decision.dsse.json"
LOG = ("log/release.json", "log/release.tlog-proof", "log/history.json")
PLAIN = re.compile(r"(?!/)(?:(?!\.\.?(?:/|$))[^/:\\]+(?:/|$))+(?<!/)")


class Release:
    """A release's folder, and what the steps have read of it."""

    def __init__(self, folder: Path, trusted: list[str], today: datetime.date) -> None:
        self.folder, self.trusted, self.today = folder, trusted, today
        self.said: dict[int, list[tuple[str, str]]] = {}
        self.paths: dict[str, Path] = {}
        self.digests: dict[str, str] = {}
        self.keys: dict[str, bytes] = {}
        self.uses: dict[str, str] = {}
        self.signer = ""

    def note(self, step: int, said: str, outcome: str = "OK") -> None:
        self.said.setdefault(step, []).append((outcome, said))

    def raw(self, path: str) -> bytes:
        need(path in self.paths, f"{path} is missing")
        need(self.paths[path].stat().st_size <= MOST, f"{path} has more than {MOST >> 20} MB")
        return self.paths[path].read_bytes()

    def several(self, start: str) -> list[str]:
        return sorted((p for p in self.paths if p.startswith(start)), key=lambda p: (len(p), p))

    def files(self) -> None:
        for path in sorted(self.folder.rglob("*")):
            name, kind = path.relative_to(self.folder).as_posix(), path.lstat().st_mode
            need(not stat.S_ISLNK(kind), f"{name} is a link")
            need(stat.S_ISDIR(kind) or stat.S_ISREG(kind), f"{name} is a device or a pipe")
            need(not stat.S_ISDIR(kind) or any(path.iterdir()), f"{name} is an empty folder")
            need(
                PLAIN.fullmatch(name) and min(name) >= " ",
                f"{name!r} is not a path that a release may have",
            )
            if stat.S_ISREG(kind):
                self.paths[name] = path
        for name in self.several("keys/"):
            public = bytes.fromhex(self.raw(name).decode("ascii").removesuffix("\n"))
            need(name == f"keys/{sha256(public)}.pub", f"{name} is not the key that its name says")
            self.keys[sha256(public)] = public
        need(len(self.keys) == 1, f"the release carries {len(self.keys)} keys, one is expected")
        self.signer = next(iter(self.keys))
        raw = self.raw(MANIFEST)
        subjects, self.released = self.statement("release")
        need(subjects == {MANIFEST: sha256(raw)}, "the manifest is not the one that was signed")
        listed = {f["path"]: f for f in read_json(raw, MANIFEST)["files"]}
        need(all(map(PLAIN.fullmatch, listed)), "the manifest lists a path outside the release")
        wanted = {*listed, MANIFEST, RELEASE, *LOG}
        need(not wanted - set(self.paths), f"missing: {sorted(wanted - set(self.paths))}")
        need(not set(self.paths) - wanted, f"not listed: {sorted(set(self.paths) - wanted)}")
        for name, entry in listed.items():
            with self.paths[name].open("rb") as file:
                self.digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
            need(self.digests[name] == entry["sha256"], f"{name} was altered")
        self.note(2, f"all {len(self.paths)} are as they were signed, none is extra")

    def statement(self, name: str) -> tuple[Plain, Plain]:
        path = f"attestations/{name}.dsse.json"
        subjects, predicate, signers = envelope(self.raw(path), self.keys, name, path)
        need(signers == [self.signer], f"{path} is signed by another key")
        return subjects, predicate

    def key(self) -> None:
        said = f"one key signs, {self.signer[:16]}"
        need(not self.trusted or self.signer in self.trusted, f"{self.signer} is not trusted")
        self.note(1, said + (", which you trust" if self.trusted else ""))

    def statements(self) -> None:
        rows = {p: d for p, d in self.digests.items() if p.endswith(".parquet")}
        about, self.made = self.statement("provenance")
        judged, self.decided = self.statement("decision")
        need(about == rows and judged == rows, "provenance or decision is about other rows")
        self.note(3, "provenance, decision and release, all by the same key")

    def chain(self) -> None:
        paths = [p for p in self.several("data/") if p.endswith(".parquet")]
        candidate = sha256("\n".join(self.digests[p] for p in paths).encode())
        need(
            {self.made["candidate"], self.decided["candidate"]} == {candidate},
            "the decision is about other rows than these",
        )
        for path, name in (("policy.toml", "policy"), ("threat.json", "threat")):
            need(self.digests[path] == self.decided[name], f"{path} is not the one decided by")
        earlier = self.decided["earlier"]
        self.evidence = {}
        for s in self.decided["stages"]:
            path = f"evidence/{s['stage']}.json"
            need(self.digests.get(path) == s["evidence"], f"{path} is not the one decided upon")
            read = read_json(self.raw(path), path)
            need(read["stage"] == s["stage"], f"{path} is of another stage")
            need(read.get("earlier", []) == earlier, f"{path} is about other earlier releases")
            self.evidence[s["stage"]] = read
        threat = read_json(self.raw("threat.json"), "threat.json")
        need(threat["earlier"] == len(earlier), "the threat model has other earlier releases")
        ends = self.released.get("expires", "") == self.decided.get("expires", "")
        need(ends, "the release ends on another day than the decision says")
        self.attacks = threat["attacks"]
        self.note(4, "provenance, evidence, decision and release are about these rows")

    def people(self) -> None:
        said, approved = check_people(
            self.raw, self.digests, self.decided, self.policy(), self.signer
        )
        self.note(1, said)
        if approved:
            self.note(3, approved)

    def verdicts(self) -> None:
        self.waivers = check_waivers(self.raw, self.digests, self.decided, self.signer)
        uses = agreed(self.policy(), self.evidence, self.decided, self.waivers)
        approved = {u for u, status in uses.items() if status == "approved"}
        fits = set(self.released["approved"]) == approved
        fits = fits and set(self.released["not_approved"]) == set(uses) - approved
        need(fits and approved, "the release is approved for other uses than the decision says")
        self.uses = uses
        self.note(6, "judging the evidence again by the policy gives the same")

    def controls(self) -> None:
        asked, found = caught(self.policy(), self.evidence, self.decided)
        if asked:
            self.note(7, f"{found} of {asked} planted leaks that rules ask for were caught")
        else:
            self.note(7, "no rule asks for a planted leak to be caught", "NOT APPLICABLE")

    def policy(self) -> Plain:
        return tomllib.loads(self.raw("policy.toml").decode())

    def log(self) -> None:
        entry = read_json(self.raw(LOG[0]), LOG[0])
        need(canonical(entry) == self.raw(LOG[0]), f"{LOG[0]} is not canonical")
        about = (entry["kind"], entry["subject"], entry["actor"]["key"])
        own = ("statement", sha256(self.raw(RELEASE)), self.signer)
        need(about == own, f"{LOG[0]} is about something else than this release")
        proof, _, note = self.raw(LOG[1]).partition(b"\n\n")
        lines = proof.decode("ascii").split("\n")
        need(lines[:2] == ["c2sp.org/tlog-proof@v1", f"index {entry['index']}"], "another proof")
        size, root = self.checkpoint(note)
        leaf = hashlib.sha256(b"\x00" + canonical(entry)).digest()
        included(leaf, entry["index"], size, [b64(x) for x in lines[2:]], root)
        history = read_json(self.raw(LOG[2]), LOG[2])
        need(canonical(history) == self.raw(LOG[2]), f"{LOG[2]} is not canonical")
        self.shown = [s["entry"] for s in history["entries"]]
        for s in history["entries"]:
            leaf = hashlib.sha256(b"\x00" + canonical(s["entry"])).digest()
            included(leaf, s["entry"]["index"], size, [b64(x) for x in s["path"]], root)
        places = [e["index"] for e in self.shown]
        need(places == sorted(set(places)), f"{LOG[2]} is not in the ledger's order")
        times = [e["time"] for e in self.shown]
        need(times == sorted(times), f"{LOG[2]} has an entry dated before the one it follows")
        self.order(entry["index"])
        self.note(5, f"entry {entry['index']} under a checkpoint of {size} entries, order kept")

    def checkpoint(self, note: bytes) -> tuple[int, bytes]:
        text, gap, signed = note.decode().rpartition("\n\n")
        name = f"assaymark.dev/ledger/{self.signer}"
        public = self.keys[self.signer]
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

    def order(self, last: int) -> None:
        decided, candidate = self.decided, self.decided["candidate"]

        def place(kind: str, subject: str, **body: str) -> int:
            fits = [
                e["index"]
                for e in self.shown
                if (e["kind"], e["subject"]) == (kind, subject)
                and all(e["body"].get(k) == v for k, v in body.items())
            ]
            need(fits, f"no entry of kind {kind!r} for {subject[:16]} is shown")
            return int(fits[0])

        policy, made = place("policy.committed", decided["policy"]), place("attempt", candidate)
        judged = place("decided", self.digests[DECISION])
        looked = place("confirmation.opened", candidate)
        need(policy < looked, "the policy was committed to after the sealed people were looked at")
        for s in decided["stages"]:
            seen = place("evaluated", candidate, stage=s["stage"], evidence=s["evidence"])
            first = made if s["stage"] == "development" else max(made, looked)
            need(first < seen < judged, f"the {s['stage']} evaluation is out of order")
        signed = [place("statement", self.digests[p]) for p in self.several("approvals/")]
        need(all(judged < i < last for i in (*signed, last - 0.5)), "approvals out of order")

    def attempts(self) -> None:
        for kind, said, field in (
            ("attempt", self.made["attempts"], "attempt"),
            ("confirmation.opened", self.made["openings"], "opening"),
        ):
            shown = [e for e in self.shown if e["kind"] == kind]
            numbers = [e["body"][field] for e in shown]
            fits = (
                numbers == list(range(1, said + 1)) and len({e["subject"] for e in shown}) == said
            )
            need(fits, f"the provenance counts {said} of {kind!r}, the ledger shows {len(shown)}")
        tried = [e for e in self.shown if e["kind"] in {"attempt", "confirmation.opened"}]
        need(len({e["body"]["population"] for e in tried}) <= 1, "attempts of different people")
        self.note(8, f"all {self.made['attempts']} attempts that are counted are in the ledger")

    def rest(self) -> None:
        privacy = self.made.get("privacy")
        said = check_budget(privacy) if privacy else "no differential privacy is claimed"
        self.note(9, said, "OK" if privacy else "NOT APPLICABLE")
        rules = ", ".join(w["rule"] for w in self.waivers)
        self.note(10, rules or "none", "OK" if rules else "NOT APPLICABLE")
        until = self.released.get("expires", "")
        need(not until or until >= self.today.isoformat(), f"the release expired on {until}")
        self.note(11, f"until {until}" if until else "without an end")
        card = self.raw("card.md").decode("utf-8", "replace")
        about = self.decided["candidate"] in card and self.decided["policy"] in card
        need(about, "card.md is about other rows or another policy")
        self.note(12, "the card is about these rows; the boundary linter was not run")


CHECKS = (
    (2, Release.files),
    (1, Release.key),
    (3, Release.statements),
    (4, Release.chain),
    (6, Release.verdicts),
    (3, Release.people),
    (5, Release.log),
    (7, Release.controls),
    (8, Release.attempts),
    (11, Release.rest),
)


def verified(release: Release) -> list[tuple[int, str, str, str]]:
    """Return number, title, outcome and words of each step."""
    for step, check in CHECKS:
        try:
            check(release)
        except (Broken, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            why = str(error) if isinstance(error, Broken) else f"cannot be read: {error!r}"
            release.said[step] = [("FAILED", why)]
            release.uses = {}
            break
    table = []
    for n, title in enumerate(STEPS, 1):
        said = release.said.get(n, [("NOT RUN", "a step before failed")])
        table.append((n, title, said[0][0], "; ".join(words for _, words in said)))
    return table


def main() -> int:
    """Print the table; return 4 where anything does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default=Path(__file__).parent, type=Path)
    parser.add_argument("--trust", action="append", default=[])
    parser.add_argument("--today", type=datetime.date.fromisoformat)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    today = asked.today or datetime.datetime.now(datetime.UTC).date()
    release = Release(asked.folder, asked.trust, today)
    table = verified(release)
    holds = all(outcome in {"OK", "NOT APPLICABLE"} for _, _, outcome, _ in table)
    if asked.json:
        steps = [dict(zip(("number", "title", "outcome", "said"), s, strict=True)) for s in table]
        said = {"ok": holds, "uses": release.uses, "steps": steps, "not_verified": LEFT_OUT}
        sys.stdout.write(json.dumps(said, indent=1) + "\n")
    else:
        lines = [f"  {n:>2}  {title:<23} {out:<15} {said}" for n, title, out, said in table]
        lines += ["", "Not verified:", *(f"  {said}" for said in LEFT_OUT), ""]
        lines += [f"  {use}: {status}" for use, status in release.uses.items()]
        lines += ["", "VERIFIED" if holds else "NOT VERIFIED: do not use this folder"]
        sys.stdout.write("\n".join(lines) + "\n")
    return 0 if holds else 4


if __name__ == "__main__":
    sys.exit(main())

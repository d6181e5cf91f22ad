"""Alone, steps: the twelve steps over a release's folder."""

from __future__ import annotations

import datetime
import hashlib
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from assaymark.core.plain import read_toml
from assaymark.release.alone.budget import check_budget
from assaymark.release.alone.gate import agreed, caught
from assaymark.release.alone.governed import (
    check_ancestors,
    check_ancestry,
    check_generator,
    check_lineage,
)
from assaymark.release.alone.groups import check_groups, check_rights
from assaymark.release.alone.log import (
    HISTORY,
    LOG,
    check_attempts,
    check_order,
    entered,
    shown_under,
)
from assaymark.release.alone.lots import LOT, check_lot
from assaymark.release.alone.notices import standing_of
from assaymark.release.alone.people import check_people, check_waivers
from assaymark.release.alone.pieces import MOST, Broken, Plain, envelope, need, read_json, sha256
from assaymark.release.boundary.linter import leaks_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["STEPS", "verified"]

STEPS = (
    *("People and keys", "Files", "Signatures", "Chain of digests", "Ledger", "Verdicts"),
    *("Controls", "Attempts", "Privacy budget", "Waivers", "Status", "Documents and boundary"),
)
MANIFEST, RELEASE = "manifest.json", "attestations/release.dsse.json"
DECISION = "attestations/decision.dsse.json"
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
        self.is_lot = (folder / LOT).is_file()
        self.stale: list[str] = []
        self.parents: dict[str, Plain] = {}
        self.signer = self.now = ""

    def note(self, step: int, said: str, outcome: str = "OK") -> None:
        self.said.setdefault(step, []).append((outcome, said))

    def raw(self, path: str) -> bytes:
        need(path in self.paths, f"{path} is missing")
        need(self.paths[path].stat().st_size <= MOST, f"{path} has more than {MOST >> 20} MB")
        return self.paths[path].read_bytes()

    def several(self, start: str) -> list[str]:
        return sorted((p for p in self.paths if p.startswith(start)), key=lambda p: (len(p), p))

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __contains__(self, path: object) -> bool:
        return path in self.paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, path: str) -> bytes:
        return self.raw(path)

    def size(self, path: str) -> int:
        return self.paths[path].stat().st_size

    def part(self, path: str, start: int, length: int) -> bytes:
        with self.paths[path].open("rb") as file:
            file.seek(start)
            return file.read(length)

    def digest(self, path: str) -> str:
        if path not in self.digests:
            with self.paths[path].open("rb") as file:
                self.digests[path] = hashlib.file_digest(file, "sha256").hexdigest()
        return self.digests[path]

    def find(self) -> None:
        need(self.folder.is_dir(), f"there is no folder {str(self.folder)!r}")
        for n, path in enumerate(sorted(self.folder.rglob("*"))):
            need(n < 10_000, "more than 10,000 files, which no release has")
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

    def files(self) -> None:
        self.find()
        raw = self.raw(MANIFEST)
        subjects, self.released = self.statement("release")
        need(subjects == {MANIFEST: sha256(raw)}, "the manifest is not the one that was signed")
        listed = {f["path"]: f for f in read_json(raw, MANIFEST)["files"]}
        need(all(map(PLAIN.fullmatch, listed)), "the manifest lists a path outside the release")
        wanted = {*listed, MANIFEST, RELEASE, *LOG, HISTORY}
        need(not wanted - set(self.paths), f"missing: {sorted(wanted - set(self.paths))[:5]}")
        need(not set(self.paths) - wanted, f"not listed: {sorted(set(self.paths) - wanted)[:5]}")
        for name, entry in listed.items():
            need(self.size(name) == entry["size"], f"{name} was altered")
            fits = (self.digest(name), self.size(name)) == (entry["sha256"], entry["size"])
            need(fits, f"{name} was altered")
        self.listed = dict(self.digests)
        self.note(2, f"all {len(self.paths)} are as they were signed, none is extra")

    def statement(self, name: str) -> tuple[Plain, Plain]:
        path = f"attestations/{name}.dsse.json"
        subjects, predicate, signers = envelope(self.raw(path), self.keys, name, path)
        need(signers == [self.signer], f"{path} is signed by another key")
        return subjects, predicate

    def key(self) -> None:
        said = f"one key signs, {self.signer[:16]}"
        known = any(len(t) >= 16 and self.signer.startswith(t) for t in self.trusted)
        need(not self.trusted or known, f"{self.signer} is not trusted")
        self.note(1, said + (", which you trust" if self.trusted else ""))

    def statements(self) -> None:
        rows = {p: d for p, d in self.digests.items() if p.endswith(".parquet")}
        about, self.made = self.statement("provenance")
        judged, self.decided = self.statement("decision")
        need(about == rows and judged == rows, "provenance or decision is about other rows")
        self.parents = check_ancestors(self.made)
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
            self.raw, self.listed, self.decided, self.policy(), self.signer
        )
        self.note(1, said)
        if approved:
            self.note(3, approved)

    def verdicts(self) -> None:
        self.waivers = check_waivers(self.raw, self.listed, self.decided, self.signer)
        uses = agreed(self.policy(), self.evidence, self.decided, self.waivers)
        approved = {u for u, status in uses.items() if status == "approved"}
        fits = set(self.released["approved"]) == approved
        fits = fits and set(self.released["not_approved"]) == set(uses) - approved
        need(fits and approved, "the release is approved for other uses than the decision says")
        self.uses = uses
        self.note(6, "judging the evidence again by the policy gives the same")
        groups = check_groups(self.policy(), self.evidence, self.decided, self.waivers)
        self.note(6, f"of each use and group, judged again: {groups}" if groups else "no groups")

    def controls(self) -> None:
        asked, found = caught(self.policy(), self.evidence, self.decided)
        if asked:
            self.note(7, f"{found} of {asked} planted leaks that rules ask for were caught")
        else:
            self.note(7, "no rule asks for a planted leak to be caught", "NOT APPLICABLE")

    def policy(self) -> Plain:
        return read_toml(self.raw("policy.toml"))

    def log(self) -> None:
        public = self.keys[self.signer]
        index, size, root = entered(self.raw, sha256(self.raw(RELEASE)), self.signer, public)
        self.head = (size, root)
        self.shown = shown_under(self.raw(HISTORY), size, root)
        approvals = [self.digests[p] for p in self.several("approvals/")]
        check_order(self.shown, self.decided, self.digests[DECISION], approvals, index)
        self.note(5, f"entry {index} under a checkpoint of {size} entries, order kept")

    def attempts(self) -> None:
        check_attempts(self.shown, self.made)
        self.note(8, f"all {self.made['attempts']} attempts that are counted are in the ledger")

    def budget(self) -> None:
        privacy = self.made.get("privacy")
        said = check_budget(privacy) if privacy else "no differential privacy is claimed"
        self.note(9, said, "OK" if privacy else "NOT APPLICABLE")
        rules = ", ".join(w["rule"] for w in self.waivers)
        self.note(10, rules or "none", "OK" if rules else "NOT APPLICABLE")

    def boundary(self) -> None:
        card = self.raw("card.md").decode("utf-8", "replace")
        about = self.decided["candidate"] in card and self.decided["policy"] in card
        need(about, "card.md is about other rows or another policy")
        leaks = leaks_of(self)
        need(not leaks, "; ".join(map(str, leaks[:5])))
        self.note(12, "the card is about these rows; none of the known accidental leaks")
        self.note(
            12, "whether CSV and Parquet agree, and the numbers of documents: not checked here"
        )

    def governed(self) -> None:
        rows = {p: d for p, d in self.listed.items() if p.startswith("data/")}
        for said in (
            check_ancestry(self.made, self.policy()),
            check_generator(self.raw, self.made, self.decided, self.signer),
            check_lineage(self.made, rows),
            check_rights(self.policy(), self.evidence, self.decided),
        ):
            if said:
                self.note(4, said)

    def status(self) -> None:
        self.expiry(self.released.get("expires", ""))
        self.stands(self.digest(MANIFEST))

    def stands(self, manifest: str) -> None:
        self.now, self.stale, said = standing_of(
            self.folder, manifest, self.keys, self.head, self.parents
        )
        self.note(11, said)

    def expiry(self, until: str) -> None:
        need(not until or until >= self.today.isoformat(), f"EXPIRED: it expired on {until}")
        self.note(11, f"until {until}" if until else "without an end")

    def lot(self) -> None:
        self.find()
        found = {path: self.digest(path) for path in self.paths}
        lot, logged = check_lot(self.raw, found, self.signer, self.keys[self.signer])
        index, size, root = logged
        self.head = (size, root)
        self.note(2, f"all {len(found)} are as they were signed, none is extra")
        self.note(3, "lot, release and provenance, all by the same key")
        self.note(4, f"lot {lot['number']}, from the model that the release was approved with")
        self.note(5, f"entry {index} under a checkpoint of {size} entries")
        for step in (6, 12):
            self.note(step, "not checked here: `assaymark verify`", "NOT CHECKED")
        for step in (7, 8, 9, 10):
            self.note(step, "that of its release", "NOT APPLICABLE")
        path = "release/attestations/provenance.dsse.json"
        _, made, _ = envelope(self.raw(path), self.keys, "provenance", path)
        self.parents = check_ancestors(made)
        self.manifest = lot["release"]
        self.until, self.uses = lot["expires"], dict.fromkeys(lot["uses"], "approved")

    def lot_status(self) -> None:
        self.expiry(self.until)
        self.stands(self.manifest)


UNREADABLE = (
    *(Broken, OSError, ValueError, LookupError, TypeError, AttributeError),
    *(ArithmeticError, RecursionError),
)
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
    (9, Release.budget),
    (12, Release.boundary),
    (4, Release.governed),
    (11, Release.status),
)
OF_LOT = ((2, Release.lot), (1, Release.key), (11, Release.lot_status))


def verified(release: Release) -> list[tuple[int, str, str, str]]:
    """Return number, title, outcome and words of each step."""
    unreached = "not reached"
    for step, check in OF_LOT if release.is_lot else CHECKS:
        try:
            check(release)
        except UNREADABLE as error:
            why = str(error) if isinstance(error, Broken) else f"cannot be read: {error!r}"
            release.said[step] = [("FAILED", why[:600])]
            release.uses = {}
            unreached = f"step {step}, {STEPS[step - 1]}, failed"
            break
    table = []
    for n, title in enumerate(STEPS, 1):
        said = release.said.get(n, [("NOT RUN", unreached)])
        table.append((n, title, said[0][0], "; ".join(words for _, words in said)))
    return table

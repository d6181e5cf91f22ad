"""Check this release with Python and `cryptography` alone, offline: python verify.py FOLDER.

The same steps as `assaymark verify`, as far as one file can take them; it says what it left out.
Options: --trust FINGERPRINT (repeat), --today YYYY-MM-DD, --json. Ends with 4 if anything fails.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


MOST = 64 << 20
FORMATS = {
    *("manifest", "release", "decision", "provenance", "evidence", "entry", "history"),
    *("roles", "approval", "waiver", "threat"),
}
Plain = dict[str, Any]


class Broken(Exception):  # noqa: N818
    """Something does not hold."""


def need(holds: object, said: str) -> None:
    """Raise what is said, unless it holds."""
    if not holds:
        raise Broken(said)


def sha256(raw: bytes) -> str:
    """Return the SHA-256, hex."""
    return hashlib.sha256(raw).hexdigest()


def canonical(value: object) -> bytes:
    """Return JSON as RFC 8785 has it, for values without fractions."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def read_json(raw: bytes, what: str) -> Any:  # noqa: ANN401
    """Return the value of JSON of a format that is known here."""

    def once(pairs: list[tuple[str, Any]]) -> Plain:
        need(len(dict(pairs)) == len(pairs), f"{what} has a key twice")
        return dict(pairs)

    need(len(raw) <= MOST, f"{what} has more than {MOST >> 20} MB")
    try:
        found = json.loads(raw, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise Broken(f"{what} is not JSON that can be read: {error}") from error
    schema = found.get("schema_id") if isinstance(found, dict) else None
    known = schema is None or schema in {f"assaymark/{f}/v0" for f in FORMATS}
    need(known, f"{what} is in the format {schema!r}, which this file does not know")
    return found


def b64(text: str) -> bytes:
    """Return the bytes behind base64 in its one canonical spelling."""
    raw = base64.b64decode(text, validate=True)
    need(raw and base64.b64encode(raw).decode() == text, "base64 in another spelling")
    return raw


def check_signature(public: bytes, signature: bytes, signed: bytes, who: str) -> None:
    """Raise unless the signature is that of the key over these bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    except (InvalidSignature, ValueError) as error:
        raise Broken(f"the signature of {who} does not match") from error


def envelope(raw: bytes, keys: dict[str, bytes], kind: str, what: str) -> tuple[Plain, Plain, Any]:
    """Return subjects, predicate and signers of a DSSE envelope, every signature checked."""
    plain = read_json(raw, what)
    need(
        (json.dumps(plain, indent=1, ensure_ascii=False) + "\n").encode() == raw, f"{what}: layout"
    )
    need(set(plain) == {"payload", "payloadType", "signatures"}, f"{what} is no envelope")
    payload, typed = b64(plain["payload"]), plain["payloadType"].encode()
    signed = b"DSSEv1 %d %b %d %b" % (len(typed), typed, len(payload), payload)
    signers = [s["keyid"] for s in plain["signatures"]]
    need(
        signers and len(set(signers)) == len(signers), f"{what} is not signed, or twice by one key"
    )
    for s in plain["signatures"]:
        need(s["keyid"] in keys, f"{what} is signed by a key that is not known, {s['keyid'][:16]}")
        check_signature(keys[s["keyid"]], b64(s["sig"]), signed, f"{what} by {s['keyid'][:16]}")
    said = read_json(payload, what)
    expected = f"https://assaymark.dev/{kind}/v0"
    need(said["predicateType"] == expected, f"{what} is a {said['predicateType']!r}")
    read_json(json.dumps(said["predicate"]).encode(), what)
    subjects = {s["name"]: s["digest"]["sha256"] for s in said["subject"]}
    return subjects, said["predicate"], signers


def included(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> None:
    """Raise unless the path leads from a leaf to the root (RFC 9162, 2.1.3.2)."""
    need(0 <= index < size, f"no entry {index} in a ledger of {size}")
    fn, sn, node = index, size - 1, leaf
    for p in path:
        need(sn and len(p) == 32, "the inclusion proof is too long")
        if fn & 1 or fn == sn:
            node = hashlib.sha256(b"\x01" + p + node).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + p).digest()
        fn, sn = fn >> 1, sn >> 1
    need(not sn and node == root, "the inclusion proof does not lead to the root")
"""Alone, gate: evidence judged by a policy, as `assaymark.decide.gate` does, on plain values."""


import fnmatch
import math
from statistics import NormalDist



_K1 = (
    *("copies.exact_excess", "copies.most_repeated", "near_copies.excess", "singling_out.excess"),
    *("copies.isolated_excess", "linkability.excess", "attribute_inference.excess"),
    "inference_suite.excess",
)
_K2 = (
    *_K1,
    *("membership.auc", "membership.excess_tpr", "membership_suite.auc"),
    "membership_suite.excess_tpr",
)
ATTACKS = {"controlled": _K2, "open": (*_K2, "shadow.excess_tpr"), "enclave": _K1}
"""The attacks that each profile requires."""


def number(text: str | None) -> float | None:
    """Return a published decimal as a number."""
    return None if text is None else float(text)


def good(rule: Plain, x: float) -> bool:
    """Whether a point is on the good side of a rule's threshold."""
    t = float(rule["threshold"])
    sides = {"at_most": x <= t, "at_least": x >= t, "within": abs(x) <= t}
    return sides[rule["direction"]]


def ends(m: Plain) -> tuple[float, float]:
    """Return the interval of a measurement; its value where it has none."""
    value = float(m["value"])
    low, high = number(m["low"]), number(m["high"])
    return (value if low is None else low), (value if high is None else high)


def bad(rule: Plain, m: Plain) -> bool:
    """Whether the whole interval is on the wrong side."""
    low, high = ends(m)
    if rule["direction"] == "within":
        return low > float(rule["threshold"]) or high < -float(rule["threshold"])
    return not good(rule, low) and not good(rule, high)


def p_value(rule: Plain, m: Plain) -> float:
    """Return the one-sided p-value of "the threshold is kept"."""
    value, (low, high), way = float(m["value"]), ends(m), rule["direction"]
    if good(rule, value):
        return 1.0
    below = way == "at_least" or (way == "within" and value < 0)
    threshold = -rule["threshold"] if way == "within" and below else float(rule["threshold"])
    end = high if below else low
    if way == "at_most" and min(end, threshold) >= 0:
        end, value, threshold = math.sqrt(end), math.sqrt(value), math.sqrt(threshold)
    half = abs(value - end)
    if half <= 0:
        return 0.0
    z = NormalDist().inv_cdf(0.5 + float(m["confidence"]) / 2)
    return 1 - NormalDist().cdf(abs(value - threshold) / (half / z))


def holm(rows: list[tuple[Plain, Plain]]) -> set[tuple[str, str]]:
    """Return the rules and subjects whose failure survives Holm's weighted procedure."""
    tested = [(r, m) for r, m in rows if m["value"] is not None]
    each: dict[str, int] = {}
    for r, _ in tested:
        each[r["id"]] = each.get(r["id"], 0) + 1
    ranked = sorted((p_value(r, m) * each[r["id"]], i) for i, (r, m) in enumerate(tested))
    left, rejected = float(len(each)), set()
    for p, i in ranked:
        r, m = tested[i]
        if p > (1 - r.get("confidence", 0.95)) / left:
            break
        rejected.add((r["id"], m["subject"]))
        left -= 1 / each[r["id"]]
    return rejected


def proven(rule: Plain, m: Plain) -> bool:
    """Whether a measurement that is not bad is good enough for a PASS."""
    low, high = ends(m)
    limit, asked = number(m["limit_of_detection"]), rule.get("detect")
    return (
        good(rule, low)
        and good(rule, high)
        and float(m["confidence"]) >= rule.get("confidence", 0.95)
        and m["n"] >= rule.get("minimum_n", 0)
        and (asked is None or (limit is not None and limit <= asked))
    )


def verdict(rule: Plain, m: Plain, rejected: set[tuple[str, str]]) -> str:
    """Return PASS, FAIL, INCONCLUSIVE or NOT_RUN."""
    if m["value"] is None:
        return "INCONCLUSIVE" if 0 < m["n"] < rule.get("minimum_n", 0) else "NOT_RUN"
    if bad(rule, m):
        certain = (rule["id"], m["subject"]) in rejected or rule.get("severity", "block") != "block"
        return "FAIL" if certain else "INCONCLUSIVE"
    return "PASS" if proven(rule, m) else "INCONCLUSIVE"


def matching(rule: Plain, measured: list[Plain]) -> list[Plain]:
    """Return the measurements that a rule is about, or one that says there is none."""
    found = [
        m
        for m in measured
        if m["metric"] == rule["metric"]
        and fnmatch.fnmatchcase(m["subject"], rule.get("subject", "*"))
    ]
    return found or [{"value": None, "n": 0, "subject": rule.get("subject", "*")}]


def waived(policy: Plain, rule: Plain, said: str, m: Plain, waivers: list[Plain]) -> bool:
    """Whether a verdict is waived, and may be."""
    attack = rule["metric"] in ATTACKS[policy["profile"]] and said in {"FAIL", "NOT_RUN"}
    never = rule["id"] in policy.get("never_waived", ()) or attack or said == "STALE"
    covered = any(
        w["rule"] == rule["id"] and fnmatch.fnmatchcase(m["subject"], w.get("subject", "*"))
        for w in waivers
    )
    return said != "PASS" and covered and not never


def judge(policy: Plain, evidence: Plain, uses: list[str], waivers: list[Plain]) -> dict[str, str]:
    """Return the status of each use."""
    if len({w["rule"] for w in waivers}) > policy.get("waivers_at_most", 2):
        waivers = []
    rows = [
        (rule, m)
        for rule in policy["rule"]
        if set(rule["uses"]) & set(uses)
        for m in matching(rule, evidence["measurements"])
    ]
    blocking = [(r, m) for r, m in rows if r.get("severity", "block") == "block"]
    rejected, found = holm(blocking), {}
    for use in uses:
        said = []
        for r, m in blocking:
            if use in r["uses"]:
                v = verdict(r, m, rejected)
                said.append("WAIVED" if waived(policy, r, v, m, waivers) else v)
        asked = {r["metric"] for r, _ in blocking if use in r["uses"]}
        said += ["NOT_RUN" for metric in ATTACKS[policy["profile"]] if metric not in asked]
        passed = bool(said) and set(said) <= {"PASS", "WAIVED"}
        found[use] = "refused" if "FAIL" in said else "approved" if passed else "inconclusive"
    return found


def agreed(
    policy: Plain, evidence: dict[str, Plain], decided: Plain, waivers: list[Plain]
) -> dict[str, str]:
    """Return what each use comes to, if the evidence, judged again, gives what was decided."""
    final: dict[str, str] = {}
    confirmed: set[str] = set()
    for s in decided["stages"]:
        read = evidence[s["stage"]]
        need(read["candidate"] == decided["candidate"], f"{s['stage']}: evidence on other rows")
        again = judge(policy, read, list(s["uses"]), waivers)
        need(again == s["uses"], f"judging the {s['stage']} evidence again gives {again}")
        final |= again
        confirmed |= set(s["uses"]) if s["stage"] != "development" else set()
    for use, status in final.items():
        if status == "approved" and use not in confirmed:
            final[use] = "inconclusive"
    need(final == decided["uses"], f"the evidence gives {final}, not {decided['uses']}")
    return final


def caught(policy: Plain, evidence: dict[str, Plain], decided: Plain) -> tuple[int, int]:
    """Return how many planted leaks blocking rules ask for, and how many were caught."""
    limits = []
    for s in decided["stages"]:
        for rule in policy["rule"]:
            asked = rule.get("detect")
            needed = asked is not None and rule.get("severity", "block") == "block"
            if not needed or not set(rule["uses"]) & set(s["uses"]):
                continue
            for m in matching(rule, evidence[s["stage"]]["measurements"]):
                limit = number(m.get("limit_of_detection"))
                if m["value"] is not None:
                    limits.append(limit is not None and limit <= asked)
    return len(limits), sum(limits)
"""Alone, people: who approved and who waived, counted as persons, on plain values."""


from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Callable


ROLES, CARD, APPROVED = "people/roles.dsse.json", "card.md", b"\n## Approvals\n\n"
APPROVERS = {"data_owner", "privacy", "domain", "fairness", "release_manager"}
WAIVERS = {"data_owner", "privacy", "release_manager"}


class People:
    """The role file of a release: its keys and whose they are."""

    def __init__(self, raw: bytes, day: str, signer: str) -> None:
        said = read_json(b64(read_json(raw, ROLES)["payload"]), ROLES)["predicate"]
        pairs = [
            (k["id"], bytes.fromhex(k["public"]), p) for p in said["persons"] for k in p["keys"]
        ]
        self.public = {i: public for i, public, _ in pairs}
        self.person = {i: p for i, _, p in pairs}
        fitting = all(sha256(public) == i for i, public in self.public.items())
        once = len(pairs) == len(self.public) and len({p["id"] for p in said["persons"]}) == len(
            said["persons"]
        )
        need(fitting and once, "keys or persons of the role file do not fit")
        need(signer in self.person, "who signed the decision is not in the role file")
        self.maker = self.person[signer]["id"]
        subjects, again, signers = envelope(raw, self.public, "roles", ROLES)
        need(subjects == {"roles": sha256(canonical(again))}, "the role file is about another")
        root = {self.person[k]["id"] for k in signers} & set(said["root"])
        need(len(root) >= said["threshold"], "too few root persons signed the role file")
        need(said["expires"] >= day, "the role file had expired when it was decided")
        self.persons = said["persons"]

    def may(self, key: str, role: str) -> bool:
        """Whether the holder of a key has a role, and is not who made the decision."""
        person = self.person[key]
        return person["id"] != self.maker and role in person["roles"]


def check_people(
    read: Callable[[str], bytes], digests: Plain, decided: Plain, policy: Plain, signer: str
) -> tuple[str, str]:
    """Return what is to be said of the role file and of the approvals, if they are enough."""
    signed = sorted((p for p in digests if p.startswith("approvals/")), key=lambda p: (len(p), p))
    if decided["self_attested"]:
        need(not signed and ROLES not in digests, "self-attested, and yet there are approvals")
        return "self-attested, no second person", ""
    people = People(read(ROLES), decided["made_at"][:10], signer)
    card = read(CARD)
    cut = card.rfind(APPROVED)
    ready = {p: d for p, d in digests.items() if p not in signed and p != ROLES}
    ready[CARD] = sha256(card[:cut] if cut >= 0 else card)
    said: dict[str, Plain] = {}
    for path in signed:
        subjects, a, signers = envelope(read(path), people.public, "approval", path)
        need(len(signers) == 1 and subjects == ready, f"{path} is about other files than these")
        own = (ready.get("attestations/decision.dsse.json"), ready.get("review.txt"))
        need((a["decision"], a["words"]) == own, f"{path} is about another decision or other words")
        if people.may(signers[0], a["role"]):
            said[people.person[signers[0]]["id"]] = a
    need(all(a["outcome"] == "approve" for a in said.values()), "somebody did not approve")
    slots = [{role} for role, n in policy.get("approvals", {}).items() for _ in range(n)]
    held = [set(p["roles"]) for p in people.persons if p["id"] in said]
    need(filled(slots or [APPROVERS], held), "the approvals are not enough")
    roles = ", ".join(sorted({str(a["role"]) for a in said.values()}))
    return (
        f"role file of {len(people.persons)} people, in force when decided",
        f"approved as {roles}",
    )


def filled(slots: list[set[str]], held: list[set[str]]) -> bool:
    """Whether every slot can be given a person of its own."""
    if not slots:
        return True
    return any(
        roles & slots[0] and filled(slots[1:], held[:i] + held[i + 1 :])
        for i, roles in enumerate(held)
    )


def check_waivers(
    read: Callable[[str], bytes], digests: Plain, decided: Plain, signer: str
) -> list[Plain]:
    """Return the waivers that a decision names, each signed by who may."""
    paths = sorted((p for p in digests if p.startswith("waivers/")), key=lambda p: (len(p), p))
    named = [digests[p] for p in paths] == decided.get("waivers", [])
    need(named, "the waivers are not those that the decision names")
    if not paths:
        return []
    need(not decided["self_attested"], "a decision without a second person has no waivers")
    day, found = decided["made_at"][:10], []
    people = People(read(ROLES), day, signer)
    for path in paths:
        subjects, w, signers = envelope(read(path), people.public, "waiver", path)
        about = (w["candidate"], w["policy"]) == (decided["candidate"], decided["policy"])
        need(about and subjects == {"candidate": w["candidate"]}, f"{path} is about other rows")
        own = (
            signers == [w["signer"]] and w["role"] in WAIVERS and people.may(w["signer"], w["role"])
        )
        need(own, f"{path} is not signed by somebody who may waive")
        until = decided.get("expires", "")
        need(w["expires"] >= day and until and until <= w["expires"], f"{path} had expired")
        found.append(w)
    return found
"""Alone, steps: the twelve steps over a release's folder, and the table of them."""


import argparse
import datetime
import hashlib
import json
import re
import stat
import sys
import tomllib
from pathlib import Path



STEPS = (
    *("People and keys", "Files", "Signatures", "Chain of digests", "Ledger", "Verdicts"),
    *("Controls", "Attempts", "Privacy budget", "Waivers", "Status", "Documents and boundary"),
)
LEFT_OUT = (
    "The release-boundary linter: `assaymark verify`",
    "Whether CSV and Parquet hold the same rows, and the form of each document: `assaymark verify`",
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
        self.note(9, "no differential privacy is claimed", "NOT APPLICABLE")
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

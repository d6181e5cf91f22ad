"""Alone, governed: ancestry, generator and lineage of a release, on plain values."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from assaymark.release.alone.people import ROLES, People
from assaymark.release.alone.pieces import Plain, canonical, envelope, need, sha256

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["check_ancestors", "check_ancestry", "check_generator", "check_lineage"]

GENERATOR = "attestations/generator.dsse.json"
APPROVE_GENERATORS = {"ml_owner", "privacy", "release_manager"}
SHARE = re.compile(r"0(\.\d{1,2})?|1")
REAL: Plain = {"depth": 1, "real_fraction": "1", "parents": []}
DEEPEST, ANCESTORS, SHOWN, LONG = 50, 10_000, 5, 120


def check_ancestry(made: Plain, policy: Plain) -> str:
    """Follow the parents of a release; return depth, real fraction and parents in words."""
    own: Plain = made.get("ancestry", REAL)
    follow(own, [made["candidate"]])
    cap, least = policy.get("max_synthetic_depth"), policy.get("min_real_fraction")
    need(cap is None or own["depth"] <= cap, f"synthetic depth {own['depth']} is beyond the policy")
    enough = least is None or Decimal(own["real_fraction"]) >= Decimal(str(least))
    need(enough, f"real fraction {own['real_fraction']} is below that of the policy")
    first = own["parents"][:SHOWN]
    of = ", ".join(f"{p['name'][:LONG]} ({p['manifest'][:16]})" for p in first)
    more = len(own["parents"]) - len(first)
    of += f" and {more:,} more" if more else ""
    said = f"synthetic depth {own['depth']}, real fraction {own['real_fraction']}"
    return f"{said}; learnt from {of}" if of else said


def check_ancestors(made: Plain) -> dict[str, Plain]:
    """Return the releases of an ancestry by their manifests.

    Raise where it is deeper, or names more releases, than any can be.
    """
    level, depth, n = [made.get("ancestry", REAL)], 0, -1
    found: dict[str, Plain] = {}
    while level:
        found |= {p["manifest"]: p for own in level for p in own["parents"]}
        depth, n = depth + 1, n + len(level)
        level = [p["ancestry"] for own in level for p in own["parents"]]
    need(depth <= DEEPEST, f"the ancestry is {depth} releases deep, {DEEPEST} is the most")
    need(n <= ANCESTORS, f"the ancestry names {n:,} releases, {ANCESTORS:,} is the most")
    return found


def follow(own: Plain, below: list[str]) -> None:
    """Raise where depth or shares do not follow from the parents, or where it is a circle."""
    depth = 1 + max((p["ancestry"]["depth"] for p in own["parents"]), default=0)
    fits = type(own["depth"]) is int and own["depth"] == depth
    need(fits, f"the ancestry says depth {own['depth']}, its parents give {depth}")
    shares = [own["real_fraction"], *(p["share"] for p in own["parents"])]
    need(all(map(SHARE.fullmatch, shares)), "a share of the ancestry is none")
    off = abs(1 - sum((Decimal(s) for s in shares), Decimal(0)))
    need(off <= Decimal("0.01") * len(shares), "shares and real fraction do not add up")
    for p in own["parents"]:
        circle = f"the ancestry is a circle: {p['name'][:LONG]} is its own ancestor"
        need(p["candidate"] not in below, circle)
        follow(p["ancestry"], [*below, p["candidate"]])


def check_generator(read: Callable[[str], bytes], made: Plain, decided: Plain, signer: str) -> str:
    """Return which version of a generator made the rows, and who approved it."""
    version = made.get("generator_version")
    if version is None:
        return ""
    same = (version["name"], version["parameters"]) == (made["generator"], made["parameters"])
    need(same, "the version of the generator is of another one than made the rows")
    said = f"generator {version['name']}, code {version['code'][:16]}"
    if decided["self_attested"]:
        return f"{said}, approved by nobody else"
    people = People(read(ROLES), decided["made_at"][:10], signer)
    subjects, approval, signers = envelope(read(GENERATOR), people.public, "generator", GENERATOR)
    about = {"generator": sha256(canonical(approval["version"]))}
    need(subjects == about and len(signers) == 1, "the approval is about another generator")
    role = approval["role"]
    own = role in APPROVE_GENERATORS and people.may(signers[0], role)
    need(own, "the generator was approved by nobody who may")
    exact = approval["version"] == version and approval["outcome"] == "approve"
    need(exact, "the generator that made the rows is not the one that was approved")
    before = approval["made_at"] <= decided["made_at"]
    need(before, "the generator was approved after the decision")
    return f"{said}, approved as {role}"


def check_lineage(made: Plain, rows: dict[str, str]) -> str:
    """Return in words that declared acts lead from the source to exactly these files."""
    acts = made.get("lineage", [])
    if not acts:
        return ""
    there: dict[str, str] = {}
    for act in acts:
        known = all(i in there for i in act["inputs"]) and act["output"] not in there
        begun = bool(act["inputs"]) != (act["kind"] == "read")
        need(known and begun, f"the lineage is broken at {act['kind']} {act['output']}")
        there[act["output"]] = act.get("content", "")
    ends = {a["output"] for a in acts if a["kind"] in {"sample", "write"}}
    need(ends == set(rows), f"of no declared act, or missing: {sorted(ends ^ set(rows))}")
    for path, digest in rows.items():
        need(there[path] == digest, f"{path} was changed by something that was not declared")
    steps = [f"{t['kind']}: {t['parameters']}" for t in made["transformations"]]
    for kind, field, said in (
        ("read", "content", [made["source_commitment"]]),
        ("split", "content", [made["split_commitment"]]),
        ("transform", "what", steps),
        ("fit", "content", [made.get("model", "")]),
    ):
        found = [a.get(field, "") for a in acts if a["kind"] == kind]
        need(found == said, f"the lineage has another {kind} than the statement")
    return f"{len(acts)} declared acts lead from the source to these files"

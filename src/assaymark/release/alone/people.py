"""Alone, people: who approved and who waived, counted as persons, on plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.weak_key import is_weak
from assaymark.release.alone.pieces import (
    Plain,
    b64,
    canonical,
    envelope,
    need,
    read_json,
    sha256,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["check_people", "check_waivers"]

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
        weak = any(len(p) != 32 or is_weak(p) for p in self.public.values())
        need(not weak, "a key of the role file is none, or one that anybody can sign for")
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
        second = policy.get("require_second_person", False)
        need(not second, "self-attested, and the policy requires a second person")
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

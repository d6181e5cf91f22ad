"""Walk through the states of a release at random, and look for a release that ought not to be.

    python bench/lifecycle.py [--transitions 100000] [--seed 0]

Statements that are each well-formed (runs, candidates, openings, evidence, decisions with true and
false claims, waivers by who may and may not, approvals, log proofs) are put to a candidate's story
in any order. What the story refuses leaves it as it is. Whatever it takes is a transition, and is
checked by an oracle that looks at the whole history instead of replaying it: no RELEASED without a
policy that came before the opening, every required rule PASS or validly waived, the quorum, and
the log proof; and no step that the lifecycle does not have.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

from assaymark.core.evidence import Evidence
from assaymark.core.measurement import Measurement
from assaymark.core.merkle import inclusion_proof, leaf_hash, tree_hash
from assaymark.core.people import Approval, Person, PersonKey, RoleFile
from assaymark.core.threat import Profile, threat_of
from assaymark.core.waiver import Waiver
from assaymark.decide.gate import judge
from assaymark.decide.lifecycle import TRANSITIONS, Status
from assaymark.decide.policy import Policy, Rule
from assaymark.decide.story import (
    Approved,
    Committed,
    Entered,
    Judged,
    Made,
    Measured,
    Offered,
    Opened,
    Story,
    advance,
)
from assaymark.errors import IntegrityError

RESULTS = Path(__file__).parent / "results" / "lifecycle.json"
CANDIDATE, TODAY = "c" * 64, date(2026, 11, 25)
ATTACKS = threat_of(Profile.ENCLAVE).attacks
PERSONS = {
    "ada": ("ml_owner", "privacy"),
    "ben": ("privacy",),
    "dora": ("domain", "data_owner"),
    "eve": ("witness",),
}
AUTHOR = "ada"
DEALT = [leaf_hash(bytes([i])) for i in range(7)]

ONWARD = {
    Status.DRAFT: ("committed", "made", "made"),
    Status.CANDIDATE: ("committed", "opened", "measured"),
    Status.EVALUATED: ("opened", "measured", "judged", "judged", "judged"),
    Status.DECIDED: ("offered", "offered", "entered", "judged"),
    Status.READY: ("approved", "approved", "approved", "approved", "entered"),
}
"""What is drawn most often at a status, so that walks get far."""


@dataclass(frozen=True)
class Item:
    """A statement, and what is true of it: known when it was made, never read from the story."""

    statement: object
    facts: dict = field(default_factory=dict)


def key(name):
    public = hashlib.sha256(name.encode()).digest()
    return PersonKey(id=hashlib.sha256(public).hexdigest(), public=public.hex())


def people(count):
    """Return a role file with so many persons, or none."""
    if not count:
        return None
    named = list(PERSONS.items())[:count]
    found = tuple(Person(id=_id(n), keys=(key(n),), roles=roles) for n, roles in named)
    return RoleFile(
        version=1, expires="2027-01-01", threshold=1, root=(_id(AUTHOR),), persons=found
    )


def _id(name):
    return f"person-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def rule(metric, **more):
    words = dict.fromkeys(("title", "why", "remedy"), "w")
    said = {"id": metric, "metric": metric, "direction": "at_most", "threshold": 0.1}
    return Rule.model_validate({**said, "uses": ("analytics",), **words, **more})


def policies():
    """Return a plain policy, one that asks for two roles, and one that is not met alone."""
    rules = tuple(map(rule, (*ATTACKS, "m.x")))
    plain = Policy(name="plain", profile=Profile.ENCLAVE, rule=rules)
    two = plain.model_copy(update={"name": "two", "approvals": {"privacy": 1, "domain": 1}})
    strict = plain.model_copy(update={"name": "strict", "require_second_person": True})
    return {p.name: p for p in (plain, two, strict)}


def evidence(stage, *, candidate=CANDIDATE, **changed):
    """Return evidence in which every rule passes, but for ``changed`` values by metric."""
    values = {
        **dict.fromkeys((*ATTACKS, "m.x"), 0.05),
        **{k.replace("__", "."): v for k, v in changed.items()},
    }
    found = [Measurement(metric=m, value=v, low=v, high=v, n=9) for m, v in values.items()]
    return Evidence.of(found, candidate=candidate, stage=stage, suite="s")


@cache
def bodies():
    """Return evidence, what is true of its rules, and whether it is on sealed people."""
    return [
        (evidence("development"), "pass", False),
        (evidence("confirmation"), "pass", True),
        (evidence("cross-fit"), "pass", True),
        (evidence("confirmation", m__x=0.5), "may be waived", True),
        (evidence("confirmation", **{ATTACKS[0].replace(".", "__"): 0.5}), "fail", True),
        (evidence("confirmation", candidate="d" * 64), "other", True),
    ]


def waivers(policy, broken):
    """Return no waiver, one by who may, one by the author, one of another candidate."""
    said = {"rule": broken, "reason": "r", "control": "c", "expires": "2027-01-01"}
    about = {"candidate": CANDIDATE, "policy": policy}
    ben = {"signer": key("ben").id, "role": "privacy"}
    return [
        ((), ""),
        ((Waiver.model_validate({**said, **about, **ben}),), "valid"),
        ((Waiver.model_validate({**said, **about, "signer": key(AUTHOR).id, "role": "privacy"}),), "own"),  # noqa: E501
        ((Waiver.model_validate({**said, **about, **ben, "candidate": "d" * 64}),), "other"),
    ]  # fmt: skip


def decisions():
    """Return decisions on every policy, evidence and waiver, with true claims and false ones."""
    found = []
    for name, policy in policies().items():
        for body, outcome, sealed in bodies():
            broken = {"may be waived": "m.x", "fail": ATTACKS[0]}.get(outcome, "m.x")
            for given, kind in waivers(name, broken):
                true = judge(policy, body, ("analytics",), candidate=CANDIDATE, waivers=given)
                for status in ("approved", true.uses["analytics"].value):
                    digest = f"decision {len(found)}"
                    good = outcome == "pass" or (outcome == "may be waived" and kind == "valid")
                    facts = {
                        **{"policy": name, "evidence": body, "sealed": sealed, "kind": kind},
                        **{"good": good and kind in {"", "valid"}, "status": status},
                    }
                    judged = Judged(
                        decision=digest,
                        digest=name,
                        policy=policy,
                        evidence=body,
                        uses={"analytics": status},
                        waivers=given,
                    )
                    found.append(Item(judged, facts))
    return found


def alphabet():
    """Return every statement that is put to a story, in groups that are drawn equally often."""
    judged = decisions()
    names = [d.statement.decision for d in judged]
    proof = tuple(inclusion_proof(DEALT, 3))
    entered = [
        Item(Entered(decision=d, leaf=DEALT[at], index=3, size=7, path=proof, root=tree_hash(DEALT)), {"proof": at == 3})  # noqa: E501
        for d in names
        for at in (3, 4)
    ]  # fmt: skip
    signed = [
        Item(Approved(signed=(key(who).id, _approval(d, role, outcome))))
        for d in names
        for who, roles in {**PERSONS, "mallory": ("privacy",)}.items()
        for role in roles
        for outcome in ("approve", "reject")
    ]
    return {
        "committed": [Item(Committed(policy=p)) for p in policies()],
        "made": [Item(Made())],
        "opened": [Item(Opened())],
        "measured": [Item(Measured(evidence=b)) for b, _, _ in bodies()],
        "judged": judged,
        "offered": [Item(Offered(decision=d)) for d in names],
        "approved": signed,
        "entered": entered,
    }


def _approval(decision, role, outcome):
    return Approval(
        decision=decision,
        words="w",
        role=role,
        outcome=outcome,
        reason="r",
        conflict="",
        made_at="t",
    )


def wrong(before, after, history, count):
    """Say what is wrong with the step that the last of ``history`` made, by the whole history."""
    if after.status is not before.status and after.status not in TRANSITIONS[before.status]:
        return f"{before.status} became {after.status}"
    if after.status is not Status.RELEASED:
        return ""
    said = [h.statement for h in history]
    made = next((h for h in reversed(history) if isinstance(h.statement, Judged)), None)
    last = history[-1]
    if made is None or not isinstance(last.statement, Entered):
        return "released without a decision"
    if last.statement.decision != made.statement.decision or not last.facts["proof"]:
        return "released another decision, or without the log proof"
    if not (made.facts["good"] and made.facts["sealed"] and made.facts["status"] == "approved"):
        return "released though a required rule neither passes nor is validly waived"
    opened = [i for i, s in enumerate(said) if isinstance(s, Opened)]
    first = opened[0] if opened else len(said)
    if Committed(policy=made.facts["policy"]) not in said[:first]:
        return "released under a policy that was not there before the sealed people were looked at"
    if not opened or Measured(evidence=made.facts["evidence"]) not in said[opened[0] :]:
        return "released without evidence on sealed people"
    return _quorum(made, history, count)


def _quorum(made, history, count):
    if count < 2:
        return "a policy that asks for two was met alone" * (made.facts["policy"] == "strict")
    about = made.statement.decision
    names = {key(n).id: n for n in list(PERSONS)[:count] if n != AUTHOR}
    last = {}
    for h in history:
        if isinstance(h.statement, Approved) and h.statement.signed[1].decision == about:
            who, approval = h.statement.signed
            if who in names and approval.role in PERSONS[names[who]]:
                last[names[who]] = approval.outcome
    if "reject" in last.values():
        return "released over a rejection"
    needed = {"two": {"ben", "dora"}}.get(made.facts["policy"])
    enough = needed <= set(last) if needed else {"ben", "dora"} & set(last)
    return "" if enough else "released without the quorum"


def likely(group, items, story, history, rng):
    """Draw a statement: mostly one about what was said last, so that walks get far."""
    if group in {"offered", "approved", "entered"} and story.judged and rng.random() < 0.9:
        items = [
            i
            for i in items
            if getattr(i.statement, "decision", None) == story.judged.decision
            or (group == "approved" and i.statement.signed[1].decision == story.judged.decision)
        ]
    if group == "judged" and story.evidence and rng.random() < 0.9:
        last = story.evidence[-1]
        items = [i for i in items if i.statement.evidence is last]
        if rng.random() < 0.5:
            items = [i for i in items if i.facts["status"] == "approved"]
    if group == "opened" and not history:
        return None
    return rng.choice(items)


def walk(rng, groups, transitions, *, until=None):
    """Walk until so many statements were taken, or ``until`` was found illegal; count both."""
    counts, illegal = Counter(), []
    while counts["taken"] < transitions and not any(until in i for i in illegal if until):
        count = rng.randrange(5)
        story = Story(candidate=CANDIDATE, author=key(AUTHOR).id, today=TODAY, people=people(count))
        history = []
        for _ in range(60):
            onward = ONWARD[story.status] if rng.random() < 0.7 else tuple(groups)
            group = rng.choice(onward)
            item = likely(group, groups[group], story, history, rng)
            if item is None:
                continue
            counts["put"] += 1
            try:
                after = advance(item.statement, story)
            except IntegrityError:
                continue
            history.append(item)
            counts["taken"] += 1
            counts[f"{story.status.value} to {after.status.value}"] += 1
            said = wrong(story, after, history, count)
            if said:
                illegal.append(said)
            story = after
            if story.status is Status.RELEASED:
                counts["released"] += 1
                break
        counts["walks"] += 1
    return counts, illegal


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transitions", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    begun = time.process_time()
    counts, illegal = walk(random.Random(asked.seed), alphabet(), asked.transitions)
    found = {
        "seed": asked.seed,
        "transitions": counts.pop("taken"),
        "statements_put": counts.pop("put"),
        "walks": counts.pop("walks"),
        "released": counts.pop("released"),
        "illegal": len(illegal),
        "steps": dict(sorted(counts.items())),
        "cpu_seconds": round(time.process_time() - begun, 1),
    }
    print(json.dumps(found, indent=1))
    for said, times in Counter(illegal).items():
        print(f"ILLEGAL {times}: {said}")
    if asked.transitions >= 100_000:
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()

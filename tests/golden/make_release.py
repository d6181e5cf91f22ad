"""A release of a few KB per file, made as `assaymark run` makes one, but for its measurements.

python tests/golden/make_release.py FOLDER    writes the golden releases there

The measurements are written down, not measured: nothing here needs a source. Everything else is
the present code: predicates, signatures, ledger, proofs, and the door that releases pass.
"""

import base64
import json
import shutil
import sys
import tempfile
from pathlib import Path

import polars as pl
import rfc8785

from assaymark.core.actor import Actor
from assaymark.core.document import sha256
from assaymark.core.evidence import Evidence
from assaymark.core.measurement import Measurement
from assaymark.core.people import Approval
from assaymark.core.rights import Rights
from assaymark.core.threat import Profile, threat_of
from assaymark.core.waiver import Waiver
from assaymark.flow.decide.people import add, current, init, roles_bytes
from assaymark.flow.decide.ready import enter_release
from assaymark.flow.generate.row_files import csv_of, parquet_of
from assaymark.flow.release.history import attempt_event, commit_policy, write_decision
from assaymark.monitor.sketch import sketch
from assaymark.release.approved import (
    APPROVALS,
    CARD,
    DECISION,
    ROLES,
    WORDS,
    approval_bytes,
    signed_card,
)
from assaymark.release.build import ReleaseContents, build, contents, sealed
from assaymark.release.envelope import seal_envelope
from assaymark.release.history import EVALUATED, OPENED
from assaymark.release.predicates import Decided, Provenance
from assaymark.release.waived import waiver_bytes
from assaymark.store.keys import SigningKey
from assaymark.store.workspace import Workspace

KEY = SigningKey.parse(bytes(range(32)))
THREAT = threat_of(Profile.CONTROLLED)
POPULATION = "0123456789abcdef"


def rule(metric, detect=""):
    return f"""
[[rule]]
id = "{metric.replace(".", "-").replace("_", "-")}"
metric = "{metric}"
direction = "at_most"
threshold = 0.2
uses = ["analytics"]
title = "{metric}"
why = "The threat model requires it."
remedy = "Group rare values."
{detect}
"""


POLICY = (
    'name = "small"\nprofile = "controlled"\n'
    + rule(THREAT.attacks[0], "detect = 0.1\nminimum_n = 300")
    + "".join(rule(m) for m in (*THREAT.attacks[1:], "one_way.distance"))
).encode()


def evidence(candidate, stage, *, unsure=False, **more):
    """Return evidence that passes, but for one rule where ``unsure``."""
    measured = [
        Measurement(
            metric=m, value=0.01, low=-0.02, high=0.04, n=400, baseline=0.0, limit_of_detection=0.05
        )
        for m in THREAT.attacks
    ]
    high = 0.3 if unsure else 0.15
    measured.append(
        Measurement(metric="one_way.distance", value=0.1, low=0.05, high=high, n=400, baseline=0.0)
    )
    return Evidence.of(measured, candidate=candidate, stage=stage, suite="small", **more)


def rows(n=120, shift=0):
    return pl.DataFrame(
        {
            "age": [20 + (7 * i + shift) % 60 for i in range(n)],
            "sex": ["f" if i % 2 else "m" for i in range(n)],
            "visit": pl.Series([f"2020-01-{1 + i % 28:02d}" for i in range(n)]).str.to_date(),
        }
    )


def measured(workspace, candidate, *, late=False, policy=POLICY, unsure=False):
    """Enter what a run enters, in its order; ``late`` commits to the policy afterwards."""
    actor = Actor(key=workspace.key().fingerprint)
    if not late:
        commit_policy(workspace, sha256(policy), actor)
    found = attempt_event(workspace, candidate, POPULATION)
    if found:
        workspace.ledger.append_all(found, actor)
    for stage in ("development", "confirmation"):
        if stage == "confirmation":
            n = len({e.subject for e in workspace.ledger.entries(kind=OPENED)}) + 1
            body = {"population": POPULATION, "opening": n}
            workspace.ledger.append(OPENED, candidate, body, actor)
        digest = evidence(candidate, stage, unsure=unsure).digest()
        workspace.ledger.append(EVALUATED, candidate, {"stage": stage, "evidence": digest}, actor)
    if late:
        commit_policy(workspace, sha256(policy), actor)


def contents_of(workspace, parquet, *, made_at="2026-11-25T12:00:00+00:00", waivers=(), **changes):
    """Return what goes into the release; ``changes`` replace fields.

    With ``waivers`` the decision rests on them, and is not self-attested.
    """
    candidate = sha256("\n".join(sha256(raw) for raw in parquet).encode())
    key = workspace.key()
    unsure = bool(waivers)
    proofs = {
        s: evidence(candidate, s, unsure=unsure).canonical()
        for s in ("development", "confirmation")
    }
    stages = [
        {"stage": s, "evidence": sha256(raw), "uses": {"analytics": "approved"}}
        for s, raw in proofs.items()
    ]
    decision = Decided.model_validate_json(
        json.dumps(
            {
                "candidate": candidate,
                "policy": sha256(POLICY),
                "threat": THREAT.digest(),
                "uses": {"analytics": "approved"},
                "stages": stages,
                "self_attested": not waivers,
                "waivers": [sha256(raw) for raw in waivers],
                "expires": changes.pop("expires", ""),
                "made_at": made_at,
            }
        )
    )
    said = f"# small\n\n- Rows: `{candidate}`\n- Policy: `{sha256(POLICY)}`\n"
    page = f"<!doctype html>\n<title>small</title>\n<h1>small</h1>\n<p>{candidate}</p>\n"
    fields = {
        "parquet": tuple(parquet),
        "csv": tuple(csv_of(raw) for raw in parquet),
        "policy": POLICY,
        "threat": THREAT.canonical(),
        "evidence": proofs,
        "sketch": sketch(pl.read_parquet(parquet[0])).canonical(),
        "documents": lambda _files: {"card.md": said.encode()},
        "report": page.encode(),
        "provenance": provenance(workspace, candidate, len(parquet)),
        "decision": decision,
        "public": key.public,
        "sign": key.sign,
        "waivers": tuple(waivers),
    }
    return ReleaseContents(**{**fields, **changes})


def provenance(workspace, candidate, n):
    return Provenance(
        name="small",
        title="small",
        rights=Rights(owner="the hospital", licence="CC-BY-4.0"),
        source_commitment=sha256(b"keyed source"),
        source_rows="about 900",
        source_persons="about 460",
        unit="person",
        split_commitment=sha256(b"keyed split"),
        transformations=(),
        generator="tree_chain",
        parameters={"trees": 10},
        rows=120,
        replicates=n,
        randomness="secret root",
        candidate=candidate,
        attempts=len(workspace.ledger.entries(kind="attempt")),
        openings=len(workspace.ledger.entries(kind=OPENED)),
        software="assaymark 0.1.0",
        ledger_size=workspace.ledger.size,
        ledger_root=workspace.ledger.root(),
    )


def release(workspace, name="small", *, frame=None, late=False, change=None, **changes):
    """Make a release in a workspace; ``change`` alters its files before they are signed."""
    parquet = [parquet_of(rows() if frame is None else frame)]
    candidate = sha256("\n".join(sha256(raw) for raw in parquet).encode())
    measured(workspace, candidate, late=late)
    made = contents_of(workspace, parquet, **changes)
    files = build(made)
    if change is not None:
        files = change(files)
    return enter_release(workspace, name, files, {"name": name}, candidate)


def reviewed(workspace, name="reviewed", *, key=KEY):
    """Make a release that a second person approved and that rests on a waiver of theirs."""
    init(workspace, "Ada", ["ml_owner"], days=36_500)
    add(workspace, "Ben", ["privacy"], key.public.hex())
    parquet = [parquet_of(rows())]
    candidate = sha256("\n".join(sha256(raw) for raw in parquet).encode())
    measured(workspace, candidate, unsure=True)
    waiver = Waiver(
        rule="one-way-distance",
        reason="two of the columns are grouped",
        control="recipients are told",
        signer=key.fingerprint,
        expires="2099-12-31",
        role="privacy",
        candidate=candidate,
        policy=sha256(POLICY),
    )
    signed = waiver_bytes(waiver, key.sign)
    made = contents_of(workspace, parquet, waivers=(signed,), expires="2099-12-31")
    ready = {**contents(made), WORDS: b"small: released for analytics.\n"}
    write_decision(workspace, ready, candidate)
    said = Approval(
        decision=sha256(ready[DECISION]),
        words=sha256(ready[WORDS]),
        role="privacy",
        outcome="approve",
        reason="",
        conflict="none",
        made_at="2026-11-25T12:30:00+00:00",
    )
    raw = approval_bytes(said, ready, key.sign, key.fingerprint)
    workspace.ledger.append("statement", sha256(raw), {}, Actor(key=key.fingerprint))
    card = signed_card(ready[CARD], current(workspace), ((key.fingerprint, said),))
    people = {ROLES: roles_bytes(workspace), f"{APPROVALS}1.dsse.json": raw, CARD: card}
    files = sealed({**ready, **people}, name, made.decision, workspace.key().sign)
    return enter_release(workspace, name, files, {"name": name}, candidate)


def signed_again(folder, key, *, statements=None, files=None):
    """Alter files of a release and sign manifest and release again; the log no longer fits."""
    for path, raw in (files or {}).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(raw)
    for name, change in (statements or {}).items():
        path = folder / "attestations" / f"{name}.dsse.json"
        payload = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
        change(payload)
        path.write_bytes(seal_envelope(rfc8785.dumps(payload), key.sign, key.fingerprint))
    listed = json.loads((folder / "manifest.json").read_bytes())
    names = {f["path"] for f in listed["files"]} | set(files or {})
    listed["files"] = [
        {
            "path": p,
            "sha256": sha256((folder / p).read_bytes()),
            "size": (folder / p).stat().st_size,
        }
        for p in sorted(names)
        if (folder / p).exists()
    ]
    (folder / "manifest.json").write_bytes(rfc8785.dumps(listed))
    signed = folder / "attestations/release.dsse.json"
    payload = json.loads(base64.b64decode(json.loads(signed.read_bytes())["payload"]))
    payload["subject"][0]["digest"]["sha256"] = sha256((folder / "manifest.json").read_bytes())
    signed.write_bytes(seal_envelope(rfc8785.dumps(payload), key.sign, key.fingerprint))


def main():
    for name, maker in (("self-attested", release), ("reviewed", reviewed)):
        target = Path(sys.argv[1]) / name
        with tempfile.TemporaryDirectory() as place:
            shutil.copytree(maker(Workspace.open(Path(place) / "ws")), target)
        print(target, sum(p.stat().st_size for p in target.rglob("*") if p.is_file()), "bytes")


if __name__ == "__main__":
    main()

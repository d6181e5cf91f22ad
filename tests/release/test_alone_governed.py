"""What the verifier of a release says of ancestry, generators, lineage, groups, leaks and lots."""

import datetime
import importlib.util
import json
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from assaymark.core.actor import Actor
from assaymark.core.ancestry import Ancestry, Parent
from assaymark.core.audit import Audit, lower_bound
from assaymark.core.document import decimal, sha256
from assaymark.core.evidence import Evidence
from assaymark.core.generator import GeneratorApproval, GeneratorVersion, Package
from assaymark.core.lineage import Act
from assaymark.core.measurement import Measurement
from assaymark.core.notice import Answer, Finding, Observation, Withdrawal
from assaymark.core.people import Approval, Person, PersonKey, RoleFile
from assaymark.core.privacy import Charge, PrivacyGuarantee
from assaymark.core.zcdp import epsilon_of
from assaymark.decide.policy import parse_policy
from assaymark.errors import IntegrityError
from assaymark.flow.decide.affecting import check_affecting
from assaymark.flow.decide.descent import check_descent
from assaymark.flow.decide.people import add, current, init, roles_bytes
from assaymark.flow.decide.ready import enter_release
from assaymark.flow.decide.verdicts import refitness
from assaymark.flow.generate.row_files import csv_of, parquet_of
from assaymark.flow.release.folder import read_release
from assaymark.flow.release.history import write_decision
from assaymark.flow.release.log import logged
from assaymark.flow.release.verify import verify
from assaymark.monitor.agree import agree
from assaymark.monitor.sketch import Sketch
from assaymark.release.alone.budget import check_budget
from assaymark.release.alone.governed import check_ancestry, check_lineage
from assaymark.release.alone.governed import check_generator as alone_generator
from assaymark.release.alone.groups import check_groups, check_rights
from assaymark.release.alone.lots import check_lot as alone_lot
from assaymark.release.alone.people import People
from assaymark.release.alone.pieces import Broken, need
from assaymark.release.alone.steps import Release, verified
from assaymark.release.approved import (
    APPROVALS,
    CARD,
    DECISION,
    ROLES,
    WORDS,
    approval_bytes,
    read_roles,
    signed_card,
)
from assaymark.release.build import MANIFEST, RELEASE, build, contents, sealed
from assaymark.release.contained import held
from assaymark.release.envelope import payload_of, seal_envelope
from assaymark.release.generator import (
    GENERATOR,
    check_generator,
    check_made,
    generator_bytes,
    read_generator,
)
from assaymark.release.logged import LOG_ENTRY, LOG_PROOF
from assaymark.release.lots import LOT, LOT_ROWS, OF_RELEASE, Lot, LotCheck, check_lot, lot_bytes
from assaymark.release.notices import notice_bytes
from assaymark.release.predicates import Decided, Provenance
from assaymark.release.statement import read_statement, statement
from assaymark.store.keys import SigningKey
from assaymark.store.workspace import Workspace

_PLACE = Path(__file__).parents[1] / "golden" / "make_release.py"
_SPEC = importlib.util.spec_from_file_location("make_release", _PLACE)
make = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(make)

GROUPED = """
[[rule]]
id = "gaps"
metric = "disparity.introduced"
subject = "*"
direction = "at_most"
threshold = 0.2
uses = ["analytics"]
severity = "warn"
title = "Gaps between groups"
why = "Groups must not be hidden."
remedy = "More rows."
"""


def grouped_evidence(candidate, stage, **more):
    plain = make.PLAIN_EVIDENCE(candidate, stage, **more)
    ms = [*plain.values()]
    for group, high in (("sex=f", 0.1), ("sex=m", 0.3)):
        ms.append(
            Measurement(
                metric="disparity.introduced",
                subject=f"column:age,group:{group}",
                value=0.05,
                low=0.0,
                high=high,
                n=400,
                baseline=0.0,
            )
        )
    return Evidence.of(ms, candidate=candidate, stage=stage, suite="small")


make.PLAIN_EVIDENCE = make.evidence
NARROW = {"analytics": {"sex=f": "fit", "sex=m": "fit"}}


def narrow_evidence(candidate, stage, **more):
    read = grouped_evidence(candidate, stage, **more)
    ms = [m if m.high != 0.3 else replace(m, high=0.1) for m in read.values()]
    return Evidence.of(ms, candidate=candidate, stage=stage, suite="small")


def issue(folder, monkeypatch, *, policy="", made=None, judged=None, second=None, change=None):
    """Issue a release whose statements say what ``made`` and ``judged`` return.

    With ``second`` a second person approved it, whose generator approval ``second`` returns.
    """
    workspace = Workspace.open(folder / "ws")
    raw = make.POLICY + policy.encode()
    monkeypatch.setattr(make, "POLICY", raw)
    if second is not None:
        init(workspace, "Ada", ["ml_owner"], days=36_500)
        add(workspace, "Ben", ["privacy"], make.KEY.public.hex())
    parquet = [parquet_of(make.rows())]
    candidate = sha256(sha256(parquet[0]).encode())
    make.measured(workspace, candidate, policy=raw)
    plain = make.contents_of(workspace, parquet)
    rows = {
        "data/synthetic.parquet": sha256(parquet[0]),
        "data/synthetic.csv": sha256(plain.csv[0]),
    }
    provenance = plain.provenance.model_copy(update=(made or (lambda *_: {}))(candidate, rows))
    decision = plain.decision.model_copy(update=(judged or (lambda d: {}))(plain.decision))
    plain = replace(plain, provenance=provenance, decision=decision)
    if second is None:
        files = build(plain)
        return enter_release(
            workspace, "small", change(files) if change else files, {"name": "small"}, candidate
        )
    decision = decision.model_copy(update={"self_attested": False})
    plain = replace(plain, decision=decision, generator=second(provenance.generator_version))
    ready = {**contents(plain), WORDS: b"small: released for analytics.\n"}
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
    key = make.KEY
    raw = approval_bytes(said, ready, key.sign, key.fingerprint)
    workspace.ledger.append("statement", sha256(raw), {}, Actor(key=key.fingerprint))
    card = signed_card(ready[CARD], current(workspace), ((key.fingerprint, said),))
    people = {ROLES: roles_bytes(workspace), f"{APPROVALS}1.dsse.json": raw, CARD: card}
    files = sealed({**ready, **people}, "small", decision, workspace.key().sign)
    return enter_release(workspace, "small", files, {"name": "small"}, candidate)


def both(folder, today="2029-01-01"):
    """Return the steps that fail here and in `assaymark verify`."""
    day = datetime.date.fromisoformat(today)
    alone = [n for n, _, out, _ in verified(Release(folder, [], day)) if out == "FAILED"]
    return alone, [s.number for s in verify(folder, today=day).steps if s.outcome == "FAILED"]


def said(folder, step):
    return verified(Release(folder, [], datetime.date(2029, 1, 1)))[step - 1][3]


def parent(name="first", share="0.4", **ancestry):
    return Parent(
        manifest=sha256(name.encode()),
        name=name,
        candidate=sha256(f"rows of {name}".encode()),
        source_commitment=sha256(f"keyed {name}".encode()),
        signer="a" * 64,
        public="b" * 64,
        share=share,
        ancestry=Ancestry(**ancestry),
    )


def version(code="c" * 64, **changes):
    own = {
        "name": "tree_chain",
        "parameters": {"trees": 10, "smoothing": 0.5},
        "packages": (Package(name="assaymark", version="0.1.0", wheel=""),),
        "code": code,
    }
    return GeneratorVersion(**(own | changes))


def approved(key=make.KEY, **changes):
    def sign(found):
        own = {
            "version": found,
            "role": "privacy",
            "outcome": "approve",
            "reason": "",
            "made_at": "2026-11-24T12:00:00+00:00",
        }
        return generator_bytes(GeneratorApproval(**(own | changes)), key.sign, key.fingerprint)

    return sign


def acts(rows, **changes):
    parquet, csv = "data/synthetic.parquet", "data/synthetic.csv"
    own = {
        "read": ("the table", (), "source", sha256(b"keyed source")),
        "split": ("at random", ("source",), "train", sha256(b"keyed split")),
        "fit": ("tree_chain", ("train",), "model", "m" * 64),
        "sample": ("120 rows", ("model",), parquet, rows[parquet]),
        "write": ("as CSV", (parquet,), csv, rows[csv]),
    } | changes
    return tuple(
        Act(kind=k, what=w, inputs=i, output=o, content=c) for k, (w, i, o, c) in own.items()
    )


def guarantee(right=30, said_epsilon=None, bound=None):
    rho, delta = 0.01, 1e-6
    epsilon = epsilon_of(rho, delta)
    found = lower_bound(100, 60, right, delta) if bound is None else bound
    return PrivacyGuarantee(
        unit="person",
        neighbours="add-remove",
        rows_per_person=1,
        epsilon=repr(said_epsilon or epsilon),
        delta=repr(delta),
        rho=repr(rho),
        mechanism="marginals",
        charges=(Charge(what="one", mechanism="discrete Gaussian", rho=repr(rho)),),
        covers="the table",
        not_covered=("what is public",),
        assumptions=("the columns",),
        audit=Audit(
            canaries=100,
            guesses=60,
            right=right,
            lower_bound=repr(found),
            commitment="e" * 64,
        ),
    )


def rich(candidate, rows):
    return {
        "ancestry": Ancestry(depth=2, real_fraction="0.6", parents=(parent(),)),
        "generator_version": version(),
        "parameters": {"trees": 10, "smoothing": 0.5},
        "lineage": acts(rows),
        "model": "m" * 64,
        "privacy": guarantee(),
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return a release that is approved, governed, private, and affects people's rights."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make, "evidence", narrow_evidence)
        return issue(
            folder,
            patch,
            policy=GROUPED,
            made=rich,
            judged=lambda _: {"affects_rights": True, "fitness": NARROW, "expires": "2090-01-31"},
            second=approved(),
        )


def test_a_release_that_has_everything_holds_in_both(whole):
    assert both(whole) == ([], [])
    for words in ("synthetic depth 2, real fraction 0.6; learnt from first", "approved as privacy"):
        assert words in said(whole, 4)
    assert "5 declared acts" in said(whole, 4)
    assert "affect people's rights have what they need" in said(whole, 4)
    assert "2 fit" in said(whole, 6)
    assert "30 of 60 guesses at canaries do not refute it" in said(whole, 9)


class Plain:
    """The statements of a release as plain values, and its files."""

    def __init__(self, folder):
        self.files = held(read_release(folder))
        raw = {k: self.files[f"attestations/{k}.dsse.json"] for k in ("provenance", "decision")}
        self.made, self.decided = (json.loads(payload_of(raw[k]))["predicate"] for k in raw)
        self.policy = tomllib.loads(self.files["policy.toml"].decode())
        stages = [s["stage"] for s in self.decided["stages"]]
        self.evidence = {s: json.loads(self.files[f"evidence/{s}.json"]) for s in stages}
        self.rows = {p: self.files.digest(p) for p in self.files if p.startswith("data/")}
        (self.signer,) = (p[5:-4] for p in self.files if p.startswith("keys/"))

    def parsed(self):
        made, decided = (json.dumps(x) for x in (self.made, self.decided))
        return Provenance.parse(made), Decided.parse(decided)


@pytest.fixture
def plain(whole):
    return Plain(whole)


def holds(check, *given):
    """Whether a check passes; errors are those that `verified` takes for a finding."""
    try:
        check(*given)
    except (IntegrityError, Broken, ValueError, KeyError):
        return False
    return True


ANCESTRIES = {
    "depth": lambda p: p.made["ancestry"].update(depth=1),
    "share": lambda p: p.made["ancestry"].update(real_fraction="0.9"),
    "no share": lambda p: p.made["ancestry"].update(real_fraction="0.601"),
    "depth of a parent": lambda p: p.made["ancestry"]["parents"][0]["ancestry"].update(depth=2),
    "circle": lambda p: p.made["ancestry"]["parents"][0].update(candidate=p.made["candidate"]),
    "undeclared": lambda p: p.made["ancestry"].update(parents=[]),
    "cap": lambda p: p.policy.update(max_synthetic_depth=1),
    "least": lambda p: p.policy.update(min_real_fraction=0.7),
}


@pytest.mark.parametrize("name", ANCESTRIES)
def test_an_ancestry_that_does_not_follow_or_is_beyond_the_policy_fails(plain, name):
    ANCESTRIES[name](plain)
    policy = parse_policy(plain.files["policy.toml"])
    caps = {k: plain.policy.get(k, policy.max_synthetic_depth) for k in ("max_synthetic_depth",)}
    caps["min_real_fraction"] = plain.policy.get("min_real_fraction")
    assert not holds(check_descent, plain.parsed()[0], policy.model_copy(update=caps))
    assert not holds(check_ancestry, plain.made, plain.policy)


def test_a_release_from_before_ancestries_is_of_real_rows():
    assert check_ancestry({"candidate": "c"}, {}) == "synthetic depth 1, real fraction 1"


GENERATORS = {
    "another version": approved(version=version(code="d" * 64)),
    "rejected": approved(outcome="reject"),
    "after the decision": approved(made_at="2026-11-26T12:00:00+00:00"),
    "a role that is not theirs": approved(role="ml_owner"),
    "by who made the rows": None,
    "missing": lambda _: b"",
    "another generator": None,
}


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_that_nobody_else_approved_fails(whole, plain, name):
    files = dict(plain.files)
    if name == "another generator":
        plain.made["generator"] = "independent"
    elif name == "by who made the rows":
        key = Workspace.open(whole.parents[1]).key()
        files[GENERATOR] = approved(key, role="ml_owner")(version())
    else:
        files[GENERATOR] = GENERATORS[name](version())
    files = {p: raw for p, raw in files.items() if raw}
    made, decided = plain.parsed()
    assert not holds(check_generator, held(files), made, decided, plain.signer)

    def read(path):
        need(path in files, f"{path} is missing")
        return files[path]

    assert not holds(alone_generator, read, plain.made, plain.decided, plain.signer)


ACTS = {
    "a file changed": ("write", {"content": "0" * 64}),
    "of nothing": ("write", {"inputs": ["elsewhere"]}),
    "another file": ("write", {"output": "data/other.csv"}),
    "another source": ("read", {"content": "0" * 64}),
    "another split": ("split", {"content": "0" * 64}),
    "another model": ("fit", {"content": "0" * 64}),
    "another step": ("split", {"kind": "transform"}),
    "a source that comes of something": ("read", {"inputs": ["train"]}),
}


@pytest.mark.parametrize("name", ACTS)
def test_one_undeclared_act_breaks_the_lineage(plain, name):
    kind, change = ACTS[name]
    next(a for a in plain.made["lineage"] if a["kind"] == kind).update(change)
    assert not holds(check_made, plain.files, plain.parsed()[0])
    assert not holds(check_lineage, plain.made, plain.rows)


def test_one_cell_edited_after_the_lineage_breaks_it(plain):
    plain.rows["data/synthetic.parquet"] = "0" * 64
    assert not holds(check_lineage, plain.made, plain.rows)


def test_an_undeclared_step_before_generation_breaks_the_lineage(plain):
    step = {"kind": "drop", "columns": ["x"], "parameters": "x", "changed": "", "why": "w"}
    plain.made["transformations"] = [step]
    assert not holds(check_made, plain.files, plain.parsed()[0])
    assert not holds(check_lineage, plain.made, plain.rows)


@pytest.mark.parametrize("group", ["sex=f", "sex=m"])
def test_a_group_that_is_said_to_be_fit_and_is_not_fails(plain, group):
    plain.decided["fitness"]["analytics"][group] = "not fit"
    assert not holds(check_groups, plain.policy, plain.evidence, plain.decided, [])
    raw = [(plain.files[f"evidence/{s}.json"], ["analytics"]) for s in plain.evidence]
    uses = plain.decided["uses"]
    again = refitness(plain.files["policy.toml"], raw, uses, plain.decided["candidate"])
    assert again != plain.decided["fitness"]
    assert again == NARROW


RIGHTS = {
    "no second person": lambda p: p.decided.update(self_attested=True),
    "a waiver": lambda p: p.decided.update(waivers=["0" * 64]),
    "no rule on groups": lambda p: p.policy["rule"].pop(),
    "a rule that warns": lambda p: [
        m.update(high="0.3")
        for m in p.evidence["confirmation"]["measurements"]
        if m["metric"] == "disparity.introduced"
    ],
}


@pytest.mark.parametrize("name", RIGHTS)
def test_uses_that_affect_rights_need_what_they_need(plain, name):
    assert holds(check_rights, plain.policy, plain.evidence, plain.decided)
    RIGHTS[name](plain)
    files = dict(plain.files)
    if name == "no rule on groups":
        files["policy.toml"] = files["policy.toml"].replace(GROUPED.encode(), b"")
    files["evidence/confirmation.json"] = make.rfc8785.dumps(plain.evidence["confirmation"])
    assert not holds(check_affecting, plain.parsed()[1], held(files))
    assert not holds(check_rights, plain.policy, plain.evidence, plain.decided)


@pytest.mark.parametrize("right", [0, 30, 55])
def test_an_audit_is_done_again_alike(right):
    found = guarantee(right=right)
    assert holds(found.check) == holds(check_budget, found.plain()) == (right < 55)


@pytest.mark.parametrize(
    "privacy", [guarantee(bound=0.5), guarantee(said_epsilon=0.1), guarantee(right=61, bound=0.0)]
)
def test_an_audit_or_a_budget_that_was_altered_fails(privacy):
    assert not holds(privacy.check)
    assert not holds(check_budget, privacy.plain())


def test_a_leak_that_was_signed_fails(tmp_path, monkeypatch):
    monkeypatch.setattr("assaymark.flow.decide.ready.check_boundary", lambda _: None)

    def leaky(files):
        card = files["card.md"] + b"\nThe rows come from /home/ada/patients.csv\n"
        rest = {p: r for p, r in files.items() if p not in {MANIFEST, RELEASE}}
        decided = Decided.parse(read_statement(payload_of(files[DECISION]), "decision")[1])
        sign = Workspace.open(tmp_path / "ws").key().sign
        return sealed({**rest, "card.md": card}, "small", decided, sign)

    folder = issue(tmp_path, monkeypatch, change=leaky)
    assert both(folder) == ([12], [12])
    assert "/home/ada" in said(folder, 12)


def notice(kind, folder, at, **changes):
    key = make.KEY
    own = {
        "release": sha256((folder / "manifest.json").read_bytes()),
        "made_at": f"2026-12-{at:02d}T00:00:00+00:00",
    }
    if kind is Finding:
        own |= {
            "claim": "no copies",
            "method": "search",
            "evidence": "",
            "public": key.public.hex(),
        }
    else:
        key = Workspace.open(folder.parents[1]).key()
        own |= {"name": "small"} if kind is not Answer else {"reason": "looked"}
    raw = notice_bytes(kind(**(own | changes)), key.sign, key.fingerprint)
    beside = folder.with_name("small.notices")
    beside.mkdir(exist_ok=True)
    (beside / f"{at:02d}.dsse.json").write_bytes(raw)
    return sha256(raw)


def statuses(folder):
    alone = said(folder, 11).partition("; ")[2] or said(folder, 11)
    (ours,) = [
        s.said for s in verify(folder, today=datetime.date(2029, 1, 1)).steps if s.number == 11
    ]
    first = [x.split(":")[0].split(",")[0].split(" ")[0].rstrip(";") for x in (alone, ours)]
    assert first[0] == first[1]
    return first[0]


@pytest.mark.parametrize("public", ["00" * 32, "01" + "00" * 31, "ec" + "ff" * 30 + "ff"])
def test_a_role_file_with_a_key_that_anybody_can_sign_for_is_refused_by_both_verifiers(public):
    def signed(second):
        ids = (make.KEY.public.hex(), second)
        keys = [PersonKey(id=sha256(bytes.fromhex(p)), public=p) for p in ids]
        people = tuple(
            Person(id=f"person-{i:016x}", keys=(k,), roles=("privacy",)) for i, k in enumerate(keys)
        )
        root = (people[0].id,)
        file = RoleFile(version=1, expires="2030-01-01", threshold=1, root=root, persons=people)
        payload = statement("roles", {"roles": file.digest()}, file)
        return seal_envelope(payload, make.KEY.sign, make.KEY.fingerprint)

    good = signed(SigningKey.new().public.hex())
    assert len(read_roles(good).persons) == 2
    assert len(People(good, "2029-01-01", make.KEY.fingerprint).persons) == 2
    with pytest.raises(IntegrityError, match="anybody can sign for"):
        read_roles(signed(public))
    with pytest.raises(Broken, match="anybody can sign for"):
        People(signed(public), "2029-01-01", make.KEY.fingerprint)


def test_notices_beside_a_release_are_replayed(tmp_path, monkeypatch):
    folder = issue(tmp_path, monkeypatch)
    assert statuses(folder) == "RELEASED"
    found = notice(Finding, folder, 1)
    assert statuses(folder) == "CONTESTED"
    notice(Answer, folder, 2, finding=found, outcome="upheld")
    assert statuses(folder) == "DEGRADED"
    again = notice(Finding, folder, 3, claim="close to the real rows")
    watched = {"watch": "w", "policy": "0" * 64, "observe": "column", "seen": ("age drifted",)}
    notice(Observation, folder, 4, method="looked", then="stale", uses=("analytics",), **watched)
    assert "STALE for analytics" in said(folder, 11)
    notice(Observation, folder, 5, method="looked", then="degraded", **watched)
    assert statuses(folder) == "CONTESTED"
    notice(Answer, folder, 6, finding=again, outcome="refuted")
    assert statuses(folder) == "DEGRADED"
    assert both(folder) == ([], [])
    notice(Withdrawal, folder, 7, reason="privacy", why="found", instruct="stop", successor="")
    assert both(folder) == ([11], [11])
    assert "WITHDRAWN (privacy)" in said(folder, 11)


def test_notices_beside_a_link_and_beside_its_target_are_replayed_in_one_order(
    tmp_path, monkeypatch
):
    # the answer lies beside the link, which is looked at first; the finding beside the target
    folder = issue(tmp_path, monkeypatch)
    link = folder.with_name("link")
    link.symlink_to(folder)
    found = notice(Finding, folder, 1)
    assert statuses(link) == "CONTESTED"
    notice(Answer, folder, 2, finding=found, outcome="refuted")
    link.with_name("link.notices").mkdir()
    answer = folder.with_name("small.notices") / "02.dsse.json"
    answer.rename(link.with_name("link.notices") / "02.dsse.json")
    assert statuses(link) == "RELEASED"
    assert statuses(folder) == "CONTESTED"
    assert "2 notices beside it" in said(link, 11)


def test_a_notice_by_a_stranger_or_of_no_kind_fails_and_one_about_another_release_does_not(
    tmp_path, monkeypatch
):
    folder = issue(tmp_path, monkeypatch)
    notice(
        Withdrawal,
        folder,
        1,
        reason="legal",
        why="x",
        instruct="stop",
        successor="",
        release="0" * 64,
    )
    assert both(folder) == ([], [])
    notice(Withdrawal, folder, 2, reason="legal", why="x", instruct="stop", successor="")
    path = folder.with_name("small.notices") / "02.dsse.json"
    plain = json.loads(path.read_bytes())
    plain["signatures"][0]["keyid"] = make.KEY.fingerprint
    path.write_bytes(json.dumps(plain, indent=1).encode() + b"\n")
    assert both(folder) == ([11], [11])
    shutil.copy(folder / DECISION, path)
    assert both(folder) == ([11], [11])


def lot_of(folder, home, **changes):
    """Write a lot of a release as `assaymark release lot` does."""
    workspace = Workspace.open(folder / "ws")
    key, frame = workspace.key(), make.rows(shift=3)
    raw = parquet_of(frame)
    rows = dict(zip(LOT_ROWS, (csv_of(raw), raw), strict=True))
    files = {p: (home / of).read_bytes() for p, of in OF_RELEASE.items()}
    found = agree(Sketch.parse(files["release/sketch.json"]), frame)
    checks = {
        n: LotCheck(name=n, outcome="ok", said="well")
        for n in ("generator", "constraints", "copies", "rows")
    }
    checks["drift"] = LotCheck(
        name="drift", outcome="ok", said="near", value=decimal(found.p), limit=decimal(found.limit)
    )
    own = {
        "release": sha256(files["release/manifest.json"]),
        "name": "small",
        "number": 1,
        "candidate": sha256(sha256((home / "data/synthetic.parquet").read_bytes()).encode()),
        "model": "m" * 64,
        "rows": frame.height,
        "rows_in_all": 240,
        "uses": ("analytics",),
        "checks": tuple(checks.values()),
        "false_alarm": "0.01",
        "randomness": "secret root",
        "expires": "2090-01-31",
        "software": "assaymark 0.1.0",
        "made_at": "2026-11-25T13:00:00+00:00",
    }
    lot = Lot(**(own | changes))
    files |= rows | {LOT: lot_bytes(lot, rows, key.sign, key.fingerprint)}
    files[f"keys/{key.fingerprint}.pub"] = key.public.hex().encode() + b"\n"
    entry = workspace.ledger.append("statement", sha256(files[LOT]), {}, Actor(key=key.fingerprint))
    files |= {p: r for p, r in logged(workspace, entry, ()).items() if p in {LOG_ENTRY, LOG_PROOF}}
    target = folder / "lot"
    for path, content in files.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(content)
    return target


@pytest.fixture(scope="module")
def lot(whole):
    return lot_of(whole.parents[2], whole)


def test_a_lot_holds_and_says_what_was_not_looked_at(lot):
    assert both(lot) == ([], [])
    release = Release(lot, [], datetime.date(2029, 1, 1))
    table = verified(release)
    assert release.uses == verify(lot).uses == {"analytics": "approved"}
    assert [n for n, _, out, _ in table if out == "NOT CHECKED"] == [6, 12]
    assert [n for n, _, out, _ in table if out == "NOT RUN"] == []
    assert both(lot, "2100-01-01") == ([11], [11])


def lot_holds(files):
    keys = {p[5:-4]: bytes.fromhex(raw.decode()) for p, raw in files.items() if "keys/" in p}
    alone = len(keys) == 1 and holds(
        alone_lot,
        files.__getitem__,
        {p: sha256(raw) for p, raw in files.items()},
        *next(iter(keys.items())),
    )
    return holds(check_lot, files), alone


HELD = (LotCheck(name="drift", outcome="held", said="drifted", value="0", limit="0.01"),)
LOTS = {
    "model": {"model": "n" * 64},
    "release": {"release": "0" * 64},
    "candidate": {"candidate": "0" * 64},
    "uses": {"uses": ("pretraining",)},
    "end": {"expires": "2031-01-01"},
    "held": {"checks": HELD},
    "no checks": {"checks": ()},
}


@pytest.mark.parametrize("name", LOTS)
def test_a_lot_that_is_not_of_its_release_fails(whole, lot, name):
    files = read_release(lot)
    key = Workspace.open(whole.parents[1]).key()
    said = Lot.parse(json.dumps(json.loads(payload_of(files[LOT]))["predicate"]))
    rows = {p: files[p] for p in LOT_ROWS}
    changed = said.model_copy(update=LOTS[name])
    assert lot_holds(files) == (True, True)
    signed = lot_bytes(changed, rows, key.sign, key.fingerprint)
    assert lot_holds({**files, LOT: signed}) == (False, False)


@pytest.mark.parametrize("path", [*LOT_ROWS, *OF_RELEASE, LOT, LOG_ENTRY, LOG_PROOF, "extra"])
def test_a_lot_with_a_file_altered_missing_or_extra_fails(lot, path):
    files = read_release(lot)
    raw = files.pop(path, b"")
    assert lot_holds({**files, path: raw[:-20] + b"x" + raw[-20:]}) == (False, False)
    if raw:
        assert lot_holds(files) == (False, False)


def test_a_generator_that_nobody_else_could_approve_is_named(tmp_path, monkeypatch):
    own = {"generator_version": version(), "parameters": {"trees": 10, "smoothing": 0.5}}
    folder = issue(tmp_path, monkeypatch, made=lambda *_: own)
    assert both(folder) == ([], [])
    assert "approved by nobody else" in said(folder, 4)
    assert "approved by nobody else: self-attested" in verify(folder).steps[3].said


def test_an_approval_of_a_generator_about_another_one_is_refused():
    raw = approved()(version())
    assert read_generator(raw, None)[1].version == version()
    plain = json.loads(payload_of(raw))
    plain["subject"][0]["digest"]["sha256"] = "0" * 64
    forged = seal_envelope(make.rfc8785.dumps(plain), make.KEY.sign, make.KEY.fingerprint)
    with pytest.raises(IntegrityError, match="another generator than it says"):
        read_generator(forged, SimpleNamespace(public_keys={make.KEY.fingerprint: make.KEY.public}))


def far_evidence(candidate, stage, **more):
    read = grouped_evidence(candidate, stage, **more)
    ms = [m if m.high != 0.3 else replace(m, value=0.25, low=0.21) for m in read.values()]
    return Evidence.of(ms, candidate=candidate, stage=stage, suite="small")


@pytest.mark.parametrize("fitness", ["not fit", "fit"])
def test_a_group_for_whose_study_rows_are_not_fit(tmp_path, monkeypatch, fitness):
    monkeypatch.setattr(make, "evidence", far_evidence)
    judged = {"fitness": {"analytics": {"sex=f": "fit", "sex=m": fitness}}}
    folder = issue(tmp_path, monkeypatch, policy=GROUPED, judged=lambda _: judged)
    assert both(folder) == (([], []) if fitness == "not fit" else ([6], [6]))

"""Releases whose own signer signed something that does not hold: both verifiers find it."""

import base64
import copy
import datetime
import importlib.util
import json
import shutil
from functools import partial
from pathlib import Path
from random import Random

import pytest

from assaymark.core.document import sha256
from assaymark.core.entry import Entry
from assaymark.core.merkle import inclusion_proof, leaf_hash, tree_hash
from assaymark.core.notice import Destruction
from assaymark.errors import IntegrityError
from assaymark.flow.release.folder import read_release
from assaymark.flow.release.verify import POLICIES
from assaymark.release.alone.steps import Release, verified
from assaymark.release.approved import check_approved, read_roles
from assaymark.release.build import MANIFEST, RELEASE
from assaymark.release.contained import held
from assaymark.release.envelope import seal_envelope
from assaymark.release.history import History, check_attempts, check_order, read_history
from assaymark.release.notices import read_notice
from assaymark.release.predicates import Decided
from assaymark.release.receipts import read_receipt, receipt_bytes
from assaymark.release.verify import verify
from assaymark.store.workspace import Workspace

_PLACE = Path(__file__).parents[1] / "golden" / "make_release.py"
_SPEC = importlib.util.spec_from_file_location("make_release", _PLACE)
make = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(make)

SIGNED = {
    "decision": "attestations/decision.dsse.json",
    "provenance": "attestations/provenance.dsse.json",
    "roles": "people/roles.dsse.json",
    "waiver": "waivers/1.dsse.json",
    "approval": "approvals/1.dsse.json",
}
JUNK = (
    *(
        None,
        True,
        -3,
        0,
        2**52,
        "",
        "é",
        "nan",
        "2026-13-41",
        "0" * 64,
        "approved",
        "../x",
        "1e999",
    ),
    *([], {}, ["x"], {"x": 1}),
)


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory):
    """Return the files of a release that a second person approved, and the issuer's key."""
    workspace = Workspace.open(tmp_path_factory.mktemp("reviewed") / "ws")
    return read_release(make.reviewed(workspace)), workspace.key()


def payload(raw):
    return json.loads(base64.b64decode(json.loads(raw)["payload"]))


def signed(said, key):
    return seal_envelope(make.rfc8785.dumps(said), key.sign, key.fingerprint)


def whole(files, key):
    """Sign manifest and release again over files as they are."""
    files = dict(files)
    listed = json.loads(files[MANIFEST])
    kept = [p for p in files if p not in {MANIFEST, RELEASE} and not p.startswith("log/")]
    listed["files"] = [
        {"path": p, "sha256": sha256(files[p]), "size": len(files[p])} for p in sorted(kept)
    ]
    files[MANIFEST] = make.rfc8785.dumps(listed)
    top = payload(files[RELEASE])
    top["subject"][0]["digest"]["sha256"] = sha256(files[MANIFEST])
    files[RELEASE] = signed(top, key)
    return files


def ours(files):
    found = verify(files, trusted=(), policies=POLICIES)
    return [s.number for s in found.steps if s.outcome == "FAILED"], found


def alone(files, folder):
    if folder.exists():
        shutil.rmtree(folder)
    for path, raw in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(raw)
    found = Release(folder, [], datetime.date(2029, 1, 1))
    return [n for n, _, out, _ in verified(found) if out == "FAILED"]


def places(value, at=()):
    """Yield the way to every value inside a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, v in inner:
        yield (*at, key)
        if isinstance(v, dict | list):
            yield from places(v, (*at, key))


def mutated(said, random):
    """Replace, leave out or repeat one value of a predicate; return the way to it."""
    way = random.choice(list(places(said["predicate"])))
    inside = said["predicate"]
    for step in way[:-1]:
        inside = inside[step]
    before = inside[way[-1]]
    if random.random() < 0.6:
        others = [j for j in JUNK if j != before or type(j) is not type(before)]
        inside[way[-1]] = copy.deepcopy(random.choice(others))
    elif isinstance(inside, dict):
        del inside[way[-1]]
    else:
        inside.append(before)
    return way


@pytest.mark.parametrize("name", SIGNED)
def test_anything_may_be_signed_and_neither_verifier_crashes_or_differs(reviewed, tmp_path, name):
    files, key = reviewed
    random = Random(name)
    for _ in range(30):
        said = payload(files[SIGNED[name]])
        way = mutated(said, random)
        raw = signed(said, make.KEY if name in {"waiver", "approval"} else key)
        broken = whole({**files, SIGNED[name]: raw}, key)
        steps, _ = ours(broken)
        assert len(steps) == 1, (way, said)
        assert len(alone(broken, tmp_path / "fuzzed")) == 1, (way, said)


def changed(files, name, key, **fields):
    said = payload(files[SIGNED[name]])
    said["predicate"].update(fields)
    return {**files, SIGNED[name]: signed(said, key)}


def subject(files, name, key, **digests):
    said = payload(files[SIGNED[name]])
    said["subject"] = [{"name": n, "digest": {"sha256": d}} for n, d in digests.items()]
    return {**files, SIGNED[name]: signed(said, key)}


def test_a_manifest_that_lists_a_file_twice_or_outside_or_is_written_otherwise(reviewed):
    files, key = reviewed
    for change, said in (
        (lambda fs: fs.append(dict(fs[0])), "lists a file twice"),
        (lambda fs: fs.append({**fs[0], "path": "../x"}), "outside the release"),
    ):
        listed = json.loads(files[MANIFEST])
        change(listed["files"])
        raw = make.rfc8785.dumps(listed)
        top = payload(files[RELEASE])
        top["subject"][0]["digest"]["sha256"] = sha256(raw)
        _, found = ours({**files, MANIFEST: raw, RELEASE: signed(top, key)})
        assert said in found.checks[0].said
    raw = json.dumps(json.loads(files[MANIFEST]), indent=1).encode()
    top = payload(files[RELEASE])
    top["subject"][0]["digest"]["sha256"] = sha256(raw)
    _, found = ours({**files, MANIFEST: raw, RELEASE: signed(top, key)})
    assert "not in canonical form" in found.checks[0].said


def test_paths_and_keys_that_no_release_has(reviewed):
    files, key = reviewed
    for path in ("a:b", "x/../y", "a\x01b", "/etc", "x//y"):
        assert "not a path" in ours({**files, path: b""})[1].checks[0].said
    other = make.KEY
    more = {**files, f"keys/{other.fingerprint}.pub": other.public.hex().encode() + b"\n"}
    steps, found = ours(whole(more, key))
    assert steps == [1]
    assert "carries 2 keys" in found.checks[-1].said or "carries 2 keys" in str(found.checks)
    swapped = {**files, "card.md": files["review.txt"]}
    assert "it holds what review.txt should" in ours(swapped)[1].checks[0].said


CHANGED = {
    "roles without what they say": (lambda f, k: {**f, SIGNED["roles"]: signed([], k)}, 6),
    "waiver of other rows": (lambda f, k: changed(f, "waiver", make.KEY, candidate="0" * 64), 6),
    "waiver about others": (lambda f, k: subject(f, "waiver", make.KEY, candidate="0" * 64), 6),
    "expired waiver": (lambda f, k: changed(f, "waiver", make.KEY, expires="2026-01-01"), 6),
    "a decision that outlives its waiver": (
        lambda f, k: changed(f, "waiver", make.KEY, expires="2098-01-01"),
        6,
    ),
    "a decision of no day": (lambda f, k: changed(f, "decision", k, made_at="soon"), 6),
    "roles about others": (lambda f, k: subject(f, "roles", k, roles="0" * 64), 6),
    "approval of another decision": (
        lambda f, k: changed(f, "approval", make.KEY, decision="0" * 64),
        3,
    ),
    "approval of other words": (lambda f, k: changed(f, "approval", make.KEY, words="0" * 64), 3),
    "approval of other files": (lambda f, k: subject(f, "approval", make.KEY, a="0" * 64), 3),
    "rejection": (lambda f, k: changed(f, "approval", make.KEY, outcome="reject"), 3),
    "a role that is not theirs": (lambda f, k: changed(f, "approval", make.KEY, role="domain"), 3),
}


@pytest.mark.parametrize("name", CHANGED)
def test_people_and_waivers_that_do_not_hold(reviewed, tmp_path, name):
    files, key = reviewed
    change, step = CHANGED[name]
    broken = change(files, key)
    digests = {p: sha256(r) for p, r in broken.items() if p.startswith("waivers/")}
    if digests:
        broken = changed(broken, "decision", key, waivers=[digests["waivers/1.dsse.json"]])
    broken = whole(broken, key)
    if step == 3 and name != "approval of another decision":
        said = payload(broken[SIGNED["approval"]])
        own = {**said["predicate"], "decision": sha256(broken[SIGNED["decision"]])}
        ready = {
            p: sha256(r)
            for p, r in broken.items()
            if p not in {MANIFEST, RELEASE, SIGNED["roles"], SIGNED["approval"]}
            and not p.startswith("log/")
        }
        card = broken["card.md"]
        ready["card.md"] = sha256(card[: card.rfind(b"\n## Approvals")])
        if name != "approval of other files":
            said["subject"] = [{"name": n, "digest": {"sha256": d}} for n, d in ready.items()]
        said["predicate"] = own
        broken = whole({**broken, SIGNED["approval"]: signed(said, make.KEY)}, key)
    assert ours(broken)[0] == [step]
    assert alone(broken, tmp_path / "received") == [step]


def test_a_role_file_that_is_none_and_files_that_approvals_need(reviewed):
    files, _ = reviewed
    with pytest.raises(IntegrityError, match="not a role file"):
        read_roles(signed([], make.KEY))
    digests = {p: sha256(r) for p, r in files.items() if not p.startswith("log/")}
    ready = {p: d for p, d in digests.items() if p not in {MANIFEST, RELEASE}}
    people = {"needed": {"privacy": 1}, "made_at": "2026-11-26"}
    author = next(p[5:-4] for p in files if p.startswith("keys/"))
    assert check_approved(held(dict(files)), ready, author=author, **people)[1]
    for path in ("people/roles.dsse.json", "card.md", "review.txt"):
        rest = {p: r for p, r in files.items() if p != path}
        with pytest.raises(IntegrityError, match=f"{path} is missing"):
            check_approved(held(rest), ready, author=author, **people)
    with pytest.raises(IntegrityError, match="not in the role file"):
        check_approved(held(dict(files)), ready, author="f" * 64, **people)
    forged = {**files, "card.md": files["card.md"].replace(b"approve", b"approved", 1)}
    with pytest.raises(IntegrityError, match="does not say who approved"):
        check_approved(held(forged), ready, author=author, **people)


def entry(index, kind, subject="c" * 64, **body):
    return Entry.model_validate(
        {
            "index": index,
            "time": f"2026-11-25T12:{index:02d}:00+00:00",
            "kind": kind,
            "subject": subject,
            "body": body,
            "actor": {"key": "k" * 64},
        }
    )


class Head:
    """A checkpoint of what is shown."""

    def __init__(self, entries):
        self.leaves = [leaf_hash(e.canonical()) for e in entries]
        self.size, self.root = len(entries), tree_hash(self.leaves)

    def history(self, entries):
        paths = [inclusion_proof(self.leaves, e.index) for e in entries]
        return History.of(zip(entries, paths, strict=True))


DECIDED = Decided.model_validate_json(
    json.dumps(
        {
            "candidate": "c" * 64,
            "policy": "p" * 64,
            "threat": "t" * 64,
            "uses": {"analytics": "approved"},
            "stages": [
                {"stage": "development", "evidence": "d" * 64, "uses": {"analytics": "approved"}},
                {"stage": "confirmation", "evidence": "e" * 64, "uses": {"analytics": "approved"}},
            ],
            "self_attested": True,
            "made_at": "2026-11-25",
        }
    )
)
STORY = {
    "policy": ("policy.committed", "p" * 64, {}),
    "attempt": ("attempt", "c" * 64, {"attempt": 1, "population": "x"}),
    "development": ("evaluated", "c" * 64, {"stage": "development", "evidence": "d" * 64}),
    "opened": ("confirmation.opened", "c" * 64, {"opening": 1, "population": "x"}),
    "confirmation": ("evaluated", "c" * 64, {"stage": "confirmation", "evidence": "e" * 64}),
    "decided": ("decided", "s" * 64, {}),
    "approval": ("statement", "a" * 64, {}),
}


def story(*order):
    told = [STORY[name] for name in (order or STORY)]
    return [entry(i, kind, subject, **body) for i, (kind, subject, body) in enumerate(told)]


def ordered(entries, last=9):
    return check_order(entries, decided=DECIDED, decision="s" * 64, approvals=["a" * 64], last=last)


def test_the_order_of_a_release_in_words_and_every_way_in_which_it_can_be_wrong():
    assert ordered(story()).startswith("policy 0, evaluation 2, sealed look 3")
    names = list(STORY)

    def moved(name, before):
        rest = [n for n in names if n != name]
        at = rest.index(before)
        return story(*rest[:at], name, *rest[at:])

    for entries, said in (
        (moved("opened", "policy"), "after the sealed people were"),
        (moved("confirmation", "opened"), "the confirmation evaluation came before its look"),
        (moved("development", "attempt"), "the development evaluation came before its look"),
        (moved("decided", "confirmation"), "the decision came before an evaluation"),
        (moved("approval", "decided"), "do not follow the decision"),
        (story(*[n for n in names if n != "decided"]), "the decision is not among"),
        (story(*[n for n in names if n != "development"]), "the development evaluation is not"),
    ):
        with pytest.raises(IntegrityError, match=said):
            ordered(entries)
    late = moved("attempt", "confirmation")
    with pytest.raises(IntegrityError, match=r"came before its look|made after their evaluation"):
        ordered(late)
    after = [n for n in names if n != "attempt"]
    sealed_only = DECIDED.model_copy(update={"stages": DECIDED.stages[1:]})
    with pytest.raises(IntegrityError, match="made after their evaluation"):
        check_order(
            story(*after[:-2], "attempt", *after[-2:]),
            decided=sealed_only,
            decision="s" * 64,
            approvals=[],
            last=9,
        )
    with pytest.raises(IntegrityError, match="do not follow"):
        ordered(story(), last=6)


def test_a_history_that_is_not_what_it_says():
    entries = story()
    head = Head(entries)
    found = head.history(entries)
    assert read_history(found.canonical(), head) == tuple(entries)
    with pytest.raises(IntegrityError, match="canonical"):
        read_history(json.dumps(found.plain(), indent=1).encode(), head)
    twice = found.model_copy(update={"entries": (*found.entries, found.entries[-1])})
    with pytest.raises(IntegrityError, match="not in the ledger's order"):
        read_history(twice.canonical(), head)
    back = [*entries[:-1], entries[-1].model_copy(update={"time": "2001-01-01T00:00:00+00:00"})]
    with pytest.raises(IntegrityError, match="dated before"):
        read_history(Head(back).history(back).canonical(), Head(back))
    odd = [*entries, entry(7, "run.started")]
    with pytest.raises(IntegrityError, match=r"kind 'run.started'"):
        read_history(Head(odd).history(odd).canonical(), Head(odd))
    forged = [*entries[:-1], entry(6, "statement", "f" * 64)]
    with pytest.raises(IntegrityError, match="inclusion"):
        read_history(head.history(forged).canonical(), head)


def test_attempts_that_are_left_out_of_others_or_of_other_rows():
    counted = {"candidate": "c" * 64, "attempts": 1, "openings": 1}
    check_attempts(story(), **counted)
    for entries, more, said in (
        (story(), {"attempts": 2}, "counts 2 attempts"),
        (story(), {"openings": 0}, "counts 0 openings"),
        (story(), {"candidate": "f" * 64}, "not among the attempts"),
    ):
        with pytest.raises(IntegrityError, match=said):
            check_attempts(entries, **{**counted, **more})
    other = [*story()[:3], entry(3, "confirmation.opened", opening=1, population="y")]
    with pytest.raises(IntegrityError, match="different people"):
        check_attempts(other, **counted)


def test_notices_and_receipts_that_are_none_or_are_about_something_else():
    key = make.KEY
    named = {"signer": key.fingerprint, "public": key.public}
    for raw in (b"{}", signed([], key), signed({"predicateType": "x", "predicate": {}}, key)):
        with pytest.raises(IntegrityError):
            read_notice(raw, **named)
        with pytest.raises(IntegrityError):
            read_receipt(raw)
    receipt = Destruction(
        release="r" * 64,
        name="small",
        what=("model",),
        how="shredded",
        public=key.public.hex(),
        made_at="2026-11-25",
    )
    raw = receipt_bytes(receipt, key.sign, key.fingerprint)
    assert read_receipt(raw) == (key.fingerprint, receipt)
    said = payload(raw)
    said["subject"][0]["digest"]["sha256"] = "0" * 64
    with pytest.raises(IntegrityError, match="something else than it says"):
        read_receipt(signed(said, key))
    finding = {
        "schema_id": "assaymark/finding/v0",
        "release": "r" * 64,
        "claim": "c",
        "method": "m",
        "evidence": "",
        "public": key.public.hex(),
        "made_at": "2026-11-25",
    }
    said |= {"predicateType": "https://assaymark.dev/finding/v0", "predicate": finding}
    with pytest.raises(IntegrityError, match="something else than it says"):
        read_notice(signed(said, key), **named)


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """Return the files of a release that one person alone decided, and the issuer's key."""
    workspace = Workspace.open(tmp_path_factory.mktemp("single") / "ws")
    return read_release(make.release(workspace)), workspace.key()


def decided(files, key, **fields):
    return changed(files, "decision", key, **fields)


def evidenced(files, key, uses="approved", **more):
    """Replace the evidence of both stages, and say so in the decision."""
    files, said = dict(files), payload(files[SIGNED["decision"]])["predicate"]
    for s in said["stages"]:
        raw = make.evidence(said["candidate"], s["stage"], **more).canonical()
        files[f"evidence/{s['stage']}.json"] = raw
        s |= {"evidence": sha256(raw), "uses": {"analytics": uses}}
    return decided(files, key, stages=said["stages"], uses={"analytics": uses})


def released(files, key, **fields):
    top = payload(files[RELEASE])
    top["predicate"] |= fields
    return {**files, RELEASE: signed(top, key)}


def second_person(files, key):
    raw = b"require_second_person = true\n" + files["policy.toml"]
    return decided({**files, "policy.toml": raw}, key, policy=sha256(raw))


NOT_SO = {
    "a decision about other rows": (
        lambda f, k: subject(f, "decision", k, **{"data/synthetic.parquet": "0" * 64}),
        3,
        "the decision is about other rows",
    ),
    "approvals of a decision without any": (
        lambda f, k: {**f, SIGNED["approval"]: f[SIGNED["decision"]]},
        3,
        "the release has approvals",
    ),
    "a policy that asks for a second person": (second_person, 3, "requires a second person"),
    "evidence that was not decided upon": (
        lambda f, k: {**f, "evidence/development.json": f["evidence/confirmation.json"]},
        4,
        "is not the one decided upon",
    ),
    "earlier releases that the evidence does not know": (
        lambda f, k: decided(f, k, earlier=["0" * 64]),
        4,
        "about other earlier releases",
    ),
    "earlier releases that the threat model does not know": (
        lambda f, k: decided(evidenced(f, k, earlier=("0" * 64,)), k, earlier=["0" * 64]),
        4,
        "the threat model has 0 earlier releases",
    ),
    "a use that was not asked": (
        lambda f, k: released(f, k, not_approved=["pretraining"]),
        6,
        "approved for other uses",
    ),
    "no use at all": (
        lambda f, k: released(
            evidenced(f, k, "inconclusive", unsure=True), k, approved=[], not_approved=["analytics"]
        ),
        6,
        "no use is approved",
    ),
    "waivers without a second person": (
        lambda f, k: decided({**f, "waivers/1.dsse.json": b"{}"}, k, waivers=[sha256(b"{}")]),
        6,
        "has no waivers",
    ),
}


@pytest.mark.parametrize("name", NOT_SO)
def test_an_issuer_who_signs_what_is_not_so(single, tmp_path, name):
    files, key = single
    change, step, said = NOT_SO[name]
    broken = whole(change(files, key), key)
    steps, found = ours(broken)
    assert steps == [step]
    assert said in next(c.said for c in found.checks if c.outcome == "FAILED")
    assert alone(broken, tmp_path / "received") == [step]


def test_a_waiver_under_another_policy(reviewed, tmp_path):
    files, key = reviewed
    broken = changed(files, "waiver", make.KEY, policy="0" * 64)
    broken = whole(decided(broken, key, waivers=[sha256(broken[SIGNED["waiver"]])]), key)
    steps, found = ours(broken)
    assert steps == [6]
    assert "other rows or another policy" in found.steps[5].said
    assert alone(broken, tmp_path / "received") == [6]


def test_only_a_key_that_is_trusted_will_do_where_keys_are_named(single):
    files, key = single
    trusted = verify(files, trusted=(key.fingerprint,), policies=POLICIES)
    assert trusted.ok
    assert f"{key.fingerprint} is a key that you trust" in trusted.steps[0].said
    other = verify(files, trusted=("0" * 64,), policies=POLICIES)
    assert [s.number for s in other.steps if s.outcome == "FAILED"] == [1]
    assert "is not among the keys that you trust" in other.steps[0].said


def test_a_card_of_other_rows(tmp_path):
    workspace = Workspace.open(tmp_path / "ws")
    files = read_release(make.release(workspace, documents=lambda _: {"card.md": b"# small\n"}))
    steps, found = ours(files)
    assert steps == [12]
    assert "card.md is about another rows" in found.steps[11].said
    assert alone(files, tmp_path / "received") == [12]


def test_a_policy_that_asks_for_no_planted_leak_says_so(tmp_path, monkeypatch):
    raw = make.POLICY.replace(b"detect = 0.1\nminimum_n = 300", b"")
    monkeypatch.setattr(make, "POLICY", raw)
    monkeypatch.setattr(make, "measured", partial(make.measured, policy=raw))
    files = read_release(make.release(Workspace.open(tmp_path / "ws")))
    steps, found = ours(files)
    assert steps == []
    assert found.steps[6].outcome == "NOT APPLICABLE"
    assert alone(files, tmp_path / "received") == []

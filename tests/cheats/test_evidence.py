"""Cheats with reports, evidence and verdicts (governance: G1 to G4, G7, G10, G25, G26)."""

import base64
import json

import pytest
import rfc8785

from assaymark.core.document import sha256
from assaymark.core.evidence import Evidence, MeasurementRecord
from assaymark.core.measurement import Measurement
from assaymark.core.threat import Profile
from assaymark.decide.fixture import fixture_measurements
from assaymark.decide.gate import judge
from assaymark.decide.policy import Policy, parse_policy, profile_bytes
from assaymark.decide.verdict import UseStatus, Verdict
from assaymark.errors import IntegrityError, NotApprovedError
from assaymark.flow.decide.ready import ready_called
from assaymark.flow.decide.review import Said, review
from assaymark.flow.release.verify import verify
from assaymark.release.alone.gate import judge as alone
from assaymark.release.alone.people import check_people
from assaymark.release.alone.pieces import Broken
from assaymark.release.envelope import seal_envelope

SHIPPED = parse_policy(profile_bytes(Profile.CONTROLLED))
CLEAN = fixture_measurements(SHIPPED.fixture)["fresh sample"]
CANDIDATE = "c" * 64


def failed(release):
    found = verify(release)
    assert not found.ok
    assert found.uses == {}
    return next(c for c in found.checks if c.outcome == "FAILED")


def judged(measurements, policy=SHIPPED, use="analytics"):
    evidence = Evidence.of(measurements, candidate=CANDIDATE, stage="development", suite="s")
    return judge(policy, evidence, (use,), candidate=CANDIDATE)


def signed_again(release, key, path, change):
    """Alter a file, and sign decision, manifest and release again with the issuer's own key."""
    file = release / path
    file.write_bytes(change(file.read_bytes()))
    decision = release / "attestations" / "decision.dsse.json"
    payload = json.loads(base64.b64decode(json.loads(decision.read_bytes())["payload"]))
    for stage in payload["predicate"]["stages"]:
        stage["evidence"] = sha256((release / "evidence" / f"{stage['stage']}.json").read_bytes())
    payload["predicate"]["policy"] = sha256((release / "policy.toml").read_bytes())
    decision.write_bytes(seal_envelope(rfc8785.dumps(payload), key.sign, key.fingerprint))
    manifest = json.loads((release / "manifest.json").read_bytes())
    for entry in manifest["files"]:
        raw = (release / entry["path"]).read_bytes()
        entry["sha256"], entry["size"] = sha256(raw), len(raw)
    (release / "manifest.json").write_bytes(rfc8785.dumps(manifest))
    top = release / "attestations" / "release.dsse.json"
    payload = json.loads(base64.b64decode(json.loads(top.read_bytes())["payload"]))
    payload["subject"][0]["digest"]["sha256"] = sha256((release / "manifest.json").read_bytes())
    top.write_bytes(seal_envelope(rfc8785.dumps(payload), key.sign, key.fingerprint))


def test_g01_a_report_edited_after_the_fact(issued):
    _, release = issued
    for name in ("report.html", "card.md"):
        raw = (release / name).read_bytes()
        (release / name).write_bytes(raw.replace(b"0", b"1", 1))
        assert f"{name} was altered" in failed(release).said
        (release / name).write_bytes(raw)
    assert verify(release).ok


def test_g02_an_old_good_evaluation_on_new_rows(issued):
    shop, release = issued
    key = shop.workspace.key()

    def of_other_rows(raw):
        return Evidence.parse(raw).model_copy(update={"candidate": "d" * 64}).canonical()

    signed_again(release, key, "evidence/confirmation.json", of_other_rows)
    assert "judging the confirmation evidence again" in failed(release).said


@pytest.mark.slow
def test_g03_a_threshold_lowered_after_the_results_were_seen(shop, high):
    high["one_way.mean"] = 0.15
    refused = shop.run()
    assert refused.release is None
    assert not shop.entries("confirmation.opened")
    high.clear()
    assert shop.run(fresh=True).release
    shop.edit("policy.toml", "threshold = 0.1", "threshold = 0.2")
    opened, made = len(shop.entries("confirmation.opened")), len(shop.entries("candidate"))
    again = shop.run()
    assert again.release is None
    assert "first used after the sealed people had been looked at" in again.blocked[0]
    assert len(shop.entries("confirmation.opened")) == opened
    assert len(shop.entries("candidate")) == made


def test_g03_a_looser_policy_slipped_into_a_release_signed_again(issued):
    shop, release = issued

    def looser(raw):
        return raw.replace(b"threshold = 0.1", b"threshold = 0.01", 1)

    signed_again(release, shop.workspace.key(), "policy.toml", looser)
    assert "judging" in failed(release).said


def test_g04_rows_swapped_after_the_signature(issued, desk):
    _, release = issued
    rows = release / "data" / "synthetic.parquet"
    raw = rows.read_bytes()
    rows.write_bytes(raw[:-1] + b"x")
    assert "was altered" in failed(release).said
    rows.write_bytes(raw)
    (release / "data" / "more.parquet").write_bytes(raw)
    assert "does not list" in failed(release).said
    shop, name = desk
    review(shop.workspace, name, shop.key("ben"), Said(outcome="reject", reason="no"))
    csv = shop.folder / "ws" / "ready" / name / "data" / "synthetic.csv"
    csv.write_bytes(csv.read_bytes() + b"1,a,0.5\n")
    with pytest.raises(IntegrityError, match="earlier approvals are void"):
        ready_called(shop.workspace, name)


def test_g07_a_convenient_subset_a_weak_attack_or_hardly_anybody():
    from dataclasses import replace

    assert judged(CLEAN).approved

    def without(**change):
        return [replace(m, **change) if m.metric == "copies.exact_excess" else m for m in CLEAN]

    for change in ({"subject": "easy"}, {"n": 40}, {"limit_of_detection": None}):
        assert judged(without(**change)).uses == {"analytics": UseStatus.INCONCLUSIVE}
    fewer = [r for r in SHIPPED.rule if not r.metric.startswith("singling_out")]
    less = SHIPPED.model_copy(update={"rule": tuple(fewer)})
    (missing,) = [v for v in judged(CLEAN, less).verdicts if v.blocks]
    assert (missing.verdict, missing.rule.id) == (Verdict.NOT_RUN, "required-singling-out-excess")


def test_g10_a_producer_who_judges_alone_is_named_and_cannot_approve_among_others(issued, desk):
    _, release = issued
    assert any("self-attested" in c.said for c in verify(release).checks)
    assert "self-attested" in (release / "card.md").read_text().lower()
    shop, name = desk
    with pytest.raises(NotApprovedError, match="whoever made a decision cannot review it"):
        review(shop.workspace, name, shop.workspace.key(), Said(outcome="approve"))


BLOCKING = [r for r in SHIPPED.rules_for("analytics") if r.severity == "block"]


def test_g10_a_second_person_whom_the_policy_requires_is_left_out(issued):
    shop, release = issued

    def strict(raw):
        return raw.replace(
            b'profile = "enclave"', b'profile = "enclave"\nrequire_second_person = true'
        )

    signed_again(release, shop.workspace.key(), "policy.toml", strict)
    assert "requires a second person" in failed(release).said
    with pytest.raises(Broken, match="requires a second person"):
        check_people(
            lambda path: (release / path).read_bytes(),
            {"policy.toml": ""},
            {"self_attested": True, "made_at": "2026-11-25"},
            {"require_second_person": True},
            "",
        )


@pytest.mark.parametrize("rule", BLOCKING, ids=lambda r: r.id)
def test_g25_a_metric_that_is_missing_or_failed_is_taken_for_a_pass(rule):
    rest = [m for m in CLEAN if m.metric != rule.metric]
    for told in (rest, [*rest, Measurement.missing(rule.metric, "failed", "*")]):
        assert judged(told).uses == {"analytics": UseStatus.INCONCLUSIVE}


def test_g25_no_rule_no_use_and_no_number_approve_nothing():
    with pytest.raises(ValueError, match="at least 1"):
        Policy(name="p", profile=Profile.ENCLAVE, rule=())
    evidence = Evidence.of(CLEAN, candidate=CANDIDATE, stage="development", suite="s")
    assert not judge(SHIPPED, evidence, (), candidate=CANDIDATE).approved
    nan = evidence.measurements[0].model_copy(update={"value": "nan"})
    forged = evidence.model_copy(update={"measurements": (nan, *evidence.measurements[1:])})
    with pytest.raises(IntegrityError):
        judge(SHIPPED, forged, ("analytics",), candidate=CANDIDATE)


@pytest.mark.parametrize("key", ["value", "low", "high", "confidence", "limit_of_detection"])
@pytest.mark.parametrize("text", ["nan", "-inf", "inf"])
def test_g25_the_verifier_that_stands_alone_reads_no_number_that_is_none(key, text):
    m = MeasurementRecord.of(CLEAN[0]).model_copy(update={key: text}).plain()
    policy = {"profile": "enclave", "rule": [SHIPPED.rule[0].plain()]}
    assert (
        alone(policy, {"measurements": [MeasurementRecord.of(CLEAN[0]).plain()]}, [], [], "2") == {}
    )
    with pytest.raises(Broken, match="no number"):
        alone(policy, {"measurements": [m]}, ["analytics"], [], "2")


@pytest.mark.slow
def test_g26_what_an_attack_draws_is_not_known_before_and_the_last_look_tells_no_number(shop, high):
    """In part: metrics and thresholds are public; draws and the sealed people are not."""
    assert shop.run().release
    roots = {p.read_bytes() for p in (shop.folder / "ws" / "sealed").glob("root-*")}
    shop.run(fresh=True)
    roots |= {p.read_bytes() for p in (shop.folder / "ws" / "sealed").glob("root-*")}
    assert len(roots) == 2
    high["one_way.mean"] = 0.15
    outcome = shop.run(fresh=True)
    assert all(v.stage == "development" for v in outcome.verdicts)

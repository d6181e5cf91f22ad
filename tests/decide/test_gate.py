from dataclasses import replace

import pytest
from scipy.stats import binom

from assaymark.core.evidence import Evidence
from assaymark.core.measurement import NO_SUBJECT, Measurement
from assaymark.core.threat import Profile, threat_of
from assaymark.core.waiver import Waiver
from assaymark.decide.gate import Judgement, judge
from assaymark.decide.policy import Policy, Rule
from assaymark.decide.verdict import UseStatus, Verdict, status_of
from assaymark.decide.waiver import never_waived
from assaymark.errors import IntegrityError
from assaymark.evaluate.statistics import clopper_pearson

CANDIDATE = "c" * 64


def rule(**changes):
    plain = {
        "id": "r",
        "metric": "m.x",
        "direction": "at_most",
        "threshold": 0.1,
        "uses": ("analytics",),
        "title": "t",
        "why": "w",
        "remedy": "r",
    }
    return Rule.model_validate({**plain, **changes})


def policy(*rules):
    return Policy(name="p", profile=Profile.CONTROLLED, rule=rules)


def measured(value, low=None, high=None, **more):
    return Measurement(metric="m.x", value=value, low=low, high=high, n=1000, **more)


def decide(rules, measurements, *, candidate=CANDIDATE, **more):
    """Judge by these rules alone, without the attacks that the threat model requires."""
    judged = whole_gate(rules, measurements, candidate=candidate, **more)
    asked = tuple(v for v in judged.verdicts if not v.rule.id.startswith("required-"))
    return Judgement(uses={"analytics": status_of(asked)}, verdicts=asked)


def whole_gate(rules, measurements, *, candidate=CANDIDATE, **more):
    evidence = Evidence.of(measurements, candidate=CANDIDATE, stage="development", suite="s")
    return judge(policy(*rules), evidence, ("analytics",), candidate=candidate, **more)


REQUIRED = threat_of(Profile.CONTROLLED).attacks


def test_a_policy_that_leaves_out_an_attack_of_its_threat_model_approves_nothing():
    judged = whole_gate([rule()], [measured(0.05)])
    assert judged.uses == {"analytics": UseStatus.INCONCLUSIVE}
    missing = [v for v in judged.verdicts if v.rule.metric != "m.x"]
    assert {v.measurement.metric for v in missing} == set(REQUIRED)
    assert all(v.verdict is Verdict.NOT_RUN and v.blocks for v in missing)


@pytest.mark.parametrize("left_out", REQUIRED)
@pytest.mark.parametrize("severity", ["warn", "info", None])
def test_every_required_attack_needs_a_blocking_rule(left_out, severity):
    asked = [rule(id=m, metric=m) for m in REQUIRED if m != left_out]
    if severity:
        asked.append(rule(id=left_out, metric=left_out, severity=severity))
    found = [Measurement(metric=m, value=0.0, n=1000) for m in REQUIRED]
    assert whole_gate(asked, found).uses == {"analytics": UseStatus.INCONCLUSIVE}


def test_a_policy_that_asks_for_every_required_attack_can_approve():
    asked = [rule(id=m, metric=m) for m in REQUIRED]
    found = [Measurement(metric=m, value=0.0, n=1000) for m in REQUIRED]
    assert whole_gate(asked, found).approved


@pytest.mark.parametrize(
    ("direction", "value", "low", "high", "verdict"),
    [
        ("at_most", 0.05, 0.01, 0.09, Verdict.PASS),
        ("at_most", 0.05, 0.01, 0.11, Verdict.INCONCLUSIVE),
        ("at_most", 0.15, 0.09, 0.21, Verdict.INCONCLUSIVE),
        ("at_most", 0.20, 0.15, 0.25, Verdict.FAIL),
        ("at_least", 0.20, 0.15, 0.25, Verdict.PASS),
        ("at_least", 0.05, 0.02, 0.08, Verdict.FAIL),
        ("at_least", 0.09, 0.05, 0.13, Verdict.INCONCLUSIVE),
        ("within", 0.00, -0.09, 0.09, Verdict.PASS),
        ("within", 0.00, -0.12, 0.12, Verdict.INCONCLUSIVE),
        ("within", -0.30, -0.40, -0.20, Verdict.FAIL),
        ("within", 0.30, 0.20, 0.40, Verdict.FAIL),
        ("at_most", 3.0, None, None, Verdict.FAIL),
        ("at_most", 0.0, None, None, Verdict.PASS),
    ],
)
def test_the_whole_interval_decides(direction, value, low, high, verdict):
    judged = decide([rule(direction=direction)], [measured(value, low, high)])
    assert [v.verdict for v in judged.verdicts] == [verdict]


def test_a_value_on_the_threshold_is_good():
    assert decide([rule()], [measured(0.1, 0.1, 0.1)]).approved


def test_unmeasured_is_not_approved():
    judged = decide([rule()], [])
    assert judged.uses == {"analytics": UseStatus.INCONCLUSIVE}
    assert judged.verdicts[0].verdict is Verdict.NOT_RUN
    assert judged.verdicts[0].reason == "not measured"


def test_an_attack_that_failed_blocks_a_rule_on_any_subject_and_says_why():
    failed = Measurement.missing("m.x", "m failed with ValueError", "*")
    judged = decide([rule(subject="records:isolated")], [failed])
    assert [(v.verdict, v.reason) for v in judged.verdicts] == [
        (Verdict.NOT_RUN, "m failed with ValueError")
    ]


def test_a_reason_is_carried_into_the_verdict():
    missing = Measurement.missing("m.x", "no holdout given")
    judged = decide([rule()], [missing])
    assert (judged.verdicts[0].verdict, judged.verdicts[0].reason) == (
        Verdict.NOT_RUN,
        "no holdout given",
    )


def test_too_few_is_inconclusive_but_a_leak_found_with_few_is_a_leak():
    few = rule(minimum_n=5000)
    assert decide([few], [measured(0.0, 0.0, 0.05)]).verdicts[0].verdict is Verdict.INCONCLUSIVE
    assert decide([few], [measured(0.5, 0.4, 0.6)]).verdicts[0].verdict is Verdict.FAIL


def test_no_pass_without_a_planted_leak_caught():
    needs = rule(detect=0.05)
    blind = measured(0.0, 0.0, 0.05)
    dull = measured(0.0, 0.0, 0.05, limit_of_detection=0.08)
    sharp = measured(0.0, 0.0, 0.05, limit_of_detection=0.05)
    verdicts = [decide([needs], [m]).verdicts[0].verdict for m in (blind, dull, sharp)]
    assert verdicts == [Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE, Verdict.PASS]


def test_evidence_about_other_bytes_is_stale():
    judged = decide([rule()], [measured(0.0, 0.0, 0.0)], candidate="d" * 64)
    assert judged.verdicts[0].verdict is Verdict.STALE
    assert judged.uses == {"analytics": UseStatus.INCONCLUSIVE}


def test_a_waiver_lets_one_finding_stand_and_says_what_it_was():
    waiver = Waiver(rule="r", reason="agreed", signer="k", expires="2027-01-01")
    judged = decide([rule()], [measured(0.5, 0.4, 0.6)], waivers=[waiver])
    assert judged.verdicts[0].verdict is Verdict.WAIVED
    assert judged.verdicts[0].reason.startswith("was FAIL")
    assert judged.approved


def test_only_blocking_rules_decide():
    warned = decide([rule(), rule(id="w", metric="m.y", severity="warn")], [measured(0, 0, 0)])
    assert warned.approved
    only_warning = decide([rule(severity="warn")], [measured(0, 0, 0)])
    assert only_warning.uses == {"analytics": UseStatus.INCONCLUSIVE}


def test_one_failure_refuses_whatever_else_passed():
    judged = decide([rule(), rule(id="b", metric="m.y")], [
        measured(0.5, 0.4, 0.6),
        Measurement(metric="m.y", value=0.0, low=0.0, high=0.0, n=10),
    ])  # fmt: skip
    assert judged.uses == {"analytics": UseStatus.REFUSED}


def gate_of_forty(first, beyond):
    """Judge forty rules: the first, ``beyond`` just past their thresholds, the others inside."""
    rules = [rule(subject=f"column:{i}", id=f"r{i}") for i in range(40)]
    rest = [
        measured(0.105, 0.085, 0.125, subject=f"column:{i}")
        if i <= beyond
        else measured(0.05, 0.01, 0.09, subject=f"column:{i}")
        for i in range(1, 40)
    ]
    return decide(rules, [replace(first, subject="column:0"), *rest]).verdicts[0]


def test_a_borderline_failure_among_many_on_their_threshold_does_not_refuse():
    # One interval just clears the threshold: z = 2.05, one-sided p = .020, doubled .040. Of forty
    # rules on their thresholds one such is common: with 19 others beyond, Holm asks .05 / 20.
    barely = measured(0.1 + 0.0205, 0.1005, 0.1405)
    judged = gate_of_forty(barely, beyond=19)
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert "adjusting" in judged.reason
    assert gate_of_forty(measured(0.2, 0.15, 0.25), beyond=19).verdict is Verdict.FAIL


def test_rules_that_are_kept_take_no_power_from_one_that_is_broken():
    # The same interval, and 39 figures on the good side: .040 is below .05 / 1.
    barely = measured(0.1 + 0.0205, 0.1005, 0.1405)
    assert gate_of_forty(barely, beyond=0).verdict is Verdict.FAIL
    # With one other beyond, Holm asks .025.
    assert gate_of_forty(barely, beyond=1).verdict is Verdict.INCONCLUSIVE


def test_the_two_sides_of_one_gap_are_one_hypothesis():
    # z = 2.05 again, of women against men and of men against women: one thing, not two.
    gap = rule(direction="within", subject="group:*")
    women = measured(0.1205, 0.1005, 0.1405, subject="group:f")
    men = measured(-0.1205, -0.1405, -0.1005, subject="group:m")
    judged = decide([gap], [women, men])
    assert [v.verdict for v in judged.verdicts] == [Verdict.FAIL, Verdict.FAIL]
    other = measured(0.1206, 0.1005, 0.1407, subject="group:m")
    judged = decide([gap], [women, other])
    assert [v.verdict for v in judged.verdicts] == [Verdict.INCONCLUSIVE] * 2


def test_every_matching_subject_must_pass():
    judged = decide(
        [rule(subject="column:*")],
        [measured(0.0, 0, 0, subject="column:a"), measured(0.1, 0.0, 0.3, subject="column:b")],
    )
    assert [v.verdict for v in judged.verdicts] == [Verdict.PASS, Verdict.INCONCLUSIVE]
    assert not judged.approved


def test_no_requested_use_approves_nothing():
    evidence = Evidence.of([], candidate=CANDIDATE, stage="development", suite="s")
    assert not judge(policy(rule()), evidence, (), candidate=CANDIDATE).approved


@pytest.mark.parametrize(("n", "threshold"), [(150, 0.04), (600, 0.01), (2_500, 0.003), (500, 0.3)])
def test_a_share_on_its_threshold_among_kept_rules_fails_in_at_most_one_of_forty(n, threshold):
    """Every number of hits, weighed with its probability where the share is the threshold."""
    among = 34
    rules = [rule(id="r0", threshold=threshold)]
    rules += [rule(id=f"r{i}", metric="m.y", subject=f"column:{i}") for i in range(1, among)]
    good = [
        Measurement(metric="m.y", value=0.0, low=0.0, high=0.0, n=9, subject=f"column:{i}")
        for i in range(1, among)
    ]
    failed = 0.0
    for hits in range(n + 1):
        chance = binom.pmf(hits, n, threshold)
        if chance < 1e-9:
            continue
        share = clopper_pearson(hits, n)
        judged = decide(rules, [measured(share.value, share.low, share.high), *good])
        failed += chance * (judged.verdicts[0].verdict is Verdict.FAIL)
    assert failed <= 0.025  # one of forty: its p-value is doubled, and none is beside it


def test_twenty_of_150_copied_fail_among_34_rules():
    """The exact chance of 20 hits or more at a share of 4 % is 5e-6."""
    assert binom.sf(19, 150, 0.04) < 1e-5
    rules = [rule(id="r0", threshold=0.04)]
    rules += [rule(id=f"r{i}", metric="m.y", subject=f"column:{i}") for i in range(1, 34)]
    good = [
        Measurement(metric="m.y", value=0.0, low=0.0, high=0.0, n=9, subject=f"column:{i}")
        for i in range(1, 34)
    ]
    share = clopper_pearson(20, 150)
    judged = decide(rules, [measured(share.value, share.low, share.high), *good])
    assert judged.verdicts[0].verdict is Verdict.FAIL


def test_a_required_attack_that_succeeded_is_never_waived_and_an_open_one_may_be():
    attack = threat_of(Profile.CONTROLLED).attacks[0]
    waiver = Waiver(rule="r", reason="agreed", signer="k", expires="2027-01-01")
    for low, high, verdict in ((0.5, 0.6, Verdict.FAIL), (0.0, 0.6, Verdict.WAIVED)):
        m = replace(measured(0.55, low, high), metric=attack)
        judged = decide([rule(metric=attack)], [m], waivers=[waiver])
        assert judged.verdicts[0].verdict is verdict


def test_more_waivers_than_the_policy_allows_count_for_nothing():
    waivers = [
        Waiver(rule=r, reason="agreed", signer="k", expires="2027-01-01") for r in ("r", "s", "t")
    ]
    judged = decide([rule()], [measured(0.5, 0.4, 0.6)], waivers=waivers)
    assert judged.verdicts[0].verdict is Verdict.FAIL


@pytest.mark.parametrize("field", ["value", "low", "high", "confidence", "limit_of_detection"])
def test_evidence_with_a_number_that_is_none_cannot_be_judged(field):
    evidence = Evidence.of(
        [measured(0.0, 0.0, 0.05, limit_of_detection=0.01)],
        candidate=CANDIDATE,
        stage="development",
        suite="s",
    )
    (record,) = evidence.measurements
    for text in ("nan", "inf", "-inf", "one"):
        bad = record.model_copy(update={field: text})
        forged = evidence.model_copy(update={"measurements": (bad,)})
        with pytest.raises(IntegrityError, match="no measurement"):
            judge(policy(rule(detect=0.05)), forged, ("analytics",), candidate=CANDIDATE)


def test_evidence_about_other_bytes_and_what_the_policy_lists_are_never_waived():
    waiver = Waiver(rule="r", reason="agreed", signer="k", expires="2027-01-01")
    judged = decide([rule()], [measured(0.0, 0, 0)], candidate="d" * 64, waivers=[waiver])
    assert judged.verdicts[0].verdict is Verdict.STALE
    held = policy(rule()).model_copy(update={"never_waived": ("r",)})
    assert "lists 'r' in never_waived" in never_waived(held, held.rule[0], Verdict.INCONCLUSIVE)


def nothing(metric="m.x"):
    return Measurement.missing(metric, "nothing was declared", NO_SUBJECT)


def test_a_rule_about_nothing_has_no_verdict():
    judged = decide([rule(), rule(id="s", metric="m.y")], [nothing(), replaced("m.y")])
    assert [v.rule.id for v in judged.verdicts] == ["s"]
    assert judged.uses == {"analytics": UseStatus.APPROVED}


def replaced(metric):
    return replace(measured(0.05), metric=metric)


def test_nothing_to_judge_approves_nothing_by_itself_and_excuses_no_figure():
    assert decide([rule()], [nothing()]).uses == {"analytics": UseStatus.INCONCLUSIVE}
    judged = decide([rule()], [nothing(), measured(0.5)])
    assert judged.uses == {"analytics": UseStatus.REFUSED}
    other = decide([rule(subject="group:*")], [nothing(), measured(0.05)])
    assert [v.verdict for v in other.verdicts] == [Verdict.NOT_RUN]


@pytest.mark.parametrize("metric", REQUIRED)
def test_a_required_attack_cannot_say_that_there_is_nothing_to_judge(metric):
    judged = decide([rule(metric=metric)], [nothing(metric)])
    assert [v.verdict for v in judged.verdicts] == [Verdict.NOT_RUN]

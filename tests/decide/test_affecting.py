import pytest

from assaymark.core.measurement import Measurement
from assaymark.decide.affecting import lacking_for_rights
from assaymark.decide.policy import parse_policy
from assaymark.decide.verdict import RuleVerdict, Verdict

RULE = """
[[rule]]
id = "{id}"
metric = "{metric}"
direction = "at_most"
threshold = 0.1
uses = ["analytics"]
severity = "{severity}"
title = "t"
why = "w"
remedy = "r"
"""


def policy_of(*rules):
    text = 'name = "p"\nprofile = "controlled"\n'
    return parse_policy((text + "".join(RULE.format(**r) for r in rules)).encode())


@pytest.fixture
def fair():
    return policy_of({"id": "fair", "metric": "disparity.introduced", "severity": "warn"})


def verdicts_of(policy, verdict):
    m = Measurement(metric="disparity.introduced", subject="group:sex=f", value=0.0, n=100)
    (rule,) = policy.rule
    return [RuleVerdict(rule=rule, use="analytics", verdict=verdict, measurement=m, reason="")]


def test_a_use_that_affects_rights_needs_people_no_waiver_and_what_else_only_warns(fair):
    good = verdicts_of(fair, Verdict.PASS)

    def lacking(policy, verdicts, *, reviewed=True, waived=False):
        return lacking_for_rights(policy, ["analytics"], verdicts, reviewed=reviewed, waived=waived)

    assert lacking(fair, good) == ()
    assert "no second person" in lacking(fair, good, reviewed=False)[0]
    assert "nothing may be waived" in lacking(fair, good, waived=True)[0]
    for verdict in (v for v in Verdict if v is not Verdict.PASS):
        (said,) = lacking(fair, verdicts_of(fair, verdict))
        assert f"fair is {verdict.value} (group:sex=f)" in said
    blind = policy_of({"id": "x", "metric": "one_way.distance", "severity": "block"})
    assert "no rule on disparity or representation for analytics" in lacking(blind, [])[0]

"""The shipped profiles hold together, and say what they ask in plain words."""

import pytest

from assaymark.core.threat import Profile
from assaymark.decide.policy import USES, check_policy, parse_policy, profile_bytes
from assaymark.flow.evaluate.measure import quantities

POLICIES = [parse_policy(profile_bytes(p)) for p in Profile]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: p.name)
def test_every_rule_judges_what_can_be_measured(policy):
    check_policy(policy, quantities())
    for use in USES:
        assert any(r.severity == "block" for r in policy.rules_for(use))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: p.name)
def test_every_rule_explains_itself(policy):
    for r in policy.rule:
        assert all((r.title, r.why.endswith("."), r.remedy.endswith("."), r.origin))


def test_privacy_rules_block_every_use():
    attacks = ("membership.", "copies.", "singling_out.", "shadow.")
    for policy in POLICIES:
        for r in policy.rule:
            if r.metric.startswith(attacks):
                assert r.severity == "block"
                assert set(r.uses) == set(USES)


def test_only_the_enclave_asks_for_a_second_person():
    assert {p.name for p in POLICIES if p.require_second_person} == {"enclave"}


def test_open_asks_for_the_attack_that_refits():
    by_name = {p.name: {r.metric for r in p.rule} for p in POLICIES}
    assert "shadow.excess_tpr" in by_name["open"] - by_name["controlled"]

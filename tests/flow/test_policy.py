"""Explaining rules: every shipped rule has all that a signer asks for."""

from pathlib import Path

import pytest

from assaymark.core.threat import Profile, threat_of
from assaymark.errors import RecipeError, UnknownNameError
from assaymark.flow.evaluate import quantities
from assaymark.flow.policy import explain, policy_named, rules_of

EVERY = [
    pytest.param(profile, r.rule, id=f"{profile.value}:{r.rule}")
    for profile in Profile
    for r in rules_of(policy_named(profile, None))
]


@pytest.mark.parametrize(("profile", "rule"), EVERY)
def test_every_shipped_rule_is_explained(profile, rule):
    found = explain(policy_named(profile, None), rule)
    assert found.title
    assert found.meaning
    assert found.definition
    assert found.remedy
    assert found.unit
    assert found.origin
    assert "``" not in found.definition
    assert "INCONCLUSIVE" in found.passes


@pytest.mark.parametrize(("profile", "rule"), EVERY)
def test_privacy_rules_say_what_they_do_not_show(profile, rule):
    found = explain(policy_named(profile, None), rule)
    if found.required:
        assert len(found.pitfalls) > 40
        assert found.source


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("use", ["policy_simulation", "analytics", "pretraining"])
def test_every_attack_that_a_threat_model_requires_is_a_blocking_rule_of_its_policy(profile, use):
    rules = policy_named(profile, None).rules_for(use)
    asked = {r.metric for r in rules if r.severity == "block"}
    assert set(threat_of(profile).attacks) <= asked


def test_an_unknown_rule_is_answered_with_the_nearest_one():
    with pytest.raises(UnknownNameError, match="did you mean 'no-near-copies'"):
        explain(policy_named(None, None), "no-near-copy")


def test_a_policy_file_that_is_not_there_is_an_error_with_a_hint(tmp_path):
    with pytest.raises(RecipeError, match="cannot read the policy"):
        policy_named(None, tmp_path / "none.toml")


def test_a_policy_of_ones_own_is_read(tmp_path):
    path = Path(tmp_path / "p.toml")
    path.write_text(
        'name = "mine"\nprofile = "enclave"\n[[rule]]\nid = "a"\nmetric = "one_way.mean"\n'
        'direction = "at_most"\nthreshold = 0.2\nuses = ["analytics"]\ntitle = "t"\nwhy = "w"\n'
        'remedy = "r"\n'
    )
    found = explain(policy_named(None, path), "a")
    assert (found.policy, found.condition, found.required) == (
        "mine",
        "one_way.mean at most 0.2",
        False,
    )


def test_no_view_by_distance_can_be_gated():
    assert not any(q.gate for n, q in quantities().items() if n.startswith("distance."))

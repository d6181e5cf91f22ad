"""Explaining rules: every shipped rule has all that a signer asks for."""

import json
from pathlib import Path

import pytest

from assaymark.cli.app import main
from assaymark.core.threat import Profile, threat_of
from assaymark.decide.policy import profile_bytes
from assaymark.errors import RecipeError, UnknownNameError
from assaymark.flow.decide.policy import difference, explain, policy_named, rules_of
from assaymark.flow.evaluate.measure import quantities

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
    assert found.unproven.startswith("Nothing bad was shown. What would change it: more people")
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


def cli(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


@pytest.mark.slow
def test_the_commands_test_a_policy_and_compare_two(tmp_path, capsys):
    assert cli("policy", "test", "enclave") == 0
    assert "ok: each rule can block, or warn" in capsys.readouterr().out
    text = profile_bytes(Profile.ENCLAVE).decode()
    mine = tmp_path / "mine.toml"
    mine.write_text(text.replace("threshold = 0.003", "threshold = 0.5", 1))
    assert cli("policy", "test", str(mine), "--json") == 3
    found = json.loads(capsys.readouterr().out)
    assert (
        "fixture '25 unusual people copied': 'no-exact-copies' must block, and does not"
        in (found["problems"])
    )
    assert cli("policy", "diff", "enclave", str(mine)) == 0
    out = capsys.readouterr().out
    assert "looser: more may pass than before" in out
    assert "no new attempt" in out
    assert cli("policy", "diff", "enclave", str(mine), "--json") == 0
    (change,) = json.loads(capsys.readouterr().out)["changes"]
    assert (change["effect"], change["before"], change["after"]) == ("looser", "0.003", "0.5")


def test_a_policy_without_fixtures_cannot_be_tested(tmp_path, capsys):
    mine = tmp_path / "mine.toml"
    mine.write_text(profile_bytes(Profile.ENCLAVE).decode().split("[[fixture]]")[0])
    assert cli("policy", "test", str(mine)) == 2
    assert "carries no fixtures" in capsys.readouterr().err


def test_the_same_policy_in_other_words_decides_the_same():
    assert difference("open", "open").effect == "none"
    assert difference("controlled", "enclave").effect == "both"
    assert difference("controlled", "open").effect == "tighter"

import pytest

from assaymark.core.threat import Profile
from assaymark.decide.difference import changes
from assaymark.decide.policy import parse_policy, profile_bytes

BASE = parse_policy(profile_bytes(Profile.CONTROLLED))


def changed(rule="no-exact-copies", **more):
    rules = tuple(r.model_copy(update=more) if r.id == rule else r for r in BASE.rule)
    return BASE.model_copy(update={"rule": rules})


@pytest.mark.parametrize(
    ("rule", "change", "effect"),
    [
        ("no-exact-copies", {"threshold": 0.5}, "looser"),
        ("no-exact-copies", {"threshold": 0.0001}, "tighter"),
        ("no-exact-copies", {"detect": None}, "looser"),
        ("no-exact-copies", {"detect": 0.001}, "tighter"),
        ("no-exact-copies", {"minimum_n": 1}, "looser"),
        ("no-exact-copies", {"confidence": 0.99}, "tighter"),
        ("no-exact-copies", {"severity": "warn"}, "looser"),
        ("means", {"severity": "block"}, "tighter"),
        ("no-exact-copies", {"uses": ("analytics",)}, "looser"),
        ("learning", {"uses": ("analytics",)}, "other"),
        ("no-exact-copies", {"metric": "near_copies.excess"}, "other"),
        ("no-exact-copies", {"subject": "records:rare"}, "other"),
        ("no-exact-copies", {"why": "Else."}, "words"),
    ],
)
def test_a_changed_rule_is_looser_or_tighter(rule, change, effect):
    (found,) = changes(BASE, changed(rule, **change))
    assert (found.rule, found.effect) == (rule, effect)


def test_more_at_least_is_tighter():
    a = changed(direction="at_least", threshold=0.5)
    (found,) = changes(a, changed(direction="at_least", threshold=0.6))
    assert found.effect == "tighter"


def test_rules_come_and_go():
    fewer = BASE.model_copy(update={"rule": BASE.rule[1:]})
    (gone,) = changes(BASE, fewer)
    (come,) = changes(fewer, BASE)
    assert (gone.effect, gone.after) == ("looser", "removed")
    assert (come.effect, come.before) == ("tighter", "not there")


@pytest.mark.parametrize(
    ("change", "effect"),
    [
        ({"require_second_person": True}, "tighter"),
        ({"waivers_at_most": 5}, "looser"),
        ({"never_waived": ("no-exact-copies",)}, "tighter"),
        ({"approvals": {"privacy": 2}}, "tighter"),
        ({"profile": Profile.OPEN}, "tighter"),
        ({"profile": Profile.ENCLAVE}, "looser"),
        ({"name": "other"}, "words"),
        ({"fixture": ()}, "words"),
    ],
)
def test_what_is_about_the_whole_policy(change, effect):
    (found,) = changes(BASE, BASE.model_copy(update=change))
    (back,) = changes(BASE.model_copy(update=change), BASE)
    opposite = {"looser": "tighter", "tighter": "looser"}
    assert (found.effect, back.effect) == (effect, opposite.get(effect, effect))


def test_the_same_is_no_change():
    assert changes(BASE, BASE) == ()


def test_a_change_is_a_row_and_a_role_that_needs_as_many_as_before_is_none():
    policy = BASE.model_copy(update={"approvals": {"privacy": 1, "domain": 1}})
    (found,) = changes(policy, policy.model_copy(update={"approvals": {"privacy": 2, "domain": 1}}))
    assert found.cells == ("tighter", "(policy)", "approvals of privacy", "1", "2")

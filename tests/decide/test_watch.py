"""What is seen of a release later has the consequences that its policy says, and no others."""

import pytest

from assaymark.core.threat import Profile
from assaymark.decide.difference import changes
from assaymark.decide.policy import parse_policy, profile_bytes
from assaymark.decide.watch import Seen, Watch, fired
from assaymark.decide.watch_trial import _problems, watch_trials
from assaymark.errors import RecipeError, UnknownNameError

BASE = parse_policy(profile_bytes(Profile.CONTROLLED))
WORDS = {"title": "t", "why": "w", "remedy": "r"}


def watch(**more):
    said = {"id": "w", "observe": "column", "then": "degraded", "at_least": 0.1, **WORDS, **more}
    return Watch(**said)


def seen(size=0.2, subject="column:age", observe="column", against="source"):
    return Seen(observe=observe, subject=subject, size=size, words="age moved", against=against)


@pytest.mark.parametrize(
    ("about", "what", "yes"),
    [
        ({}, {}, True),
        ({}, {"size": 0.09}, False),
        ({}, {"observe": "group", "subject": "group:sex=F"}, False),
        ({"against": "released"}, {}, False),
        ({"against": "released"}, {"against": ""}, True),
        ({"subject": "column:sex"}, {}, False),
        ({"subject": "column:a*"}, {}, True),
    ],
)
def test_an_entry_sees_what_it_is_about(about, what, yes):
    assert bool(fired([watch(**about)], [seen(**what)])) is yes


def test_the_gravest_comes_first_and_names_all_that_was_seen():
    every = [watch(id="mild"), watch(id="grave", then="withdrawn", at_least=0.0)]
    found = fired(every, [seen(0.05), seen(0.3)])
    assert [(f.watch.id, len(f.seen)) for f in found] == [("grave", 2), ("mild", 1)]


def test_a_rule_that_an_attack_leaves_open_becomes_stale_by_its_name():
    entry = watch(observe="attack_open", then="stale", at_least=0.0)
    (found,) = fired([entry], [seen(observe="attack_open", subject="rule:few-members-recognised")])
    assert found.verdicts == ("few-members-recognised",)


def test_entries_that_do_not_hold_together_are_refused():
    raw = profile_bytes(Profile.CONTROLLED).decode()
    with pytest.raises(UnknownNameError, match="learning"):
        parse_policy(
            raw.replace('rules = ["learning", "told', 'rules = ["lerning", "told').encode()
        )
    with pytest.raises(UnknownNameError, match="at_least"):
        parse_policy(raw.replace("at_least = 0.25", "atleast = 0.25", 1).encode())
    with pytest.raises(RecipeError, match="two entries"):
        parse_policy(raw.replace('id = "world-moved-far"', 'id = "world-moved"').encode())
    with pytest.raises(ValueError, match="become STALE"):
        watch(then="stale")
    with pytest.raises(ValueError, match='"stale" only'):
        watch(rules=("learning",))


def with_(*entries):
    return BASE.model_copy(update={"watch": entries})


def test_shipped_entries_hold_and_a_policy_test_finds_those_that_decide_nothing():
    for profile in Profile:
        shipped = watch_trials(parse_policy(profile_bytes(profile)))
        assert len(shipped) == 9
        assert [p for r in shipped for p in r.problems] == []
    shadowed = with_(watch(id="a"), watch(id="b", then="withdrawn", at_least=0.05))
    assert "decides nothing: 'b'" in watch_trials(shadowed)[0].problems[0]
    idle = with_(watch(then="stale", rules=("means",)))
    assert "none of its rules blocks" in watch_trials(idle)[0].problems[0]


@pytest.mark.parametrize(
    ("change", "effect"),
    [
        ({"then": "withdrawn"}, "tighter"),
        ({"then": "stale", "rules": ("learning",)}, "looser"),
        ({"at_least": 0.2}, "looser"),
        ({"at_least": 0.01}, "tighter"),
        ({"observe": "group"}, "other"),
        ({"why": "else"}, "words"),
    ],
)
def test_a_difference_of_entries_is_looser_or_tighter(change, effect):
    found = changes(with_(watch()), with_(watch(**change)))
    assert found[0].effect == effect


def test_entries_come_and_go():
    (gone,), (come,) = changes(with_(watch()), with_()), changes(with_(), with_(watch()))
    assert (gone.effect, come.effect) == ("looser", "tighter")


def test_an_entry_about_names_of_a_pattern_is_shown_one_of_them():
    for subject in ("column:[ab]?*", "column:x"):
        assert watch_trials(with_(watch(subject=subject)))[0].at_limit == "degraded"
    (found,) = watch_trials(with_(watch(subject="column:[!ab]")))
    assert found.problems[0].startswith("an observation at its limit ends nothing")


def test_an_entry_that_also_follows_from_what_it_is_not_about_is_a_problem():
    said = list(_problems(with_(), watch(), "degraded", "degraded", "nothing"))
    assert said == ["it follows from observations that it is not about"]

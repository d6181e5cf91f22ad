import pytest

from assaymark.core.measurement import Quantity
from assaymark.decide.policy import check_policy, parse_policy
from assaymark.errors import RecipeError, UnknownNameError

GOOD = """
name = "p"
profile = "controlled"
[[rule]]
id = "a"
metric = "m.x"
direction = "at_most"
threshold = 1
uses = ["analytics"]
title = "t"
why = "w"
remedy = "r"
"""


def quantity(name, **more):
    return Quantity(name=name, title="t", unit="", better="lower", meaning="m", **more)


def test_reads_a_policy():
    (rule,) = parse_policy(GOOD.encode()).rule
    assert (rule.threshold, rule.severity, rule.confidence) == (1.0, "block", 0.95)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("threshold", "treshold", "did you mean 'threshold'"),
        ('name = "p"', 'nam = "p"', "did you mean 'name'"),
        ("at_most", "below", "direction"),
        ('["analytics"]', '["analysis"]', "uses"),
        ('["analytics"]', "[]", "uses"),
        ("threshold = 1", "", "threshold"),
        ('"controlled"', '"secret"', "profile"),
        ("[[rule]]", "[[rule", "not valid TOML"),
    ],
)
def test_says_what_is_wrong(old, new, said):
    with pytest.raises((RecipeError, UnknownNameError), match=said):
        parse_policy(GOOD.replace(old, new, 1).encode())


def test_a_rule_id_is_used_once():
    twice = GOOD + GOOD[GOOD.index("[[rule]]") :]
    with pytest.raises(RecipeError, match="two rules called a"):
        parse_policy(twice.encode())


def test_an_unknown_metric_is_named_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"did you mean 'm\.xy'"):
        check_policy(parse_policy(GOOD.encode()), {"m.xy": quantity("m.xy")})


def test_similarity_cannot_be_a_rule():
    debug = quantity("m.x", gate=False, why_not="see the citation")
    with pytest.raises(RecipeError, match="see the citation"):
        check_policy(parse_policy(GOOD.encode()), {"m.x": debug})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("threshold = 1", "threshold = nan"),
        ("threshold = 1", "threshold = inf"),
        ("threshold = 1", "threshold = 1\ndetect = nan"),
        ("threshold = 1", "threshold = 1\ndetect = inf"),
        ("threshold = 1", "threshold = 1\nconfidence = nan"),
        ("threshold = 1", "threshold = 1\nminimum_n = -1"),
        ('"at_most"\nthreshold = 1', '"within"\nthreshold = -1'),
        (GOOD[GOOD.index("[[rule]]") :], "rule = []"),
        (GOOD[GOOD.index("[[rule]]") :], ""),
        (GOOD[GOOD.index("[[rule]]") :], "rule = 7"),
    ],
)
def test_what_could_pass_by_not_being_a_number_or_a_rule_is_refused(old, new):
    assert old in GOOD
    with pytest.raises(RecipeError):
        parse_policy(GOOD.replace(old, new, 1).encode())


def test_a_fixture_about_what_nothing_measures_is_named():
    fixture = (
        '[[fixture]]\nname = "f"\nexpect = "refused"\nmeasurements = [{metric = "m.z", value = 1}]'
    )
    with pytest.raises(UnknownNameError, match=r"m\.z"):
        check_policy(parse_policy((GOOD + fixture).encode()), {"m.x": quantity("m.x")})


def test_a_rule_that_is_never_waived_must_be_there():
    text = GOOD.replace('name = "p"', 'name = "p"\nnever_waived = ["b"]')
    with pytest.raises(UnknownNameError, match="unknown rule 'b' in never_waived"):
        parse_policy(text.encode())

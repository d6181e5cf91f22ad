"""What would change a verdict: more people for what is not proven, the remedy for what is bad."""

from dataclasses import replace

from assaymark.core.measurement import Measurement
from assaymark.decide.policy import Rule
from assaymark.decide.verdict import RuleVerdict, Verdict
from assaymark.flow.decide.would_decide import remedy_of, unproven, what_would_decide

DROP = "Drop the column."


def judged(reason, verdict=Verdict.INCONCLUSIVE, metric="membership.auc", n=2000):
    rule = Rule(
        id="r", metric=metric, direction="at_most", threshold=0.6, minimum_n=1500, title="Titled",
        uses=("analytics",), why="w", remedy=DROP,
    )  # fmt: skip
    found = Measurement(metric=metric, value=0.5, low=0.4, high=0.7, n=n)
    return RuleVerdict(
        rule=rule, use="analytics", verdict=verdict, measurement=found, reason=reason
    )


FEW = judged("n = 1376, and the rule needs 1500", n=1376)
PLANT = judged("a planted leak of size 0.1 was not shown to be caught (smallest caught: 0.3)")
WIDE = judged("the interval reaches across the threshold")
APART = judged("the interval reaches across the threshold", metric="two_sample.auc")
BAD = judged("the whole interval is on the wrong side of the threshold", Verdict.FAIL)


def test_the_remedy_of_a_rule_is_for_what_was_found_to_be_bad():
    assert remedy_of(BAD) == DROP
    for few in (FEW, PLANT):
        assert DROP not in remedy_of(few)
        assert remedy_of(few).startswith("Not proven either way, since ")
    assert "1,500 people behind the figure" in remedy_of(FEW)
    assert "more people, or differential privacy" in remedy_of(PLANT)
    for wide in (WIDE, APART):
        assert remedy_of(wide).endswith(f"Where the figure itself is bad: {DROP}")
    assert "closer to the source" in remedy_of(APART)


def test_what_would_decide_names_each_rule_once_under_what_it_lacks():
    said = what_would_decide([FEW, FEW, PLANT, WIDE, APART, BAD], dealt="dealt")
    assert len(said) == 4
    assert [s.count("Titled") for s in said] == [1, 1, 1, 1]
    assert "1,500 people behind the figure (dealt), or differential privacy" in said[0]
    assert what_would_decide([BAD]) == ()


def test_differential_privacy_is_offered_to_attacks_only_and_not_twice():
    few = judged("n = 1376", metric="two_sample.auc", n=1376)
    attacked, useful = what_would_decide([few, FEW])
    assert attacked.endswith("or differential privacy, whose promise needs no holdout.")
    assert useful.endswith("What would change it: 1,500 people behind the figure.")
    assert "differential privacy" not in remedy_of(few)
    assert "differential privacy" in remedy_of(FEW)
    every = [FEW, few, PLANT, WIDE, APART]
    assert "differential" not in " ".join(what_would_decide(every, private=True))
    assert "differential" not in " ".join(remedy_of(v, private=True) for v in (FEW, PLANT, WIDE))


def test_a_remedy_under_differential_privacy_is_about_its_noise_first():
    bad = judged("the interval", Verdict.FAIL, metric="two_sample.auc")
    default = replace(
        bad, rule=bad.rule.model_copy(update={"remedy": "Use the default generator."})
    )
    assert remedy_of(default) == "Use the default generator."
    said = remedy_of(default, private=True)
    assert said.startswith("Rows under differential privacy carry its noise.")
    assert "a larger epsilon" in said
    assert said.endswith("Without differential privacy: Use the default generator.")
    assert remedy_of(bad, private=True).endswith(DROP)
    assert remedy_of(BAD, private=True) == DROP  # an attack: the noise is not its reason
    never = replace(default, verdict=Verdict.NOT_RUN)
    assert remedy_of(never, private=True) == (
        "Leave analytics out of what is asked for. Without differential privacy: Use the default "
        "generator."
    )


def test_a_rule_says_before_any_run_what_would_change_it():
    assert unproven(FEW.rule) == (
        "Nothing bad was shown. What would change it: more people (at least 1,500 behind the "
        "figure), or differential privacy."
    )
    assert unproven(APART.rule).endswith("or rows that are closer to the source.")

import pytest

from assaymark.core.evidence import Evidence
from assaymark.core.measurement import Measurement
from assaymark.core.threat import Profile, threat_of
from assaymark.decide.fitness import Fitness, fitness_of, group_of, matrix_of
from assaymark.decide.gate import judge
from assaymark.decide.policy import Policy, Rule
from assaymark.decide.verdict import UseStatus

USE = "analytics"


def rule(name, *, severity="warn", subject="group:*"):
    return Rule.model_validate(
        {
            "id": name,
            "metric": f"{name}.x",
            "subject": subject,
            "direction": "at_most",
            "threshold": 0.1,
            "uses": (USE,),
            "severity": severity,
            "minimum_n": 100,
            "title": f"Rule {name}",
            "why": "w",
            "remedy": "r",
        }
    )


def measured(name, group, value, *, n=1000):
    subject = f"group:{group}"
    if value is None:
        return Measurement.missing(f"{name}.x", "too few", subject, n=n)
    return Measurement(
        metric=f"{name}.x", subject=subject, value=value, low=value - 0.01, high=value + 0.01, n=n
    )


def cells(rules, found, status=UseStatus.APPROVED):
    policy = Policy(name="p", profile=Profile.CONTROLLED, rule=tuple(rules))
    evidence = Evidence.of(found, candidate="c", stage="development", suite="s")
    every = judge(policy, evidence, (USE,), candidate="c").verdicts
    asked = [v for v in every if v.rule.metric not in threat_of(Profile.CONTROLLED).attacks]
    return {c.group: c for c in fitness_of({USE: status}, asked)}


def test_a_group_is_fit_where_every_rule_about_it_passes():
    found = cells([rule("a"), rule("b")], [measured("a", "sex=F", 0.0), measured("b", "sex=F", 0)])
    assert found["sex=F"].fitness is Fitness.FIT
    assert found["sex=F"].why == ""


def test_a_rule_that_only_warns_keeps_the_use_from_the_group_alone():
    found = cells([rule("a")], [measured("a", "sex=F", 0.5), measured("a", "sex=M", 0.0)])
    assert (found["sex=F"].fitness, found["sex=M"].fitness) == (Fitness.NOT_FIT, Fitness.FIT)
    assert '"Rule a" fails' in found["sex=F"].why


@pytest.mark.parametrize(("value", "n"), [(0.0, 50), (0.1, 1000), (None, 5)])
def test_what_is_not_proven_is_not_enough_evidence(value, n):
    found = cells(
        [rule("a"), rule("b")], [measured("a", "g=1", value, n=n), measured("b", "g=1", 0)]
    )
    assert found["g=1"].fitness is Fitness.UNKNOWN


def test_a_group_that_a_rule_passed_over_is_unknown_not_fit():
    found = cells([rule("a"), rule("b", severity="info")], [measured("b", "sex=F", 0.0)])
    assert found["sex=F"].fitness is Fitness.UNKNOWN
    assert "no rule of the use" in found["sex=F"].why


@pytest.mark.parametrize(
    ("status", "fitness"),
    [(UseStatus.REFUSED, Fitness.NOT_FIT), (UseStatus.INCONCLUSIVE, Fitness.UNKNOWN)],
)
def test_a_use_that_is_not_approved_is_fit_for_nobody(status, fitness):
    found = cells([rule("a")], [measured("a", "sex=F", 0.0)], status)
    assert found["sex=F"].fitness is fitness


def test_a_group_is_read_from_the_end_of_a_subject():
    assert group_of("group:town=A, B") == "town=A, B"
    assert group_of("claim:mean, by sex,group:sex=F") == "sex=F"
    assert [group_of(s) for s in ("group:*", "table", "column:group")] == ["", "", ""]


def test_the_matrix_is_what_is_signed():
    found = cells([rule("a")], [measured("a", "sex=F", 0.0)])
    assert matrix_of(found.values()) == {USE: {"sex=F": "fit"}}

"""Subjects, limits and missing values as people say them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assaymark.core.measurement import Measurement
from assaymark.release.pages.report_words import allowed, listed, measured, spoken_subject, use_card


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("column:stay,tail:upper", "stay, upper end"),
        ("table", "whole table"),
        ("column:age", "age"),
        ("column:a:b", "a:b"),
        ("column:*", "every column"),
        ("model:*", "every model"),
        ("pair:*", "every pair"),
        ("pair:age,sex", "age with sex"),
        ("pair:a,b,c", "a,b,c"),  # which comma divides the pair is not known
        ("group:race=Other", "race = Other"),
        ("group:x=a=b", "x = a=b"),
        ("model:gradient_boosting", "gradient boosting model"),
        ("records:isolated", "isolated records"),
        ("claim:effect", "effect"),
        ("claim:reform:total,group:sex=f", "reform: total, sex = f"),
        ("claim:*", "claim:*"),
        ("outcome:ill=yes,group:sex=f", "ill = yes of sex = f"),
        ("estimand:mean age", "mean age"),
        ("*", "nothing measured"),
        ("something else", "something else"),
    ],
)
def test_subjects_are_said_in_words(subject, said):
    assert spoken_subject(subject) == said


def test_limits_name_the_good_side():
    assert allowed(0.05, "at_most") == "at most 0.05"
    assert allowed(0.95, "at_least") == "at least 0.95"
    assert allowed(0.2, "within") == "between −0.2 and 0.2"


def test_a_missing_value_is_its_reason_and_a_count_has_no_interval():
    assert measured(Measurement.missing("a.b", "no holdout")) == "no holdout"
    assert measured(Measurement(metric="a.b", value=3, n=10)) == "3"


def test_names_are_joined_as_in_a_sentence():
    assert [listed(n) for n in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_a_rule_that_only_warns_is_named_once_with_its_worst_verdict(release):
    use = next(u for u in release.uses if u.status == "approved")
    line = next(v for v in release.verdicts if v.use == use.use and v.severity == "block")
    warned = [
        replace(line, rule="w", title="Groups are there", severity="warn", verdict=verdict)
        for verdict in ("NOT_RUN", "INCONCLUSIVE", "PASS")
    ]
    passed = replace(line, verdict="PASS")
    card = use_card(replace(release, verdicts=(passed, *warned)), replace(use, reasons=()))
    (said,) = [r for r in card.reasons if "only warn" in r]
    assert said == "Of the rules that only warn: “Groups are there” was not run."

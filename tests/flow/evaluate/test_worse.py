"""Worse: a pass needs both measurements, and a failure in either is a failure."""

from typing import ClassVar

import pytest

from assaymark.core.measurement import Measurement, Quantity
from assaymark.flow.evaluate.worse import worse_of


class Attack:
    quantities: ClassVar = tuple(
        Quantity(name=f"a.{side}", title="t", unit="u", better=side, meaning="m")
        for side in ("lower", "higher", "zero")
    )


def m(metric, low, high, limit=0.1, subject="table"):
    return Measurement(
        metric=metric,
        subject=subject,
        value=(low + high) / 2,
        low=low,
        high=high,
        n=9,
        limit_of_detection=limit,
    )


@pytest.mark.parametrize(
    ("metric", "better", "worse"),
    [
        ("a.lower", (0.1, 0.2), (0.0, 0.3)),
        ("a.higher", (0.2, 0.3), (0.1, 0.9)),
        ("a.zero", (-0.1, 0.2), (-0.3, 0.1)),
    ],
)
def test_the_end_that_a_rule_looks_at_decides_whichever_side_it_is_on(metric, better, worse):
    for first, second in ((better, worse), (worse, better)):
        (found,) = worse_of(Attack(), [m(metric, *first)], [m(metric, *second)])
        assert (found.low, found.high) == worse
        assert ("of these rows alone;" in found.details["exposure"]) == (first == worse)


def test_a_leak_must_be_detectable_in_both():
    for limits, kept in (((0.1, 0.2), 0.2), ((0.1, None), None), ((None, 0.1), None)):
        pair = [[m("a.lower", 0.0, 0.1, limit)] for limit in limits]
        assert worse_of(Attack(), *pair)[0].limit_of_detection == kept


def test_no_measurement_is_worse_than_any_and_a_failure_takes_all_subjects():
    gone = Measurement.missing("a.lower", "too few")
    failed = Measurement.missing("a.lower", "a failed with ValueError", "*")
    whole = [m("a.lower", 0.0, 0.1), m("a.lower", 0.0, 0.1, subject="column:x")]
    for pair in (([gone], whole), (whole, [gone])):
        found = worse_of(Attack(), *pair)
        assert [x.value for x in found if x.subject == "table"] == [None]
    for pair in (([failed], whole), (whole, [failed])):
        assert worse_of(Attack(), *pair) == [failed]

"""What a fairness reviewer sees: gaps repeated and brought in, and impossible rows by rule."""

from dataclasses import replace

import pytest

from assaymark.core.plausibility import InRange
from assaymark.core.questions import Questions
from assaymark.core.streams import Streams
from assaymark.flow.evaluate.measure import measure
from assaymark.flow.report.bias import breaches_of, gaps_of, repeated_of
from assaymark.release.drawing.gaps import by_outcome, draw_gap, gap_reach, gap_words, signed


@pytest.fixture(scope="module")
def measured(population, make_case):
    rule = InRange(kind="range", name="adults", column="age", low=19, unit="years", source="law")
    case = make_case(*(population(3_000, s) for s in (1, 2, 3)))
    asked = replace(case, questions=Questions(plausibility=(rule,)))
    return measure(asked, Streams.from_seed(1), only=["outcome_gap", "plausibility"])


def test_every_group_has_its_real_and_synthetic_gap_on_one_line(measured):
    lines = gaps_of(measured)
    assert {g.outcome for g in lines} == {"ill=yes"}
    for g in lines:
        assert g.introduced == pytest.approx(g.synthetic - g.real, abs=0.01)
        assert g.low <= g.introduced <= g.high
    (outcome, plain, crossings) = by_outcome(lines)[0]
    assert outcome == "ill=yes"
    assert {g.group for g in plain} >= {"sex=f", "sex=m"}
    assert all(g.stands_out for g in crossings)


def test_what_is_repeated_is_said_as_a_limit(measured):
    (said,) = repeated_of(gaps_of(measured))
    assert "ill=yes is lower for age=" in said
    assert repeated_of(()) == ()


def test_a_gap_is_drawn_and_said(measured):
    g = next(g for g in gaps_of(measured) if g.group == "sex=m")
    assert str(draw_gap(g, gap_reach([g]))).count("<circle") == 2
    assert signed(g.introduced) in gap_words(g)
    assert signed(-0.001) == "0.00"


def test_each_rule_says_how_many_rows_break_it(measured, population):
    (line,) = breaches_of(measured)
    broken = int((population(3_000, 3).frame["age"] < 19).sum())
    assert (line.rule, line.hard, line.rows, line.n) == ("adults", True, broken, 3_000)
    assert line.rate < line.high
    assert line.source == "law"

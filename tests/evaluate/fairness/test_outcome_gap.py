from dataclasses import replace

import numpy as np
import pytest

from assaymark.core.correction import Correction
from assaymark.core.measurement import NO_SUBJECT
from assaymark.core.questions import Questions
from assaymark.core.schema import Role
from assaymark.core.streams import Streams
from assaymark.evaluate.fairness.outcome_gap import OutcomeGap

STREAMS = Streams.from_seed(0)


def rows(table, seed, *, gap=0.0, n=4000, extra=0.0, persons=None):
    """Group b's outcome is higher by ``gap`` and, where b meets d, by ``extra`` too."""
    rng = np.random.default_rng(seed)
    g, h = rng.random(n) < 0.5, rng.random(n) < 0.5
    y = rng.normal(size=n) + gap * g + extra * (g & h)
    return table(
        {"g": np.where(g, "b", "a"), "h": np.where(h, "d", "c"), "y": y},
        persons=persons,
        roles={"g": [Role.PROTECTED], "h": [Role.PROTECTED], "y": [Role.TARGET]},
        g="category",
        h="category",
        y="decimal",
    )


def measured(case):
    return {(m.metric, m.subject): m for m in OutcomeGap().measure(case, STREAMS)}


def test_a_gap_is_the_difference_of_means_in_standard_deviations(table, make_case):
    """Group b has 1, everyone else 0, 40 of each: real gap 1 / 0.5 = 2 standard deviations."""
    y = [1.0] * 40 + [0.0] * 40
    part = table(
        {"g": ["b"] * 40 + ["a"] * 40, "y": [str(v) for v in y]},
        roles={"g": [Role.PROTECTED], "y": [Role.TARGET]},
        g="category",
        y="category",
    )
    turned = table(
        {"g": ["b"] * 40 + ["a"] * 40, "y": ["1.0"] * 20 + ["0.0"] * 60},
        roles={"g": [Role.PROTECTED], "y": [Role.TARGET]},
        g="category",
        y="category",
    )
    found = measured(make_case(part, part, turned))
    subject = "outcome:y=1.0,group:g=b"
    assert found["outcome_gap.real", subject].value == pytest.approx(2.0)
    assert found["outcome_gap.synthetic", subject].value == pytest.approx(1.0)
    assert found["outcome_gap.amplification", subject].value == pytest.approx(-0.5)
    assert found["outcome_gap.introduced_small", subject].value == pytest.approx(-1.0)
    assert found["outcome_gap.real", subject].n == 80


def test_inequality_of_the_real_rows_is_repeated_and_not_introduced(table, make_case):
    parts = [rows(table, s, gap=0.8, n=16_000) for s in (1, 2, 3)]
    found = measured(make_case(*parts))
    subject = "outcome:y,group:g=b"
    assert found["outcome_gap.real", subject].low > 0.6
    introduced = found["outcome_gap.introduced", subject]
    assert -0.1 < introduced.low <= introduced.value <= introduced.high < 0.1
    grown = found["outcome_gap.amplification", subject]
    assert grown.low < 0 < grown.high
    assert ("outcome_gap.amplification", "outcome:y,group:h=d") not in found


def test_what_is_introduced_is_named(table, make_case):
    real = [rows(table, s, gap=0.8, n=16_000) for s in (1, 2)]
    found = measured(make_case(*real, rows(table, 3, gap=1.1, n=16_000)))
    assert found["outcome_gap.introduced", "outcome:y,group:g=b"].low > 0.1
    assert found["outcome_gap.introduced", "outcome:y,group:g=a"].high < -0.1
    assert abs(found["outcome_gap.introduced", "outcome:y,group:h=d"].value) < 0.1


def test_a_crossing_that_stands_out_is_flagged_and_not_judged(table, make_case):
    real = [rows(table, s) for s in (1, 2)]
    found = measured(make_case(*real, rows(table, 3, extra=0.5)))
    m = found["outcome_gap.exploratory", "outcome:y,group:g=b & h=d"]
    assert m.details["stands_out"]
    assert 0 < m.details["shrunk"] <= m.value
    assert all("&" not in s for name, s in found if "introduced" in name)


def test_small_tables_are_not_judged_and_say_so(table, make_case):
    found = measured(make_case(*(rows(table, s, n=300) for s in (1, 2, 3))))
    none = found["outcome_gap.introduced", NO_SUBJECT]
    assert none.value is None
    assert "large" in none.reason


def test_a_group_that_is_gone_has_a_reason(table, make_case):
    parts = [rows(table, s, n=32_000) for s in (1, 2, 3)]
    made = parts[2].take(np.flatnonzero((parts[2].frame["g"] == "a").to_numpy()))
    found = measured(make_case(parts[0], parts[1], made))
    gone = found["outcome_gap.introduced", "outcome:y,group:g=b"]
    assert "fewer than 10 synthetic" in gone.reason


def test_one_table_alone_has_its_own_gaps_and_no_others(table, make_case):
    found = measured(make_case(rows(table, 1, gap=0.8), None))
    assert {name for name, _ in found} == {"outcome_gap.real"}
    assert found["outcome_gap.real", "outcome:y,group:g=b"].low > 0.5


def test_persons_count_once_and_replicates_spread(table, make_case):
    single = make_case(*(rows(table, s, n=600) for s in (1, 2, 3)))
    many = np.repeat(np.arange(200), 3)
    shared = make_case(
        *(rows(table, s, n=600, persons=many) for s in (1, 2)), rows(table, 3, n=600)
    )
    subject = "outcome:y,group:g=b"
    assert measured(shared)["outcome_gap.real", subject].n <= 400
    five = make_case(*(rows(table, s, n=600) for s in (1, 2)), *(rows(table, s) for s in (3, 4)))
    wide, narrow = (
        m["outcome_gap.synthetic", subject].high - m["outcome_gap.synthetic", subject].low
        for m in (measured(single), measured(five))
    )
    assert narrow < wide


def corrected(case, **plain):
    wanted = Correction(group="g=b", outcome="y", why="law", who="board", **plain)
    return measured(replace(case, questions=Questions(correction=(wanted,))))


def test_a_declared_correction_is_held_against_what_was_intended(table, make_case):
    """The real gap is 0.8, the synthetic 0.3, as meant; nothing is introduced."""
    real = [rows(table, s, gap=0.8, n=16_000) for s in (1, 2)]
    case = make_case(*real, rows(table, 3, gap=0.3, n=16_000))
    found = corrected(case, change=-0.5)
    m = found["outcome_gap.correction", "outcome:y,group:g=b"]
    assert m.low < 0 < m.high
    assert m.details["why"] == "law"
    judged = [s for name, s in found if name.startswith("outcome_gap.introduced")]
    assert judged
    assert not any("g=" in s for s in judged)
    assert ("outcome_gap.exploratory", "outcome:y,group:g=a") in found
    missed = corrected(case, change=-0.8)["outcome_gap.correction", "outcome:y,group:g=b"]
    assert missed.low > 0.1


def test_a_correction_of_no_group_has_a_reason(table, make_case):
    case = make_case(*(rows(table, s) for s in (1, 2, 3)))
    wanted = Correction(group="g=z", outcome="y", change=0.1, why="law", who="board")
    found = measured(replace(case, questions=Questions(correction=(wanted,))))
    assert "protected" in found["outcome_gap.correction", "outcome:y,group:g=z"].reason


@pytest.mark.slow
def test_the_interval_covers_in_at_least_94_of_100(table, make_case):
    covered, seeds = 0, 400
    for s in range(seeds):
        parts = [rows(table, (s, k), gap=0.3, n=300) for k in range(3)]
        found = measured(make_case(*parts))
        m = next(
            m
            for (name, at), m in found.items()
            if at.endswith("group:g=b")
            and "synth" not in name
            and name != "outcome_gap.real"
            and "ampl" not in name
        )
        covered += m.low <= 0 <= m.high
    assert covered >= 0.93 * seeds  # 94 % less the noise of 400 seeds

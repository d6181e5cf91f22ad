"""Rows drawn stretch by stretch are those of one call, and it is said how many there are."""

import pytest
from tests.generate.constraints.test_constraints import keep, model_of, visits

from assaymark.core.conditions import Conditions
from assaymark.core.constraint import Unique
from assaymark.core.streams import Streams
from assaymark.errors import ConditionError
from assaymark.flow.generate.drawn import drawn
from assaymark.flow.progress import pace, silent
from assaymark.generate.constraints.mixture import mixture_of, sample_wanted

DATA = visits()
ONCE = Unique(kind="unique", columns=("low", "high", "births", "code", "sex"), on_source="keep")


@pytest.mark.parametrize("generator", ["tree_chain", "independent", "gaussian_copula"])
@pytest.mark.parametrize(
    ("constraints", "wanted"),
    [
        ((), None),
        ((), Conditions.parse("high > 2 * low - 20", DATA.schema)),
        ((keep("low > 65"),), Conditions.parse("high > 2 * low - 20", DATA.schema)),
        ((), mixture_of({"sex": {"F": 0.9, "M": 0.1}}, 1500, DATA.schema)),
        ((ONCE,), None),
    ],
)
def test_stretches_are_the_rows_of_one_call(generator, constraints, wanted):
    model, streams = model_of(DATA, *constraints, generator=generator), Streams.from_seed(2)
    whole = sample_wanted(model, range(1500), streams, wanted)
    assert drawn(model, 1500, streams, wanted, silent).frame.equals(whole.frame)


def test_a_rare_condition_says_how_fast_and_how_long_still():
    said = []
    rare = Conditions.parse("high > 2 * low - 20 and births > 4", DATA.schema)
    model = model_of(DATA)
    drawn(model, 1500, Streams.from_seed(2), rare, lambda *told: said.append(told))
    assert said[0] == ("generate", "1,500 rows that satisfy what is asked", 0.0)
    assert said[1][1].startswith("256 of 1,500 rows, ")
    assert said[1][1].endswith(" left")
    assert said[-1][1].startswith("1,500 of 1,500 rows")
    assert [share for _, _, share in said] == sorted(share for _, _, share in said)


def test_whether_all_rows_can_be_had_is_judged_for_all_of_them():
    never = Conditions.parse("low * high < 0", DATA.schema)
    with pytest.raises(ConditionError, match="0 of 9,000 rows can be had"):
        drawn(model_of(DATA), 9000, Streams.from_seed(2), never, silent)


@pytest.mark.parametrize(
    ("done", "seconds", "said"),
    [
        (50, 1.0, "50 of 100 rows, 50 rows/s, 1 s left"),
        (1, 10.0, "1 of 100 rows, 0.1 rows/s, 16 min left"),
        (1, 100.0, "1 of 100 rows, 0.0 rows/s, 2.8 h left"),
        (100, 0.0, "100 of 100 rows, 100,000,000,000 rows/s, 0 s left"),
    ],
)
def test_a_pace_is_said_in_words(done, seconds, said):
    assert pace(done, 100, seconds) == said

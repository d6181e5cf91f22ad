"""Measurement: published digits say no more than the interval, and rounding wins no verdict."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assaymark.core.measurement import Measurement

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


def rounded(value, low, high, **more):
    return Measurement(metric="m.x", value=value, low=low, high=high, n=9, **more).rounded()


def test_two_digits_of_the_half_width_ends_outwards():
    """Half width .0214: thousandths are kept."""
    m = rounded(0.0123456, -0.0091111, 0.0337777, floor=0.0040404, baseline=0.5)
    assert (m.value, m.low, m.high) == (0.012, -0.010, 0.034)
    assert (m.floor, m.baseline) == (0.004, 0.5)


def test_wide_intervals_lose_whole_digits():
    m = rounded(12_345.6, 11_000.0, 14_999.0)
    assert (m.value, m.low, m.high) == (12_300.0, 11_000.0, 15_000.0)


def test_without_an_interval_six_digits_stay():
    assert Measurement(metric="m.x", value=0.12345678, n=9).rounded().value == 0.123457
    assert rounded(0.25, 0.25, 0.25).value == 0.25


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS).map(sorted))
def test_the_published_interval_holds_the_measured_one(three):
    low, value, high = three
    m = rounded(value, low, high)
    assert m.low <= m.value <= m.high
    if high > low:
        assert m.low <= low
        assert m.high >= high
        assert (m.high - m.low) - (high - low) <= 0.25 * (high - low)


def test_what_is_missing_stays_missing():
    assert Measurement.missing("m.x", "why").rounded().reason == "why"


def test_an_interval_keeps_its_value_inside():
    m = rounded(0.99996, 0.9, 1.0)
    assert m.low <= m.value <= m.high == pytest.approx(1.0)

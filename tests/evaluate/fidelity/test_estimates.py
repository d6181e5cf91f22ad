import numpy as np
import pytest

from assaymark.core.streams import Streams
from assaymark.evaluate.fidelity.estimates import Estimates

STREAMS = Streams.from_seed(0)


def test_difference_by_hand(table, make_case):
    """Real 0 and 2 (mean 1, sd 1), synthetic 1 and 3 (mean 2): one standard deviation."""
    real = table({"x": [0, 2] * 50}, x="integer")
    made = table({"x": [1, 3] * 50}, x="integer")
    (found,) = Estimates().measure(make_case(real, real, made), STREAMS)
    assert found.value == pytest.approx(1.0)
    # each mean has variance 100 / 99 / 100; Welch's t with 198 degrees of freedom
    assert found.high - found.value == pytest.approx(1.97202 * np.sqrt(2 / 99), abs=1e-4)
    assert found.floor == 0.0


def test_unknown_values_are_left_out(table, make_case):
    real = table({"x": [0, 2] * 50}, x="integer")
    holes = table({"x": [0, 2, None] * 50}, x="integer")
    empty = table({"x": [None] * 100}, x="integer")
    (found,) = Estimates().measure(make_case(real, real, holes), STREAMS)
    assert found.value == 0.0
    (found,) = Estimates().measure(make_case(real, real, empty), STREAMS)
    assert "two known values" in found.reason


def test_categories_have_no_mean(table, make_case):
    words = table({"x": ["a", "b"] * 20}, x="category")
    (found,) = Estimates().measure(make_case(words, words, words), STREAMS)
    assert "no column with a mean" in found.reason

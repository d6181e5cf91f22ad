"""Plan: what nearly follows from a finer column is drawn after it."""

import numpy as np
from tests.generate.test_tree_chain import fit, table

from assaymark.core.schema import Kind


def laboratory(wrong):
    """Sixty tests in twelve units, and how often the unit is not that of the test."""
    rng = np.random.default_rng(0)
    test = rng.integers(0, 60, 6000)
    unit = np.where(rng.random(6000) < wrong, rng.integers(0, 12, 6000), test % 12)
    return table(
        unit=(Kind.CATEGORY, [f"unit {u}" for u in unit]),
        test=(Kind.CATEGORY, [f"test {t}" for t in test]),
    )


def test_what_a_finer_column_nearly_says_comes_after_it():
    assert fit(laboratory(0.03)).summary["order"] == ["test", "unit"]


def test_what_it_often_does_not_say_comes_before_as_fewer_codes_do():
    assert fit(laboratory(0.3)).summary["order"] == ["unit", "test"]

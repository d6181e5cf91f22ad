"""Near copies: how near a row must be, learnt from people never seen."""

import importlib

import numpy as np
import pytest

near_copies = importlib.import_module("assaymark.evaluate.privacy.near_copies")


@pytest.mark.parametrize(("aside", "limit"), [(0, 0.8 * 2.0), (1, 3.0), (3, 7.0), (9, 9.0)])
def test_chance_marks_the_limit_with_a_margin_or_with_some_set_aside(aside, limit):
    """The best match by chance lacks 2 bits, the next 3, 5, 7 and 9."""
    assert near_copies._limit(np.array([9.0, 3.0, 7.0, 2.0, 5.0]), aside) == pytest.approx(limit)

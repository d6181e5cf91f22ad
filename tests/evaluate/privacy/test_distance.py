"""Distance: hand-computed views, none of which a policy may use."""

import pytest

from assaymark.core.streams import Streams
from assaymark.evaluate import metrics


def measured(case):
    found = metrics.build("distance").measure(case, Streams.from_seed(1))
    return {m.metric.partition(".")[2]: m.value for m in found}


def test_no_rule_may_rest_on_them():
    for q in metrics.load("distance").quantities:
        assert not q.gate
        assert "arXiv:2505.01524" in q.why_not


def test_train_itself_is_identical_and_nearest(population, make_case):
    train = population(200, 1)
    assert measured(make_case(train, population(400, 2), train)) == {
        "dcr_share": 1.0,
        "identical_share": 1.0,
        "nndr": 0.0,
    }


def test_fresh_rows_are_near_to_both_alike(population, make_case):
    found = measured(make_case(population(400, 1), population(900, 2), population(600, 3)))
    assert found["identical_share"] == 0.0
    assert 0.5 < found["nndr"] < 1.0
    # both sides give 400 rows
    assert found["dcr_share"] == pytest.approx(0.5, abs=0.08)

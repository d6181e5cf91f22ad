"""Membership suite: every attack is measured, the strongest counts, bad input has reasons."""

import importlib

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.streams import Streams
from assaymark.evaluate import metrics
from assaymark.evaluate.attacks import attacks
from assaymark.evaluate.contest import auc

NAMES = [*attacks.names(), "together"]


def measured(case, seed=1):
    found = metrics.build("membership_suite").measure(case, Streams.from_seed(seed))
    return {(m.metric.rpartition(".")[2], m.subject): m for m in found}


@pytest.fixture(scope="module")
def parts(population):
    return [population(n, s) for n, s in ((1_500, 1), (1_000, 2), (500, 3), (1_500, 4))]


def test_every_attack_is_measured_on_anyone_and_on_isolated_people(parts, make_case):
    train, holdout, reference, fresh = parts
    found = measured(make_case(train, holdout, fresh, reference=reference))
    assert set(found) == {
        key
        for name in NAMES
        for key in (
            ("auc", f"attack:{name}"),
            ("excess_tpr", f"attack:{name}"),
            ("excess_tpr", f"records:isolated,attack:{name}"),
        )
    }
    for m in found.values():
        assert m.low <= m.value <= m.high
        assert m.details["operating_points"][1]["false_alarms"] == 0.01
        null = m.details["controls"][-1]
        assert null["kind"] == "null"
        assert null["caught"] <= 4


def test_fresh_rows_keep_to_the_shipped_limits(parts, make_case):
    train, holdout, reference, fresh = parts
    found = measured(make_case(train, holdout, fresh, reference=reference))
    for (what, _), m in found.items():
        assert m.low <= (0.5 if what == "auc" else 0.0) + 0.01


def test_together_is_nearly_as_strong_as_the_strongest(parts, make_case):
    """A fifth of train is copied: the distance sees it, and so does the rule over all attacks."""
    train, holdout, reference, fresh = parts
    frame = pl.concat([train.frame[:300], fresh.frame[300:]])
    made = Dataset(schema=train.schema, frame=frame)
    found = measured(make_case(train, holdout, made, reference=reference))
    best = max(found["auc", f"attack:{n}"].value for n in attacks.names())
    together = found["auc", "attack:together"]
    assert together.low > 0.5
    assert together.value > best - 0.04


def test_copies_planted_in_the_scores_are_caught(parts, make_case):
    train, holdout, reference, fresh = parts
    found = measured(make_case(train, holdout, fresh, reference=reference))
    assert found["excess_tpr", "attack:distance_difference"].limit_of_detection <= 0.08
    assert found["excess_tpr", "attack:classifier"].limit_of_detection is None


def test_without_a_holdout_there_is_a_reason(parts, make_case):
    train, _, _, fresh = parts
    found = measured(make_case(train, None, fresh))
    assert all(m.value is None and "holdout" in m.reason for m in found.values())
    assert {s for _, s in found} == {"attack:*", "records:isolated,attack:*"}


def test_where_nothing_leaks_the_interval_of_the_rule_over_all_attacks_holds_one_half():
    """Scores of noise, 400 times: by the error of independent people, about 87 % would hold it."""
    suite = importlib.import_module("assaymark.evaluate.privacy.membership_suite")
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        scored = {
            str(i): suite._Scored(rng.standard_normal(300), rng.standard_normal(300), None)
            for i in range(3)
        }
        found = suite._together(scored, rng)
        interval = auc(found.members, found.controls, crossed=True)
        held += interval.low <= 0.5 <= interval.high
    assert held >= 0.94 * 400

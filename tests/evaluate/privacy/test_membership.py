"""Membership: exact answers at both ends, the null, plants, isolated people, no reference."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.evaluate import metrics

SUBJECTS = (
    ("membership.auc", "table", 0.5),
    ("membership.excess_tpr", "table", 0.0),
    ("membership.excess_tpr", "records:isolated", 0.0),
    ("membership.excess_tpr", "records:rare", 0.0),
)


def measured(case, seed=1):
    found = metrics.build("membership").measure(case, Streams.from_seed(seed))
    return {(m.metric, m.subject): m for m in found}


@pytest.fixture(scope="module")
def parts(population):
    return [population(n, s) for n, s in ((2_000, 1), (1_000, 2), (500, 3), (2_000, 4))]


def test_train_given_away_is_recognised_almost_surely(parts, make_case):
    """Every member is at distance 0 from the synthetic rows, and nobody else is."""
    train, holdout, reference, _ = parts
    found = measured(make_case(train, holdout, train, reference=reference))
    assert found["membership.auc", "table"].value > 0.95
    assert found["membership.excess_tpr", "table"].value > 0.85
    assert found["membership.excess_tpr", "records:isolated"].low > 0.8


def test_fresh_rows_pass_with_power_shown(parts, make_case):
    train, holdout, reference, fresh = parts
    found = measured(make_case(train, holdout, fresh, reference=reference))
    auc = found["membership.auc", "table"]
    assert auc.low <= 0.5 <= auc.high < 0.56
    assert 0.5 < auc.limit_of_detection <= 0.56
    assert found["membership.excess_tpr", "table"].high < 0.06
    assert found["membership.excess_tpr", "table"].limit_of_detection <= 0.06


def test_giving_the_holdout_away_looks_like_the_contrary(parts, make_case):
    train, holdout, reference, _ = parts
    found = measured(make_case(train, holdout, holdout, reference=reference))
    assert found["membership.auc", "table"].high < 0.1
    assert found["membership.excess_tpr", "table"].high < 0


def test_a_leak_planted_in_the_rows_shows_as_one_planted_in_the_scores(parts, make_case):
    """A tenth of train among the synthetic rows adds about a tenth to the excess."""
    train, holdout, reference, fresh = parts
    made = Dataset(schema=train.schema, frame=pl.concat([train.frame[:200], fresh.frame[200:]]))
    before, after = (
        measured(make_case(train, holdout, s, reference=reference))[
            "membership.excess_tpr", "table"
        ]
        for s in (fresh, made)
    )
    assert after.value - before.value == pytest.approx(0.1, abs=0.025)
    assert after.low > 0


def test_without_reference_half_of_the_holdout_serves(parts, make_case):
    train, holdout, _, fresh = parts
    auc = measured(make_case(train, holdout, fresh))["membership.auc", "table"]
    assert auc.low <= 0.5 <= auc.high
    assert measured(make_case(train, holdout, train))["membership.auc", "table"].value > 0.95


def test_interval_covers_the_null(population, make_case):
    """Fifteen fresh tables of 300 people: at 95 % each, four misses or more have p < 1 %."""
    misses = dict.fromkeys(SUBJECTS, 0)
    for seed in range(15):
        parts = [population(n, 10 * seed + i) for i, n in enumerate((300, 200, 100, 300))]
        found = measured(make_case(parts[0], parts[1], parts[3], reference=parts[2]))
        for key in SUBJECTS:
            m = found[key[:2]]
            misses[key] += m.value is not None and not m.low <= key[2] <= m.high
    assert max(misses.values()) <= 3


def test_pictures_have_curves_and_a_null_control(parts, make_case):
    train, holdout, reference, fresh = parts
    for m in measured(make_case(train, holdout, fresh, reference=reference)).values():
        for name in ("curve", "planted_curve", "null_curve"):
            curve = np.array(m.details[name])
            assert curve.shape[1] == 2
            assert (np.diff(curve, axis=0) >= 0).all()
        planted = np.array(m.details["planted_curve"])
        assert planted[:, 1].mean() > np.array(m.details["curve"])[:, 1].mean()
        (null,) = (line for line in m.details["controls"] if line["kind"] == "null")
        assert null["caught"] <= 3


def test_a_copy_of_a_row_that_many_have_gives_nobody_away(make_case):
    """Eight columns of three values: plants are people whom a copy tells, and there are few."""

    def rows(n, seed):
        rng = np.random.default_rng(seed)
        frame = {
            f"c{i}": np.array(list("abc"))[rng.choice(3, n, p=[0.7, 0.25, 0.05])] for i in range(8)
        }
        schema = Schema(columns=tuple(Column(name=c, kind=Kind.CATEGORY) for c in frame))
        return Dataset(schema=schema, frame=pl.DataFrame(frame))

    found = measured(make_case(*(rows(5_000, s) for s in (1, 2, 3))))
    everyone = found["membership.excess_tpr", "table"]
    assert everyone.low <= 0 <= everyone.high < 0.02
    assert everyone.limit_of_detection <= 0.05

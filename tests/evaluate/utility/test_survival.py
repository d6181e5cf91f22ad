"""The time to an event, learnt from synthetic rows."""

from dataclasses import replace

import numpy as np
import pytest

from assaymark.core.claim import Regression
from assaymark.core.questions import Questions
from assaymark.core.streams import Streams
from assaymark.evaluate.models.hazards import Times, concordance, cox_risk, forest_risk
from assaymark.evaluate.utility.survival import Survival

CLAIM = Regression(kind="regression", name="stay", formula="days ~ age", family="cox", event="left")


def asked(case):
    case = replace(case, questions=Questions(claim=(CLAIM,)))
    found = Survival().measure(case, Streams.from_seed(0))
    return {(m.metric.partition(".")[2], m.subject.rpartition(":")[2]): m for m in found}


def rows(table, seed, *, sign=1, n=900):
    """Older people leave earlier; whole days, some of them 0; a third is censored."""
    rng = np.random.default_rng(seed)
    age = rng.normal(size=n)
    days = np.floor(rng.exponential(5 * np.exp(-sign * age)))
    end = rng.integers(0, 15, n)
    left = np.where(days <= end, "yes", "no")
    columns = {"age": age, "days": np.minimum(days, end).astype(int), "left": left}
    return table(columns, age="decimal", days="integer", left="category")


def test_fresh_rows_lose_nothing_and_rows_turned_round_lose_the_order(table, make_case):
    parts = [rows(table, s) for s in (1, 2, 3)]
    assert (parts[0].frame["days"] == 0).any()
    good = asked(make_case(*parts))
    bad = asked(make_case(*parts[:2], rows(table, 4, sign=-1)))
    for model in ("cox", "survival_forest"):
        assert good["real", model].value > 0.65
        assert good["loss", model].high < 0.1
        assert bad["loss", model].low > 0.2


def test_a_synthetic_table_without_any_event_predicts_nothing(table, make_case):
    parts = [rows(table, s) for s in (1, 2, 3)]
    none = parts[2].take(np.flatnonzero(parts[2].frame["left"].to_numpy() == "no"))
    found = asked(make_case(*parts[:2], none))
    assert found["synthetic", "cox"].value == pytest.approx(0.5)
    assert found["synthetic", "survival_forest"].value == pytest.approx(0.5)


def test_concordance_by_hand():
    """Pairs: 1<2 right, 1<3 right, 2<3 wrong (risk of 3 is higher): 2 of 3; row 4 left at 0."""
    times = Times(
        x=np.zeros((4, 1)),
        time=np.array([1.0, 2.0, 3.0, 0.0]),
        event=np.array([True, True, False, False]),
    )
    assert concordance(np.array([3.0, 0.5, 1.0, 9.0]), times).value == pytest.approx(2 / 3)
    assert isinstance(concordance(np.zeros(4), replace(times, event=np.zeros(4, bool))), str)


def test_cox_agrees_with_statsmodels_where_the_penalty_hardly_counts():
    from statsmodels.duration.hazard_regression import PHReg

    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 2))
    time = np.ceil(10 * rng.exponential(np.exp(-x @ np.array([0.8, -0.4]))))
    event = rng.random(4000) < 0.7
    risk = cox_risk(Times(x=x, time=time, event=event), np.eye(2))
    beta = PHReg(time, x, status=event.astype(float), ties="breslow").fit(disp=0).params
    assert risk[0] - risk[1] == pytest.approx(beta[0] - beta[1], abs=0.005)
    assert len(forest_risk(Times(x=x, time=time, event=event), x[:5], Streams.from_seed(0))) == 5


def test_reasons(table, make_case, population):
    plain = make_case(population(200, 1), population(200, 2), population(200, 3))
    (first, *_) = Survival().measure(plain, Streams.from_seed(0))
    assert "no claim" in first.reason
    assert "'days'" in asked(plain)["loss", "stay"].reason
    few = rows(table, 1, n=40)
    assert "30 are needed" in asked(make_case(few, few, few))["loss", "stay"].reason

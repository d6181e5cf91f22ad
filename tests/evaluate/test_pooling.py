"""Pooling: sums by hand, never narrower than independence allows, gaps stay gaps."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assaymark.core.measurement import Measurement
from assaymark.evaluate.pooling import pool, pool_intervals, pool_same, pooled
from assaymark.evaluate.statistics import Interval, clopper_pearson

METRIC = "copies.exact_excess"


def fold(value=0.3, low=0.2, high=0.4, **rest):
    return Measurement(
        **{"metric": METRIC, "value": value, "low": low, "high": high, "n": 80, **rest}
    )


def test_five_equal_folds_by_hand():
    """Half width 0.1 in each; (4/5 * 5 * 0.01 + 0.25 / 5) / 25 = 0.0036, the root is 0.06."""
    found = pool_intervals([Interval(0.3, 0.2, 0.4)] * 5)
    assert found == pytest.approx((0.3, 0.24, 0.36))


def test_folds_that_differ_beyond_their_noise_widen_the_interval():
    """Variance between folds 0.025, their own next to none: 1.96 * sqrt(0.025 * 0.45) = 0.2079."""
    values = (0.1, 0.2, 0.3, 0.4, 0.5)
    found = pool_intervals([Interval(v, v - 1e-9, v + 1e-9) for v in values])
    assert found == pytest.approx((0.3, 0.3 - 0.20788, 0.3 + 0.20788), abs=1e-4)


def test_only_noise_averages_out_and_a_surplus_of_one_side_stays():
    """Below 0.1 as above, and 0.05 more, as a distance's bias is: 0.3 - 0.05 - 0.06."""
    found = pool_intervals([Interval(0.3, 0.15, 0.4)] * 5)
    assert found == pytest.approx((0.3, 0.19, 0.36))


def test_an_end_cut_off_at_a_border_is_not_narrowed():
    """A distance of 0.1 whose interval ends at 0 shows no noise below; above it does: 0.6 * 0.2."""
    found = pool_intervals([Interval(0.1, 0.0, 0.3)] * 5)
    assert found == pytest.approx((0.1, 0.0, 0.22))
    one = pool_intervals([Interval(0.1, 0.0, 0.3)] + [Interval(0.1, 0.02, 0.3)] * 4)
    assert one.low == 0.0
    reached = pool_intervals([Interval(0.6, 0.5, 0.65)] * 5, borders=[0.5])
    assert reached.low == 0.5


def test_no_hits_in_any_fold_bound_more_than_all_people_together_would():
    folds = [clopper_pearson(0, 60)] * 5
    found = pool_intervals(folds)
    assert found.low == 0.0
    assert clopper_pearson(0, 300).high < found.high < folds[0].high


@given(
    st.lists(
        st.tuples(st.floats(-0.5, 0.5), st.floats(0.001, 0.4), st.floats(0.001, 0.4)),
        min_size=5,
        max_size=5,
    )
)
def test_never_narrower_than_independent_folds_nor_upside_down(folds):
    around = [Interval(v, v - below, v + above) for v, below, above in folds]
    found = pool_intervals(around)
    value = np.mean([v for v, _, _ in folds])
    assert found.value == pytest.approx(value)
    for side, end in ((1, value - found.low), (2, found.high - value)):
        least = math.sqrt(sum(f[side] ** 2 for f in folds)) / 5
        assert end >= least - 1e-9


def test_a_pooled_measurement_by_hand():
    parts = [
        fold(limit_of_detection=s, floor=f, baseline=0.0)
        for s, f in zip((0.1, 0.2, 0.1, 0.1, 0.05), (0.1, 0.2, 0.3, 0.4, 0.5), strict=True)
    ]
    found = pool(parts, better="lower", looks=4, persons=100)
    assert (found.value, found.floor, found.baseline) == pytest.approx((0.3, 0.3, 0.0))
    assert found.limit_of_detection == 0.2
    assert found.n == 100  # 5 * 80 people, each looked at in four folds
    assert pool(parts, better="lower", looks=4, persons=90).n == 90


def test_a_limit_of_detection_that_one_fold_lacks_is_none():
    parts = [fold(limit_of_detection=0.1)] * 4 + [fold()]
    assert pool(parts, better="lower", looks=4, persons=100).limit_of_detection is None


def test_what_one_fold_could_not_measure_is_missing_with_its_reason():
    parts = [fold()] * 3 + [Measurement.missing(METRIC, "too few", n=20), fold()]
    found = pool(parts, better="lower", looks=4, persons=100)
    assert found.value is None
    assert found.reason == "too few (refit 4 of 5)"
    assert found.n == 20


@pytest.mark.parametrize(("better", "worst"), [("lower", 3.0), ("higher", -4.0), ("zero", -4.0)])
def test_a_plain_count_is_the_worst_of_any_fold(better, worst):
    parts = [fold(v, None, None) for v in (0.0, 3.0, 1.0, -4.0, 2.0)]
    found = pool(parts, better=better, looks=4, persons=100)
    assert (found.value, found.low, found.high) == (worst, None, None)


def test_subjects_that_a_fold_lacks_and_metrics_that_failed_are_missing():
    whole = [fold(subject="column:a"), fold(subject="column:b")]
    failed = [Measurement.missing(METRIC, "copies failed with ValueError", "*")]
    found = pooled(
        [whole, whole[:1], whole, whole, failed], better={}, looks={METRIC: 4}, persons=100
    )
    by_subject = {m.subject: m for m in found}
    assert by_subject["column:a"].reason == "copies failed with ValueError (refit 5 of 5)"
    assert by_subject["column:b"].reason == "not measured (refit 2 of 5)"
    assert by_subject["*"].value is None


def test_controls_are_added_up_and_curves_say_whose_they_are():
    line = {"name": "copies", "kind": "planted", "size": 0.1, "caught": 13, "of": 14}
    details = {"controls": [line], "curve": [[0, 0]], "meaning": "M.", "groups": [1], "stream": "s"}
    found = pool([fold(details=details)] * 5, better="lower", looks=4, persons=100).details
    assert found["controls"] == [{**line, "caught": 65, "of": 70}]
    assert found["meaning"] == "M. Curves are those of the first of 5 refits."
    assert found["folds"] == [0.3] * 5
    assert {"groups", "stream"}.isdisjoint(found)


def test_pooled_intervals_cover_a_mean_over_people_who_are_train_and_holdout_in_turn():
    """300 people with one score each, which refits blur: 400 simulations, seed fixed, >= 94 %."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        score, deal = rng.normal(size=300), rng.permutation(300) % 5
        folds = []
        for k in range(5):
            seen = score + rng.normal(0, 1, 300)
            members, controls = seen[deal != k], seen[deal == k]
            error = 1.96 * math.sqrt(members.var() / 240 + controls.var() / 60)
            value = float(members.mean() - controls.mean())
            folds.append(Interval(value, value - error, value + error))
        found = pool_intervals(folds)
        hits += found.low <= 0 <= found.high
    assert hits >= 376


def test_what_is_said_of_guesses_is_averaged():
    parts = [fold(details={"precision": p, "secret": "ill"}) for p in (0.2, 0.4, 0.9)]
    found = pool(parts, better="lower", looks=2, persons=100).details
    assert found["precision"] == pytest.approx(0.5)
    assert found["secret"] == "ill"


def tallied(copied, people=150, unseen=40, alarms=0, plantable=150, value=0.1):
    """One fold's count of copies; without a value where there were too few controls."""
    details = {
        "copied": copied,
        "people": people,
        "plantable": plantable,
        "copied_of_unseen": alarms,
        "unseen": unseen,
    }
    if value is None:
        few = Measurement.missing(METRIC, "only 29 people", "records:rare", n=29)
        return replace(few, details=details)
    return fold(value, details=details, subject="records:rare", n=people)


def test_a_fold_with_too_few_people_for_a_figure_is_counted_with_the_others():
    """50 hits of 750 looks at 187 people: 12 (rounded) of 187; 1 of 189 people held out."""
    folds = [tallied(10) for _ in range(4)] + [tallied(10, unseen=29, alarms=1, value=None)]
    found = pool(folds, better="lower", looks=4, persons=626)
    a, b = clopper_pearson(12, 187), clopper_pearson(1, 189)
    assert (found.value, found.n, found.reason) == (pytest.approx(a.value - b.value), 187, "")
    low = found.value - math.hypot(a.value - a.low, b.high - b.value)
    assert (found.low, found.limit_of_detection) == (pytest.approx(low), 0.01)
    clean = pool([tallied(0), tallied(0, value=None)], better="lower", looks=1, persons=626)
    assert clean.low <= 0 <= clean.high
    assert clean.limit_of_detection == 0.08  # 24 of 300 against 0 of 80


def test_where_hardly_anyone_can_be_copied_larger_leaks_cannot_be():
    folds = [tallied(0, plantable=9), tallied(0, plantable=0, value=None)]
    assert pool(folds, better="lower", looks=1, persons=626).limit_of_detection == 0.05


def test_people_of_another_population_in_one_fold_can_show_nothing():
    parts = [tallied(40), tallied(40, value=None)]
    parts[1] = replace(parts[1], details={**parts[1].details, "fair": False})
    found = pool(parts, better="lower", looks=1, persons=626)
    assert found.value > 0.2
    assert (found.low, found.limit_of_detection) == (0.0, None)


def test_a_fold_that_did_not_count_leaves_a_gap():
    folds = [tallied(1), Measurement.missing(METRIC, "no fair control", "records:rare", n=29)]
    assert pool(folds, better="lower", looks=1, persons=626).value is None
    few = [tallied(0, unseen=9), tallied(0, unseen=9, value=None)]
    assert pool(few, better="lower", looks=1, persons=626).value is None


def test_folds_on_the_same_people_are_not_narrower_than_one():
    one = Interval(1.0, 0.0, 2.0)
    assert pool_same([one] * 5) == one
    value, low, high = pool_same([Interval(v, v - 1, v + 1) for v in (-9.0, 0.0, 9.0)])
    assert value == 0.0
    assert high == -low > 9.0

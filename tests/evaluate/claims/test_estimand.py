"""Known answers, and errors held against what repeated sampling shows."""

import numpy as np
import pytest
import statsmodels.api as sm

from assaymark.evaluate.claims.effect import adjusted, contrast, stratified
from assaymark.evaluate.claims.estimand import (
    Rows,
    added_up,
    average,
    beyond,
    quantile_ratio,
    total,
)


def rows(weights=None, persons=None, **values):
    values = {k: np.asarray(v, dtype=float) for k, v in values.items()}
    n = len(next(iter(values.values())))
    return Rows(
        values=values,
        weights=np.ones(n) if weights is None else np.asarray(weights, dtype=float),
        persons=persons,
        inside=np.ones(n, dtype=bool),
    )


def test_weighted_mean_total_and_ratio_by_hand():
    r = rows([1, 3, 0], y=[2.0, 4.0, 100.0], x=[1.0, 2.0, 3.0])
    assert average(r).value == pytest.approx(14 / 4)
    assert total(r).value == pytest.approx(14 / 3 * 1000)
    assert average(r, "y", "x").value == pytest.approx(14 / 7)


def test_plain_mean_has_the_usual_standard_error():
    y = np.array([1.0, 2.0, 4.0, 7.0])
    assert average(rows(y=y)).variance == pytest.approx(y.var(ddof=1) / 4)


def test_a_subset_is_a_ratio_of_the_whole_sample():
    y, inside = np.arange(8.0), np.arange(8) < 5
    found = average(rows(y=y).within(inside))
    assert found.value == 2.0
    assert found.n == 5
    # sum of squares 10 over 25, and eight sevenths for the size of the sample
    assert found.variance == pytest.approx(10 / 25 * 8 / 7)


def test_persons_count_once():
    y = np.repeat([0.3, 1.7, 2.2, 4.0], 5)
    who = np.repeat(np.arange(4), 5)
    assert average(rows(y=y, persons=who)).variance == pytest.approx(
        average(rows(y=[0.3, 1.7, 2.2, 4.0])).variance
    )


def test_contrast_by_hand_and_as_a_ratio():
    r = rows(y=[1, 3, 2, 8.0], t=[0, 0, 1, 1.0])
    assert contrast(r).value == 3
    assert contrast(r, ratio=True).value == 2.5
    assert "control" in contrast(rows(y=[1, 2.0], t=[1, 1.0]))
    assert "no ratio" in contrast(rows(y=[0, 0, 2, 8.0], t=[0, 0, 1, 1.0]), ratio=True)


def drawn(seed, n=800):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    t = (rng.random(n) < 1 / (1 + np.exp(-x))).astype(float)
    y = 1 + 0.5 * t + x + rng.normal(size=n)
    return x, t, y, rng.gamma(2, size=n), (rng.random(n) < 1 / (1 + np.exp(-y))).astype(float)


def test_least_squares_is_that_of_statsmodels():
    x, t, y, _, _ = drawn(1)
    fit = sm.OLS(y, sm.add_constant(np.column_stack([t, x]))).fit(cov_type="HC0")
    found = adjusted(rows(y=y, t=t, x=x), ["x"], logistic=False)
    assert found.value == pytest.approx(fit.params[1])
    assert found.variance**0.5 == pytest.approx(fit.bse[1], rel=2e-3)


def test_weighted_least_squares_is_that_of_statsmodels():
    x, t, y, w, _ = drawn(2)
    fit = sm.WLS(y, sm.add_constant(np.column_stack([t, x])), weights=w).fit(cov_type="HC0")
    found = adjusted(rows(w, y=y, t=t, x=x), ["x"], logistic=False)
    assert found.value == pytest.approx(fit.params[1])
    assert found.variance**0.5 == pytest.approx(fit.bse[1], rel=2e-3)


def test_logistic_regression_is_that_of_statsmodels():
    x, t, _, _, ill = drawn(3)
    fit = sm.Logit(ill, sm.add_constant(np.column_stack([t, x]))).fit(disp=0, cov_type="HC0")
    found = adjusted(rows(y=ill, t=t, x=x), ["x"], logistic=True)
    assert found.value == pytest.approx(fit.params[1], rel=1e-5)
    assert found.variance**0.5 == pytest.approx(fit.bse[1], rel=2e-3)


def test_what_cannot_be_fitted_has_a_reason():
    x, t, y, _, _ = drawn(4, 60)
    assert "determine each other" in adjusted(rows(y=y, t=t, x=t), ["x"], logistic=False)
    assert "separates" in adjusted(rows(y=(x > 0) * 1.0, t=t, x=x), ["x"], logistic=True)
    assert "both 0 and 1" in adjusted(rows(y=x * 0, t=t, x=x), ["x"], logistic=True)
    assert "too few" in adjusted(rows(y=y, t=t * 0, x=x), ["x"], logistic=False)


def test_strata_take_confounding_away():
    # within each stratum the effect is 1; strata differ by 10, and treatment goes with them
    y = [0, 0, 0, 1, 10, 11, 11, 11.0]
    t = [0, 0, 0, 1, 0, 1, 1, 1.0]
    s = [0, 0, 0, 0, 1, 1, 1, 1.0]
    assert stratified(rows(y=y, t=t, s=s)) == (
        "more than a tenth of the rows is in strata that lack the treated or the control"
    )
    many = {"y": y * 5, "t": t * 5, "s": s * 5}
    assert stratified(rows(**many)).value == pytest.approx(1.0)
    assert contrast(rows(**many)).value == pytest.approx(8.5 - 2.5)


def test_tails_by_hand():
    y = np.arange(1.0, 101.0)
    assert beyond(rows(y=y), 90.0).value == pytest.approx(0.1)
    assert quantile_ratio(rows(y=y), 0.9, 0.1).value == 9.0
    assert "equal values" in quantile_ratio(rows(y=np.ones(50)), 0.9, 0.1)


def test_one_person_and_no_weight_have_a_reason():
    assert "two persons" in average(rows(y=[1.0]))
    assert "two persons" in average(rows([0, 0], y=[1.0, 2.0]))
    assert "two persons" in average(rows(y=[np.nan, np.nan]))
    assert "no ratio" in average(rows(y=[1, 2.0], x=[1, -1.0]), "y", "x")


def test_a_share_of_none_is_not_known_exactly():
    assert 0 < average(rows(y=np.zeros(50))).variance < 0.001


def test_households_are_added_up():
    r = rows([2, 2, 1], a=[1, 2, 5.0], g=[7, 7, 8.0])
    found = added_up(r, np.array([1, 1, 2]), ("a",))
    assert found.values["a"].tolist() == [3, 5]
    assert found.values["g"].tolist() == [7, 8]
    assert found.weights.tolist() == [2, 1]


ESTIMANDS = {
    "mean": lambda r: average(r),
    "total": lambda r: total(r),
    "ratio": lambda r: average(r, "y", "x"),
    "contrast": lambda r: contrast(r),
    "risk": lambda r: contrast(r, ratio=True),
    "strata": lambda r: stratified(r),
    "ols": lambda r: adjusted(r, ["s"], logistic=False),
    "tail": lambda r: beyond(r, 3.0),
    "quantiles": lambda r: quantile_ratio(r, 0.9, 0.5),
}


@pytest.mark.parametrize("name", ESTIMANDS)
def test_errors_are_those_of_repeated_samples(name):
    """Mean stated variance against the variance of 300 estimates (within 25 %, 5 sigma)."""
    found = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        n = 1_000
        s = rng.integers(0, 3, n).astype(float)
        t = (rng.random(n) < 0.3 + 0.2 * s).astype(float)
        y = np.exp(rng.normal(size=n) * 0.6 + 0.3 * s + 0.2 * t)
        r = rows(rng.gamma(2, size=n), y=y, x=rng.gamma(3, size=n), t=t, s=s)
        found.append(ESTIMANDS[name](r))
    stated = np.mean([f.variance for f in found])
    assert stated == pytest.approx(np.var([f.value for f in found]), rel=0.25)


def test_a_mean_of_rows_that_are_nearly_all_alike_is_not_known_without_error():
    """Of 500 of 1,000 people nobody gains; elsewhere a gain is 3: one gain more is 3/500."""
    y, inside = np.zeros(1_000), np.arange(1_000) < 500
    y[990:] = 3.0
    r = rows(y=y).within(inside)
    assert average(r).variance == pytest.approx((3 / 500) ** 2)
    assert total(r).variance == pytest.approx((3 / 1_000 * 1_000) ** 2)
    assert average(rows(y=np.full(9, 5.0))).variance == 0  # nobody anywhere: nothing says how far


def test_the_interval_of_a_rare_change_holds_where_a_sample_has_none():
    """One in 300 gains about 1,000; samples of 400 have none in a quarter of cases."""
    rng, inside = np.random.default_rng(8), 0
    for _ in range(600):
        y = np.where(rng.random(4_000) < 1 / 300, rng.normal(1_000, 200, 4_000), 0.0)
        found = average(rows(y=y).within(np.arange(4_000) < 400)).interval
        inside += found.low <= 1_000 / 300 <= found.high
    assert inside / 600 > 0.93

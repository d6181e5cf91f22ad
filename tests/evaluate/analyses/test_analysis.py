import numpy as np
import pytest

from assaymark.core.claim import Mean, Quantile, Regression, Share
from assaymark.errors import DataError, InputError, UnknownNameError
from assaymark.evaluate.analyses.analysis import class_of, fits


def regression(formula, family="ols", event=""):
    return Regression(kind="regression", name="r", formula=formula, family=family, event=event)


def test_means_shares_and_quantiles(table):
    data = table(
        {"x": [float(i) for i in range(1, 41)], "b": [True, False] * 20}, x="decimal", b="boolean"
    )
    (mean,) = fits(Mean(kind="mean", name="m", column="x"), [data])
    assert (mean.values[0], mean.n) == (20.5, 40)
    assert mean.covariance[0, 0] == pytest.approx(np.var(range(1, 41), ddof=1) / 40)
    (share,) = fits(Share(kind="share", name="s", condition="x > 30"), [data])
    assert share.values[0] == 0.25
    (yes,) = fits(Mean(kind="mean", name="m", column="b", where="x <= 20"), [data])
    assert (yes.values[0], yes.n) == (0.5, 20)
    assert class_of(Mean(kind="mean", name="m", column="b"), data.schema) == "proportion"
    (median,) = fits(Quantile(kind="quantile", name="q", column="x"), [data])
    assert median.values[0] == 20.5
    # order statistics at .5 -+ 1.96 sqrt(.25/40): 39 times .31 apart, over 2 x 1.96
    assert np.sqrt(median.covariance[0, 0]) == pytest.approx(39 * np.sqrt(0.25 / 40))


def test_a_share_of_none_is_not_known_exactly(table):
    data = table({"x": [1.0] * 50}, x="decimal")
    (none,) = fits(Share(kind="share", name="s", condition="x > 2"), [data])
    assert none.values[0] == 0
    assert none.covariance[0, 0] > 0


def test_intervals_of_quantiles_hold(table):
    """2,000 samples of 300 lognormals: the 95 % interval of the upper quartile, error .005."""
    rng, inside = np.random.default_rng(1), 0
    for _ in range(2_000):
        data = table({"x": rng.lognormal(size=300)}, x="decimal")
        (q,) = fits(Quantile(kind="quantile", name="q", column="x", quantile=0.75), [data])
        inside += abs(q.values[0] - np.exp(0.67449)) <= 1.96 * np.sqrt(q.covariance[0, 0])
    assert 0.93 < inside / 2_000 < 0.975


@pytest.fixture(scope="module")
def known(population):
    return population(4_000, 1)


def test_regressions_find_what_the_population_was_made_of(known):
    (found,) = fits(regression("ill ~ age + smoker", "logistic"), [known])
    assert found.names == ("Intercept", "age", "smoker")
    z = (found.values - [-4, 0.05, 1.0]) / np.sqrt(np.diag(found.covariance))
    assert np.abs(z).max() < 3
    (ols,) = fits(regression("log(income) ~ age"), [known])
    assert abs(ols.values[1] - 0.01) < 4 * np.sqrt(ols.covariance[1, 1])
    (counts,) = fits(regression("age ~ sex", "poisson"), [known])
    assert counts.names == ("Intercept", "sex[T.m]")


def test_cox_gives_the_rate_ratio_of_exponential_times(table):
    rng = np.random.default_rng(2)
    x = rng.integers(0, 2, 3_000)
    t, c = rng.exponential(1 / np.exp(0.7 * x)), rng.exponential(2.0, 3_000)
    data = {"time": np.minimum(t, c), "x": x.astype(float), "died": t <= c}
    rows = table(data, time="decimal", x="decimal", died="boolean")
    (found,) = fits(regression("time ~ x", "cox", "died"), [rows])
    assert abs(found.values[0] - 0.7) < 3 * np.sqrt(found.covariance[0, 0])
    lifelines = pytest.importorskip("lifelines")
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = lifelines.CoxPHFitter().fit(rows.frame.to_pandas(), "time", "died")
    assert found.values[0] == pytest.approx(other.params_["x"], abs=1e-4)
    assert found.covariance[0, 0] == pytest.approx(other.standard_errors_["x"] ** 2, rel=1e-3)


@pytest.mark.parametrize(
    ("columns", "spec", "said"),
    [
        (
            {"y": [0.0, 1.0] * 20, "x": [0.0, 1.0] * 20},
            regression("y ~ x", "logistic"),
            "separated",
        ),
        ({"y": [0.0] * 40, "x": list(range(40))}, regression("y ~ x", "logistic"), "fewer than 5"),
        ({"y": [1.0, 2.0] * 20, "x": [3.0] * 40}, regression("y ~ x"), "depend on each other"),
        ({"y": [-1.0, 2.0] * 20, "x": range(40)}, regression("y ~ x", "poisson"), "negative"),
        ({"y": [0.0] * 40, "x": range(40)}, regression("y ~ x", "poisson"), "all counts are zero"),
        (
            {"y": [0.0, 2.0] * 20, "x": [1.0] * 40},
            regression("y ~ x", "cox", "x"),
            "zero or negative",
        ),
        (
            {"y": [1.0, 2.0] * 20, "x": [0.0] * 40},
            regression("y ~ x", "cox", "x"),
            "fewer than 5 events",
        ),
        ({"y": [1.0, 2.0, 4.0], "x": [0.0, 1.0, 0.0]}, regression("y ~ x"), "3 rows without"),
        (
            {"y": [1.0] * 5, "x": [0.0] * 5},
            Mean(kind="mean", name="m", column="x"),
            "5 known values",
        ),
        (
            {"y": [1.0] * 40, "x": [0.0] * 40},
            Quantile(kind="quantile", name="m", column="x"),
            "equal",
        ),
    ],
)
def test_what_cannot_be_estimated_has_a_reason(table, columns, spec, said):
    data = {k: [float(v) for v in values] for k, values in columns.items()}
    with pytest.raises(DataError, match=said):
        fits(spec, [table(data, y="decimal", x="decimal")])


def test_a_category_that_one_replicate_lacks_is_named_with_its_table(table):
    def rows(levels):
        return table(
            {"y": list(map(float, range(40))), "g": levels * 20}, y="decimal", g="category"
        )

    with pytest.raises(DataError, match=r"table 2 of 2: no row .*g\[T.b\]"):
        fits(regression("y ~ g"), [rows(["a", "b"]), rows(["a", "a"])])


@pytest.mark.parametrize(
    "formula",
    [
        "ill ~ __import__('os').system('true')",
        "ill ~ age.mean()",
        "ill ~ (lambda: 1)()",
        "ill ~ age[0]",
        "ill ~ exec('1')",
        "ill",
        "a ~ b ~ c",
        "ill ~ 'x'",
        "region ~ age",
        "ill ~ age +",
    ],
)
def test_formulas_that_are_no_formulas_are_not_run(known, formula):
    with pytest.raises(InputError):
        fits(regression(formula, "logistic"), [known])


def test_unknown_columns_and_wrong_kinds_are_named(known):
    with pytest.raises(UnknownNameError, match="did you mean 'age'"):
        fits(regression("ill ~ agee", "logistic"), [known])
    with pytest.raises(InputError, match="is category and has no mean"):
        fits(Mean(kind="mean", name="m", column="region"), [known])
    with pytest.raises(InputError, match="event column"):
        fits(regression("age ~ sex", "cox"), [known])

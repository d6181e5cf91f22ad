import numpy as np
import pytest

from assaymark.errors import InputError
from assaymark.evaluate.analyses.combining import RULES, combine
from assaymark.evaluate.inference import naive_coverage

Q = np.array([[1.0], [3.0]])  # mean 2, b = 2
V = np.array([[0.4], [0.6]])  # v-bar = 0.5


@pytest.mark.parametrize(
    ("rule", "total", "df"),
    [
        ("one fit", 0.5 * 0.5 + 0.5 / 2, 99),
        ("refits", 0.5 * 0.5 + 0.5 * 1.5 / 2, 99),
        ("partially synthetic", 0.5 * 0.5 + 2 / 2, (1 + 0.25 / 1) ** 2),
        # (1 + 1/2) 2 - 0.5 = 2.5; r = 3 / 0.5 = 6; df (1 - 1/6)^2 is at least 1
        ("fully synthetic", 2.5, 1),
    ],
)
def test_known_answers(rule, total, df):
    found = combine(Q, V, k=100, n=200, rule=rule)
    assert found.values.tolist() == [2.0]
    assert found.errors[0] ** 2 == pytest.approx(total)
    assert found.degrees[0] == pytest.approx(df)
    assert found.high[0] - found.low[0] > 2 * 1.95 * found.errors[0]


def test_a_negative_variance_becomes_that_of_one_fit():
    """b = 0: T = -v-bar, and Reiter's adjustment puts v-bar k/n in its place."""
    same = np.array([[2.0], [2.0], [2.0]])
    found = combine(same, np.full((3, 1), 0.5), k=100, n=200, rule="fully synthetic")
    assert found.errors[0] ** 2 == pytest.approx(0.5 * 100 / 200)
    assert found.degrees[0] == 99


def test_inflation_widens_what_the_source_contributes():
    found = combine(Q, V, k=100, n=100, rule="one fit", inflation=1.4)
    assert found.errors[0] ** 2 == pytest.approx(1.4 * 0.5 + 0.25)


@pytest.mark.parametrize("rule", ["fully synthetic", "partially synthetic"])
def test_one_table_has_no_variance_between(rule):
    with pytest.raises(InputError, match="at least two tables"):
        combine(Q[:1], V[:1], k=10, n=10, rule=rule)


def test_bad_input():
    with pytest.raises(InputError, match="unknown rule"):
        combine(Q, V, k=10, n=10, rule="naive")
    with pytest.raises(InputError, match="two of each"):
        combine(Q, V, k=10, n=1, rule="one fit")


@pytest.mark.parametrize(("m", "ratio"), [(1, 1), (1, 10), (5, 1), (10, 2)])
def test_a_right_model_is_covered_in_95_of_100(m, ratio):
    """Normal mean, plug-in model, ``m`` tables of ``ratio`` n rows; 20,000 repeats, error .0015."""
    rng, n = np.random.default_rng(3), 400
    k = n * ratio
    fitted = rng.normal(size=20_000) / np.sqrt(n)
    made = fitted[:, None] + rng.normal(size=(20_000, m)) / np.sqrt(k)
    found = combine(made.T, np.full((m, 20_000), 1 / k), k=k, n=n, rule="one fit")
    covered = (found.low <= 0) & (found.high >= 0)
    assert covered.mean() == pytest.approx(0.95, abs=0.006)
    naive = np.abs(made[:, 0]) <= 1.959964 / np.sqrt(k)
    assert naive.mean() == pytest.approx(naive_coverage(k, n), abs=0.01)


def test_refits_and_posterior_draws_are_covered_by_their_rules():
    """Each table from a model of a resample: between tables, the model varies like the source."""
    rng, n, m, repeats = np.random.default_rng(4), 400, 10, 20_000
    source = rng.normal(size=repeats) / np.sqrt(n)
    model = source[:, None] + rng.normal(size=(repeats, m)) / np.sqrt(n)
    made = model + rng.normal(size=(repeats, m)) / np.sqrt(n)
    for rule, least, most in (("refits", 0.944, 0.956), ("fully synthetic", 0.9, 1.0)):
        found = combine(made.T, np.full((m, repeats), 1 / n), k=n, n=n, rule=rule)
        assert least < ((found.low <= 0) & (found.high >= 0)).mean() < most


def test_partial_synthesis_is_covered():
    rng, n, m, repeats = np.random.default_rng(5), 400, 5, 20_000
    real = rng.normal(size=repeats) / np.sqrt(n)
    made = real[:, None] + 0.5 * rng.normal(size=(repeats, m)) / np.sqrt(n)
    found = combine(made.T, np.full((m, repeats), 1 / n), k=n, n=n, rule="partially synthetic")
    assert ((found.low <= 0) & (found.high >= 0)).mean() == pytest.approx(0.95, abs=0.006)


def test_all_rules_are_named():
    assert RULES == ("one fit", "refits", "fully synthetic", "partially synthetic")

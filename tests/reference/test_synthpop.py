"""Figures printed in synthpop's vignettes (evaluation.md 4.2)."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assaymark.errors import DataError
from assaymark.evaluate.disclosure_tables import Original, attribute, keys_of, unique_people
from assaymark.evaluate.inference import expected_overlap, interval_overlap, lack_of_fit, logistic
from assaymark.evaluate.propensity import table_scores

FILE = Path(__file__).parents[2].parent / "shared" / "data" / "policy" / "sd2011.parquet"
KEYS = ("sex", "age", "region", "placesize")
EDU = ("VOCATIONAL/GRAMMAR", "SECONDARY", "POST-SECONDARY OR HIGHER")


@pytest.fixture(scope="module")
def survey():
    """Return Social Diagnosis 2011, 5,000 people; skipped where the folder is absent."""
    if not FILE.exists():
        pytest.skip("the developers' data folder is not beside the checkout")
    return pl.read_parquet(FILE)


def codes(frame, name):
    return frame[name].cast(pl.String).rank("dense").fill_null(0).to_numpy().astype(np.int64)


def original(frame, target):
    (keys,) = keys_of([codes(frame, name) for name in KEYS])
    return Original(
        keys=keys, targets=codes(frame, target), who=np.arange(frame.height), n=frame.height
    )


@pytest.mark.shared
def test_unique_in_original(survey):
    people = original(survey, "depress")
    assert round(100 * unique_people(people, [people.keys]).unique.mean(), 2) == 48.38


@pytest.mark.shared
@pytest.mark.parametrize(
    ("target", "percent"),
    [("depress", 53.30), ("ls", 58.46), ("marital", 79.24), ("workab", 90.90)],
)
def test_disclosive_in_original(survey, target, percent):
    people = original(survey, target)
    found = attribute(people, people.keys, people.targets)
    assert round(100 * found.in_original.mean(), 2) == percent
    # the table held against itself: what is disclosive is so, rightly, in both
    assert found.correct.tolist() == found.both.tolist() == found.in_original.tolist()
    assert found.tcap == 1.0
    assert found.found.all()


def smoking(survey, *terms):
    rows = survey.drop_nulls(["smoke", "sex", "age", "edu"])
    female = (rows["sex"] == "FEMALE").to_numpy().astype(float)
    edu = [(rows["edu"] == level).to_numpy().astype(float) for level in EDU]
    age = rows["age"].to_numpy().astype(float)
    columns = {
        "sex": [female],
        "age": [age],
        "edu": edu,
        "sex:edu": [female * e for e in edu],
        "sex:age": [female * age],
    }
    x = np.column_stack([np.ones(rows.height), *(c for t in terms for c in columns[t])])
    return logistic(x, (rows["smoke"] == "NO").to_numpy().astype(float)).coefficients


@pytest.mark.shared
def test_observed_column_of_the_smoking_model(survey):
    found = smoking(survey, "sex", "age", "edu", "sex:edu")
    wanted = [0.028147, 1.033275, 0.006355, 0.219490, 0.613072, 1.078920]
    assert found.round(6).tolist() == [*wanted, -0.576577, -0.442560, -0.752495]


@pytest.mark.shared
def test_observed_column_without_age(survey):
    found = smoking(survey, "sex", "edu", "sex:edu")
    wanted = [0.4078, 1.0592, 0.1139, 0.5074, 0.9864, -0.6058, -0.4497, -0.7986]
    assert found.round(4).tolist() == wanted


@pytest.mark.shared
def test_observed_column_of_sex_by_age(survey):
    found = smoking(survey, "sex", "age", "edu", "sex:age").round(6)
    assert [*found[:3].tolist(), found[-1]] == [0.400261, 0.224701, 0.003104, 0.007702]


@pytest.mark.parametrize(
    ("z", "overlap", "rounding"),
    [(0.47653, 0.8784, 5e-5), (-2.9877, 0.2378, 5e-5), (6.757, -0.72377, 1.5e-4)],
)
def test_overlap_of_intervals(z, overlap, rounding):
    assert interval_overlap(z) == pytest.approx(overlap, abs=rounding)


@pytest.mark.parametrize(("replicates", "percent"), [(1, 79.6), (5, 90.9), (10, 93.5), (200, 98.6)])
def test_expected_overlap(replicates, percent):
    assert 100 * expected_overlap(replicates) == pytest.approx(percent, abs=0.1)


def test_lack_of_fit_p_value_and_ratio():
    """3.948 on 8 degrees of freedom is p .8618, ratio .49; 71.02 on 7 is beyond doubt."""
    found = lack_of_fit(np.full(8, np.sqrt(3.948 / 8)), np.eye(8))
    assert (found.degrees, round(found.ratio, 2)) == (8, 0.49)
    assert found.statistic == pytest.approx(3.948)
    assert found.p_value == pytest.approx(0.8618, abs=1e-4)
    assert lack_of_fit(np.full(7, np.sqrt(71.02 / 7)), np.eye(7)).p_value < 1e-11


def test_printed_ratio_of_two_pmse():
    assert pytest.approx(4.51473, abs=5e-6) == 0.03826426 / 0.008475425


counts = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2, max_size=20)


@given(counts)
def test_pmse_is_the_voas_williamson_statistic_scaled(cells):
    real, made = (np.array(side) for side in zip(*cells, strict=True))
    real[0] += 1
    made[1] += 1
    found = table_scores(real, made)
    n, c = real.sum() + made.sum(), made.sum() / (real.sum() + made.sum())
    k = int(((real + made) > 0).sum())
    assert found.pmse == pytest.approx(found.chi_squared * c * (1 - c) ** 2 / n, abs=1e-12)
    assert found.ratio == pytest.approx(found.chi_squared / (k - 1), abs=1e-9)


@given(counts)
def test_specks_po50_and_mean_difference_are_one_score(cells):
    real, made = (np.array(side) for side in zip(*cells, strict=True))
    real[0] += 1
    made[1] += 1
    found, k = table_scores(real, made), int(((real + made) > 0).sum())
    assert found.above_half == pytest.approx(50 * found.specks, abs=1e-9)
    assert found.difference == pytest.approx(2 * found.specks / k, abs=1e-12)


def test_a_right_model_has_ratio_one():
    """20 cells, 300 pairs of fresh samples: the mean of S_pMSE is 1 within 4 standard errors."""
    rng = np.random.default_rng(8)
    share = np.arange(1, 21) / 210
    pairs = [(rng.multinomial(4_000, share), rng.multinomial(2_000, share)) for _ in range(300)]
    ratios = np.array([table_scores(a, b).ratio for a, b in pairs])
    # S_pMSE divides by the expectation for parameters fitted to the real rows; two independent
    # samples differ by both their noises, 1 / (1 - c) as much
    scaled = ratios * (1 - 2 / 6)
    assert abs(scaled.mean() - 1) < 4 * scaled.std() / np.sqrt(300)


def test_a_separated_outcome_has_no_fit():
    x = np.column_stack([np.ones(20), np.arange(20.0)])
    with pytest.raises(DataError, match="has no fit"):
        logistic(x, (np.arange(20) > 9).astype(float))

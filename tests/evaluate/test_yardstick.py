import numpy as np
import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.evaluate.yardstick import closeness, teller

SCHEMA = Schema(
    columns=(
        Column(name="x", kind=Kind.DECIMAL),
        Column(name="g", kind=Kind.CATEGORY),
        Column(name="empty", kind=Kind.INTEGER),
    )
)


def people(n, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "x": rng.normal(shift, 1, n),
            "g": rng.choice(["a", "b", None], n).tolist(),
            "empty": pl.Series([None] * n, dtype=pl.Int64),
        }
    )
    return Dataset(schema=SCHEMA, frame=frame)


def test_the_same_population_scores_high_and_another_scores_zero():
    # 300 against 300 rows: standard error of the AUC .024, so that the score is within .15 of 1
    same = closeness(people(300, 0), people(400, 1), Streams.from_seed(1))
    assert 0.85 < same <= 1
    assert closeness(people(300, 0), people(300, 1, shift=9), Streams.from_seed(1)) < 0.01


def test_a_known_shift_gives_the_score_that_theory_gives():
    # normals one standard deviation apart: AUC = Phi(1 / sqrt 2) = .760, score 1 - .521 = .479;
    # trees on 1,500 rows miss some of it
    found = closeness(people(1500, 0), people(1500, 1, shift=1), Streams.from_seed(1))
    assert 0.45 < found < 0.59


def test_same_streams_same_score_and_no_more_rows_than_asked():
    a, b = people(200, 0), people(200, 1, shift=0.3)
    first, again = (closeness(a, b, Streams.from_seed(1), most=100) for _ in range(2))
    assert first == again
    assert first != closeness(a, b, Streams.from_seed(1))
    assert teller() in {"scikit-learn", "xgboost"}

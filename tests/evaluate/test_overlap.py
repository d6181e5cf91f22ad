import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Schema
from assaymark.errors import NotApprovedError
from assaymark.evaluate.overlap import check_overlap, overlap_of

SCHEMA = Schema(columns=tuple(Column(name=c, kind=Kind.INTEGER) for c in "ab"))


def rows(*pairs, persons=None):
    frame = pl.DataFrame(pairs, schema={"a": pl.Int64, "b": pl.Int64}, orient="row")
    return Dataset(schema=SCHEMA, frame=frame, persons=persons)


def test_doubles_and_shared_rows_are_counted_by_hand():
    # train: (1,1) three times, two of them by person 0; holdout: two of its four rows are in train;
    # of three train persons two have a row that another has too
    train = rows((1, 1), (1, 1), (1, 1), (2, 2), persons=np.array([0, 0, 1, 2]))
    holdout = rows((1, 1), (2, 2), (3, 3), (3, 3))
    found = overlap_of(train, holdout, persons=1)
    assert (found.train_doubles, found.holdout_doubles, found.shared) == (2, 1, 2)
    assert found.excess.expected == pytest.approx(2 / 3)
    # (2,2) is one person's on each side: 1 in 4, where two on one side, (3,3), are 1 in 7, and are
    # met 18 / 42 as often; (1,1) is three persons', so counts a quarter of one in four people
    assert found.excess.value == pytest.approx(1 / 4 - 42 / 18 / 7 + 1 / 4 / 4)
    assert "Of 4 holdout rows 2 (50.0 %)" in found.words
    assert "So have 50.0 % of holdout people; by chance about 66.7 % would" in found.words


def test_a_quarter_of_the_test_file_in_train_is_refused_and_a_clean_one_is_not():
    rng = np.random.default_rng(0)
    table = rng.integers(0, 10_000, (2000, 2)).tolist()
    train, clean = rows(*table[:1000]), rows(*table[1000:])
    check_overlap(overlap_of(train, clean), 0.02)
    mixed = rows(*table[:250], *table[1000:1750])
    said = r"250 \(25\.0 %\) have an equal in train.* by chance about 0\.0 % .*: more than chance"
    with pytest.raises(NotApprovedError, match=said):
        check_overlap(overlap_of(train, mixed), 0.02)


def test_what_people_have_in_common_by_chance_is_not_held_against_the_holdout():
    rng = np.random.default_rng(1)
    alike = rows(*rng.integers(0, 3, (2000, 2)).tolist())
    found = overlap_of(alike.take(np.arange(1000)), alike.take(np.arange(1000, 2000)))
    assert found.shared == 1000
    assert "by chance about 100.0 % would" in found.words
    assert "beyond chance: no more than chance has it" in found.words
    assert "95 % interval −" in found.words
    check_overlap(found, 0.02)


def test_shared_persons_are_refused_even_with_other_rows():
    train, holdout = rows(*[(i, 0) for i in range(100)]), rows(*[(i, 1) for i in range(100)])
    with pytest.raises(NotApprovedError, match="10 persons are in both"):
        check_overlap(overlap_of(train, holdout, persons=10), 0.02)

"""Fragments: long numbers in one row are worth many bits, common values few, permuted rows none."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Schema
from assaymark.evaluate.fragments import closeness_of, unlinked

N = 2_048


def table(n, seed):
    rng = np.random.default_rng(seed)
    columns = {f"n{i}": rng.standard_normal(n) for i in range(3)}
    columns["few"] = rng.integers(0, 5, n)
    columns["code"] = np.where(rng.random(n) < 0.99, "often", np.array(["x", "y"])[seed % 2])
    kinds = [Kind.DECIMAL] * 3 + [Kind.INTEGER, Kind.CATEGORY]
    names = [Column(name=c, kind=k) for c, k in zip(columns, kinds, strict=True)]
    return Dataset(schema=Schema(columns=tuple(names)), frame=pl.DataFrame(columns))


@pytest.fixture(scope="module")
def train():
    return table(N, 1)


def replaced(data, other, *names):
    """Return ``data`` with some columns of ``other``."""
    frame = data.frame.with_columns(other.frame[c] for c in names)
    return Dataset(schema=data.schema, frame=frame)


def test_an_exact_copy_is_worth_as_much_as_the_whole_record(train):
    close = closeness_of([train])
    np.testing.assert_allclose(close.most(train, [train]), close.whole(train))
    long_numbers = 3 * np.log2(N)
    assert close.whole(train).min() >= long_numbers - 0.1
    assert close.whole(train).max() <= long_numbers + 4 + 8


def test_a_copied_part_is_worth_what_it_holds(train):
    close = closeness_of([train])
    part = replaced(table(N, 3), train, "n0", "n2")
    found = close.most(train, [part])
    assert np.median(found) == pytest.approx(2 * np.log2(N), abs=4)
    assert (found >= 2 * np.log2(N) - 0.1).all()


def test_nearer_numbers_are_worth_more(train):
    close = closeness_of([train])

    def moved(by):
        frame = train.frame.with_columns(pl.col("n0", "n1", "n2") + by)
        return np.median(close.most(train, [Dataset(schema=train.schema, frame=frame)]))

    worth = [moved(by) for by in (0.0, 0.0005, 0.003)]
    assert worth == sorted(worth, reverse=True)
    assert worth[2] < worth[0] - 5


def test_strangers_and_permuted_copies_say_little(train):
    close = closeness_of([train])
    chance = close.most(train, [table(N, 3)]).max()
    permuted = close.most(train, [unlinked(train, np.random.default_rng(2))])
    assert chance < 30 < close.whole(train).min()
    assert np.quantile(permuted, 0.95) < 30


def test_rows_of_many_equals_are_not_all_looked_at(train):
    rows = np.zeros(20_000, dtype=np.int64)
    close = closeness_of([train])
    found = close.most(train, [train.take(rows)])
    assert found[0] == pytest.approx(close.whole(train)[0])


def test_missing_and_constant_columns_are_worth_nothing_beyond_agreeing():
    schema = Schema(
        columns=(Column(name="a", kind=Kind.DECIMAL), Column(name="b", kind=Kind.DECIMAL))
    )
    frame = pl.DataFrame(
        {"a": [None, 1.0] * 50, "b": [None] * 100}, schema={"a": pl.Float64, "b": pl.Float64}
    )
    data = Dataset(schema=schema, frame=frame)
    close = closeness_of([data])
    assert close.most(data, [data]).max() == 0
    assert close.whole(data).max() <= 2


def test_unlinked_rows_have_the_same_values(train):
    mixed = unlinked(train, np.random.default_rng(1))
    for c in train.frame.columns:
        assert mixed.frame[c].sort().equals(train.frame[c].sort())
    assert not mixed.frame.equals(train.frame)

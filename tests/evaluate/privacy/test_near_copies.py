"""Near copies: jittered, swapped and changed copies of anyone are caught; fresh rows are not."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.evaluate import metrics

STREAMS = Streams.from_seed(5)


def measured(case):
    (found,) = metrics.build("near_copies").measure(case, STREAMS)
    return found


@pytest.fixture(scope="module")
def parts():
    return [wide(n, s) for n, s in ((2_500, 1), (1_000, 2), (500, 3), (5_000, 4))]


def wide(n, seed):
    """Rows of twelve columns that hang together: six numbers, six categories."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, n, p=[0.6, 0.3, 0.1])
    columns = {f"n{i}": rng.standard_t(5, n) + kind * (i % 3) for i in range(6)}
    for i in range(6):
        code = np.where(rng.random(n) < 0.6, (kind + i) % 3, rng.integers(0, 6, n))
        columns[f"c{i}"] = np.array(list("abcdef"))[code]
    names = [Column(name=f"n{i}", kind=Kind.DECIMAL) for i in range(6)]
    names += [Column(name=f"c{i}", kind=Kind.CATEGORY) for i in range(6)]
    return Dataset(schema=Schema(columns=tuple(names)), frame=pl.DataFrame(columns))


def leaky(parts, make_case, change, count=250):
    train, holdout, reference, fresh = parts
    rng = np.random.default_rng(9)
    copies = change(train.frame[rng.choice(train.n, count, replace=False)], rng)
    made = Dataset(schema=train.schema, frame=pl.concat([copies, fresh.frame[count:]]))
    return make_case(train, holdout, made, reference=reference)


def jittered(frame, rng):
    noise = [pl.Series(rng.normal(0, 0.03, frame.height)) for _ in range(6)]
    return frame.with_columns(pl.col(f"n{i}") + noise[i] for i in range(6))


def swapped(frame, rng):
    return frame.with_columns(frame["n2"].gather(rng.permutation(frame.height)))


def changed(frame, rng):
    return frame.with_columns(
        c3=pl.Series(np.array(list("abcdef"))[rng.integers(0, 6, len(frame))])
    )


def test_fresh_rows_pass(parts, make_case):
    train, holdout, reference, fresh = parts
    found = measured(make_case(train, holdout, fresh, reference=reference))
    assert found.n == 2_500
    assert found.low < 0
    assert found.high < 0.003
    assert found.limit_of_detection <= 0.01


def part(rows, fresh, rng, share):
    """Keep another part of the columns of each row, the rest from other people."""
    order = rng.random((rows.height, 12)).argsort(axis=1).argsort(axis=1)
    return fresh.with_columns(
        pl.when(pl.Series(order[:, i] < round(12 * share)))
        .then(rows[c])
        .otherwise(fresh[c])
        .alias(c)
        for i, c in enumerate(rows.columns)
    )


@pytest.mark.parametrize("change", [jittered, swapped, changed])
def test_5_percent_of_near_copies_are_caught(parts, make_case, change):
    found = measured(leaky(parts, make_case, change))
    assert found.value > 0.05
    assert found.low > 0.04


@pytest.mark.parametrize(("share", "least"), [(2 / 3, 0.05), (1 / 2, 0.02)])
def test_parts_of_people_are_caught(parts, make_case, share, least):
    fresh = parts[3].frame[:250]
    found = measured(leaky(parts, make_case, lambda rows, rng: part(rows, fresh, rng, share)))
    assert found.low > least


def test_values_of_train_that_come_out_one_by_one_are_no_copies(parts, make_case):
    train, holdout, reference, _ = parts
    rng = np.random.default_rng(8)
    each = train.frame.select(
        pl.col(c).gather(rng.integers(0, train.n, 5_000)) for c in train.frame.columns
    )
    made = Dataset(schema=train.schema, frame=each)
    found = measured(make_case(train, holdout, made, reference=reference))
    assert found.low < 0.001
    assert found.value < 0.002


def test_copies_of_unseen_people_are_no_leak_of_train(parts, make_case):
    train, holdout, reference, fresh = parts
    made = Dataset(schema=train.schema, frame=pl.concat([holdout.frame[:200], fresh.frame[200:]]))
    assert measured(make_case(train, holdout, made, reference=reference)).low < 0


def test_a_table_that_repeats_by_nature_accuses_nobody(make_case):
    """Three values in each of four columns: everybody has equals, so no copy gives one away."""

    def few(n, seed):
        rng = np.random.default_rng(seed)
        frame = pl.DataFrame({f"c{i}": np.array(list("abc"))[rng.choice(3, n)] for i in range(4)})
        names = tuple(Column(name=c, kind=Kind.CATEGORY) for c in frame.columns)
        return Dataset(schema=Schema(columns=names), frame=frame)

    found = measured(make_case(few(2_000, 1), few(1_000, 2), few(2_000, 3)))
    assert found.value == 0
    assert found.limit_of_detection == 0.002  # nobody can be copied, so no leak can be missed
    assert found.details["distinctive"] == 0


def test_a_person_with_many_copied_rows_counts_once(make_case):
    train, holdout, fresh = (wide(n, s) for n, s in ((2_500, 1), (2_500, 2), (2_500, 3)))
    train, holdout = (
        Dataset(schema=d.schema, frame=d.frame, persons=np.arange(d.n) // 5)
        for d in (train, holdout)
    )
    made = Dataset(schema=train.schema, frame=pl.concat([train.frame[:100], fresh.frame]))
    found = measured(make_case(train, holdout, made))
    assert found.n == 500
    assert found.value == pytest.approx(20 / 500, abs=0.01)


def test_all_replicates_are_searched_and_controls_are_shown(parts, make_case):
    train, holdout, reference, fresh = parts
    second = Dataset(schema=train.schema, frame=train.frame[:100])
    found = measured(make_case(train, holdout, fresh, second, reference=reference))
    assert found.value == pytest.approx(100 / 2_500, abs=0.006)
    lines = found.details["controls"]
    assert {line["kind"] for line in lines} == {"planted", "null"}
    assert len({line["name"] for line in lines if line["kind"] == "planted"}) == 3
    (null,) = (line for line in lines if line["kind"] == "null")
    assert null["caught"] <= 1

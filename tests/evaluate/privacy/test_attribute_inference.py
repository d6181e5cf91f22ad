"""Attribute inference: partial copies give a secret away; what holds for anybody is no leak."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.core.streams import Streams
from assaymark.evaluate import metrics

STREAMS = Streams.from_seed(5)


def measured(case):
    return list(metrics.build("attribute_inference").measure(case, STREAMS))


def patients(n, seed, *, roles=(Role.SENSITIVE,), shift=0):
    """Four numbers and four categories; the secret ``code`` depends on two of them."""
    rng = np.random.default_rng(seed)
    columns = {f"n{i}": np.round(rng.normal(size=n), 3) for i in range(4)}
    columns |= {f"c{i}": np.array(list("abcd"))[rng.integers(0, 4, n)] for i in range(4)}
    columns["code"] = (columns["n0"] > 0) * 2 + (columns["c0"] == "a") + (rng.random(n) < 0.2)
    names = [Column(name=f"n{i}", kind=Kind.DECIMAL) for i in range(4)]
    names += [Column(name=f"c{i}", kind=Kind.CATEGORY) for i in range(4)]
    names.append(Column(name="code", kind=Kind.INTEGER, roles=roles))
    frame = pl.DataFrame(columns).with_columns(pl.col("code").cast(pl.Int64) + shift)
    return Dataset(schema=Schema(columns=tuple(names)), frame=frame)


def partly(train, fresh, count, columns=("n0", "n1", "c0", "code")):
    """``count`` fresh rows that have these columns of train people."""
    part = fresh.frame[:count].with_columns(train.frame[c][:count] for c in columns)
    return Dataset(schema=train.schema, frame=pl.concat([part, fresh.frame[count:]]))


def test_what_holds_for_anybody_is_no_leak(make_case):
    """The secret follows from n0 and c0 in four cases of five, for members and others alike."""
    (found,) = measured(make_case(*(patients(2_000, s) for s in (1, 2, 3))))
    assert found.subject == "column:code"
    assert found.low < 0
    assert found.high < 0.04
    assert found.limit_of_detection <= 0.1


def test_copies_of_known_columns_and_the_secret_are_caught(make_case):
    train, holdout, fresh = (patients(2_000, s) for s in (1, 2, 3))
    (found,) = measured(make_case(train, holdout, partly(train, fresh, 200)))
    assert found.value == pytest.approx(0.1, abs=0.02)
    assert found.low > 0.04
    assert found.details["precision"] > 0.9
    assert found.details["alc"] > 0.5


def test_without_declared_secrets_four_columns_are_tried(make_case):
    train, holdout, fresh = (patients(2_000, s, roles=()) for s in (1, 2, 3))
    found = measured(make_case(train, holdout, partly(train, fresh, 200)))
    assert len(found) == 4
    assert max(m.low for m in found) > 0.05


@pytest.mark.parametrize("values", [["a"], [None], [f"v{i}" for i in range(10_000)]])
def test_secrets_that_cannot_be_guessed_give_a_reason(make_case, values):
    def table(n, seed):
        frame = patients(n, seed).frame
        secret = pl.Series("code", [values[i % len(values)] for i in range(n)], dtype=pl.String)
        names = (*patients(1, 1).schema.columns[:-1],)
        names += (Column(name="code", kind=Kind.CATEGORY, roles=(Role.SENSITIVE,)),)
        return Dataset(schema=Schema(columns=names), frame=frame.with_columns(secret))

    found = measured(make_case(*(table(400, s) for s in (1, 2, 3))))
    assert [m.value for m in found] == [None]
    assert "guessed" in found[0].reason


def test_a_secret_that_is_everybodys_own_gets_a_reason_beside_one_that_can_be_guessed(make_case):
    def table(n, seed):
        data = patients(n, seed)
        own = pl.Series("own", [f"{seed}-{i}" for i in range(n)])
        column = Column(name="own", kind=Kind.CATEGORY, roles=(Role.SENSITIVE,))
        schema = Schema(columns=(*data.schema.columns, column))
        return Dataset(schema=schema, frame=data.frame.with_columns(own))

    found = {m.subject: m for m in measured(make_case(*(table(400, s) for s in (1, 2, 3))))}
    assert "of their own" in found["column:own"].reason
    assert found["column:code"].value is not None


def test_a_person_with_many_rows_counts_once(make_case):
    train, holdout, fresh = (patients(1_000, s) for s in (1, 2, 3))
    who = np.arange(1_000) // 5
    real = [Dataset(schema=d.schema, frame=d.frame, persons=who) for d in (train, holdout)]
    (found,) = measured(make_case(*real, fresh))
    assert found.n == 200


def test_planted_and_null_controls_are_shown(make_case):
    (found,) = measured(make_case(*(patients(800, s) for s in (1, 2, 3))))
    lines = found.details["controls"]
    assert {line["kind"] for line in lines} == {"planted", "null"}


def test_values_replayed_without_their_secret_are_no_inference(make_case):
    """Each column drawn from train by itself: members' values recur, and tell nothing more."""
    train, holdout = patients(2_000, 1), patients(2_000, 2)
    rng = np.random.default_rng(3)
    frame = train.frame.select(pl.all().map_batches(lambda s: s[rng.permutation(len(s))]))
    (found,) = measured(make_case(train, holdout, Dataset(schema=train.schema, frame=frame)))
    assert found.low < 0.02

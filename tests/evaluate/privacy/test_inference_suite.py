"""Inference suite: planted leaks are caught by some way, fresh rows accused by none."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.core.streams import Streams
from assaymark.evaluate import metrics
from assaymark.evaluate.inferrers import inferrers

ROLES = {"code": (Role.SENSITIVE,), "c3": (Role.PROTECTED, Role.QUASI_IDENTIFIER)}


def patients(n, seed, *, shift=0.0):
    """Three numbers and four categories; the secret ``code`` depends on two of them."""
    rng = np.random.default_rng(seed)
    columns = {f"n{i}": np.round(rng.normal(size=n), 3) + shift for i in range(3)}
    columns |= {f"c{i}": np.array(list("abcd"))[rng.integers(0, 4, n)] for i in range(4)}
    code = (columns["n0"] > 0) * 2 + (columns["c0"] == "a") + (rng.random(n) < 0.2)
    columns["code"] = np.array(list("pqrs"))[code % 4]
    names = tuple(
        Column(
            name=c,
            kind=Kind.DECIMAL if c.startswith("n") else Kind.CATEGORY,
            roles=ROLES.get(c, (Role.OTHER,)),
        )
        for c in columns
    )
    return Dataset(schema=Schema(columns=names), frame=pl.DataFrame(columns))


def measured(case, seed=5):
    found = metrics.build("inference_suite").measure(case, Streams.from_seed(seed))
    return {(m.metric.rpartition(".")[2], m.subject.removeprefix("column:")): m for m in found}


def partly(train, fresh, count, columns):
    part = fresh.frame[:count].with_columns(train.frame[c][:count] for c in columns)
    return Dataset(schema=train.schema, frame=pl.concat([part, fresh.frame[count:]]))


@pytest.fixture(scope="module")
def clean(make_case):
    return measured(make_case(*(patients(1_200, s) for s in (1, 2, 3))))


@pytest.fixture(scope="module")
def leaky(make_case):
    """A seventh of the people of c3 = a and b: two numbers, c3 and the secret in one row."""
    train, holdout, fresh = (patients(1_200, s) for s in (1, 2, 3))
    some = train.take(np.flatnonzero(train.frame["c3"].is_in(["a", "b"]).to_numpy()))
    return measured(make_case(train, holdout, partly(some, fresh, 170, ("n0", "n1", "c3", "code"))))


def test_declared_secrets_are_made_up_to_four_but_not_by_what_is_known(clean):
    secrets = {s for _, s in clean}
    assert len(secrets) == 4
    assert "code" in secrets
    assert "c3" not in secrets


def test_fresh_rows_are_not_accused(clean):
    """The secret follows from n0 and c0 in four cases of five, for anybody."""
    for (what, _), m in clean.items():
        assert m.low <= 0 <= m.high
        if what == "excess":
            assert m.high < 0.06
            assert m.limit_of_detection <= 0.1
            assert m.details["controls"][-1]["kind"] == "null"
            assert m.details["controls"][-1]["caught"] <= 3


def test_secrets_given_away_beside_two_numbers_are_caught(leaky):
    found = leaky["excess", "code"]
    assert found.value == pytest.approx(0.12, abs=0.04)
    assert found.low > 0.06
    assert found.details["strongest"] == ["best_row"]
    assert found.details["precision"] > found.details["precision_of_unseen"]
    assert leaky["alc", "code"].low > 0


def test_every_way_is_shown_by_itself(leaky):
    lines = {x["attack"]: x for x in leaky["excess", "code"].details["attacks"]}
    assert sorted(lines) == inferrers.names()
    assert lines["best_row"]["low"] > 0


def test_the_groups_that_leak_are_named(leaky):
    lines = {x["group"]: x for x in leaky["excess", "code"].details["groups"]}
    assert lines["c3=a"]["exposed"]
    assert not lines["c3=d"]["exposed"]
    assert leaky["excess", "code"].details["hit"] == "guessed rightly"


def test_a_holdout_of_other_people_proves_nothing(make_case):
    case = make_case(patients(400, 1), patients(400, 2, shift=3.0), patients(400, 3))
    for (what, _), m in measured(case).items():
        assert m.low <= 0
        assert what == "alc" or m.limit_of_detection is None


def test_without_a_holdout_there_is_a_reason(make_case):
    found = measured(make_case(patients(100, 1), None, patients(100, 3)))
    assert set(found) == {("excess", "*"), ("alc", "*")}
    assert all(m.value is None and "holdout" in m.reason for m in found.values())


def test_a_person_with_many_rows_is_looked_at_once(make_case):
    train, holdout, fresh = (patients(600, s) for s in (1, 2, 3))
    who = np.arange(600) // 5
    real = [Dataset(schema=d.schema, frame=d.frame, persons=who) for d in (train, holdout)]
    assert {m.n for m in measured(make_case(*real, fresh)).values()} == {120}


def few_values(n, seed):
    """Eight columns of two to five values that hang together: many people share what is known."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, n, p=[0.6, 0.3, 0.1])
    columns = {
        f"c{i}": np.where(rng.random(n) < 0.6, kind % k, rng.integers(0, k, n)).astype(str)
        for i, k in enumerate((2, 2, 3, 3, 4, 4, 5, 5))
    }
    schema = Schema(columns=tuple(Column(name=c, kind=Kind.CATEGORY) for c in columns))
    return Dataset(schema=schema, frame=pl.DataFrame(columns))


@pytest.mark.slow
def test_a_table_of_few_values_can_show_that_its_secrets_are_kept(make_case):
    """One row more among a dozen tells nothing, so plants are people whom a row gives away."""
    found = measured(make_case(*(few_values(2_500, s) for s in (1, 2, 3))))
    for (what, _), m in found.items():
        if what == "excess":
            assert m.low <= 0 <= m.high < 0.05
            assert m.limit_of_detection <= 0.1


@pytest.mark.slow
def test_a_rare_secret_can_be_shown_to_be_kept(make_case):
    """One person in eighty has it: that the others have it not is no secret of theirs."""

    def rarely(n, seed):
        data, rng = patients(n, seed), np.random.default_rng(seed + 100)
        ill = (data.frame["n0"].to_numpy() > 0.5) & (rng.random(n) < 0.04)
        frame = data.frame.with_columns(code=pl.Series(np.where(ill, "yes", "no")))
        return Dataset(schema=data.schema, frame=frame)

    found = measured(make_case(*(rarely(2_500, s) for s in (1, 2, 3))))["excess", "code"]
    assert found.low <= 0 <= found.high < 0.05
    assert found.limit_of_detection <= 0.1

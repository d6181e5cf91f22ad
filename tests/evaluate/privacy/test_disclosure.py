"""Disclosure: what the key of a person discloses, against people never seen."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Role
from assaymark.core.streams import Streams
from assaymark.evaluate import metrics
from assaymark.evaluate.statistics import clopper_pearson

STREAMS = Streams.from_seed(5)
ROLES = {"town": (Role.QUASI_IDENTIFIER,), "age": (Role.QUASI_IDENTIFIER,), "ill": (Role.TARGET,)}


def measured(case):
    return {(m.metric, m.subject): m for m in metrics.build("disclosure").measure(case, STREAMS)}


@pytest.fixture(scope="module")
def parts(population):
    return [population(n, s) for n, s in ((2_500, 1), (1_000, 2), (500, 3), (5_000, 4))]


@pytest.fixture
def registry(table):
    """Return a maker of people with a town of 500, an age of 40 and an illness of five."""

    def make(n, seed):
        rng = np.random.default_rng(seed)
        columns = {
            "town": [f"t{i}" for i in rng.integers(0, 500, n)],
            "age": [f"a{i}" for i in rng.integers(0, 40, n)],
            "ill": [f"i{i}" for i in rng.integers(0, 5, n)],
        }
        return table(columns, roles=ROLES, town="category", age="category", ill="category")

    return make


def mixed(schema, *frames):
    return Dataset(schema=schema, frame=pl.concat(frames))


def test_declared_keys_are_used(registry, make_case):
    parts = [registry(300, s) for s in (1, 2, 3)]
    details = measured(make_case(*parts))["disclosure.disco", "column:ill"].details
    assert (details["keys"], details["keys_declared"]) == (["age", "town"], True)


def test_raw_figures_by_hand(table, make_case):
    """Sixty people in town a, all well; one each in the towns b and c, both ill.

    The synthetic rows have a twice (well and ill), b once (ill) and c twice (ill): b is a
    replicated unique, b and c are disclosed, a is not.
    """
    columns = {"town": ["a"] * 60 + ["b", "c"], "ill": ["no"] * 60 + ["yes", "yes"]}
    roles = {"town": ROLES["town"], "ill": ROLES["ill"]}
    others = {"town": ["a", "d"] * 31, "ill": ["no", "yes"] * 31}
    made = {"town": list("aabcc"), "ill": ["no", "yes", "yes", "yes", "yes"]}
    train, holdout, made = (
        table(c, roles=roles, town="category", ill="category") for c in (columns, others, made)
    )
    found = measured(make_case(train, holdout, made))
    uniques = found["disclosure.replicated_uniques", "table"]
    assert (uniques.value, uniques.n) == (pytest.approx(1 / 62), 62)
    assert (uniques.low, uniques.high) == clopper_pearson(1, 62)[1:]
    assert uniques.details["uio"] == uniques.details["uiois"] == pytest.approx(2 / 62)
    disco = found["disclosure.disco", "column:ill"]
    assert (disco.value, disco.floor) == (pytest.approx(2 / 62), 0.0)
    raw = disco.details
    assert (raw["dis"], raw["disdio"], raw["tcap"], raw["is"], raw["dorig"]) == pytest.approx(
        (2 / 62, 2 / 62, 1.0, 1.0, 1.0)
    )
    assert raw["dcap"] == pytest.approx((60 * 0.5 + 2) / 62)
    assert raw["keys"] == ["town"]
    assert not raw["keys_declared"]  # one column is no key that somebody thought about
    assert found["disclosure.disco_excess", "column:ill"].value == pytest.approx(2 / 62)
    assert found["disclosure.replicated_uniques_excess", "table"].value == pytest.approx(1 / 62)


def test_fresh_rows_show_no_excess(parts, make_case):
    train, holdout, reference, fresh = parts
    found = measured(make_case(train, holdout, fresh, reference=reference))
    for name, subject in (
        ("disclosure.replicated_uniques_excess", "table"),
        ("disclosure.disco_excess", "column:ill"),
    ):
        m = found[name, subject]
        assert m.low <= 0 <= m.high
        assert m.high < 0.06
        assert m.limit_of_detection <= 0.1
    assert found["disclosure.disco", "column:ill"].value > 0.02  # what holds for anybody


def test_planted_keys_are_caught(registry, make_case):
    """5 % of train copied: unique keys come back, and the illness with them."""
    train, holdout, fresh = registry(2_000, 1), registry(1_500, 2), registry(2_000, 3)
    made = mixed(train.schema, train.frame[:100], fresh.frame[100:])
    found = measured(make_case(train, holdout, made))
    assert found["disclosure.replicated_uniques_excess", "table"].low > 0.01
    assert found["disclosure.disco_excess", "column:ill"].low > 0.01
    clean = measured(make_case(train, holdout, fresh))
    assert clean["disclosure.replicated_uniques_excess", "table"].low <= 0
    assert clean["disclosure.disco_excess", "column:ill"].low <= 0


def test_a_leak_of_unseen_people_is_no_leak_of_train(registry, make_case):
    train, holdout, fresh = registry(2_000, 1), registry(1_500, 2), registry(2_000, 3)
    made = mixed(train.schema, holdout.frame[:100], fresh.frame[100:])
    found = measured(make_case(train, holdout, made))
    assert found["disclosure.disco_excess", "column:ill"].high < 0


def test_sizes_of_train_and_holdout_make_no_difference(registry, make_case):
    """Fewer people are unique more often among themselves, so they are counted together."""
    train, holdout, fresh = registry(8_000, 11), registry(600, 12), registry(8_000, 13)
    m = measured(make_case(train, holdout, fresh))["disclosure.replicated_uniques_excess", "table"]
    assert m.low <= 0 <= m.high
    alone = pl.len().over("town", "age") == 1
    raw = [d.frame.select(alone.mean()).item() for d in (train, holdout)]
    assert raw[1] > raw[0] + 0.2


def test_all_replicates_are_looked_at(registry, make_case):
    train, holdout, fresh = registry(2_000, 1), registry(1_500, 2), registry(2_000, 3)
    leaky = mixed(train.schema, train.frame[:150], fresh.frame[150:])
    twice = measured(make_case(train, holdout, leaky, leaky))
    assert twice["disclosure.replicated_uniques_excess", "table"].low > 0.02
    assert twice["disclosure.disco_excess", "column:ill"].low > 0.02


def test_a_person_with_many_rows_counts_once(population, make_case):
    train, holdout = (population(1_000, s, visits=5) for s in (1, 2))
    made = mixed(train.schema, train.frame[:50], population(900, 3).frame)
    for m in measured(make_case(train, holdout, made)).values():
        assert m.n == 200


def test_the_raw_figures_can_gate_nothing():
    raw = [q for q in metrics.load("disclosure").quantities if not q.name.endswith("excess")]
    assert [q.name for q in raw] == ["disclosure.replicated_uniques", "disclosure.disco"]
    assert not any(q.gate for q in raw)


def test_details_show_plants_and_the_null(registry, make_case):
    train, holdout, fresh = registry(2_000, 1), registry(1_500, 2), registry(2_000, 3)
    for (name, _), m in measured(make_case(train, holdout, fresh)).items():
        if name.endswith("excess"):
            lines = m.details["controls"]
            assert {line["kind"] for line in lines} == {"planted", "null"}
            assert lines[-1]["caught"] <= 2
            assert m.details["of_members"] - m.details["of_unseen"] == pytest.approx(m.value)

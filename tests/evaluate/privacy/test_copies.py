"""Copies: planted copies are caught, near ones too; tables that repeat by nature accuse nobody."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.evaluate import metrics
from assaymark.evaluate.isolation import scene_of

STREAMS = Streams.from_seed(5)


def measured(case):
    return {(m.metric, m.subject): m for m in metrics.build("copies").measure(case, STREAMS)}


@pytest.fixture(scope="module")
def parts(population):
    return [population(n, s) for n, s in ((2_500, 1), (1_000, 2), (500, 3), (5_000, 4))]


def mixed(schema, *frames):
    return Dataset(schema=schema, frame=pl.concat(frames))


def loneliest(parts, make_case, count):
    train, holdout, reference, fresh = parts
    scene = scene_of(make_case(train, holdout, fresh, reference=reference))
    return train.frame[np.argsort(-scene.members.isolation)[:count]]


def few_values(n, seed, columns=8):
    rng = np.random.default_rng(seed)
    names = [f"c{i}" for i in range(columns)]
    frame = {c: np.array(list("abc"))[rng.choice(3, n, p=[0.7, 0.25, 0.05])] for c in names}
    schema = Schema(columns=tuple(Column(name=c, kind=Kind.CATEGORY) for c in names))
    return Dataset(schema=schema, frame=pl.DataFrame(frame))


def test_fresh_rows_pass_narrow_thresholds(parts, make_case):
    """No row of this population repeats by chance: 0 of 2,500, upper end 3.69 / 2,500."""
    train, holdout, reference, fresh = parts
    found = measured(make_case(train, holdout, fresh, reference=reference))
    exact = found["copies.exact_excess", "table"]
    assert (exact.value, exact.n) == (0.0, 2_500)
    assert exact.high == pytest.approx(3.69 / 2_500, rel=0.01)
    assert exact.limit_of_detection <= 0.004
    assert found["copies.isolated_excess", "records:isolated"].high < 0.03


def test_25_copies_among_5000_rows_are_caught_exactly(parts, make_case):
    train, holdout, reference, fresh = parts
    made = mixed(train.schema, loneliest(parts, make_case, 25), fresh.frame[25:])
    found = measured(make_case(train, holdout, made, reference=reference))
    assert found["copies.exact_excess", "table"].value == pytest.approx(0.01)
    assert found["copies.exact_excess", "table"].low > 0.005
    for subject in ("records:isolated", "records:most_isolated"):
        assert found["copies.isolated_excess", subject].low > 0.01


def test_near_copies_of_isolated_people_are_caught(parts, make_case):
    train, holdout, reference, fresh = parts
    copies = loneliest(parts, make_case, 40)
    copies = copies.with_columns(pl.col("age") + 1, pl.col("income") * 1.01)
    made = mixed(train.schema, copies, fresh.frame[40:])
    found = measured(make_case(train, holdout, made, reference=reference))
    assert found["copies.exact_excess", "table"].value == 0
    assert found["copies.isolated_excess", "records:most_isolated"].low > 0.04


def test_chance_in_ten_tables_hides_no_copies_and_feigns_none(parts, population, make_case):
    """Fifty thousand rows of few numbers come near everybody: a near copy has to be nearer."""
    train, holdout, reference, fresh = parts
    tables = [fresh, *(population(5_000, s) for s in range(10, 19))]
    clean = measured(make_case(train, holdout, *tables, reference=reference))
    assert clean["copies.isolated_excess", "records:isolated"].high <= 0.01
    copies = loneliest(parts, make_case, 40)
    tables[3] = mixed(train.schema, copies, tables[3].frame[40:])
    leaky = measured(make_case(train, holdout, *tables, reference=reference))
    for subject in ("records:isolated", "records:most_isolated"):
        assert leaky["copies.isolated_excess", subject].low > 0.04


def test_copies_of_unseen_people_are_no_leak_of_train(parts, make_case):
    train, holdout, reference, fresh = parts
    made = mixed(train.schema, holdout.frame[:100], fresh.frame[100:])
    exact = measured(make_case(train, holdout, made, reference=reference))[
        "copies.exact_excess", "table"
    ]
    assert exact.value == pytest.approx(-100 / 1_500)


def test_a_table_that_repeats_by_nature_accuses_nobody(make_case):
    """Three values in each of eight columns: most rows have equals, and so have fresh ones."""
    train, holdout, reference, fresh = (
        few_values(n, s) for n, s in ((1_500, 1), (900, 2), (500, 3), (4_000, 4))
    )
    shared = set(train.frame.iter_rows()) & set(fresh.frame.iter_rows())
    assert len(shared) > 200
    found = measured(make_case(train, holdout, fresh, reference=reference))
    assert found.pop(("copies.most_repeated", "table")).value <= 2
    for m in found.values():
        assert m.value is not None
        assert m.low <= 0
        assert m.high < 0.03


def test_where_no_record_is_distinctive_no_plant_is_waited_for(make_case):
    """Few people are as isolated as wanted, none can be copied: no leak can be missed."""
    train, holdout, fresh = (few_values(2_000, s, columns=5) for s in (1, 2, 3))
    case = make_case(train, holdout, fresh)
    assert not scene_of(case).members.distinctive.any()
    found = measured(case)
    for subject in ("table", "records:isolated", "records:most_isolated"):
        metric = "copies.exact_excess" if subject == "table" else "copies.isolated_excess"
        assert found[metric, subject].limit_of_detection == 0.002


def test_a_person_with_many_copied_rows_counts_once(population, make_case):
    train, holdout = (population(1_000, s, visits=5) for s in (1, 2))
    whole = train.frame[:50]  # all rows of ten persons
    made = mixed(train.schema, whole, population(500, 3).frame)
    exact = measured(make_case(train, holdout, made))["copies.exact_excess", "table"]
    assert (exact.n, exact.value) == (200, pytest.approx(10 / 200))


def test_all_replicates_are_searched(parts, make_case):
    train, holdout, reference, fresh = parts
    second = mixed(train.schema, train.frame[:30], fresh.frame[30:])
    found = measured(make_case(train, holdout, fresh, second, reference=reference))
    assert found["copies.exact_excess", "table"].value == pytest.approx(30 / 2_500)


def test_details_show_plants_and_the_null(parts, make_case):
    train, holdout, reference, fresh = parts
    found = measured(make_case(train, holdout, fresh, reference=reference))
    del found["copies.most_repeated", "table"]  # a count that needs no control
    for m in found.values():
        kinds = {line["kind"] for line in m.details["controls"]}
        assert kinds == {"planted", "null"}
        (null,) = (line for line in m.details["controls"] if line["kind"] == "null")
        assert null["caught"] <= 1


def test_one_person_repeated_again_and_again_is_counted(parts, make_case):
    train, holdout, reference, fresh = parts
    lonely = loneliest(parts, make_case, 1)
    made = mixed(train.schema, pl.concat([lonely] * 7), fresh.frame[7:])
    found = measured(make_case(train, holdout, made, reference=reference))
    assert found["copies.most_repeated", "table"].value == 7
    clean = measured(make_case(train, holdout, fresh, reference=reference))
    assert clean["copies.most_repeated", "table"].value <= 1


def test_rows_that_many_people_share_are_nobody_s(table, make_case):
    """Two categories only: every row is repeated a thousand times, and gives nobody away."""
    rng = np.random.default_rng(0)
    parts = [table({"c": rng.choice(["a", "b"], 500).tolist()}, c="category") for _ in range(3)]
    found = measured(make_case(*parts))
    assert found["copies.most_repeated", "table"].value == 0

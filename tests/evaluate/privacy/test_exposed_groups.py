"""Every attack whose hits are people says which groups it hits most, and accuses none by chance."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Kind, Role
from assaymark.core.streams import Streams
from assaymark.evaluate import metrics

HITS = {
    "attribute_inference.excess": "guessed rightly",
    "copies.exact_excess": "copied exactly",
    "inference_suite.excess": "guessed rightly",
    "linkability.excess": "linked",
    "membership.excess_tpr": "called members",
    "near_copies.excess": "copied nearly",
}


@pytest.fixture(scope="module")
def parts(population):
    return [population(1_200, s) for s in (1, 2, 3)]


@pytest.fixture(scope="module")
def women(parts, make_case):
    """Two fifths of the synthetic rows are copies of women of train."""
    train, holdout, fresh = parts
    copied = train.frame.filter(pl.col("sex") == "f")[:480]
    frame = pl.concat([copied, fresh.frame[480:]])
    return make_case(train, holdout, Dataset(schema=train.schema, frame=frame))


def groups(case, name):
    found = metrics.build(name.partition(".")[0]).measure(case, Streams.from_seed(1))
    return [
        ({x["group"]: x for x in m.details["groups"]}, m.details["hit"])
        for m in found
        if m.metric == name and "groups" in m.details
    ]


@pytest.mark.parametrize("name", sorted(HITS))
def test_women_are_named_where_women_are_copied(name, women):
    every = groups(women, name)
    assert every
    assert {hit for _, hit in every} == {HITS[name]}
    assert any(lines["sex=f"]["exposed"] for lines, _ in every)
    assert not any(lines["sex=m"]["exposed"] for lines, _ in every)
    assert all(x["n"] >= 30 for lines, _ in every for x in lines.values())


@pytest.mark.parametrize("name", sorted(HITS))
def test_no_group_is_named_where_nothing_is_copied(name, parts, make_case):
    for lines, _ in groups(make_case(*parts), name):
        assert not any(x["exposed"] for x in lines.values())


@pytest.mark.parametrize("name", ["linkability.excess", "near_copies.excess"])
def test_people_of_both_tables_of_unseen_have_their_group(name, women, population):
    """The reference is no woman at all; the groups of the holdout must not shift."""
    reference = population(600, 9)
    men = reference.frame.with_columns(pl.lit("m").alias("sex"))
    case = replace(women, reference=replace(reference, frame=men))
    every = groups(case, name)
    assert all(lines["sex=f"]["exposed"] for lines, _ in every)


def test_without_a_protected_column_no_group_is_shown(table, make_case):
    rng = np.random.default_rng(1)
    data = [
        table(
            {"x": rng.normal(size=90).tolist(), "y": rng.normal(size=90).tolist(), "z": ["a"] * 90},
            roles={"x": (Role.OTHER,)},
            x=Kind.DECIMAL,
            y=Kind.DECIMAL,
            z=Kind.CATEGORY,
        )
        for _ in range(3)
    ]
    assert all(lines == {} for lines, _ in groups(make_case(*data), "near_copies.excess"))

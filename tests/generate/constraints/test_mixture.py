"""Rows of several kinds in exact numbers, whatever the blocks."""

from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.core.conditions import Conditions
from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.errors import ConditionError, InputError, UnknownNameError
from assaymark.generate import generators
from assaymark.generate.constraints.mixture import Mixture, mixture_of, sample_wanted


@cache
def data(n=2000):
    rng = np.random.default_rng(0)
    age = rng.integers(18, 90, n)
    ill = np.where(rng.random(n) < 0.1, None, np.where(rng.random(n) < age / 300, "yes", "no"))
    values = {"age": (Kind.INTEGER, age.tolist()), "ill": (Kind.CATEGORY, ill.tolist())}
    schema = Schema(columns=tuple(Column(name=k, kind=v[0]) for k, v in values.items()))
    frame = pl.DataFrame({k: pl.Series(k, v, POLARS_TYPES[t]) for k, (t, v) in values.items()})
    return Dataset(schema=schema, frame=frame)


@cache
def model():
    source = PrivateSource(_rows=data(), record=lambda who, why: None)
    return generators.build("tree_chain", {}).fit(source, Streams.from_seed(1))


def drawn(mixture, rows=None):
    return sample_wanted(model(), rows or range(mixture.rows), Streams.from_seed(2), mixture).frame


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.data())
def test_every_kind_has_its_count_and_every_row_its_kind(counts, draw):
    schema = data().schema
    parts = tuple(Conditions.parse(f"age > {i}", schema) for i in range(len(counts)))
    mixture = Mixture(parts=parts, counts=tuple(counts))
    whole, before = mixture.kinds(range(mixture.rows))
    assert np.bincount(whole, minlength=len(counts)).tolist() == counts
    assert before.tolist() == [0] * len(counts)
    start = draw.draw(st.integers(0, mixture.rows - 1))
    stop = draw.draw(st.integers(start, mixture.rows))
    here, earlier = mixture.kinds(range(start, stop))
    assert here.tolist() == whole[start:stop].tolist()
    assert earlier.tolist() == np.bincount(whole[:start], minlength=len(counts)).tolist()
    share = np.array(counts) / mixture.rows * stop
    assert (abs(np.bincount(whole[:stop], minlength=len(counts)) - share) < len(counts)).all()


def test_a_class_is_rebalanced_to_the_row_and_blocks_agree():
    mixture = mixture_of({"ill": {"yes": 0.5, "no": 0.5}}, 301, data().schema)
    assert mixture.counts == (151, 150)
    made = drawn(mixture)
    assert (made["ill"] == "yes").sum() == 151
    assert (made["ill"] == "no").sum() == 150
    parts = [drawn(mixture, r) for r in (range(100), range(100, 101), range(101, 301))]
    assert made.equals(pl.concat(parts))
    ages = made.group_by("ill").agg(pl.col("age").mean())
    real = data().frame.group_by("ill").agg(pl.col("age").mean())
    for level in ("yes", "no"):  # 150 rows: a mean is within 20 / sqrt(150) x 3.5
        gap = [t.filter(pl.col("ill") == level)["age"].item() for t in (ages, real)]
        assert abs(gap[0] - gap[1]) < 6


def test_what_no_share_speaks_of_keeps_the_rest():
    mixture = mixture_of({"ill": {"missing": 0.25, "yes": 0.25}}, 200, data().schema)
    made = drawn(mixture)["ill"]
    assert made.null_count() == 50
    assert (made == "yes").sum() == 50
    assert (made == "no").sum() == 100
    most = mixture_of({"ill": {"yes": 0.5}}, 400, data().schema)
    rest = drawn(most)["ill"]
    assert (rest == "yes").sum() == 200
    assert 0 < rest.null_count() < 60  # about 1 in 10 of the others were missing


def test_a_marginal_is_shifted_by_ranges_under_a_condition():
    schema = data().schema
    shares = {"age": {"< 40": 0.2, "between 40 and 64": 0.2, ">= 65": 0.6}}
    mixture = mixture_of(shares, 50, schema, Conditions.parse("ill == 'yes'", schema))
    made = drawn(mixture)
    assert (made["ill"] == "yes").all()
    assert [(made["age"] < 40).sum(), (made["age"] >= 65).sum()] == [10, 30]


def test_remainders_go_to_the_largest():
    schema = data().schema
    thirds = {"ill": {"yes": 1 / 3, "no": 1 / 3, "missing": 1 / 3}}
    assert mixture_of(thirds, 100, schema).counts == (34, 33, 33)
    assert mixture_of({"ill": {"yes": 0.001, "no": 0.999}}, 100, schema).counts == (100,)


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ({"ill": {"yes": 0.7, "no": 0.7}}, r"add up to 1\.4"),
        ({"ill": {"yes": -0.1}}, "between 0 and 1"),
        ({"ill": {"yes": "half"}}, "between 0 and 1"),
        ({"ill": {}}, "no share of 'ill'"),
        ({"il": {"yes": 0.5}}, "did you mean 'ill'"),
        ({"ill": {"yes": 0.5}, "age": {"> 3": 1}}, "one column"),
        ({"age": {"> 30": 0.5, "< 40": 0.5}}, "speak of the same values"),
        ({"age": {"old": 0.5}}, "a number"),
    ],
)
def test_what_is_wrong_with_shares_is_said(shares, said):
    with pytest.raises((ConditionError, UnknownNameError), match=said):
        mixture_of(shares, 100, data().schema)


def test_shares_that_contradict_the_condition_and_values_never_made_are_errors():
    schema = data().schema
    young = Conditions.parse("age < 30", schema)
    with pytest.raises(ConditionError, match="no row can satisfy"):
        mixture_of({"age": {"> 40": 0.5}}, 100, schema, young)
    with pytest.raises(ConditionError, match="values are 'no', 'yes' or missing"):
        drawn(mixture_of({"ill": {"perhaps": 0.5}}, 10, schema))
    with pytest.raises(InputError, match="it has no rows"):
        drawn(mixture_of({"ill": {"yes": 0.5}}, 10, schema), range(5, 11))


def test_a_generator_without_conditions_says_so():
    class Old:
        def sample(self, rows, streams):
            return data().take(np.arange(len(rows)))

    streams, schema = Streams.from_seed(1), data().schema
    assert sample_wanted(Old(), range(3), streams, None).n == 3
    with pytest.raises(InputError, match="Old cannot sample under a condition"):
        sample_wanted(Old(), range(3), streams, Conditions.parse("age > 3", schema))

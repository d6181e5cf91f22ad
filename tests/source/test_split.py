import time
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.core.dataset import Dataset
from assaymark.core.recipe import SplitSpec, TopCode
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.errors import DataError
from assaymark.source.split import hold_out, split
from assaymark.source.transform import apply

KEY = b"k" * 32
SPEC = SplitSpec()
SHARES = {"train": 0.5, "development": 0.2, "confirmation": 0.2, "reference": 0.1}


def visits(n_persons=300, rows_each=3, seed=0):
    """Several rows a person: key, a number that names the row, and an e-mail."""
    n = n_persons * rows_each
    order = np.random.default_rng(seed).permutation(n)
    who = np.repeat(np.arange(n_persons), rows_each)[order]
    schema = Schema(
        columns=(
            Column(name="key", kind=Kind.CATEGORY, roles=(Role.PERSON_KEY,)),
            Column(name="mail", kind=Kind.CATEGORY, roles=(Role.DIRECT_IDENTIFIER,)),
            Column(name="x", kind=Kind.INTEGER),
        )
    )
    frame = pl.DataFrame(
        {"key": [f"p{w}" for w in who], "mail": [f"{w}@e.org" for w in who], "x": order}
    )
    return Dataset(schema=schema, frame=frame)


def rows(n=500, seed=0):
    x = np.random.default_rng(seed).normal(size=n)
    return Dataset(
        schema=Schema(columns=(Column(name="x", kind=Kind.DECIMAL),)),
        frame=pl.DataFrame({"x": x}),
    )


def parts_of(done):
    """Return the part of each value of x."""
    return {x: i for i, part in enumerate(done.all) for x in part.frame["x"].to_list()}


def test_a_person_is_in_one_part_and_every_row_is_somewhere():
    data = visits()
    done = split(data, SPEC, KEY, basis=data)
    where = parts_of(done)
    assert len(where) == data.n
    parts = [{where[x] for x in g["x"]} for _, g in data.frame.group_by("key")]
    assert all(len(p) == 1 for p in parts)
    assert done.unit == "person"
    assert done.shared_persons == 0
    assert done.note == ""


def test_persons_are_codes_and_keys_are_no_columns():
    data = visits()
    for part in split(data, SPEC, KEY, basis=data).all:
        assert part.schema.names == ("x",)
        assert part.persons.dtype == np.int64
        assert part.n == 3 * part.n_persons


def test_shares_are_met_exactly_when_small_and_nearly_when_large():
    small = split(visits(n_persons=100), SPEC, KEY, basis=visits(n_persons=100))
    assert [p.n_persons for p in small.all] == [50, 20, 20, 10]
    large = split(rows(20_000), SPEC, KEY, basis=rows(20_000))
    for part, share in zip(large.all, SHARES.values(), strict=True):
        # binomial: 5 standard deviations, false alarm below 1e-5
        assert abs(part.n - 20_000 * share) < 5 * np.sqrt(20_000 * share * (1 - share))


@pytest.mark.parametrize("make", [visits, rows, lambda: rows(3_000)])
def test_neither_order_nor_transformation_nor_name_moves_anyone(make):
    data = make()
    before = parts_of(split(data, SPEC, KEY, basis=data))
    shuffled = data.take(np.random.default_rng(1).permutation(data.n))
    assert parts_of(split(shuffled, SPEC, KEY, basis=shuffled)) == before
    renamed = Dataset(
        schema=Schema(columns=tuple(replace(c, name=f"{c.name}2") for c in data.schema.columns)),
        frame=data.frame.rename({c: f"{c}2" for c in data.frame.columns}),
    )
    again = split(data, SPEC, KEY, basis=renamed)
    assert parts_of(again) == before
    capped = apply(data, (TopCode(kind="top_code", column="x", high=0),)).dataset
    marked = replace(data, frame=data.frame)
    assert [p.n for p in split(capped, SPEC, KEY, basis=marked).all] == [p.n for p in again.all]


def test_a_declared_kind_moves_no_row():
    whole = Dataset(
        schema=Schema(columns=(Column(name="x", kind=Kind.INTEGER),)),
        frame=pl.DataFrame({"x": range(200)}),
    )
    kinds = [(Kind.DECIMAL, pl.Float64), (Kind.CATEGORY, pl.String)]
    for kind, dtype in kinds:
        other = Dataset(
            schema=Schema(columns=(Column(name="x", kind=kind),)),
            frame=whole.frame.cast({"x": dtype}),
        )
        done = split(whole, SPEC, KEY, basis=other)
        assert parts_of(done) == parts_of(split(whole, SPEC, KEY, basis=whole))


def test_another_key_draws_other_parts_and_another_commitment():
    data = visits()
    one, two = (split(data, SPEC, k, basis=data) for k in (KEY, b"j" * 32))
    assert parts_of(one) != parts_of(two)
    assert one.commitment != two.commitment
    assert not one.account_hashes & two.account_hashes


def test_the_commitment_is_to_the_assignment():
    data = visits()
    shuffled = data.take(np.arange(data.n)[::-1])
    other = SplitSpec(train=0.4, development=0.3)
    commitments = [
        split(d, s, KEY, basis=d).commitment
        for d, s in ((data, SPEC), (shuffled, SPEC), (data, other))
    ]
    assert commitments[0] == commitments[1] != commitments[2]


def test_account_hashes_name_persons_across_tables():
    data = visits()
    done = split(data, SPEC, KEY, basis=data)
    assert len(done.account_hashes) == sum(part.n_persons for part in done.all)
    fewer = data.take(np.flatnonzero(data.frame["x"].to_numpy() % 3 == 0))
    again = split(fewer, SplitSpec(train=0.1, development=0.1, confirmation=0.7), KEY, basis=fewer)
    assert len(done.account_hashes & again.account_hashes) > 0
    other = split(data, SplitSpec(train=0.1, development=0.1, confirmation=0.7), KEY, basis=data)
    assert other.account_hashes == done.account_hashes


def test_repeated_rows_are_other_persons_and_are_noted():
    data = Dataset(
        schema=Schema(columns=(Column(name="x", kind=Kind.INTEGER),)),
        frame=pl.DataFrame({"x": [1] * 200}),
    )
    done = split(data, SPEC, KEY, basis=data)
    assert [p.n for p in done.all] == [100, 40, 40, 20]
    assert done.note.startswith("Rows that repeat another one in full: about 200.")
    assert done.train.persons is None


def test_split_by_row_counts_the_shared_persons():
    data = visits()
    done = split(data, SplitSpec(unit="row"), KEY, basis=data)
    who = dict(zip(data.frame["x"], data.frame["key"], strict=True))
    train = {who[x] for x in done.train.frame["x"]}
    rest = {who[x] for p in done.all[1:] for x in p.frame["x"]}
    assert done.shared_persons == len(train & rest) > 0
    assert done.unit == "row"
    assert done.train.persons is None
    assert "each row counts as a person" in done.note


def test_a_key_of_one_row_each_is_split_by_key_without_codes():
    data = visits(rows_each=1)
    done = split(data, SPEC, KEY, basis=data)
    assert done.unit == "person"
    assert done.train.persons is None


def test_too_few_persons_are_refused_with_what_is_needed():
    data = visits(n_persons=12)
    with pytest.raises(DataError) as caught:
        split(data, SPEC, KEY, basis=data)
    assert "12 persons, too few to split: train 6, development 2" in str(caught.value)
    assert "need about 45 persons" in str(caught.value)
    with pytest.raises(DataError, match="the table has 1 rows"):
        split(rows(1), SPEC, KEY, basis=rows(1))


def test_every_column_a_key_is_refused():
    data = visits().drop("x")
    with pytest.raises(DataError, match="every column is a key or a direct identifier"):
        split(data, SPEC, KEY, basis=data)


def test_two_person_keys_are_refused():
    data = visits()
    schema = Schema(
        columns=tuple(
            replace(c, roles=(Role.PERSON_KEY,)) if c.name == "mail" else c
            for c in data.schema.columns
        )
    )
    two = Dataset(schema=schema, frame=data.frame)
    with pytest.raises(DataError, match="2 columns are declared person_key: key, mail"):
        split(two, SPEC, KEY, basis=two)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False)), min_size=45, max_size=80))
def test_parts_are_a_partition_whatever_the_values(values):
    data = Dataset(
        schema=Schema(columns=(Column(name="x", kind=Kind.DECIMAL),)),
        frame=pl.DataFrame({"x": values}, schema={"x": pl.Float64}),
    )
    done = split(data, SPEC, KEY, basis=data)
    together = pl.concat([p.frame for p in done.all])["x"].sort()
    assert together.equals(data.frame["x"].sort())


@pytest.mark.slow
def test_fifty_thousand_rows_are_split_in_half_a_second():
    rng = np.random.default_rng(0)
    n = 50_000
    frame = pl.DataFrame({f"x{i}": rng.normal(size=n) for i in range(20)})
    columns = tuple(Column(name=c, kind=Kind.DECIMAL) for c in frame.columns)
    data = Dataset(schema=Schema(columns=columns), frame=frame)
    start = time.process_time()
    split(data, SPEC, KEY, basis=data)
    assert time.process_time() - start < 1.5  # CPU seconds, both cores, on a busy machine


@pytest.mark.parametrize("n", [2, 3, 10, 501])
def test_a_draft_holds_out_a_fifth_from_two_rows_up(n):
    fit, held = hold_out(rows(n), KEY)
    assert (fit.n, held.n) == (n - max(1, round(n / 5)), max(1, round(n / 5)))
    assert hold_out(rows(n), KEY)[1].frame.equals(held.frame)


def test_a_draft_keeps_persons_together_with_or_without_the_key():
    data = visits()
    for table in (data, apply(data, ()).dataset):
        fit, held = hold_out(table, KEY, share=0.3)
        assert fit.schema.names == ("x",)
        assert (fit.n_persons, held.n_persons) == (210, 90)
        assert not set(fit.persons) & set(held.persons)


def test_one_person_cannot_be_held_out():
    with pytest.raises(DataError, match="the table has one row"):
        hold_out(rows(1), KEY)
    with pytest.raises(DataError, match="5 rows of one person"):
        hold_out(visits(n_persons=1, rows_each=5), KEY)

"""Coded: whole numbers told from quantities by the labels beside them."""

import time

import numpy as np
import polars as pl
import pytest

from assaymark.core.recipe import ColumnSpec
from assaymark.core.schema import Kind, Role
from assaymark.source.coded import can_be_codes, label_of
from assaymark.source.profile import profile
from assaymark.source.suspicion import Facts

CODES = np.random.default_rng(5).choice(90_000, 40, replace=False) + 10_000
DRUGS = np.array([f"drug {chr(97 + i % 26)}{i}" for i in range(40)])


def orders(n=2000, seed=0):
    """Orders of 100 people, each of one of 40 drugs."""
    rng = np.random.default_rng(seed)
    drug, who = rng.integers(0, 40, n), rng.integers(0, 100, n)
    return pl.DataFrame({"patient_id": who, "gsn": CODES[drug], "drug": DRUGS[drug]})


def test_numbers_that_tell_a_label_are_codes_and_said_to_be():
    found = profile(orders(), {}).column("gsn")
    assert found.column.kind is Kind.CATEGORY
    assert found.kind_reason == "whole numbers that are codes: each goes with one value of 'drug'"
    assert found.column.roles == (Role.OTHER,)
    declared = profile(orders(), {"gsn": ColumnSpec(kind=Kind.INTEGER)}).column("gsn")
    assert declared.column.kind is Kind.INTEGER


def test_numbers_that_tell_no_label_stay_numbers():
    frame = orders().with_columns(pl.col("drug").shuffle(seed=1))
    assert profile(frame, {}).column("gsn").column.kind is Kind.INTEGER


@pytest.mark.parametrize("name", ["age", "price", "unit_cost", "year", "n_count", "population"])
def test_a_name_that_says_an_amount_keeps_numbers(name):
    frame = orders().rename({"gsn": name})
    assert profile(frame, {}).column(name).column.kind is Kind.INTEGER


def test_the_income_of_one_person_is_no_code_of_a_town():
    rng = np.random.default_rng(0)
    who = rng.integers(0, 100, 2000)
    owned = rng.choice(90_000, 100, replace=False) + 10_000
    frame = pl.DataFrame({"patient_id": who, "owned": owned[who], "town": DRUGS[who % 40]})
    assert profile(frame, {}).column("owned").column.kind is Kind.INTEGER
    alone = profile(frame.drop("patient_id"), {}).column("owned")
    assert alone.column.kind is Kind.CATEGORY  # unless nobody says whose rows they are


def things(n=4000, seed=0, **each):
    """Rows of 40 products, each with its own number of whatever is given."""
    k = np.random.default_rng(seed).integers(0, 40, n)
    return pl.DataFrame({"product": DRUGS[k], **{c: v[k] for c, v in each.items()}})


def kinds(frame, *names):
    found = profile(frame, {})
    return [found.column(name).column.kind for name in names]


SMALL = np.random.default_rng(6).choice(1900, 40, replace=False) + 100


@pytest.mark.parametrize("name", ["sodium", "horsepower"])
def test_what_each_product_has_one_of_is_no_code(name):
    assert kinds(things(**{name: SMALL}), name) == [Kind.INTEGER]
    # nor if it tells the brand, too, of which there are fewer
    brands = np.array([f"brand {i % 12}" for i in range(40)])
    frame = things(brand=brands, **{name: SMALL})
    assert kinds(frame, name) == [Kind.INTEGER]
    assert kinds(frame.select("brand", name, "product"), name) == [Kind.INTEGER]


def test_wide_numbers_are_codes_unless_there_are_several():
    assert kinds(things(source_value=CODES), "source_value") == [Kind.CATEGORY]
    several = things(towing=CODES, torque=CODES[::-1])
    assert kinds(several, "towing", "torque") == [Kind.INTEGER, Kind.INTEGER]


def test_small_numbers_are_codes_where_labels_have_several():
    # two numbers a label: no attribute of it
    numbers = np.random.default_rng(7).choice(1900, 80, replace=False) + 100
    k = np.random.default_rng(8).integers(0, 80, 4000)
    frame = pl.DataFrame({"product": DRUGS[k % 40], "held": numbers[k]})
    assert kinds(frame, "held") == [Kind.CATEGORY]


def test_many_numbers_beside_many_labels_take_little_time():
    rng = np.random.default_rng(0)
    n = 200_000
    numbers = [pl.Series(rng.choice(np.arange(0, 100_000, 97), n)) for _ in range(5)]
    labels = {f"c{j}": pl.Series(rng.integers(0, 50, n)).cast(pl.String) for j in range(15)}
    began = time.perf_counter()
    assert [label_of(x, labels, None) for x in numbers] == [None] * 5
    assert time.perf_counter() - began < 3


def test_twenty_label_columns_are_looked_at():
    frame = orders().select("patient_id", "gsn", "drug")
    noise = [pl.col("drug").shuffle(seed=i).alias(f"c{i}") for i in range(20)]
    assert kinds(frame.select("patient_id", "gsn", *noise, "drug"), "gsn") == [Kind.INTEGER]
    assert kinds(frame.select("patient_id", "gsn", *noise[1:], "drug"), "gsn") == [Kind.CATEGORY]


def facts(values):
    s = pl.Series(values)
    return Facts(name="x", kind=Kind.INTEGER, values=s, n_unique=s.n_unique(), rows=len(s))


def test_codes_are_few_for_their_range_and_end_in_any_digit():
    assert can_be_codes(facts(np.repeat(CODES, 5)))
    assert not can_be_codes(facts(np.repeat(CODES, 4)))  # too little repetition
    assert not can_be_codes(facts(np.repeat(np.arange(40), 5)))  # dense, as ages and counts
    assert not can_be_codes(facts(np.repeat(CODES // 10 * 10 + 9, 5)))  # prices
    assert not can_be_codes(facts(np.repeat(-CODES, 5)))


def test_a_usual_label_is_not_told_by_codes():
    # nine of ten rows have label 0 whatever the code: 0.9 right is 0 of what is not usual
    rng = np.random.default_rng(0)
    codes = pl.Series(np.repeat(CODES, 50))
    usual = pl.Series(np.where(rng.random(2000) < 0.9, 0, rng.integers(1, 40, 2000)).astype(str))
    assert label_of(codes, {"usual": usual}, None) is None
    told = pl.Series(np.repeat(DRUGS, 50))
    assert label_of(codes, {"usual": usual, "told": told}, None) == "told"

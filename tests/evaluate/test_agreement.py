"""Agreement: bits counted by hand, and what rare, missing and new values are worth."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Schema
from assaymark.evaluate.agreement import agreement_of

SCHEMA = Schema(
    columns=(Column(name="sex", kind=Kind.CATEGORY), Column(name="age", kind=Kind.INTEGER))
)


def table(sex, age):
    frame = pl.DataFrame({"sex": sex, "age": age}, schema={"sex": pl.String, "age": pl.Int64})
    return Dataset(schema=SCHEMA, frame=frame)


def test_bits_of_a_record_by_hand():
    """Of four rows "f" is half (1 bit), "m" and missing a quarter (2), and so is each age (2)."""
    real = table(["f", "f", "m", None], [1, 2, 3, 4])
    found = agreement_of([real]).found(real, [real])
    assert found.bits == pytest.approx([3, 3, 4, 4], abs=1e-5)
    assert found.missing == pytest.approx([0, 0, 0, 0])


def test_what_no_row_repeats_is_missing():
    """A row of another sex lacks the bit or two of sex; one of another age those of age."""
    real = table(["f", "f", "m", None], [1, 2, 3, 4])
    agreement = agreement_of([real])
    other_sex = agreement.found(real, [table(["x", "x", "x", "x"], [1, 2, 3, 4])])
    assert other_sex.missing == pytest.approx([1, 1, 2, 2], abs=1e-5)
    other_age = agreement.found(real, [table(["f", "f", "m", None], [None] * 4)])
    assert other_age.missing == pytest.approx([2, 2, 2, 2], abs=1e-5)


def test_the_best_of_all_replicates_counts():
    real = table(["f", "f", "m", None], [1, 2, 3, 4])
    parts = [table(["x"], [1]), table(["f"], [1]), table(["m"], [9])]
    assert agreement_of([real]).found(real.take(np.array([0])), parts).missing == [0.0]


@pytest.mark.parametrize("levels", [150, 151, 10_000])
def test_many_categories_cost_few_coordinates(levels):
    values = [f"v{i % levels}" for i in range(10_000)]
    real = table(values, [1] * 10_000)
    agreement = agreement_of([real])
    assert agreement.points(real).shape[1] <= 250
    found = agreement.found(real.take(np.arange(50)), [real])
    assert (found.missing == 0).all()
    assert (found.bits > 3).all()


def test_brute_force_agrees(population):
    """Each pair of rows compared code by code."""
    real, made = population(60, 1), population(40, 2)
    agreement = agreement_of([real])
    codes = [(c.codes(real), c.codes(made), c.bits) for c in agreement.coded]
    shared = sum(np.where(a[:, None] == b[None, :], bits[a][:, None], 0.0) for a, b, bits in codes)
    total = sum(bits[a] for a, _, bits in codes)
    found = agreement.found(real, [made])
    assert found.missing == pytest.approx(total - shared.max(axis=1), abs=1e-2)

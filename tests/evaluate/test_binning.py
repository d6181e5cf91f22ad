import datetime as dt

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assaymark.evaluate.binning import Sample, bins_of, cells_for, compare_cells


def sample(codes, persons=None):
    return Sample(np.array(codes), None if persons is None else np.array(persons))


def test_distance_by_hand():
    # shares 3/4, 1/4 against 1/4, 3/4: half of (1/2 + 1/2)
    gap = compare_cells(sample([0, 0, 0, 1]), sample([0, 1, 1, 1]), 2)
    assert gap.distance == 0.5
    assert gap.signs.tolist() == [-0.5, 0.5]


def test_repeating_every_person_does_not_narrow_the_interval():
    rng = np.random.default_rng(0)
    real, made = rng.integers(0, 5, 400), rng.integers(0, 5, 2000)
    once = compare_cells(Sample(real, None), Sample(made, None), 5)
    who = np.repeat(np.arange(400), 6)
    again = compare_cells(Sample(np.repeat(real, 6), who), Sample(made, None), 5)
    naive = compare_cells(Sample(np.repeat(real, 6), None), Sample(made, None), 5)
    assert again.interval.high == pytest.approx(once.interval.high, rel=0.02)
    assert naive.spread < 0.7 * again.spread


def test_cells_grow_with_the_holdout_between_bounds():
    assert [cells_for(n) for n in (2, 1_000, 10**6)] == [4, 10, 20]
    assert [cells_for(n, pairs=True) for n in (2, 1_000, 10**6)] == [4, 6, 10]


def test_missing_rare_and_new_have_cells(table):
    real = table({"x": ["a"] * 60 + ["b"] * 38 + ["c", None]}, x="category")
    bins = bins_of(real.schema.column("x"), [real], cells=20, n_holdout=100)
    assert bins.labels == ("a", "b", "rare or new", "missing")
    made = table({"x": ["b", "c", "never seen", None, "a"]}, x="category")
    assert bins.codes(made).tolist() == [1, 2, 2, 3, 0]


def test_a_value_that_fills_a_cell_has_it_to_itself(table):
    real = table({"x": [0] * 90 + list(range(1, 31))}, x="integer")
    bins = bins_of(real.schema.column("x"), [real], cells=10, n_holdout=100)
    made = table({"x": [0, 1, -5, None]}, x="integer")
    zero, one, below, missing = bins.codes(made).tolist()
    assert zero != one
    assert below == zero  # below all real values: the lowest cell
    assert missing == bins.n_cells - 1


def test_few_values_are_cells_with_their_own_names(table):
    days = [dt.date(2020, 1, 1), dt.date(2020, 1, 2)] * 10
    real = table({"x": days}, x="date")
    bins = bins_of(real.schema.column("x"), [real], cells=10, n_holdout=20)
    assert bins.labels[:2] == ("2020-01-01", "2020-01-02")
    assert bins.codes(real).tolist() == [0, 1] * 10


@given(st.lists(st.none() | st.floats(-1e9, 1e9), min_size=1, max_size=60), st.integers(2, 12))
@example([0.0, 5e-324], 2)
def test_every_number_has_exactly_one_cell(table, values, cells):
    real = table({"x": values}, x="decimal")
    bins = bins_of(real.schema.column("x"), [real], cells=cells, n_holdout=len(values))
    codes = bins.codes(real)
    assert len(bins.labels) == bins.n_cells
    assert codes.min() >= 0
    assert codes.max() < bins.n_cells
    assert [c == bins.n_cells - 1 for c in codes] == [v is None for v in values]
    known = np.array([v for v in values if v is not None], dtype=float)
    cells_above = np.searchsorted(bins.edges, known, side="right")  # a border belongs above
    assert codes[codes < bins.n_cells - 1].tolist() == cells_above.tolist()

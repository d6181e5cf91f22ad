import numpy as np
import polars as pl
import pytest

from assaymark.core.schema import Column, Kind
from assaymark.generate.coding.cells import _banded, fit_cells, fit_points
from assaymark.generate.coding.grid import Grid

WHOLE = Column(name="x", kind=Kind.INTEGER)


def test_every_point_of_every_code_is_encoded_as_that_code():
    rng = np.random.default_rng(0)
    values = np.where(rng.random(3000) < 0.3, 0, rng.integers(1, 5000, 3000))
    coding, _ = fit_cells(WHOLE, pl.Series(values), np.arange(3000), 10)
    for code in range(len(coding.first)):
        u = np.linspace(0, 1, 50, endpoint=False)
        points = coding.points_of(np.full(50, code, dtype=np.int32), u)
        assert (coding.encode(points) == code).all()


def test_what_lies_between_special_values_or_outside_gets_the_nearest_code():
    values = np.repeat([0, 10, 20], 30)
    coding, _ = fit_cells(WHOLE, pl.Series(values), np.arange(90), 10)
    index = coding.grid.index(np.array([-50.0, 0.0, 11.0, 19.0, 400.0]))
    low, middle, high = coding.encode(coding.grid.index(np.array([0.0, 10.0, 20.0])))
    assert coding.encode(index).tolist() == [low, low, middle, high, high]


def test_what_is_far_beyond_a_grid_is_at_its_end():
    far = np.array([-1e200, 1e200])
    for grid in (Grid(scale=0, origin=0.0, width=1e-12), Grid(scale=100)):
        assert grid.index(far).tolist() == [-(2**62), 2**62]


def test_decimals_that_are_off_by_a_last_bit_are_on_the_decimal_grid():
    values = np.tile(np.arange(1, 400) / 10, 20)
    noisy = values + np.spacing(values) * np.random.default_rng(0).integers(-1, 2, len(values))
    column = Column(name="x", kind=Kind.DECIMAL)
    coding, codes = fit_cells(column, pl.Series(noisy), np.arange(len(noisy)), 10)
    assert (coding.grid.step, coding.grid.scale) == (1, 10)
    made = coding.decode(codes, np.zeros(len(codes))).to_numpy()
    assert np.isin(made, values).all()
    smooth = np.random.default_rng(1).uniform(900, 1000, 2000)
    assert fit_cells(column, pl.Series(smooth), np.arange(2000), 10)[0].grid.scale == 0


def test_rows_of_few_persons_are_told_apart_and_every_cell_is_of_enough_persons():
    rng = np.random.default_rng(2)
    persons = np.repeat(np.arange(40), 100)
    tests = np.tile(np.arange(4), 1000)
    values = (rng.normal(0, 300, 4000) + tests * 5000).round().astype(int)
    coding, codes = fit_cells(WHOLE, pl.Series(values), persons, 10)
    assert coding.size > 60  # of 40 persons, where one row each has 3 cells
    for code in range(coding.size):
        assert len(np.unique(persons[codes == code])) >= 10
    wide = coding.points[coding.points > 1]
    assert np.median(wide) < 100  # of 17,000


def test_rows_of_one_person_do_not_make_a_cell_of_their_own():
    values = np.concatenate([np.arange(500) * 7, np.repeat(np.arange(1000, 1400), 5) * 7])
    persons = np.concatenate([np.arange(500) % 25, np.full(2000, 99)])
    coding, codes = fit_cells(WHOLE, pl.Series(values), persons, 10)
    for code in range(coding.size):
        assert len(np.unique(persons[codes == code])) >= 10


def test_what_comes_out_is_what_some_draw_gives():
    rng = np.random.default_rng(5)
    for atoms, loose in ((3, 0), (3, 400), (0, 400), (2, 4)):
        points = np.concatenate(
            [np.repeat(rng.integers(-40, 40, atoms), 60), rng.integers(-30, 30, loose)]
        )
        coding, _ = fit_points(WHOLE, points, np.arange(len(points)), 50)
        codes = np.arange(len(coding.first), dtype=np.int32)
        drawn = {
            p
            for u in np.linspace(0, 0.9999, 2000)
            for p in coding.points_of(codes, np.full(len(codes), u)).tolist()
        }
        asked = np.arange(-60, 60)
        assert set(asked[coding.off(asked, coding.encode(asked)) == 0].tolist()) == drawn, (
            atoms,
            loose,
        )


@pytest.mark.parametrize("protect", [1, 3, 10])
def test_points_of_as_many_persons_are_cut_as_points_of_persons_with_several(protect):
    rng = np.random.default_rng(protect)
    for n in (0, 1, 9, 20, 45, 300, 2000):
        for width in (1, 4, 60, 10**7):
            points = (rng.normal(size=n) * width).astype(np.int64)
            points[rng.random(n) < 0.3] = 0
            persons = rng.permutation(n)
            coding, codes = fit_points(WHOLE, points, persons, protect)
            no_edges = np.zeros(0, dtype=np.int64)
            other, known = _banded(WHOLE, Grid(), (points, persons), protect, no_edges)
            assert np.array_equal(codes, known)
            for part in ("atoms", "first", "points"):
                assert np.array_equal(getattr(coding, part), getattr(other, part))
            assert coding.hidden == other.hidden
            if len(coding.first):
                assert np.array_equal(coding.encode(points), codes)

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from tests.generate.test_tree_chain import fit, table

from assaymark.core.schema import Column, Kind
from assaymark.core.streams import Streams
from assaymark.generate.coding.cells import fit_cells
from assaymark.generate.relations.edges import find_edges

DECIMAL, INTEGER, CATEGORY = Kind.DECIMAL, Kind.INTEGER, Kind.CATEGORY


def banded(n, seed=0):
    """Return numbers of many values, and the bands that others say."""
    rng = np.random.default_rng(seed)
    index = np.round(rng.normal(26, 4.5, n), 1)
    income = np.round(rng.lognormal(10, 0.8, n), 2)
    day = rng.integers(0, 1461, n)
    days = [date(2020, 1, 1) + timedelta(days=int(d)) for d in day]
    kind = np.select([index < 18.5, index < 25, index < 30], ["under", "normal", "over"], "obese")
    bracket = np.digitize(income, [10_000, 25_000, 50_000, 100_000])
    return table(
        kind=(CATEGORY, kind.tolist()),
        bracket=(INTEGER, bracket.tolist()),
        year=(INTEGER, [d.year for d in days]),
        index=(DECIMAL, index.tolist()),
        income=(DECIMAL, income.tolist()),
        day=(Kind.DATE, days),
    )


@pytest.mark.parametrize("n", [480, 3000])
def test_bands_hold_on_every_row_and_the_numbers_stay_as_they_were(n):
    data = banded(n)
    edges = find_edges(data, 10)
    assert edges["index"].tolist() == [18.5, 25, 30]
    rich = [100_000] if n == 3000 else []  # of 480 people too few have more than that
    assert edges["income"].tolist() == [10_000, 25_000, 50_000, *rich]
    first = [(date(y, 1, 1) - date(1970, 1, 1)).days for y in (2021, 2022, 2023)]
    assert edges["day"].tolist() == first
    model = fit(data)
    assert model.summary["derived"] == {"kind": "index", "bracket": "income", "year": "day"}
    made = model.sample(range(20_000), Streams.from_seed(1)).frame
    x, income = made["index"].to_numpy(), made["income"].to_numpy()
    kind = np.select([x < 18.5, x < 25, x < 30], ["under", "normal", "over"], "obese")
    assert (kind == made["kind"].to_numpy()).all()
    bracket = np.digitize(income, [10_000, 25_000, 50_000, 100_000])
    assert (bracket == made["bracket"].to_numpy()).all()
    assert (made["day"].dt.year() == made["year"]).all()
    for name in ("index", "income"):
        for q in (0.05, 0.25, 0.5, 0.75, 0.95):
            at = data.frame[name].quantile(q)
            aim, found = ((f[name] <= at).mean() for f in (data.frame, made))
            assert abs(aim - found) < 0.035, (name, q)


def test_edges_are_between_bands_of_persons_enough_and_round():
    rng = np.random.default_rng(3)
    values = np.sort(np.round(rng.uniform(0, 100, 600), 3))

    def edges_of(band, values=values):
        columns = {"x": (DECIMAL, values.tolist()), "band": (INTEGER, band.tolist())}
        return {k: v.tolist() for k, v in find_edges(table(**columns), 10).items()}

    parted = (values >= 40).astype(int)
    assert edges_of(parted) == {"x": [40.0]}
    few = parted.copy()
    few[-6:] = 2  # too few for the band to come out at all
    assert edges_of(few) == {"x": [40.0]}
    back = parted.copy()
    back[-6:] = 0  # a second run of too few, which is more than 0.2 % of the rows
    assert edges_of(back) == {}
    one = parted.copy()
    one[100] = 1  # one row in 600 in another's band
    assert edges_of(one) == {"x": [40.0]}
    assert edges_of(rng.permutation(parted)) == {}
    gap = np.where(values < 40, values / 10, values + 3.3)  # nobody between 4 and 43.3
    assert edges_of(parted, gap) == {"x": [40.0]}


def test_an_edge_is_no_single_person_s_value():
    at = np.sort(np.random.default_rng(0).random(1000))
    band = (CATEGORY, np.where(at > 0.5, "late", "early").tolist())
    begin = datetime(2024, 5, 7, 8, tzinfo=None)  # noqa: DTZ001
    times = [begin + timedelta(microseconds=int(x * 3e10)) for x in at]
    for column in ((Kind.DATETIME, times), (DECIMAL, (at * 1e-20).tolist())):
        data = table(x=column, band=band)
        (edge,) = find_edges(data, 10)["x"]
        assert edge not in data.frame["x"].to_physical().to_list()


def test_no_cell_reaches_across_an_edge_and_none_is_of_few_persons():
    rng = np.random.default_rng(4)
    column = Column(name="x", kind=DECIMAL)
    for edges in ([0.0], [-1.0, 0.0, 1.0], [-40.0, 0.5], [0.0, 0.001, 0.002], []):
        values = np.round(rng.normal(0, 1, 700), 4)
        values[:200] = np.round(values[:200])
        coding, codes = fit_cells(
            column, pl.Series(values), np.arange(700), 10, np.array(edges, dtype=np.float64)
        )
        held = np.bincount(codes, minlength=coding.size)
        assert held.min() >= 10
        ends = []
        for u in (0.0, 1 - 1e-12):
            u = np.full(coding.size, u)
            ends.append(coding.numbers(np.arange(coding.size, dtype=np.int32), u))
        kept = [e for e in edges if (values < e).sum() > 40 and (values >= e).sum() > 40][:3]
        for edge in kept[:1]:
            assert ((ends[0] < edge) == (ends[1] < edge)).all()
            low = values < edge
            assert not set(codes[low]) & set(codes[~low])
        again = coding.encode(coding.grid.index(ends[1]))
        assert again.tolist() == list(range(coding.size))


def test_values_too_few_for_a_cell_of_their_own_take_the_nearest_of_their_band():
    weeks = np.repeat(
        [30, 33, 35, 36, 37, 38, 39, 40, 43, 45], [4, 6, 20, 30, 90, 99, 99, 60, 5, 4]
    )
    column = Column(name="weeks", kind=INTEGER)
    coding, codes = fit_cells(column, pl.Series(weeks), np.arange(len(weeks)), 10, np.array([37.0]))
    made = coding.numbers(codes, np.full(len(codes), 0.5))
    assert ((made < 37) == (weeks < 37)).all()
    assert made.max() == 40
    assert (made[weeks < 35] < 35).all()  # ten persons make a cell
    straddling, codes = fit_cells(column, pl.Series(weeks), np.arange(len(weeks)), 10)
    made = straddling.numbers(codes, np.full(len(codes), 0.5))
    assert ((made < 37) != (weeks < 37)).any()

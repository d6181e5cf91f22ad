"""Years: an age is the whole years from birth to the visit, on every row."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from tests.generate.test_tree_chain import fit, table

from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.generate.model_file import ModelFile, read_model, write_model
from assaymark.generate.relations.anchor_years import Years

NOON = timedelta(hours=12)


def age(born, at):
    return at.year - born.year - ((at.month, at.day) < (born.month, born.day))


def visits(n, of, seed=0, missing=(0.0, 0.0)):
    """Return births and visits, and the age; shares of ages and of births are missing."""
    rng = np.random.default_rng(seed)
    at = [date(2018, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 1400, n)]
    born = [date(1930, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 365 * 80, n)]
    gone = [rng.random(n) < share for share in missing]
    ages = [of(b, a) for b, a in zip(born, at, strict=True)]
    return table(
        born=(Kind.DATE, [None if g else b for b, g in zip(born, gone[1], strict=True)]),
        visit=(Kind.DATETIME, [datetime.combine(a, datetime.min.time()) + NOON for a in at]),
        age=(Kind.INTEGER, [None if g else a for a, g in zip(ages, gone[0], strict=True)]),
        sex=(Kind.CATEGORY, rng.choice(["f", "m"], n).tolist()),
    )


@pytest.mark.parametrize("n", [150, 1500])
def test_an_age_is_the_years_from_birth_to_the_visit(n):
    model = fit(visits(n, age))
    assert model.summary["derived"] == {"age": "years(visit - born)"}
    made = model.sample(range(2000), Streams.from_seed(2)).frame
    right = [age(b, v.date()) for b, v in zip(made["born"], made["visit"], strict=True)]
    assert made["age"].to_list() == right
    held = ModelFile(model=model, generator={"name": "tree_chain"}, salt="00")
    again = read_model(write_model(held)).model
    assert again.sample(range(2000), Streams.from_seed(2)).frame.equals(made)


@pytest.mark.parametrize(
    ("n", "missing"),
    [(300, (0.1, 0.0)), (1500, (0.5, 0.0)), (1500, (0.02, 0.0)), (1500, (0.1, 0.15))],
)
def test_an_age_that_is_missing_of_some_is_right_where_it_is_there(n, missing):
    data = visits(n, age, missing=missing)
    model = fit(data)
    made = model.sample(range(4000), Streams.from_seed(2)).frame
    known = made.drop_nulls()
    right = [age(b, v.date()) for b, v in zip(known["born"], known["visit"], strict=True)]
    assert known["age"].to_list() == right
    for name in ("age", "born"):
        shares = [f[name].null_count() / f.height for f in (data.frame, made)]
        assert abs(shares[0] - shares[1]) < 0.025
    held = ModelFile(model=model, generator={"name": "tree_chain"}, salt="00")
    again = read_model(write_model(held)).model
    assert again.sample(range(500), Streams.from_seed(2)).frame.equals(made[:500])


def test_years_of_equal_length_are_told_from_those_of_the_calendar():
    # they differ near birthdays, in one row of 300 or so
    model = fit(visits(3000, lambda born, at: int((at - born).days / 365.25)))
    made = model.sample(range(5000), Streams.from_seed(2)).frame
    days = (made["visit"].dt.date() - made["born"]).dt.total_days()
    assert (made["age"] == (days / 365.25).floor()).all()


def test_by_hand():
    # 28 February is not yet the day of who was born on the 29th; months that are whole
    born = [date(2000, 2, 29), date(2000, 2, 29), date(2001, 12, 31), date(2002, 5, 5)]
    at = [date(2001, 2, 28), date(2001, 3, 1), date(2002, 1, 30), date(2002, 5, 4)]
    numbers = {
        i: np.array([(d - date(1970, 1, 1)).days for d in v], float)
        for i, v in ((0, at), (1, born))
    }
    terms, units = ((0, 1.0), (1, -1.0)), (1.0, 1.0)
    years = Years(terms=terms, units=units)
    assert years.at(numbers).tolist() == [0, 1, 0, -1]
    assert Years(terms=terms, units=units, months=1).at(numbers).tolist() == [11, 12, 0, -1]
    assert Years(terms=terms, units=units, length=365.25).at(numbers).tolist() == [0, 1, 0, -1]
    numbers[1][0] = np.nan
    assert np.isnan(years.at(numbers)[0])


def test_an_age_that_is_of_another_day_is_not_worked_out():
    model = fit(visits(1500, lambda born, at: age(born, at - timedelta(days=200))))
    assert "age" not in model.summary["derived"]


def test_an_age_that_fewer_than_protect_a_value_lack_is_nowhere_missing():
    data = visits(400, age)
    few = data.frame["age"].to_list()
    few[:9] = [None] * 9
    frame = data.frame
    given = table(
        born=(Kind.DATE, frame["born"].to_list()),
        visit=(Kind.DATETIME, frame["visit"].to_list()),
        age=(Kind.INTEGER, few),
    )
    made = fit(given).sample(range(2000), Streams.from_seed(2)).frame
    assert made["age"].null_count() == 0

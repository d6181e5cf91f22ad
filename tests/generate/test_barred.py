"""Barred: what nobody has together, though many would by chance, does not come out."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.generate import generators
from assaymark.generate.barred import barred
from assaymark.generate.effects import BARRED, no_effects

LEVELS = np.arange(2, dtype=np.int32)


def bars(codes, y, persons=None, said=0.01):
    share = np.where(np.arange(2) == y[:, None], 1 - said, said)
    whose = np.arange(len(y)) if persons is None else persons
    found = barred(no_effects(2), [LEVELS], codes[None, :], (y, share, whose), 10)
    return (found.worth < BARRED).tolist() if len(found.worth) else []


def pairs(*counts):
    """Return codes and groups with so many rows of 00, 01, 10 and 11."""
    both = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], counts, axis=0).astype(np.int32)
    return both[:, 0], both[:, 1]


def test_what_nobody_has_together_is_barred():
    assert bars(*pairs(500, 500, 0, 1000)) == [[False, False], [True, False]]


def test_what_ten_persons_have_together_is_not():
    assert bars(*pairs(500, 500, 9, 991), said=0.05)[1][0]
    assert bars(*pairs(500, 500, 10, 990), said=0.05) == []


def test_one_person_more_or_less_decides_nothing_where_nine_are_not_there():
    nobody, one = bars(*pairs(500, 500, 0, 1000)), bars(*pairs(500, 500, 1, 999))
    assert nobody == one


def test_what_few_would_have_by_chance_is_not_barred():
    assert bars(*pairs(50, 50, 0, 60)) == []  # 20 by chance


def test_what_does_not_come_out_anyway_is_not_barred():
    assert bars(*pairs(500, 500, 0, 1000), said=1e-6) == []


def test_persons_are_counted_and_not_their_rows():
    codes, y = pairs(500, 500, 0, 1000)
    order = np.random.default_rng(0).permutation(2000)
    persons = np.sort(np.arange(2000) % 20)  # of whom not fifty can have it by chance
    assert bars(codes[order], y[order], persons) == []


@pytest.mark.parametrize("quality", ["standard", "high"])
def test_a_flag_and_a_day_that_no_one_has_together_do_not_come_out_together(quality):
    rng = np.random.default_rng(1)
    ill = rng.random(3000) < 0.3
    day = np.where(ill, rng.integers(10, 2000, 3000), 2500)
    more = {f"x{i}": (Kind.DECIMAL, rng.normal(0, 1, 3000).round(2).tolist()) for i in range(4)}
    columns = {"ill": (Kind.BOOLEAN, ill.tolist()), "day": (Kind.INTEGER, day.tolist()), **more}
    schema = Schema(columns=tuple(Column(name=n, kind=k) for n, (k, _) in columns.items()))
    data = Dataset(schema=schema, frame=pl.DataFrame({n: v for n, (_, v) in columns.items()}))
    recipe = generators.build("tree_chain", {"quality": quality, "relations": "none"})
    model = recipe.fit(PrivateSource(_rows=data, record=lambda *_: None), Streams.from_seed(1))
    made = model.sample(range(20_000), Streams.from_seed(2)).frame
    assert (made["ill"] != (made["day"] < 2500)).mean() < 0.0002
    assert abs(made["ill"].mean() - 0.3) < 0.03

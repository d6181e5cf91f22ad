"""The field's tables are those of the whole distribution, worked out cell by cell."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.generate.dp.field import Field

COLUMNS = 5


def wide(values, table, sizes):
    return values.reshape([sizes[c] if c in table else 1 for c in range(COLUMNS)])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31))
def test_tables_and_what_draws_the_columns_are_those_of_the_whole(seed):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 4, COLUMNS).tolist()
    shares = [rng.dirichlet(np.ones(s)) for s in sizes]
    field, whole = Field(shares), np.ones(sizes)
    for c, share in enumerate(shares):
        whole = whole * wide(share, (c,), sizes)
    for _ in range(8):
        table = tuple(sorted(rng.choice(COLUMNS, rng.integers(1, 4), replace=False).tolist()))
        field.hold(table)
        gone = tuple(c for c in range(COLUMNS) if c not in table)
        found = field.margin(table)
        assert found == pytest.approx(whole.sum(axis=gone), abs=1e-9)
        by = rng.uniform(0.2, 3, found.shape)
        field.scale(table, by)
        whole = whole * wide(by, table, sizes)
        whole /= whole.sum()
    product = np.ones(sizes)
    placed = []
    for column, before, table in field.conditionals():
        assert set(before) <= set(placed)
        axes = [column, *before]
        turned = table.reshape([sizes[a] for a in axes]).transpose(np.argsort(axes))
        product = product * wide(turned, axes, sizes)
        placed.append(column)
    assert sorted(placed) == list(range(COLUMNS))
    assert product == pytest.approx(whole, abs=1e-9)


def test_what_a_table_would_cost_is_known_before_it_is_held():
    field = Field([np.full(n, 1 / n) for n in (10, 20, 30)])
    field.hold((0, 1))
    assert field.tree.cells == 230
    assert field.widened([(1, 2), (0, 1)]).tolist() == [800, 230]
    assert field.tree.cells == 230
    assert field.tables == ((0, 1),)


def test_tables_that_contradict_each_other_for_ever_stay_finite():
    field = Field([np.full(3, 1 / 3) for _ in range(3)])
    up, down = np.ones((3, 3)), np.ones((3, 3))
    up[0, 0], down[0, 0] = 50.0, 1 / 50.0
    for _ in range(400):
        for table, by in (((0, 1), up), ((0, 2), down), ((1, 2), down)):
            field.hold(table)
            assert np.isfinite(field.margin(table)).all()
            field.scale(table, by)
    again = Field([np.full(3, 1 / 3) for _ in range(3)])
    again._factors = dict(field._factors)
    again.tree = again._settled(again._factors)
    assert again.margin((0, 1)) == pytest.approx(field.margin((0, 1)), abs=1e-9)

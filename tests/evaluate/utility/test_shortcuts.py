"""Columns that give the label away."""

import numpy as np
import pytest

from assaymark.core.schema import Role
from assaymark.core.streams import Streams
from assaymark.evaluate.utility.shortcuts import Shortcuts


def measured(case):
    found = Shortcuts().measure(case, Streams.from_seed(0))
    return {(m.metric, m.subject.removeprefix("column:")): m for m in found}


def rows(table, seed, *, told=0.0, kind="category", n=2000):
    """The target follows x a little; ``told`` of the rows have it written into z as well."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y = x + 2 * rng.normal(size=n)
    z = np.where(rng.random(n) < told, np.where(y > 0, "p", "q"), rng.choice(["p", "q", "r"], n))
    target = y if kind == "decimal" else np.where(y > 0, "yes", "no")
    columns = {"x": x, "z": z, "y": target}
    return table(columns, roles={"y": [Role.TARGET]}, x="decimal", z="category", y=kind)


@pytest.mark.parametrize("kind", ["category", "decimal"])
def test_a_column_that_tells_the_label_in_synthetic_rows_only(table, make_case, kind):
    parts = [rows(table, s, kind=kind) for s in (1, 2, 3)]
    good = measured(make_case(*parts))
    for name in "xz":
        assert good["shortcuts.excess", name].low < 0 < good["shortcuts.excess", name].high < 0.1
    bad = measured(make_case(*parts[:2], rows(table, 4, told=0.8, kind=kind)))
    assert bad["shortcuts.excess", "z"].low > 0.25
    assert bad["shortcuts.excess", "x"].high < 0.1
    assert 0.45 < bad["shortcuts.real", "z"].value < 0.55


def test_a_target_that_leaks_through_a_real_column_is_measured_and_no_excess(table, make_case):
    parts = [rows(table, s, told=1.0) for s in (1, 2, 3)]
    found = measured(make_case(*parts))
    assert found["shortcuts.real", "z"].value > 0.98
    assert abs(found["shortcuts.excess", "z"].value) < 0.01


def test_reasons(table, make_case):
    few = rows(table, 1, n=15)
    many = make_case(few, few, rows(table, 2))
    assert "20 real rows" in measured(many)["shortcuts.excess", "*"].reason
    assert "synthetic rows" in measured(make_case(few, few, few))["shortcuts.excess", "*"].reason
    plain = table({"x": [1, 2, 3]}, x="integer")
    case = make_case(plain, plain, plain)
    assert "no target" in measured(case)["shortcuts.excess", "*"].reason

"""Labels that contradict the other columns."""

import numpy as np
import pytest

from assaymark.core.schema import Role
from assaymark.core.streams import Streams
from assaymark.evaluate.utility.labels import Labels


def measured(case):
    found = list(Labels().measure(case, Streams.from_seed(0)))
    (one,) = [m for m in found if m.value is not None] or found[:1]
    return one


def rows(table, seed, *, wrong=0.0, n=3000, kinds=2, noise=0.1):
    """The label is the third that x falls into, but for ``wrong`` of the rows."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, n))
    label = np.digitize(x + noise * rng.normal(size=n), [-0.4, 0.4][: kinds - 1])
    flipped = rng.random(n) < wrong
    label = np.where(flipped, (label + 1) % kinds, label)
    columns = {"x": x, "z": z, "y": [f"class {v}" for v in label]}
    return table(columns, roles={"y": [Role.TARGET]}, x="decimal", z="decimal", y="category")


@pytest.mark.parametrize("kinds", [2, 3])
def test_one_wrong_label_in_twenty_is_seen_and_none_is_not(table, make_case, kinds):
    parts = [rows(table, s, kinds=kinds) for s in (1, 2, 3)]
    good = measured(make_case(*parts))
    assert good.low < 0.002
    assert good.high < 0.01
    bad = measured(make_case(*parts[:2], rows(table, 4, kinds=kinds, wrong=0.05)))
    assert bad.low > 0.015
    assert bad.value < 0.06


def test_labels_that_nothing_tells_are_never_called_wrong(table, make_case):
    parts = [rows(table, s, noise=9.0) for s in (1, 2)]
    found = measured(make_case(*parts, rows(table, 3, noise=9.0, wrong=0.05)))
    assert abs(found.value) < 0.003


def test_rows_drawn_on_a_condition_are_judged_given_their_columns(table, make_case):
    """Every synthetic row has a high x: shares of labels are far off, and each label is right."""
    parts = [rows(table, s) for s in (1, 2, 3)]
    kept = parts[2].take(np.flatnonzero(parts[2].frame["x"].to_numpy() > 0))
    assert measured(make_case(*parts[:2], kept)).high < 0.01


def test_a_number_far_from_its_place(table, make_case):
    def numbers(seed, wrong):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=3000)
        y = np.where(rng.random(3000) < wrong, rng.permutation(x), x) + 0.1 * rng.normal(size=3000)
        return table({"x": x, "y": y}, roles={"y": [Role.TARGET]}, x="decimal", y="decimal")

    parts = [numbers(s, 0) for s in (1, 2)]
    assert measured(make_case(*parts, numbers(3, 0))).high < 0.01
    assert measured(make_case(*parts, numbers(3, 0.05))).low > 0.02


def test_reasons(table, make_case):
    few = rows(table, 1, n=20)
    assert "30 are needed" in measured(make_case(few, few, few)).reason
    plain = table({"x": [1, 2, 3]}, x="integer")
    assert "no target" in measured(make_case(plain, plain, plain)).reason


@pytest.mark.parametrize(("n", "name"), [(2_000, "error_excess"), (1_999, "error_excess_small")])
def test_few_people_held_out_have_a_name_and_a_rule_of_their_own(table, make_case, n, name):
    parts = [rows(table, s, n=m) for s, m in ((1, 3_000), (2, n), (3, 3_000))]
    assert measured(make_case(*parts)).metric == f"labels.{name}"

"""Plan: what nearly follows from a finer column is drawn after it."""

import numpy as np
import pytest
from tests.generate.test_tree_chain import fit, table

from assaymark.core.schema import Kind
from assaymark.core.streams import Streams


def laboratory(wrong):
    """Sixty tests in twelve units, and how often the unit is not that of the test."""
    rng = np.random.default_rng(0)
    test = rng.integers(0, 60, 6000)
    unit = np.where(rng.random(6000) < wrong, rng.integers(0, 12, 6000), test % 12)
    return table(
        unit=(Kind.CATEGORY, [f"unit {u}" for u in unit]),
        test=(Kind.CATEGORY, [f"test {t}" for t in test]),
    )


def test_what_a_finer_column_nearly_says_comes_after_it():
    assert fit(laboratory(0.03)).summary["order"] == ["test", "unit"]


def test_what_it_often_does_not_say_comes_before_as_fewer_codes_do():
    assert fit(laboratory(0.3)).summary["order"] == ["unit", "test"]


@pytest.mark.parametrize(("n", "wrong"), [(1200, 0), (400, 1), (400, 2)])
def test_what_is_missing_because_of_a_band_is_so_though_the_band_is_worked_out_later(n, wrong):
    rng = np.random.default_rng(0)
    tasks = np.clip(rng.normal(12, 4, (3, n)).round(), 0, 20).astype(int)
    points = tasks.sum(axis=0)
    again = [None if p >= 30 else str(rng.choice(["yes", "no"], p=[0.8, 0.2])) for p in points]
    for i in np.flatnonzero(points >= 30)[:wrong]:
        again[i] = "yes"
    data = table(
        **{f"task {i}": (Kind.INTEGER, t.tolist()) for i, t in enumerate(tasks)},
        points=(Kind.INTEGER, points.tolist()),
        passed=(Kind.CATEGORY, ["pass" if p >= 30 else "fail" for p in points]),
        resit=(Kind.CATEGORY, again),
    )
    model = fit(data)
    assert model.summary["missing_because"]["resit"] == "points"
    made = model.sample(range(3000), Streams.from_seed(2)).frame
    assert ((made["passed"] == "pass") == made["resit"].is_null()).all()
    assert ((made["points"] >= 30) == (made["passed"] == "pass")).all()


def test_a_region_keeps_its_codes_though_all_of_another_are_too_rare_to_come_out():
    rng = np.random.default_rng(1)
    shares = dict(zip("ABCDEF", (0.3, 0.2, 0.15, 0.15, 0.12, 0.08), strict=True))
    region = rng.choice(list(shares), 1600, p=list(shares.values()))
    code = [f"{r}-{rng.integers(0, 70 if r in 'EF' else 30)}" for r in region]
    data = table(
        code=(Kind.CATEGORY, code),
        region=(Kind.CATEGORY, region.tolist()),
        age=(Kind.INTEGER, rng.integers(18, 90, 1600).tolist()),
    )
    model = fit(data)
    assert model.summary["order"][0] == "region"
    made = model.sample(range(4000), Streams.from_seed(2)).frame
    same = made["code"].str.slice(0, 1) == made["region"]
    for name, share in shares.items():
        assert abs((made["region"] == name).mean() - share) < 0.03
    assert same.filter(made["region"].is_in(list("ABCD"))).mean() > 0.975  # .94 after its code

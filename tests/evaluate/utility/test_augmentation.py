"""What synthetic rows add to few real ones."""

import numpy as np
import pytest

from assaymark.core.schema import Role
from assaymark.core.streams import Streams
from assaymark.evaluate.models.learning_curve import rows_for
from assaymark.evaluate.models.oversampling import repeated, smote
from assaymark.evaluate.utility.augmentation import Augmentation
from assaymark.flow.evaluate.measure import wanted_metrics


def measured(case):
    found = Augmentation().measure(case, Streams.from_seed(0))
    return {(m.metric.partition(".")[2], m.subject): m for m in found}


def rows(table, seed, *, sign=1, n=1500, kind="category"):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    z = sign * (x[:, 0] + x[:, 1] * x[:, 2]) + 0.7 * rng.normal(size=n)
    y = z if kind == "decimal" else np.where(z > 0, "yes", "no")
    columns = {**{f"x{i}": x[:, i] for i in range(3)}, "y": y}
    kinds = dict.fromkeys(["x0", "x1", "x2"], "decimal")
    return table(columns, roles={"y": [Role.TARGET]}, y=kind, **kinds)


@pytest.mark.parametrize("kind", ["category", "decimal"])
def test_fresh_rows_are_worth_real_ones_and_rows_turned_round_do_harm(table, make_case, kind):
    parts = [rows(table, s, kind=kind) for s in (1, 2, 3)]
    good = measured(make_case(*parts))
    assert good["gain", "rows:1 of 3"].low > 0.02
    worth = good["real_rows", "rows:1 of 3"]
    assert 0 < worth.low <= worth.value <= worth.high <= worth.details["at_most"] + 1e-6
    assert good["gain", "rows:1 of 3"].value > good["control", "control:smote"].value
    assert good["gain", "rows:1 of 3"].value > good["control", "control:repeated"].value
    bad = measured(make_case(*parts[:2], rows(table, 4, sign=-1, kind=kind)))
    assert bad["gain", "rows:3 of 3"].high < -0.02
    assert bad["real_rows", "rows:2 of 3"].high < 0
    assert bad["finetuned", "table"].value < good["finetuned", "table"].value


def test_rows_are_read_off_the_curve_in_the_logarithm():
    curve = np.array([0.6, 0.7, 0.8])
    assert rows_for(0.65, (10, 100, 1000), curve) == pytest.approx(10**1.5)
    assert rows_for(0.5, (10, 100, 1000), curve) == pytest.approx(10)
    assert rows_for(0.9, (10, 100, 1000), curve) == pytest.approx(1000)


def test_controls_make_classes_even_and_stay_between_real_rows():
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=100), rng.integers(0, 3, 100)])
    y = (np.arange(100) < 10).astype(float)
    _, again = repeated(x, y, 1000, rng)
    assert 0.4 < again[100:].mean() < 0.6
    new, labels = smote(x, y, np.array([True, False]), 1000, rng)
    rare = new[100:][labels[100:] == 1]
    assert rare[:, 0].min() >= x[y == 1, 0].min()
    assert rare[:, 0].max() <= x[y == 1, 0].max()
    assert set(new[:, 1]) <= {0.0, 1.0, 2.0}


def test_it_is_measured_on_request_only():
    assert "augmentation" not in wanted_metrics(())
    assert wanted_metrics(["augmentation"]) == ["augmentation"]


def test_reasons(table, make_case):
    few = rows(table, 1, n=200)
    assert "too few rows" in measured(make_case(few, few, few))["real_rows", "rows:*"].reason

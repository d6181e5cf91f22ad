import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.generate.gaussian_copula import GaussianCopula


def table(**columns):
    schema = Schema(columns=tuple(Column(name=n, kind=k) for n, (k, _) in columns.items()))
    frame = pl.DataFrame({n: pl.Series(n, v, POLARS_TYPES[k]) for n, (k, v) in columns.items()})
    return Dataset(schema=schema, frame=frame)


def fit(data, **parameters):
    source = PrivateSource(_rows=data, record=lambda who, why: None)
    return GaussianCopula(**parameters).fit(source, Streams.from_seed(1))


def drawn(data, rows=20_000, **parameters):
    return fit(data, **parameters).sample(range(rows), Streams.from_seed(2)).frame


def normals(n, rho, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    return x, rho * x + np.sqrt(1 - rho**2) * rng.standard_normal(n)


def test_a_correlation_comes_back_for_numbers_and_for_two_halves_of_them():
    # standard error of a correlation of 20,000 rows is .005; halves of bell curves hide most of it
    x, y = normals(20_000, 0.6)
    data = table(
        x=(Kind.DECIMAL, np.round(x, 2).tolist()),
        y=(Kind.DECIMAL, np.round(np.exp(y), 2).tolist()),
        high=(Kind.BOOLEAN, (y > 0).tolist()),
        top=(Kind.BOOLEAN, (x > 1).tolist()),
    )
    made = drawn(data)
    ranks = [np.argsort(np.argsort(made[c].to_numpy())) for c in ("x", "y")]
    assert abs(np.corrcoef(*ranks)[0, 1] - 6 / np.pi * np.arcsin(0.3)) < 0.03
    real = data.frame.filter("top")["high"].mean()
    assert abs(made.filter("top")["high"].mean() - real) < 0.05


def test_what_neither_rises_nor_falls_is_lost():
    x, _ = normals(5000, 0)
    data = table(
        x=(Kind.DECIMAL, np.round(x, 2).tolist()), y=(Kind.DECIMAL, np.round(x**2, 2).tolist())
    )
    made = drawn(data)
    assert abs(np.corrcoef(np.abs(made["x"]), made["y"])[0, 1]) < 0.1


def test_few_persons_keep_little_of_a_correlation():
    x, y = normals(60, 0.95)
    data = table(x=(Kind.DECIMAL, x.tolist()), y=(Kind.DECIMAL, y.tolist()))
    kept = [fit(data, shrink=s, protect=2).root[1, 0] for s in (0.0, 60.0, 6000.0)]
    assert kept[1] == pytest.approx(kept[0] / 2, abs=0.01)
    assert abs(kept[2]) < 0.02


def test_columns_that_repeat_one_another_leave_a_sound_model():
    x, y = normals(3000, 0.5)
    whole = (Kind.INTEGER, np.rint(5 * x).astype(int).tolist())
    columns = {f"x{i}": whole for i in range(6)}
    data = table(
        **columns, y=(Kind.DECIMAL, np.round(y, 1).tolist()), one=(Kind.INTEGER, [1] * 3000)
    )
    model = fit(data, protect=1)  # nothing blurred, so that columns do repeat one another
    correlations = model.root @ model.root.T
    assert np.allclose(np.diag(correlations), 1)
    assert np.linalg.eigvalsh(correlations)[0] > 0
    made = model.sample(range(2000), Streams.from_seed(1)).frame
    assert np.corrcoef(made["x0"], made["x5"])[0, 1] > 0.97
    assert set(made["one"]) == {1}


def test_the_model_holds_shares_and_correlations_and_no_row():
    x, y = normals(500, 0.5)
    data = table(x=(Kind.DECIMAL, x.tolist()), y=(Kind.DECIMAL, y.tolist()))
    model = fit(data)
    assert not model.holds_records
    assert model.root.shape == (2, 2)
    assert all(len(e) < 60 for e in model.edges)
    assert not set(drawn(data, 500).rows()) & set(data.frame.rows())

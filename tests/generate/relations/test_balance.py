"""Balance: a price times a quantity less a discount, and hours at a rate and what is added."""

import numpy as np
import pytest
from tests.generate.test_tree_chain import fit, table

from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.generate.model_file import ModelFile, read_model, write_model

DECIMAL, INTEGER = Kind.DECIMAL, Kind.INTEGER


def lines(n=1500, seed=0):
    """Lines of orders, and pay of those who packed them."""
    rng = np.random.default_rng(seed)
    quantity, price = rng.integers(1, 21, n), rng.lognormal(2.5, 0.8, n).round(2)
    off = (quantity * price * rng.choice([0, 0, 0.05, 0.12], n)).round(2)
    freight = rng.choice([0, 4.9, 7.5], n)
    hours, rate = rng.integers(1, 60, n) / 4, rng.lognormal(3, 0.2, n).round(2)
    extra = np.where(rng.random(n) < 0.3, rng.gamma(2, 40, n).round(2), 0.0)
    columns = {
        "quantity": quantity,
        "price": price,
        "off": off,
        "freight": freight,
        "total": (quantity * price - off + freight).round(2),
        "hours": hours,
        "rate": rate,
        "extra": extra,
        "pay": (hours * rate + extra).round(2),
        "age": rng.integers(18, 65, n),
    }
    kinds = {name: INTEGER if v.dtype.kind == "i" else DECIMAL for name, v in columns.items()}
    return table(**{name: (kinds[name], v.tolist()) for name, v in columns.items()})


def test_what_is_taken_off_or_added_to_a_product_is_so_in_every_row():
    data = lines()
    model = fit(data)
    found = model.summary["derived"]
    assert found["total"] == "quantity * price - off + freight"
    made = model.sample(range(4000), Streams.from_seed(2)).frame
    total = made["quantity"] * made["price"] - made["off"] + made["freight"]
    assert ((total - made["total"]).abs() < 1e-6).all()
    pay = made["hours"] * made["rate"] + made["extra"]
    assert ((pay - made["pay"]).abs() < 0.0151).mean() > 0.99  # quarters of hours are rounded
    for name in ("total", "pay"):  # of 1,500: standard errors of 3 and 1 %
        assert abs(made[name].mean() / data.frame[name].mean() - 1) < 0.12
    held = ModelFile(model=model, generator={"name": "tree_chain"}, salt="00")
    again = read_model(write_model(held)).model
    assert again.sample(range(200), Streams.from_seed(2)).frame.equals(made.head(200))


@pytest.mark.parametrize("seed", range(4))
def test_chance_balances_nothing(seed):
    rng = np.random.default_rng(seed)
    columns = {f"c{j}": (INTEGER, rng.integers(0, 9, 400).tolist()) for j in range(6)}
    columns["size"] = (DECIMAL, rng.lognormal(3, 1, 400).round(2).tolist())
    assert not fit(table(**columns)).summary["derived"]

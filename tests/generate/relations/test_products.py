import numpy as np
import polars as pl
import pytest
from tests.generate.relations.test_anchors import made_of
from tests.generate.test_tree_chain import fit, table

from assaymark.core.conditions import Conditions
from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.generate.model_file import ModelFile, read_model, write_model
from assaymark.generate.relations.anchors import Product, natural_log
from assaymark.generate.relations.product_solve import _crowded, _quantile, rates

DECIMAL, INTEGER = Kind.DECIMAL, Kind.INTEGER


def cents(values):
    return np.floor(np.asarray(values) * 100 + 0.5 + 1e-7) / 100


def orders(n=3000, seed=1):
    """Return totals and what they are made of, the totals first."""
    rng = np.random.default_rng(seed)
    quantity = rng.integers(0, 13, n)
    price = cents(rng.lognormal(3, 1, n))
    discount = rng.choice([0, 0, 0, 0.1, 0.15, 0.2], n)
    total = cents(quantity * price * (1 - discount))
    tax = rng.choice([7, 19], n)
    height = np.rint(rng.normal(170, 9, n)).astype(int)
    weight = np.round(np.exp(rng.normal(4.3, 0.2, n)), 1)
    area = rng.integers(20, 300, n)
    rent = np.rint(rng.lognormal(7, 0.3, n)).astype(int)
    columns = {
        "gross": cents(total * (1 + tax / 100)),
        "total": total,
        "index": np.round(weight / (height / 100) ** 2, 1),
        "each": np.round(rent / area, 2),
        "quantity": quantity,
        "price": price,
        "discount": discount,
        "tax": tax,
        "height": height,
        "weight": weight,
        "area": area,
        "rent": rent,
    }
    kinds = {name: INTEGER if v.dtype.kind == "i" else DECIMAL for name, v in columns.items()}
    return table(**{name: (kinds[name], v.tolist()) for name, v in columns.items()})


@pytest.mark.parametrize("order", ["schema", "target"])
def test_prices_times_quantities_rates_and_indices_hold_on_every_row(order):
    model = fit(orders(), order=order)
    assert model.summary["derived"] == {
        "total": "quantity * price * (1 - discount)",
        "gross": "total * (1 + 0.01 * tax)",
        "index": "10000 * weight / height^2",
        "each": "rent / area",
    }
    made = model.sample(range(20_000), Streams.from_seed(2)).frame.to_dict(as_series=False)
    made = {name: np.array(v) for name, v in made.items()}
    worked = {
        "total": (made["quantity"] * made["price"] * (1 - made["discount"]), 0.01),
        "gross": (made["total"] * (1 + made["tax"] / 100), 0.01),
        "index": (made["weight"] / (made["height"] / 100) ** 2, 0.1),
        "each": (made["rent"] / made["area"], 0.01),
    }
    for name, (aim, step) in worked.items():
        assert np.abs(made[name] - aim).max() <= step / 2 + 1e-5, name
    assert (made["total"] == 0).mean() == pytest.approx(1 / 13, abs=0.02)


def test_a_model_of_products_is_read_back_as_it_was():
    model = fit(orders(800))
    held = ModelFile(model=model, generator={"name": "tree_chain"}, salt="00")
    again = read_model(write_model(held)).model
    one, other = (m.sample(range(500), Streams.from_seed(1)).frame for m in (model, again))
    assert one.equals(other)


def test_a_product_worked_by_hand_and_what_divides_by_nothing():
    numbers = {0: np.array([2.0, 3.0, 5.0]), 1: np.array([4.0, 0.0, np.nan]), 2: np.full(3, 0.25)}
    product = Product(
        terms=((0, 2.0), (1, -0.5), (2, 1.0)),
        lines=((0.0, 1.0), (0.0, 1.0), (1.0, -1.0)),
        factor=10.0,
    )
    found = product.at(numbers)
    assert found[0] == 10 * 2**2 * 0.75 / 2
    assert np.isnan(found[1:]).all()
    assert product.words(["a", "b", "c"]) == "10 * a^2 * (1 - c) / b^0.5"
    moved = product.moved([2, 0, 1])
    assert moved.words(["c", "a", "b"]) == product.words(["a", "b", "c"])
    under = Product(terms=((0, -1.0),), lines=((0.0, 1.0),))
    assert under.words(["a"]) == "1 / a"


def test_charges_that_are_about_months_times_the_rate_stay_so():
    rng = np.random.default_rng(5)
    months, rate = rng.integers(1, 73, 3000), np.round(rng.uniform(18, 120, 3000), 2)
    charged = np.round(months * rate * rng.normal(1, 0.02, 3000), 2)
    data = table(
        months=(INTEGER, months.tolist()),
        rate=(DECIMAL, rate.tolist()),
        charged=(DECIMAL, charged.tolist()),
    )
    made, plain = made_of(data), made_of(data, relations="none")

    def within(frame):
        ratio = frame["charged"] / (frame["months"] * frame["rate"])
        return float(ratio.is_between(0.95, 1.05).mean())

    assert within(data.frame) > 0.98
    assert within(made) > 0.8  # differences are of groups of months, so that some are too large
    assert within(plain) < 0.3


def test_a_tax_at_one_of_two_rates_is_at_the_rate_of_its_kind():
    rng = np.random.default_rng(6)
    food = rng.random(4000) < 0.4
    net = cents(rng.lognormal(3.5, 0.8, 4000))
    tax = cents(net * np.where(food, 0.07, 0.19))
    data = table(
        kind=(Kind.CATEGORY, np.where(food, "food", "other").tolist()),
        net=(DECIMAL, net.tolist()),
        tax=(DECIMAL, tax.tolist()),
    )
    made = made_of(data)
    rate = np.where((made["kind"] == "food").to_numpy(), 0.07, 0.19)
    off = np.abs(made["tax"].to_numpy() - rate * made["net"].to_numpy())
    assert (off <= 0.0051).mean() > 0.97


def test_an_invoice_adds_up_in_every_row():
    rng = np.random.default_rng(3)
    n = 3000
    food, quantity = rng.random(n) < 0.5, rng.integers(1, 13, n)
    price, discount = cents(rng.lognormal(2.5, 0.8, n) + 0.5), rng.choice([0, 0, 0, 0.1, 0.2], n)
    net = cents(quantity * price * (1 - discount))
    tax = cents(net * np.where(food, 0.07, 0.19))
    data = table(
        kind=(Kind.CATEGORY, np.where(food, "food", "other").tolist()),
        quantity=(INTEGER, quantity.tolist()),
        price=(DECIMAL, price.tolist()),
        discount=(DECIMAL, discount.tolist()),
        net=(DECIMAL, net.tolist()),
        tax=(DECIMAL, tax.tolist()),
        gross=(DECIMAL, np.round(net + tax, 2).tolist()),
    )
    model = fit(data)
    assert model.summary["derived"] == {
        "net": "quantity * price * (1 - discount)",
        "gross": "net + tax",
    }
    assert set(model.summary["near"]["tax"]) == {"0.19 * net", "0.07 * net"}
    made = model.sample(range(20_000), Streams.from_seed(2)).frame
    rate = np.where((made["kind"] == "food").to_numpy(), 0.07, 0.19)
    assert (np.abs(made["tax"].to_numpy() - rate * made["net"].to_numpy()) < 0.0051).mean() > 0.97


def test_multiples_are_found_in_order_of_how_often_they_are_met():
    rng = np.random.default_rng(7)
    bill = np.round(rng.uniform(5, 80, 2000), 2)
    kind = rng.choice(4, 2000, p=[0.5, 0.25, 0.15, 0.1])
    tip = bill * np.choose(kind, [0.2, 0.15, 0.18, rng.uniform(0.05, 0.4, 2000)])
    tip = np.round(tip, 2)
    assert rates(tip, bill, np.full(2000, 0.005), np.arange(2000), 10) == pytest.approx(
        {0.2: 0.5, 0.15: 0.25, 0.18: 0.15}, abs=0.03
    )
    assert rates(rng.permutation(tip), bill, np.full(2000, 0.0005), np.arange(2000), 10) == {}


def test_no_multiple_is_one_person_s():
    rng = np.random.default_rng(0)
    y = np.exp(rng.normal(3, 1, 700))
    ratio = 0.83 + rng.normal(0, 0.02, 700)
    ratio[-40:] = 0.83712345
    persons = np.append(np.arange(660), np.full(40, 660))
    rounding = np.full(700, 1e-9)
    assert 0.83712345 in rates(y * ratio, y, rounding, np.arange(700), 10)
    assert rates(y * ratio, y, rounding, persons, 10) == {}


def test_a_ratio_by_what_may_come_out_as_nothing_is_not_missing():
    rng = np.random.default_rng(0)
    over, under = np.round(rng.normal(0, 5, 1500), 2), np.round(rng.normal(0, 3, 1500), 2)
    under[under == 0] = 1.0
    data = table(
        over=(DECIMAL, over.tolist()),
        under=(DECIMAL, under.tolist()),
        ratio=(DECIMAL, np.round(over / under, 4).tolist()),
    )
    made = made_of(data, rows=6000)
    assert (made["under"] == 0).any()
    assert made["ratio"].null_count() == 0


def test_ratios_with_all_the_digits_of_32_or_64_bits_are_ratios():
    rng = np.random.default_rng(8)
    loan, price = rng.integers(20, 500, 2000), rng.integers(50, 900, 2000)
    narrow = np.array([float(str(v)) for v in (loan / price).astype(np.float32)])
    for values in (loan / price, narrow):
        data = table(
            loan=(INTEGER, loan.tolist()),
            price=(INTEGER, price.tolist()),
            ratio=(DECIMAL, values.tolist()),
        )
        model = fit(data)
        assert model.summary["derived"] == {"ratio": "loan / price"}


def test_logarithms_of_columns_to_any_base_are_worked_out():
    rng = np.random.default_rng(9)
    wage = np.round(rng.lognormal(4.5, 0.4, 2000), 2)
    visits = np.rint(rng.gamma(1.2, 60, 2000)).astype(int)
    mass = rng.lognormal(0, 2, 2000)
    data = table(
        log_wage=(DECIMAL, np.log(wage).tolist()),
        log_visits=(DECIMAL, np.round(np.log1p(visits), 4).tolist()),
        ph=(DECIMAL, np.round(7 - np.log10(mass), 3).tolist()),
        wage=(DECIMAL, wage.tolist()),
        visits=(INTEGER, visits.tolist()),
        mass=(DECIMAL, mass.tolist()),
    )
    model = fit(data)
    assert model.summary["derived"] == {
        "log_wage": "log(wage)",
        "log_visits": "log(visits + 1)",
        "ph": "-log10(mass) + 7",
    }
    made = model.sample(range(20_000), Streams.from_seed(2)).frame
    for name, aim, step in (
        ("log_wage", np.log(made["wage"].to_numpy()), 1e-9),
        ("log_visits", np.log1p(made["visits"].to_numpy()), 1e-4),
        ("ph", 7 - np.log10(made["mass"].to_numpy()), 1e-3),
    ):
        assert np.abs(made[name].to_numpy() - aim).max() <= 0.6 * step, name


def test_natural_logarithms_are_those_of_the_machine_to_the_last_bits():
    rng = np.random.default_rng(10)
    x = np.concatenate([np.exp(rng.uniform(-700, 700, 5000)), 1 + rng.uniform(-1e-3, 1e-3, 500)])
    np.testing.assert_allclose(natural_log(x), np.log(x), rtol=6e-16)
    assert np.isnan(natural_log(np.array([0.0, -1.0, np.nan, np.inf]))).all()


@pytest.mark.parametrize("seed", range(12))
def test_columns_that_have_nothing_to_do_with_each_other_are_no_products(seed):
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, 1, 1500)
    columns = {
        f"c{i}": np.exp(
            rng.normal(0, 1) + 0.3 * shared * rng.integers(0, 2) + rng.normal(0, 0.4, 1500)
        )
        for i in range(6)
    }
    columns |= {f"d{i}": rng.integers(1, rng.integers(14, 90), 1500) for i in range(6)}
    digits = rng.integers(0, 4, len(columns))
    data = table(
        **{
            name: (DECIMAL, np.round(v.astype(float) + 0.5, int(d)).tolist())
            for (name, v), d in zip(columns.items(), digits, strict=True)
        }
    )
    assert fit(data).summary["derived"] == {}


def articles(n, seed=0):
    """Lines of an invoice: an article has one price, half of them are ordered by few."""
    rng = np.random.default_rng(seed)
    price = np.round(np.exp(rng.normal(3, 1, 24)), 2)
    share = 1 / np.arange(1, 25)
    code, count = rng.choice(24, n, p=share / share.sum()), rng.integers(1, 6, n)
    return table(
        code=(Kind.CATEGORY, [f"A{c:02d}" for c in code]),
        count=(Kind.INTEGER, count.tolist()),
        price=(Kind.DECIMAL, price[code].tolist()),
        total=(Kind.DECIMAL, np.round(price[code] * count, 2).tolist()),
        fee=(Kind.DECIMAL, np.round(price[code] + rng.integers(1, 50, n), 2).tolist()),
    )


@pytest.mark.parametrize("n", [400, 3000])
def test_a_total_holds_and_each_article_has_its_price(n):
    data = articles(n)
    model = fit(data)
    assert {k: v for k, v in model.summary["derived"].items() if k in ("price", "total")} == {
        "price": "code",
        "total": "count * price",
    }
    made = model.sample(range(3000), Streams.from_seed(2)).frame
    assert ((made["count"] * made["price"] - made["total"]).abs() < 0.0051).all()
    known = data.frame.select("code", "price").unique()
    assert made.join(known, on=["code", "price"], how="anti").is_empty()
    held = ModelFile(model=model, generator={"name": "tree_chain"}, salt="00")
    again = read_model(write_model(held)).model.sample(range(3000), Streams.from_seed(2)).frame
    assert again.equals(made)
    given = Conditions.parse("price < 15 and total > 20", model.encoding.schema)
    some = model.sample(range(100), Streams.from_seed(3), given).frame
    assert (some["price"] < 15).all()
    assert (some["total"] > 20).all()
    assert ((some["count"] * some["price"] - some["total"]).abs() < 0.0051).all()


def test_a_price_of_few_does_not_come_out_by_way_of_its_article():
    data = articles(400)
    often = data.frame["price"].value_counts().filter(pl.col("count") >= 10)["price"]
    made = fit(data).sample(range(3000), Streams.from_seed(2)).frame
    assert set(made["price"]) <= set(often)


def test_a_product_is_found_though_most_have_none_of_it():
    rng = np.random.default_rng(6)
    n = 2500
    rate = rng.choice([14.5, 17.25, 21.0, 26.4], n)
    hours = np.where(rng.random(n) < 0.6, 0.0, rng.integers(1, 30, n) / 2)
    paid = np.array([float(f"{v:.2f}") for v in np.floor(150 * rate * hours + 0.5) / 100])
    dose, visits = rng.choice([0, 0, 50, 100], n), rng.integers(1, 6, n)
    made = made_of(
        table(
            rate=(Kind.DECIMAL, rate.tolist()),
            hours=(Kind.DECIMAL, hours.tolist()),
            paid=(Kind.DECIMAL, paid.tolist()),
            dose=(Kind.INTEGER, dose.tolist()),
            visits=(Kind.INTEGER, visits.tolist()),
            total=(Kind.INTEGER, (dose * visits).tolist()),
        )
    )
    assert ((1.5 * made["rate"] * made["hours"] - made["paid"]).abs() < 0.0051).all()
    assert (made["dose"] * made["visits"] == made["total"]).all()


def test_of_columns_that_are_multiples_of_each_other_none_is_a_difference_of_two():
    rng = np.random.default_rng(7)
    kmh = np.round(rng.gamma(6, 9, 1500) + 1, 1)
    made = made_of(
        table(
            kmh=(Kind.DECIMAL, kmh.tolist()),
            ms=(Kind.DECIMAL, np.round(kmh / 3.6, 2).tolist()),
            km=(Kind.DECIMAL, np.round(kmh / 60, 3).tolist()),
        )
    )
    assert ((made["kmh"] / 3.6 - made["ms"]).abs() < 0.0051).all()
    assert ((made["kmh"] / 60 - made["km"]).abs() < 0.00051).all()


def test_an_invoice_is_made_of_its_price_though_each_step_of_it_is_rounded():
    rng = np.random.default_rng(2)
    n = 3000
    percent = rng.choice([0, 5, 10, 15, 20], n, p=[0.6, 0.15, 0.15, 0.05, 0.05])
    tax = rng.choice([0, 7, 19], n, p=[0.1, 0.45, 0.45])
    quantity, price = rng.integers(1, 21, n), cents(rng.lognormal(2.5, 0.9, n))
    off = np.round(quantity * price * percent / 100, 2)
    net = np.round(quantity * price - off, 2)
    vat = np.round(net * tax / 100, 2)
    data = table(
        quantity=(INTEGER, quantity.tolist()),
        price=(DECIMAL, price.tolist()),
        percent=(INTEGER, percent.tolist()),
        off=(DECIMAL, off.tolist()),
        net=(DECIMAL, net.tolist()),
        tax=(INTEGER, tax.tolist()),
        vat=(DECIMAL, vat.tolist()),
        gross=(DECIMAL, np.round(net + vat, 2).tolist()),
    )
    model = fit(data)
    made = model.sample(range(4000), Streams.from_seed(2)).frame
    assert model.summary["near"]["net"] == ["quantity * price * (1 - 0.01 * percent)"]
    exact = made["quantity"] * made["price"] * (1 - made["percent"] / 100)
    assert ((made["net"] - exact).abs() < 0.0151).mean() > 0.98  # two roundings, and few ends
    assert ((made["net"] + made["vat"] - made["gross"]).abs() < 1e-6).all()


@pytest.mark.parametrize("by", ["share", "percentage"])
def test_a_rounded_ratio_is_worked_out_from_what_it_is_of_and_not_the_other_way_round(by):
    rng = np.random.default_rng(3)
    n = 2500
    worse = rng.random(n)
    share = np.where(worse > 0.5, rng.choice([0.3, 0.4, 0.5, 0.6, 0.8, 1.0], n), 0.21)
    size = 1 if by == "share" else 100
    pressure = np.rint(np.clip(rng.normal(85, 20, n) * (0.6 + share), 45, 450))
    data = table(
        share=(DECIMAL, (share * size).round(2).tolist()),
        pressure=(INTEGER, pressure.astype(int).tolist()),
        ratio=(INTEGER, np.rint(pressure / share).astype(int).tolist()),
        score=(INTEGER, np.rint(15 - 10 * worse + rng.normal(0, 1, n)).astype(int).tolist()),
    )
    made_of_them = fit(data).summary["derived"]
    words = {"share": "pressure / share", "percentage": "100 * pressure / share"}
    assert made_of_them["ratio"] == words[by]
    assert "pressure" not in made_of_them


def test_quantiles_are_those_of_numpy_to_the_bit():
    rng = np.random.default_rng(0)
    for n in (1, 2, 3, 100, 857):
        values = rng.normal(size=n).round(2)
        for share in (0.005, 0.5, 0.9, 0.995):
            assert _quantile(values, share) == np.quantile(values, share)


def test_most_intervals_overlap_where_counting_each_says():
    rng = np.random.default_rng(0)
    for n in (1, 2, 30, 200):
        low = rng.normal(size=n).round(1)
        high = low + rng.gamma(1, 0.1, n).round(2)
        inside = ((low[:, None] <= low) & (low <= high[:, None])).sum(axis=0)
        assert _crowded(np.sort(low), np.sort(high)) == low[inside == inside.max()].min()


def test_a_gross_amount_without_a_net_is_what_three_roundings_leave_of_its_parts():
    rng = np.random.default_rng(0)
    quantity, price = rng.integers(1, 21, 1500), rng.lognormal(2.5, 0.9, 1500).round(2)
    off, rate = rng.choice([0, 5, 10, 15, 20], 1500), rng.choice([7, 19], 1500)
    net = (quantity * price).round(2) - (quantity * price * off / 100).round(2)
    data = table(
        quantity=(Kind.INTEGER, quantity.tolist()),
        price=(Kind.DECIMAL, price.tolist()),
        off=(Kind.INTEGER, off.tolist()),
        rate=(Kind.INTEGER, rate.tolist()),
        gross=(Kind.DECIMAL, (net * (1 + rate / 100)).round(2).tolist()),
    )
    made = fit(data).sample(range(2000), Streams.from_seed(2)).frame
    said = made["quantity"] * made["price"] * (1 - made["off"] / 100) * (1 + made["rate"] / 100)
    assert ((made["gross"] - said).abs() < 0.03).mean() > 0.97

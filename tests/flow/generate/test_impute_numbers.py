"""Filled numbers: orders shape no draw, texts say numbers, sums hold without one of their parts."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from assaymark.flow.generate.impute import impute


def with_gaps(whole, rng, share=0.15):
    gone = {c: pl.Series(rng.random(whole.height) < share) for c in whole.columns}
    return whole.with_columns(**{c: pl.when(~g).then(c) for c, g in gone.items()})


def test_a_discount_below_the_net_amount_is_no_larger_for_being_drawn():
    rng = np.random.default_rng(0)
    n = 1500
    quantity = rng.integers(1, 21, n)
    price = rng.choice([1.49, 3.99, 11.99, 24.5, 79.0], n, p=[0.3, 0.3, 0.2, 0.1, 0.1])
    rate = rng.choice([0, 5, 10], n, p=[0.6, 0.2, 0.2])
    discount = np.round(quantity * price * rate / 100, 2)
    whole = pl.DataFrame(
        {
            "quantity": quantity,
            "unit_price": price,
            "discount_pct": rate,
            "discount": discount,
            "net": np.round(quantity * price - discount, 2),
        }
    )
    given = with_gaps(whole, rng)
    made = impute(given, seed=1).frame
    gaps = given["discount"].is_null()
    drawn, truth = made["discount"].filter(gaps), whole["discount"].filter(gaps)
    assert drawn.mean() < 1.5 * truth.mean()
    none = made.filter(gaps & (made["discount_pct"] == 0))
    assert none.height > 80
    assert (none["discount"] == 0).mean() > 0.97
    assert (made["discount"] <= made["net"]).all()


def test_a_number_is_what_its_text_says_and_missing_beside_a_word():
    rng = np.random.default_rng(0)
    n = 1500
    analyte = rng.choice(["crp", "sodium"], n)
    number = np.where(
        analyte == "crp", np.round(rng.lognormal(2, 1, n), 1), rng.integers(120, 160, n)
    )
    low = (analyte == "crp") & (number < 3)
    measured = [None if is_low else v for is_low, v in zip(low, number.tolist(), strict=True)]
    whole = pl.DataFrame(
        {
            "analyte": analyte,
            "text": [
                "<3" if is_low else f"{v:.1f}" if a == "crp" else f"{v:.0f}"
                for is_low, v, a in zip(low, number.tolist(), analyte, strict=True)
            ],
            "number": measured,
        }
    )
    given = with_gaps(whole, rng)
    filled = impute(given, seed=1)
    made = filled.frame
    said = made["text"].cast(pl.Float64, strict=False)
    assert made["text"].null_count() == 0
    assert said.is_null().equals(made["text"] == "<3")
    assert said.equals(made["number"].rename("text"))
    known = given["text"].is_not_null()
    assert made["number"].filter(known).equals(whole["number"].filter(known))
    both = given["text"].is_null() & given["number"].is_null()
    assert both.sum() > 20
    assert 0.4 < (made["text"] == "<3").sum() / low.sum() < 1.6
    assert any("text says number" in notice for notice in filled.notices)
    assert any("where text in words is <3" in notice for notice in filled.notices)


def test_days_until_last_seen_are_known_of_those_who_live_too():
    rng = np.random.default_rng(0)
    n = 800
    came = [date(2018, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 900, n)]
    days = rng.integers(20, 1400, n)
    last = [c + timedelta(days=int(d)) for c, d in zip(came, days, strict=True)]
    dead = rng.random(n) < 0.5
    whole = pl.DataFrame(
        {
            "enrolled": came,
            "last_contact": last,
            "os_days": days,
            "os_months": np.round(days / 30.44, 1),
            "status": dead.astype(int),
            "death_date": [d if is_dead else None for d, is_dead in zip(last, dead, strict=True)],
        }
    )
    given = with_gaps(whole, rng)
    made = impute(given, seed=1).frame
    between = (made["last_contact"] - made["enrolled"]).dt.total_days()
    assert (between == made["os_days"]).all()
    c = pl.col
    known = given.select(c.enrolled.is_not_null() & c.last_contact.is_not_null()).to_series()
    assert made["os_days"].filter(known).equals(whole["os_days"].filter(known))
    assert made.drop("death_date").null_count().row(0) == (0,) * 5
    assert made.select((c.death_date.is_null() == (c.status == 0)).all()).item()

"""Chance: unrelated columns of few rows have no relations, and true ones of as few rows hold."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from tests.generate.test_tree_chain import fit, table

from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.generate.chain.plan import plan_of
from assaymark.generate.coding.encoding import encode
from assaymark.generate.relations.edges import find_edges

BEGIN = datetime.fromisoformat("2021-01-01")


def unrelated(seed):
    """80 to 200 rows of 6 to 20 columns: counts, flags, scores, ages, dates, some with gaps."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(80, 201))
    columns = {}
    for i in range(rng.integers(6, 21)):
        values = (
            rng.integers(0, rng.choice([2, 5, 10, 30, 95]), n),
            rng.poisson(rng.choice([0.5, 3, 8]), n),
            rng.binomial(1, 0.15, n),
            rng.normal(120, 15, n).round().astype(int),
            rng.integers(0, rng.choice([30, 400]), n),
        )[rng.integers(0, 5)]
        kind, held = Kind.INTEGER, values.tolist()
        if rng.random() < 0.2:
            kind, held = Kind.DATE, [date(2021, 1, 1) + timedelta(days=v) for v in held]
        elif rng.random() < 0.1:
            minutes = rng.integers(0, 1440, n).tolist()
            both = zip(held, minutes, strict=True)
            kind, held = Kind.DATETIME, [BEGIN + timedelta(days=d, minutes=m) for d, m in both]
        gaps = rng.random(n) < rng.choice([0, 0, 0.05, 0.3, 0.7])
        columns[f"c{i}"] = kind, [None if g else v for v, g in zip(held, gaps, strict=True)]
    return table(**columns)


def planned(data):
    encoded = encode(data, 10, Streams.from_seed(1), edges=find_edges(data, 10))
    return plan_of(data, encoded, list(range(len(data.schema.columns))), (10, "all"), {}, {})


@pytest.mark.slow
def test_no_relation_of_unrelated_columns_is_found_in_any_of_sixty_tables():
    # 60 tables: of the first 1,517 seeds one had a relation (no committed command)
    for seed in range(60):
        plan = planned(unrelated(seed))
        found = [*plan.derived, *plan.anchors, *plan.same, *plan.dated, *plan.absent]
        assert not found, seed


def test_true_relations_of_a_hundred_rows_are_found():
    rng = np.random.default_rng(0)
    came, nights = rng.integers(0, 700, 100), rng.integers(1, 30, 100)
    parts = rng.integers(0, 40, (3, 100))
    day = date(2021, 1, 1)
    data = table(
        came=(Kind.DATE, [day + timedelta(days=int(d)) for d in came]),
        left=(Kind.DATE, [day + timedelta(days=int(d)) for d in came + nights]),
        nights=(Kind.INTEGER, nights.tolist()),
        **{f"part {i}": (Kind.INTEGER, p.tolist()) for i, p in enumerate(parts)},
        total=(Kind.INTEGER, parts.sum(axis=0).tolist()),
    )
    model = fit(data)
    assert len(model.summary["derived"]) == 2
    made = model.sample(range(1000), Streams.from_seed(2)).frame
    assert ((made["left"] - made["came"]).dt.total_days() == made["nights"]).all()
    assert (made.select("part 0", "part 1", "part 2").sum_horizontal() == made["total"]).all()

import numpy as np
import pytest

from assaymark.core.schema import Role
from assaymark.core.streams import Streams
from assaymark.evaluate.utility.tstr import Tstr

STREAMS = Streams.from_seed(0)


def measured(case):
    return {(m.metric, m.subject): m for m in Tstr().measure(case, STREAMS)}


def rows(table, seed, target, kind, *, sign=1, n=500):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y = target(sign * x + 0.5 * rng.normal(size=n))
    return table({"x": x, "y": y}, roles={"y": [Role.TARGET]}, x="decimal", y=kind)


TARGETS = [
    (lambda z: ["yes" if v > 0 else "no" for v in z], "category", 0.5),
    (lambda z: [str(int(np.clip(v + 2, 0, 3))) for v in z], "category", 0.5),
    (lambda z: [bool(v > 0) for v in z], "boolean", 0.5),
    (lambda z: [float(v) for v in z], "decimal", 0.0),
]


@pytest.mark.parametrize(("target", "kind", "chance"), TARGETS)
def test_no_loss_from_the_same_population_and_much_from_a_relation_turned_round(
    table, make_case, target, kind, chance
):
    train, holdout = rows(table, 1, target, kind), rows(table, 2, target, kind)
    good = measured(make_case(train, holdout, rows(table, 3, target, kind)))
    bad = measured(make_case(train, holdout, rows(table, 4, target, kind, sign=-1)))
    for model in ("model:logistic", "model:forest", "model:boosting", "model:mlp"):
        assert good["tstr.real", model].value > 0.6
        assert good["tstr.loss", model].high < 0.25
        assert bad["tstr.loss", model].low > 0.1
        loss = bad["tstr.loss", model]
        assert loss.baseline == pytest.approx(bad["tstr.real", model].value - chance)


def test_a_class_that_the_synthetic_rows_lack_counts_as_unpredicted(table, make_case):
    target, kind, _ = TARGETS[0]
    train, holdout = rows(table, 1, target, kind), rows(table, 2, target, kind)
    one = rows(table, 3, lambda z: ["no"] * len(z), kind)
    found = measured(make_case(train, holdout, one))
    assert found["tstr.synthetic", "model:boosting"].value == 0.5


def test_reasons(table, make_case, population):
    plain = table({"x": [1, 2, 3]}, x="integer")
    none = measured(make_case(plain, plain, plain))
    assert "no target" in none["tstr.loss", "model:*"].reason
    one = rows(table, 1, lambda z: ["no"] * len(z), "category")
    assert "two are needed" in measured(make_case(one, one, one))["tstr.loss", "model:*"].reason
    few = population(15, 1)
    short = measured(make_case(population(200, 2), few, population(200, 3)))
    assert "10 test rows" in short["tstr.loss", "model:*"].reason


def test_a_lost_rare_class_is_seen_by_its_recall(table, make_case):
    def rare(z):
        return ["severe" if v > 1.6 else "none" for v in z]

    parts = [rows(table, seed, rare, "category", n=3000) for seed in (1, 2, 3, 4)]
    good = measured(make_case(*parts[:3]))["tstr.rare_loss", "table"]
    assert good.high < 0.2
    lost = parts[3].take(np.flatnonzero(parts[3].frame["y"].to_numpy() == "none"))
    bad = measured(make_case(*parts[:2], lost))["tstr.rare_loss", "table"]
    assert bad.low > 0.4
    assert bad.details["rare"] == "severe"
    assert bad.n % 10 == 0


def test_a_class_that_is_gone_is_missing_even_where_models_hardly_find_it(table, make_case):
    """Half as frequent as the others and told by nothing: no recall to lose, and not the rarest."""

    def drawn(seed, n, classes=("a", "b", "c", "d"), p=(0.5, 0.3, 0.12, 0.08)):
        rng = np.random.default_rng(seed)
        y = rng.choice(classes, n, p=np.array(p) / sum(p)).tolist()
        roles, kinds = {"y": [Role.TARGET]}, {"x": "decimal", "y": "category"}
        return table({"x": rng.normal(size=n), "y": y}, roles=roles, **kinds)

    train, holdout, right = (drawn(s, n) for s, n in ((1, 900), (2, 600), (3, 900)))
    lost = drawn(4, 900, ("a", "b", "d"), (0.5, 0.3, 0.08))
    bad = measured(make_case(train, holdout, lost))["tstr.rare_loss", "table"]
    assert (bad.value, bad.details["rare"], bad.details["gone"]) == (1.0, "c", True)
    assert bad.low > 0.9
    assert bad.n % 10 == 0
    good = measured(make_case(train, holdout, right))["tstr.rare_loss", "table"]
    assert "gone" not in good.details


def test_of_a_number_the_top_is_the_rare_part(table, make_case):
    target, kind, _ = TARGETS[3]
    parts = [rows(table, seed, target, kind, n=1500) for seed in (1, 2, 3)]
    cut = rows(table, 4, lambda z: [float(min(v, 0.5)) for v in z], kind, n=1500)
    found = measured(make_case(*parts))
    assert found["tstr.rare_loss", "table"].high < 0.3
    assert measured(make_case(*parts[:2], cut))["tstr.rare_loss", "table"].low > 0.3
    assert "number" in found["tstr.brier_loss", "model:mlp"].reason


def test_several_sets_are_one_block_each_and_their_spread_widens_the_interval(table, make_case):
    target, kind, _ = TARGETS[0]
    parts = [rows(table, seed, target, kind) for seed in (1, 2, 3, 4)]
    odd = rows(table, 5, target, kind, sign=-1)
    same = measured(make_case(*parts[:2], parts[2], parts[3], parts[2]))
    unlike = measured(make_case(*parts[:2], parts[2], parts[3], odd))
    one, other = same["tstr.loss", "model:logistic"], unlike["tstr.loss", "model:logistic"]
    assert one.details["models"] == [3, 3]
    assert other.high - other.low > 3 * (one.high - one.low)


def test_columns_that_matter_and_the_order_of_families(table, make_case, population):
    found = measured(make_case(population(1500, 1), population(1500, 2), population(1500, 3)))
    alike = found["tstr.importance", "table"]
    assert alike.value > 0.3
    assert alike.floor > 0.3
    order = found["tstr.ranking", "table"]
    assert order.reason or -1 <= order.value <= 1

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.core.streams import Streams
from assaymark.errors import RecipeError
from assaymark.generate import generators
from assaymark.generate.extras import EXTRAS

# what draws with noise has tests of its own
NAMES = [n for n in generators.names() if n not in EXTRAS and not n.startswith("dp_")]


def table(persons=None, **columns):
    schema = Schema(columns=tuple(Column(name=n, kind=k) for n, (k, _) in columns.items()))
    frame = pl.DataFrame({n: pl.Series(n, v, POLARS_TYPES[k]) for n, (k, v) in columns.items()})
    return Dataset(schema=schema, frame=frame, persons=persons)


def fit(data, name="tree_chain", seed=1, **parameters):
    source = PrivateSource(_rows=data, record=lambda who, why: None)
    return generators.build(name, parameters).fit(source, Streams.from_seed(seed))


def drawn(data, rows, name="tree_chain", **parameters):
    return fit(data, name, **parameters).sample(range(rows), Streams.from_seed(2)).frame


def patients(n=4000, seed=0):
    rng = np.random.default_rng(seed)
    age = rng.integers(20, 90, n)
    ill = rng.random(n) < age / 120
    drug = np.where(ill, rng.choice(["x", "y"], n, p=[0.8, 0.2]), "none")
    dose = np.where(drug == "none", 0.0, np.round(age / 10 + rng.normal(5, 1, n), 1))
    lab = [None if a < 30 else float(v) for a, v in zip(age, np.round(dose * 2, 1), strict=True)]
    return table(
        age=(Kind.INTEGER, age.tolist()),
        ill=(Kind.BOOLEAN, ill.tolist()),
        drug=(Kind.CATEGORY, drug.tolist()),
        dose=(Kind.DECIMAL, dose.tolist()),
        lab=(Kind.DECIMAL, lab),
    )


@pytest.mark.parametrize("name", NAMES)
def test_one_way_shares_match_within_noise(name):
    # 20,000 rows: standard error of a share is at most .0036; five of them
    data, made = patients(), drawn(patients(), 20_000, name)
    for level in ("x", "y", "none"):
        assert abs((data.frame["drug"] == level).mean() - (made["drug"] == level).mean()) < 0.018
    assert abs((data.frame["dose"] == 0).mean() - (made["dose"] == 0).mean()) < 0.018
    assert abs(data.frame["lab"].null_count() / data.n - made["lab"].null_count() / 20_000) < 0.018
    for c in ("age", "dose"):
        spread = data.frame[c].std()
        assert abs(data.frame[c].mean() - made[c].mean()) < 0.04 * spread


def test_relations_are_kept_by_the_chain_and_lost_by_independent_columns():
    data = patients()
    chain, apart = drawn(data, 8000), drawn(data, 8000, "independent")
    real = np.corrcoef(data.frame["age"], data.frame["dose"])[0, 1]
    assert abs(np.corrcoef(chain["age"], chain["dose"])[0, 1] - real) < 0.08
    assert abs(np.corrcoef(apart["age"], apart["dose"])[0, 1]) < 0.05
    assert chain.filter(~pl.col("ill"))["drug"].eq("none").mean() > 0.99
    young = chain.filter(pl.col("age") < 28)["lab"]
    assert young.null_count() / len(young) > 0.95


def test_a_person_with_a_thousand_rows_weighs_one():
    n = 500
    values = ["a"] * (n // 2) + ["b"] * (n // 2) + ["b"] * 1000
    others = ["u", "v"] * (n // 2) + ["v"] * 1000
    persons = np.array([*range(n), *[n] * 1000])
    data = table(persons, x=(Kind.CATEGORY, values), y=(Kind.CATEGORY, others))
    for name in NAMES:
        made = drawn(data, 8000, name)
        assert abs((made["x"] == "b").mean() - 251 / 501) < 0.03
        assert abs((made["y"] == "v").mean() - 251 / 501) < 0.03
        # weighed by row a person counts for ten rows at most
        rows = drawn(data, 8000, name, weigh="row")
        assert abs((rows["x"] == "b").mean() - 260 / 510) < 0.03


def test_a_pool_speaks_for_k_persons_not_k_rows():
    # 60 persons of 50 rows each; with k = 40 no split of 30 against 30 persons may be used
    rng = np.random.default_rng(0)
    persons = np.repeat(np.arange(60), 50)
    x = persons % 2
    data = table(
        persons,
        x=(Kind.CATEGORY, x.astype(str).tolist()),
        y=(Kind.CATEGORY, np.where(rng.random(3000) < 0.95, x, 1 - x).astype(str).tolist()),
    )
    naive = {"honest": False, "effects": False, "penalty": 0.0, "shrink": 0.0}
    agree = lambda k: (  # noqa: E731
        drawn(data, 8000, k=k, **naive).select(pl.col("x") == pl.col("y")).to_series().mean()
    )
    assert abs(agree(40) - 0.5) < 0.05
    assert agree(10) > 0.85


def test_rare_level_and_extreme_value_never_appear():
    data = patients()
    frame = data.frame.with_columns(
        pl.when(pl.int_range(pl.len()) < 3)
        .then(pl.lit("rare"))
        .otherwise(pl.col("drug"))
        .alias("drug"),
        pl.when(pl.int_range(pl.len()) < 3).then(999.9).otherwise(pl.col("dose")).alias("dose"),
    )
    made = drawn(Dataset(schema=data.schema, frame=frame), 20_000)
    assert "rare" not in set(made["drug"])
    assert made["dose"].max() < data.frame["dose"].max()


def test_naive_settings_copy_records_and_the_default_does_not():
    rng = np.random.default_rng(3)
    data = table(**{f"x{i}": (Kind.INTEGER, rng.integers(0, 20, 600).tolist()) for i in range(6)})
    naive = {"honest": False, "k": 1, "trees": 1, "penalty": 0.0, "shrink": 0.0, "protect": 1}
    naive["effects"] = False
    keys = set(data.frame.rows())
    assert sum(r in keys for r in drawn(data, 600, **naive).rows()) > 300
    assert not any(r in keys for r in drawn(data, 600).rows())


@pytest.mark.parametrize("order", ["cardinality", "schema", "target", "target_last"])
def test_column_order_is_as_asked_and_the_table_stays_as_it_was(order):
    data = patients(500).drop("ill")
    columns = tuple(
        Column(name=c.name, kind=c.kind, roles=(Role.TARGET,) if c.name == "drug" else c.roles)
        for c in data.schema.columns
    )
    data = Dataset(schema=Schema(columns=columns), frame=data.frame)
    model = fit(data, order=order)
    used = model.summary["order"]
    assert sorted(used) == sorted(data.schema.names)
    assert (used[-1] == "drug") == (order == "target_last")
    assert used[0] == "drug" or order != "target"
    assert model.sample(range(5), Streams.from_seed(1)).frame.columns == data.frame.columns


@pytest.mark.parametrize(("levels", "missing", "first"), [(24, 0, 1), (25, 0, 0), (2, 1, 0)])
def test_a_target_of_many_codes_or_that_may_be_missing_is_drawn_last(levels, missing, first):
    rng = np.random.default_rng(5)
    values = [f"v{i}" for i in rng.integers(0, levels, 2500)]
    values = [None if missing and i % 5 == 0 else v for i, v in enumerate(values)]
    data = table(x=(Kind.BOOLEAN, (rng.random(2500) < 0.5).tolist()), y=(Kind.CATEGORY, values))
    columns = data.schema.columns[0], Column(name="y", kind=Kind.CATEGORY, roles=(Role.TARGET,))
    data = Dataset(schema=Schema(columns=columns), frame=data.frame)
    assert fit(data).summary["order"] == (["y", "x"] if first else ["x", "y"])


def test_what_a_declared_class_says_of_another_column_is_kept_however_little_it_is():
    # of 8 columns, each .03 more frequent in the class: 2.2 standard errors; by hand, with noise
    # of 100,000 rows (.003), nearly all of that comes out; as of any two columns it is a part
    rng = np.random.default_rng(6)
    ill = rng.random(6000) < 0.3
    flags = {f"x{j}": (rng.random(6000) < np.where(ill, 0.43, 0.40)).tolist() for j in range(8)}
    data = table(
        ill=(Kind.BOOLEAN, ill.tolist()), **{c: (Kind.BOOLEAN, v) for c, v in flags.items()}
    )
    roles = {"ill": (Role.TARGET,)}
    columns = [
        Column(name=c.name, kind=c.kind, roles=roles.get(c.name, ())) for c in data.schema.columns
    ]
    declared = Dataset(schema=Schema(columns=tuple(columns)), frame=data.frame)

    def kept(of, **parameters):
        made = drawn(of, 100_000, slopes=False, **parameters)
        gaps = [
            [f.filter(f["ill"])[c].mean() - f.filter(~f["ill"])[c].mean() for c in flags]
            for f in (made, data.frame)
        ]
        return float(np.dot(*gaps) / np.dot(gaps[1], gaps[1]))

    assert kept(declared) > 0.9
    assert kept(declared, order="target_last") < 0.8


def test_a_column_that_follows_from_another_always_does():
    rng = np.random.default_rng(4)
    code = rng.choice(12, 3000, p=np.arange(1, 13) / 78)
    data = table(
        age=(Kind.INTEGER, rng.integers(0, 90, 3000).tolist()),
        group=(Kind.CATEGORY, [f"g{c // 4}" for c in code]),
        code=(Kind.CATEGORY, [f"c{c}" for c in code]),
        number=(Kind.INTEGER, (100 + code).tolist()),
    )
    model = fit(data)
    assert model.summary["derived"] == {"group": "code", "number": "code"}
    assert model.summary["dependencies"]["group"] == {"from": {"code": 1.0}, "pools": 0.0}
    pairs = ["group", "code", "number"]
    made = model.sample(range(5000), Streams.from_seed(1)).frame.select(pairs)
    assert set(made.rows()) == set(data.frame.select(pairs).rows())


def test_a_rare_trait_is_not_explained_away():
    # 12 of 3,000 have it: always guessing "no" is right for 99.6 %, and still no rule
    rng = np.random.default_rng(4)
    data = table(
        x=(Kind.DECIMAL, rng.normal(size=3000).tolist()),
        trait=(Kind.BOOLEAN, [i < 12 for i in range(3000)]),
    )
    model = fit(data)
    assert model.summary["derived"] == {}
    share = model.sample(range(20_000), Streams.from_seed(1)).frame["trait"].mean()
    assert 0.002 < share < 0.006


def test_the_fit_does_not_depend_on_what_was_drawn_before():
    data = patients(500)
    model = fit(data)
    first = model.sample(range(50), Streams.from_seed(5)).frame
    model.sample(range(5000), Streams.from_seed(6))
    assert model.sample(range(50), Streams.from_seed(5)).frame.equals(first)


def test_the_fit_does_not_depend_on_the_number_of_threads():
    from threadpoolctl import threadpool_limits

    data = patients(1500)
    with threadpool_limits(1):
        alone = drawn(data, 300)
    with threadpool_limits(4):
        assert drawn(data, 300).equals(alone)


def test_the_summary_says_what_each_column_is_drawn_from():
    model = fit(patients())
    told = model.summary["dependencies"]
    assert list(told) == model.summary["order"]
    assert told[next(iter(told))] == {"from": {}, "pools": 1.0}
    assert told["ill"] == {"from": {"dose": 1.0}, "pools": 0.0}
    assert max(told["lab"]["from"].values()) == next(iter(told["lab"]["from"].values()))
    assert told["lab"]["pools"] > 2
    for place, column in enumerate(told):
        assert set(told[column]["from"]) <= set(list(told)[:place])
        assert sum(told[column]["from"].values()) <= 1.01


@pytest.mark.parametrize("cores", [1, 5, None])
def test_a_model_is_the_same_on_any_number_of_cores(monkeypatch, cores):
    here = drawn(patients(), 500)
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert drawn(patients(), 500).equals(here)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"k": 0}, "k is 0, and must be 1 or more"),
        ({"trees": 0}, "trees is 0"),
        ({"classes": 1}, "classes is 1, and must be 2 or more"),
        ({"protect": 0}, "protect is 0"),
        ({"penalty": float("nan")}, "penalty is nan"),
        ({"shrink": -10.0}, "shrink is -10"),
        ({"shelter": 2.0}, "shelter is 2.0, and must be a share"),
    ],
)
def test_settings_that_no_model_can_have_are_refused(wrong, said):
    with pytest.raises(RecipeError, match=said):
        generators.build("tree_chain", wrong)

"""Constraints hold on every row, however the model was fitted, or an error says why not."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.generate.relations.test_anchors import stays
from tests.generate.test_tree_chain import table

from assaymark.core.conditions import Conditions
from assaymark.core.constraint import (
    Bounds,
    FixedCombinations,
    Implication,
    Inequality,
    OneHot,
    Pattern,
    RowRule,
    SumOfParts,
    Unique,
)
from assaymark.core.recipe import GenerateSpec, parse_recipe
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.core.value_sets import Allowed, everything
from assaymark.core.where import read
from assaymark.errors import ConditionError, InputError, RecipeError, UnknownNameError
from assaymark.flow.generate.fit import fit
from assaymark.generate.constraints.contradiction import contradiction, domains_of
from assaymark.generate.constraints.demands import demands_of
from assaymark.generate.constraints.mixture import mixture_of, sample_wanted


def visits(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    city = rng.choice(["Bonn", "Kiel", "Ulm"], n, p=[0.5, 0.3, 0.2])
    land = np.array([{"Bonn": "NW", "Kiel": "SH", "Ulm": "BW"}[c] for c in city])
    which = rng.integers(0, 3, n)
    sex = rng.choice(["F", "M"], n)
    low = rng.integers(60, 90, n)
    return table(
        city=(Kind.CATEGORY, city.tolist()),
        land=(Kind.CATEGORY, land.tolist()),
        code=(Kind.CATEGORY, [f"{c[0]}{w}" for c, w in zip(city, which, strict=True)]),
        red=(Kind.INTEGER, (which == 0).astype(int).tolist()),
        green=(Kind.INTEGER, (which == 1).astype(int).tolist()),
        blue=(Kind.INTEGER, (which == 2).astype(int).tolist()),
        sex=(Kind.CATEGORY, sex.tolist()),
        births=(Kind.INTEGER, np.where(sex == "F", rng.poisson(1.5, n), 0).tolist()),
        low=(Kind.INTEGER, low.tolist()),
        high=(Kind.INTEGER, (low + rng.integers(0, 60, n)).tolist()),
    )


KINDS = {"a": Kind.INTEGER, "b": Kind.INTEGER, "c": Kind.INTEGER, "f": Kind.CATEGORY}
CHOICES = [
    *("a < b", "b < c", "c < a", "a <= b", "b <= c", "c <= a", "a == b", "b == c", "a > c"),
    *("a + b == c", "a + b + c <= 2", "2 * a - b >= 3", "c >= 2", "b > 1", "a > 0", "a < 1"),
    *("f == 'x'", "f != 'y'", "f == 'y' or a >= 2", "f == 'x' or c < b", "not (f == 'x')"),
    *("(f == 'y' and a < 2) or (f == 'x' and b > 2)", "a + 1 > 2 * c"),
]

EACH = [
    Bounds(kind="range", column="low", low=65, high=85, on_source="keep"),
    Inequality(kind="inequality", low="low", high="high"),
    Inequality(kind="inequality", low="low", high="high", strict=True, on_source="keep"),
    FixedCombinations(kind="fixed", columns=("city", "land", "code")),
    OneHot(kind="one_hot", columns=("red", "green", "blue")),
    Implication(kind="implies", when="sex == 'M'", then="births == 0"),
    Pattern(kind="pattern", column="code", pattern="[BK][0-2]", on_source="keep"),
    RowRule(kind="rule", rule="high < 140 or sex == 'F'", on_source="keep"),
    RowRule(kind="rule", rule="low + 10 * births <= 1.5 * high - 1", on_source="keep"),
]


def holds(constraint, frame):
    """Return by hand whether a constraint holds on every row."""
    match constraint:
        case Bounds():
            return frame["low"].is_between(65, 85).all()
        case Inequality(strict=strict):
            return ((frame["high"] - frame["low"]) >= int(strict)).all()
        case FixedCombinations():
            lands = {"Bonn": "NW", "Kiel": "SH", "Ulm": "BW"}
            rows = zip(frame["city"], frame["land"], frame["code"], strict=True)
            return all(lands[c] == s and k[0] == c[0] for c, s, k in rows)
        case OneHot():
            return (frame["red"] + frame["green"] + frame["blue"] == 1).all()
        case Implication():
            return ((frame["sex"] == "F") | (frame["births"] == 0)).all()
        case Pattern():
            return frame["code"].str.contains(r"^[BK][0-2]$").all()
        case RowRule(rule=rule) if "births" in rule:
            return (frame["low"] + 10 * frame["births"] <= 1.5 * frame["high"] - 1).all()
        case RowRule():
            return ((frame["high"] < 140) | (frame["sex"] == "F")).all()


def model_of(data, *constraints, generator="tree_chain", **parameters):
    spec = GenerateSpec(generator=generator, parameters=parameters, constraint=constraints)
    return fit(spec, data, Streams.from_seed(1), lambda *_: None)


@pytest.mark.parametrize("constraint", EACH, ids=lambda c: c.kind)
@pytest.mark.parametrize("generator", ["tree_chain", "independent"])
def test_each_kind_holds_on_every_row(constraint, generator):
    made = model_of(visits(), constraint, generator=generator)
    frame = made.sample(range(5000), Streams.from_seed(2)).frame
    assert frame.height == 5000
    assert holds(constraint, frame)


def test_all_together_hold_and_any_block_gives_the_same_rows():
    model, streams = model_of(visits(), *EACH), Streams.from_seed(3)
    whole = model.sample(range(3000), streams).frame
    assert all(holds(c, whole) for c in EACH)
    parts = [model.sample(r, streams).frame for r in (range(1100), range(1100, 3000))]
    assert pl.concat(parts).equals(whole)
    assert model.summary["constraints"][0] == "(low >= 65 and low <= 85) or low is missing"


def test_a_sum_holds_to_the_cent():
    total = SumOfParts(kind="sum", total="total", parts=("drugs", "staff"))
    made = model_of(stays(), total).sample(range(20_000), Streams.from_seed(2)).frame
    rest = made["total"] - made["drugs"] - made["staff"]
    assert rest.drop_nulls().abs().max() < 1e-6


def test_what_no_row_of_the_model_satisfies_is_refused_with_the_count():
    far = RowRule(kind="rule", rule="low * high < 0", on_source="keep")  # no contradiction
    with pytest.raises(ConditionError, match=r"0 of 10 rows can be had: none of 262,144 tries"):
        model_of(visits(), far).sample(range(10), Streams.from_seed(2))


def test_what_is_missing_or_divided_by_zero_breaks_no_rule():
    rng = np.random.default_rng(3)
    stay = rng.integers(10, 90, 900).astype(float)
    icu = np.where(rng.random(900) < 0.4, np.nan, np.floor(stay * rng.random(900)))
    visits_ = rng.integers(0, 4, 900)
    data = table(
        stay=(Kind.DECIMAL, [None if i % 9 == 0 else x for i, x in enumerate(stay.tolist())]),
        icu=(Kind.DECIMAL, [None if np.isnan(x) else x for x in icu]),
        visits=(Kind.INTEGER, visits_.tolist()),
        cost=(Kind.INTEGER, (visits_ * rng.integers(20, 50, 900)).tolist()),
    )
    rules = (
        RowRule(kind="rule", rule="icu <= stay"),
        RowRule(kind="rule", rule="cost / visits < 50"),
        Implication(kind="implies", when="visits >= 0", then="cost / visits >= 20"),
        Implication(kind="implies", when="stay < 40", then="icu < 40"),
    )
    made = model_of(data, *rules).sample(range(700), Streams.from_seed(5)).frame
    assert made.height == 700
    assert (made["icu"] <= made["stay"]).drop_nulls().all()
    assert 0.2 < made["icu"].is_null().mean() < 0.6  # gaps are not ruled out
    assert made["stay"].null_count() > 30
    assert (made["visits"] == 0).sum() > 100
    seen = made.filter(pl.col("visits") > 0)
    assert (seen["cost"] / seen["visits"]).is_between(20, 50, closed="left").all()


def test_a_sum_of_tiny_parts_is_held_to_their_size():
    rng = np.random.default_rng(4)
    a, b = (rng.uniform(1, 9, (2, 400)) * 1e-12).tolist()
    total = [x + y for x, y in zip(a, b, strict=True)]
    rule = SumOfParts(kind="sum", total="t", parts=("a", "b"))
    good = {"a": (Kind.DECIMAL, a), "b": (Kind.DECIMAL, b), "t": (Kind.DECIMAL, total)}
    assert demands_of((rule,), table(**good)).tests
    bad = table(**{**good, "t": (Kind.DECIMAL, [2 * x for x in total])})
    with pytest.raises(RecipeError, match="in 400 of 400 rows"):
        demands_of((rule,), bad)


def test_a_sum_of_32_bits_holds_to_32_bits():
    rng = np.random.default_rng(5)
    a, b = np.round(rng.normal(10, 2, (2, 300)), 1).astype(np.float32)
    written = {n: [float(str(x)) for x in v] for n, v in {"a": a, "b": b, "t": a + b}.items()}
    data = table(**{n: (Kind.DECIMAL, v) for n, v in written.items()})
    rule = SumOfParts(kind="sum", total="t", parts=("a", "b"))
    made = model_of(data, rule).sample(range(300), Streams.from_seed(1)).frame
    assert (made["t"] - made["a"] - made["b"]).abs().max() < 1e-5
    off = data.frame.with_columns(t=pl.col("t") + 0.001)
    with pytest.raises(RecipeError, match="in 300 of 300 rows"):
        demands_of((rule,), replace(data, frame=off))


def test_of_several_constraints_that_no_row_satisfies_those_are_named():
    far = [keep("low > 65"), keep("low * high < high * 61"), keep("sex == 'F'")]
    with pytest.raises(ConditionError, match="in none all 2 of them") as found:
        model_of(visits(), *far).sample(range(10), Streams.from_seed(2))
    assert "0 of 10 rows can be had" in str(found.value)
    assert "rows without constraints, 'low > 65' in " in str(found.value)


def keep(rule):
    return RowRule(kind="rule", rule=rule, on_source="keep")


CYCLE = [
    Inequality(kind="inequality", low=a, high=b, strict=True, on_source="keep")
    for a, b in (("births", "low"), ("low", "high"), ("high", "births"))
]


@pytest.mark.parametrize(
    ("constraints", "named"),
    [
        ((*CYCLE, EACH[0]), ["births < low", "low < high", "high < births"]),
        (
            (
                keep("red == green and green == blue"),
                OneHot(kind="one_hot", columns=("red", "green", "blue")),
                keep("low > 70"),
            ),
            ["red == green", "exactly one of red, green, blue"],
        ),
        (
            (
                Implication(kind="implies", when="sex == 'M'", then="births == 0"),
                keep("sex != 'F'"),
                keep("low > 70"),
                keep("births >= 1"),
            ),
            ["where sex == 'M', births == 0", "sex != 'F'", "births >= 1"],
        ),
        (
            (
                SumOfParts(kind="sum", total="high", parts=("low", "births"), on_source="keep"),
                Bounds(kind="range", column="low", low=80, on_source="keep"),
                Bounds(kind="range", column="births", low=5, on_source="keep"),
                Bounds(kind="range", column="high", high=84, on_source="keep"),
                keep("sex == 'F'"),
            ),
            ["high = low + births", "low >= 80", "births >= 5", "high <= 84"],
        ),
        (
            (
                FixedCombinations(kind="fixed", columns=("city", "land")),
                keep("land == 'NW'"),
                keep("city in ('Kiel', 'Ulm')"),
            ),
            ["land == 'NW'", "city in", "a known combination of city, land"],
        ),
        (
            (keep("low + 2 * births > high"), keep("births * 2 < 3"), keep("high >= low + 2")),
            ["low + 2", "births * 2 < 3", "high >= low + 2"],
        ),
    ],
)
def test_a_smallest_set_that_contradicts_itself_is_named_before_anything_is_fitted(
    constraints, named
):
    with pytest.raises(RecipeError, match=f"{len(named)} constraints contradict each ot") as found:
        demands_of(constraints, visits())
    assert all(text in str(found.value) for text in named)


def test_missing_values_leave_a_way_out_where_the_source_has_them():
    data = visits()
    assert contradiction_of(CYCLE, data)
    gaps = data.frame.with_columns(births=pl.when(pl.int_range(pl.len()) > 9).then("births"))
    assert not contradiction_of(CYCLE, replace(data, frame=gaps))


def contradiction_of(constraints, data):
    try:
        demands_of(constraints, data)
    except RecipeError as error:
        return "contradict" in str(error)
    return False


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(CHOICES), min_size=2, max_size=6, unique=True))
def test_a_contradiction_is_one_by_brute_force(texts):
    # all rows of three whole numbers from 0 to 3 and a flag: what none satisfies has a conflict
    rows = pl.DataFrame(
        [(a, b, c, f) for a in range(4) for b in range(4) for c in range(4) for f in "xy"],
        schema={"a": pl.Int64, "b": pl.Int64, "c": pl.Int64, "f": pl.String},
        orient="row",
    )
    data = table(**{n: (k, rows[n].to_list()) for n, k in KINDS.items()})
    ends = [f"{n} between 0 and 3" for n in "abc"]
    nodes = [read(t, data.schema) for t in (*ends, *texts)]
    held = [Conditions.parse(t, data.schema).hold(rows) for t in (*ends, *texts)]
    found = contradiction(nodes, domains_of(data), KINDS)
    assert (found == ()) == bool(np.logical_and.reduce(held).any())
    if found:
        assert not np.logical_and.reduce([held[i] for i in found]).any()
        for i in found:
            assert contradiction([nodes[n] for n in found if n != i], domains_of(data), KINDS) == ()


def test_constraints_leave_the_rest_as_the_model_has_it():
    # men's births aside, the shares of cities are those of the source; standard error .005
    rule = Implication(kind="implies", when="sex == 'M'", then="births == 0")
    made = model_of(visits(), rule).sample(range(10_000), Streams.from_seed(2)).frame
    for city, share in (("Bonn", 0.5), ("Kiel", 0.3), ("Ulm", 0.2)):
        assert abs((made["city"] == city).mean() - share) < 0.035


def test_unique_rows_are_unique_in_any_blocks_and_run_out_with_a_count():
    once = Unique(kind="unique", columns=("low", "high"), on_source="keep")
    model, streams = model_of(visits(), once), Streams.from_seed(4)
    whole = model.sample(range(600), streams).frame
    assert whole.height == 600
    assert not whole.select("low", "high").is_duplicated().any()
    assert model.sample(range(200, 600), streams).frame.equals(whole[200:])
    few = model_of(visits(), Unique(kind="unique", columns=("city", "sex"), on_source="keep"))
    with pytest.raises(ConditionError, match="6 of 100 rows can be had"):
        few.sample(range(100), streams)


def test_two_sets_are_unique_in_any_blocks_and_across_the_kinds_of_a_mixture():
    sets = ("low", "high"), ("high", "births", "city")
    both = [Unique(kind="unique", columns=columns, on_source="keep") for columns in sets]
    data = visits()
    model, streams = model_of(data, *both), Streams.from_seed(4)
    whole = model.sample(range(300), streams).frame
    assert not any(whole.select(columns).is_duplicated().any() for columns in sets)
    assert model.sample(range(120), streams).frame.equals(whole[:120])
    half = mixture_of({"sex": {"F": 0.5, "M": 0.5}}, 100, data.schema)
    made = sample_wanted(model, range(100), streams, half).frame
    assert made["sex"].value_counts().sort("sex").rows() == [("F", 50), ("M", 50)]
    assert not any(made.select(columns).is_duplicated().any() for columns in sets)
    again = [sample_wanted(model, r, streams, half).frame for r in (range(37), range(37, 100))]
    assert made.equals(pl.concat(again))
    few = mixture_of({"sex": {"F": 0.5, "M": 0.5}}, 300, data.schema)
    scarce = Unique(kind="unique", columns=("red", "births", "city"), on_source="keep")
    with pytest.raises(ConditionError, match=r"^\d+ of 150 rows where sex == 'F' can be had"):
        sample_wanted(model_of(data, scarce), range(300), streams, few)


def test_sums_of_large_whole_numbers_hold_to_the_unit():
    rng = np.random.default_rng(0)
    a, b = rng.integers(10**10, 10**11, (2, 500))
    off = table(
        a=(Kind.INTEGER, a.tolist()),
        b=(Kind.INTEGER, b.tolist()),
        t=(Kind.INTEGER, (a + b + 1).tolist()),
    )
    with pytest.raises(RecipeError, match="in 500 of 500 rows"):
        model_of(off, SumOfParts(kind="sum", total="t", parts=("a", "b")))


def test_a_combination_of_one_person_with_many_rows_is_not_known():
    n = 300
    x = ["p"] * n + ["q"] * 50
    y = ["u", "v"] * (n // 2) + ["w"] * 50
    data = table(np.array([*range(n), *[n] * 50]), x=(Kind.CATEGORY, x), y=(Kind.CATEGORY, y))
    known = FixedCombinations(kind="fixed", columns=("x", "y"))
    made = model_of(data, known, protect=1).sample(range(500), Streams.from_seed(1)).frame
    assert set(made["x"]) == {"p"}


def test_what_can_be_wrong_with_a_column_is_said():
    data = visits(300)
    frame = data.frame.rename({"low": "low end"}).with_columns(
        gone=pl.lit(None, dtype=pl.String), land=pl.when(pl.int_range(300) > 50).then("land")
    )
    columns = [replace(c, name="low end") if c.name == "low" else c for c in data.schema.columns]
    schema = Schema(columns=(*columns, Column(name="gone", kind=Kind.CATEGORY)))
    odd = replace(data, schema=schema, frame=frame)
    for spec, said in {
        RowRule(kind="rule", rule="low end < high"): r"\(`low end` stands in back quotes\)",
        RowRule(kind="rule", rule="high - 0 > low end"): r"\(`low end` stands in back quotes\)",
        Unique(kind="unique", columns=("key",)): "'key' in a constraint; identifiers .* left out",
        Bounds(kind="range", column="gone", low=3): "'gone' has no value, which breaks nothing",
        RowRule(kind="rule", rule="`gone` < 3"): "'gone' has no value, which breaks nothing",
        Bounds(kind="range", column="high", low=float("nan")): "a finite number",
    }.items():
        with pytest.raises(InputError, match=said):
            demands_of((spec,), odd)
    for kind in (Unique, FixedCombinations, OneHot):
        with pytest.raises(ValueError, match="names 'red' twice"):
            kind(kind=kind.model_fields["kind"].annotation.__args__[0], columns=("red", "red"))
    known = FixedCombinations(kind="fixed", columns=("land", "gone"))  # gaps are values
    held = demands_of((known,), odd).hold(frame)
    assert held.all()


def test_a_source_that_breaks_a_constraint_is_refused_with_the_count():
    strict = Inequality(kind="inequality", low="low", high="high", strict=True)
    data = visits()
    equal = int((data.frame["low"] == data.frame["high"]).sum())
    with pytest.raises(RecipeError, match=f"breaks a constraint in {equal} of 2,000 rows"):
        model_of(data, strict)


@pytest.mark.parametrize(
    ("constraints", "error", "says"),
    [
        (
            (
                Bounds(kind="range", column="low", low=80, on_source="keep"),
                RowRule(kind="rule", rule="low < 70", on_source="keep"),
            ),
            RecipeError,
            "contradict each other: .*low >= 80.* and .*low < 70",
        ),
        (
            (
                Bounds(kind="range", column="low", low=80),
                Bounds(kind="range", column="low", high=70),
            ),
            RecipeError,
            "contradict each other: .*low >= 80.* and .*low <= 70",
        ),
        ((Bounds(kind="range", column="low"),), RecipeError, "needs low, high or both"),
        ((Bounds(kind="range", column="low", low=9, high=1),), RecipeError, "nothing lies"),
        ((Unique(kind="unique", columns=("sex",)),), RecipeError, "in 298 of 300 rows"),
        ((RowRule(kind="rule", rule=f"low < {'9' * 500}"),), RecipeError, "too large a number"),
        ((Bounds(kind="range", column="lwo", low=1),), UnknownNameError, "low"),
        ((Bounds(kind="range", column="low", low="a"),), RecipeError, "needs a number"),
        ((Pattern(kind="pattern", column="code", pattern="("),), RecipeError, "no regular"),
        ((Pattern(kind="pattern", column="code", pattern="x"),), RecipeError, "no value"),
        ((Pattern(kind="pattern", column="low", pattern="x"),), RecipeError, "not a category"),
        ((Inequality(kind="inequality", low="sex", high="city"),), RecipeError, "says nothing"),
        ((Inequality(kind="inequality", low="low", high="low"),), RecipeError, "with itself"),
        ((OneHot(kind="one_hot", columns=("sex", "city")),), RecipeError, "0 and 1"),
        ((SumOfParts(kind="sum", total="sex", parts=("low", "high")),), RecipeError, "no.* number"),
        ((RowRule(kind="rule", rule="low >"),), RecipeError, "cannot read"),
        ((Unique(kind="unique", columns=("nobody",)),), UnknownNameError, "nobody"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(constraints, error, says):
    with pytest.raises(error, match=says):
        model_of(visits(300), *constraints)


def test_a_recipe_has_constraints_and_says_which_keys_are_valid():
    head = 'name = "x"\n[source]\npath = "x.csv"\n'
    text = head + '[[constraint]]\nkind = "inequality"\nlow = "came"\nhigh = "left"\n'
    assert parse_recipe(text.encode()).generate.constraint[0].high == "left"
    assert parse_recipe(head.encode()).generate.canonical().count(b"constraint") == 0
    with pytest.raises(UnknownNameError, match="high"):
        parse_recipe(text.replace("high", "hihg").encode())
    with pytest.raises(UnknownNameError, match="inequality"):
        parse_recipe(text.replace('"inequality"', '"inequalty"').encode())


REACHED = [
    ["b * 3.7 == -2742327036528.4"],
    ["a * 37 == 108560140520", "a >= 10"],
    ["a * 0.1 <= b * 0.3", "a * 3.7 == 1085601405.2"],
    ["u > t", "u <= '2021-01-01T00:00:00.001'", "t >= '2021-01-01T00:00:00'"],
    ["u > t", "u <= '2021-01-01T00:00:00.010'", "t >= '2021-01-01T00:00:00'"],
    ["x + 0 > 0", "x <= 1e-7"],
    ["x * 0.1 + x * 0.2 == x * 0.3", "x >= 1"],
]


@pytest.mark.parametrize("texts", REACHED)
def test_what_rounding_alone_could_refuse_is_not_refused(texts):
    kinds = {"a": Kind.INTEGER, "b": Kind.INTEGER, "x": Kind.DECIMAL}
    kinds |= {"t": Kind.DATETIME, "u": Kind.DATETIME}
    schema = Schema(columns=tuple(Column(name=n, kind=k) for n, k in kinds.items()))
    domains = {c.name: Allowed(everything(c)) for c in schema.columns}
    assert contradiction([read(t, schema) for t in texts], domains, kinds) == ()
    wider = [read(t, schema) for t in (*texts, "u < t", "t < u")]
    assert contradiction(wider, domains, kinds) != ()


def test_a_satisfied_set_of_sums_is_never_a_contradiction(capfd):
    # every set holds for a row that is drawn first, of whatever magnitude
    kinds = {"a": Kind.INTEGER, "b": Kind.INTEGER, "x": Kind.DECIMAL, "y": Kind.DECIMAL}
    schema = Schema(columns=tuple(Column(name=n, kind=k) for n, k in kinds.items()))
    domains = {c.name: Allowed(everything(c)) for c in schema.columns}
    for seed in range(150):
        rng = np.random.default_rng(seed)
        size = 10.0 ** rng.choice([0, 1, 3, 5, 7, 9, 12])
        row = {"a": int(rng.uniform(-size, size)), "b": int(rng.uniform(-size, size))}
        row |= {"x": float(rng.uniform(-size, size)), "y": float(rng.uniform(-size, size)) / 1e6}
        texts = []
        for _ in range(rng.integers(2, 6)):
            factors = {
                str(c): float(rng.choice([1, -1, 2, 0.1, 100, 0.001, 3.7]))
                for c in rng.choice(list(row), rng.integers(1, 4), replace=False)
            }
            total = sum(row[c] * f for c, f in factors.items())
            texts.append(
                f"{' + '.join(f'{c} * {f}' for c, f in factors.items())} "
                f"{rng.choice(['<=', '>=', '=='])} {total!r}"
            )
            name = str(rng.choice(list(row)))
            texts.append(f"{name} {rng.choice(['<=', '>='])} {row[name]!r}")
        assert contradiction([read(t, schema) for t in texts], domains, kinds) == (), texts
    assert capfd.readouterr().out == ""

"""What keeps a generator from drawing a row and what finds such rows agree, row by row."""

import numpy as np
import polars as pl
import pytest
from pydantic import TypeAdapter

from assaymark.core.plausibility import RuleSpec
from assaymark.core.private_source import PrivateSource
from assaymark.core.streams import Streams
from assaymark.errors import RecipeError
from assaymark.evaluate.breaches import breaches_of
from assaymark.generate import generators
from assaymark.generate.constraints.constrained import Constrained
from assaymark.generate.constraints.demands import Demands
from assaymark.generate.constraints.plausible import keeping

RULE = TypeAdapter(RuleSpec)


@pytest.fixture
def visits(table):
    rng = np.random.default_rng(1)
    n = 2_000
    born = rng.integers(0, 100, n)

    def holed(values):
        return [None if r < 0.1 else v for v, r in zip(values, rng.random(n), strict=True)]

    return table(
        {
            "sex": holed(rng.choice(["m", "f"], n).tolist()),
            "code": holed(
                rng.choice(
                    ["650", "63", "250.1", "O80", "185", "C61.9", "8", "other", "O"], n
                ).tolist()
            ),
            "born": holed(born.tolist()),
            "died": holed((born + rng.integers(-5, 60, n)).tolist()),
            "age": holed(rng.normal(50, 30, n).tolist()),
        },
        sex="category",
        code="category",
        born="integer",
        died="integer",
        age="decimal",
    )


RULES = [
    {"kind": "rule", "rule": "age between 0 and 110 or sex is missing"},
    {"kind": "rule", "rule": "not (age < 20 and sex == 'm') or born != died"},
    {"kind": "range", "column": "age", "low": 0, "high": 110.5},
    {"kind": "order", "columns": ("born", "died")},
    {"kind": "order", "columns": ("born", "died"), "strict": True},
    {"kind": "implies", "when": "sex == 'm'", "then": "age > 18 and born < 90"},
    {"kind": "codes", "columns": ("code",), "codes": ("630-679", "O"), "when": "sex == 'm'"},
    {
        "kind": "codes",
        "columns": ("code",),
        "codes": ("630-679", "O", "C60-C63"),
        "shortened": True,
    },
]


@pytest.mark.parametrize("plain", RULES)
def test_both_paths_say_the_same_of_every_row(visits, plain):
    rule = RULE.validate_python({"name": "r", **plain})
    kept = keeping(Demands(), [rule], visits).hold(visits.frame)
    broken = breaches_of(rule, visits).broken
    assert 0 < broken.sum() < visits.n
    assert np.array_equal(kept, ~broken)


@pytest.mark.parametrize("name", ["independent", "tree_chain"])
def test_no_row_is_drawn_that_breaks_a_hard_rule_though_real_ones_do(visits, name):
    rules = [RULE.validate_python({"name": f"r{i}", **p}) for i, p in enumerate(RULES)]
    model = generators.build(name).fit(
        PrivateSource(_rows=visits, record=lambda who, why: None), Streams.from_seed(1)
    )
    bound = Constrained(model=model, demands=keeping(Demands(), rules, visits))
    made = bound.sample(range(500), Streams.from_seed(2))
    assert made.n == 500
    assert not any(breaches_of(r, made).broken.any() for r in rules)
    assert made.frame["age"].null_count() > 0  # what is missing breaks nothing
    assert isinstance(made.frame, pl.DataFrame)


def test_a_rule_that_does_not_fit_is_named(visits):
    rule = RULE.validate_python({"name": "no such", "kind": "rule", "rule": "age >"})
    with pytest.raises(RecipeError, match="no such"):
        keeping(Demands(), [rule], visits)

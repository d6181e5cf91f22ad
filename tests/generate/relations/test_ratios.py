"""Ratios: shares, margins and growths are those of the columns in the same row."""

import numpy as np
import polars as pl
import pytest
from tests.generate.constraints.test_constraints import model_of
from tests.generate.test_tree_chain import fit, table

from assaymark.core.conditions import Conditions
from assaymark.core.constraint import RowRule
from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.generate.coding.encoding import encode
from assaymark.generate.model_file import ModelFile, read_model, write_model
from assaymark.generate.relations.anchor_exact import Exact
from assaymark.generate.relations.anchor_ratio import Ratio
from assaymark.generate.relations.anchor_sample import Sample
from assaymark.generate.relations.anchors import numbers_of

KINDS = {"i": Kind.INTEGER, "f": Kind.DECIMAL}


def columns(**given):
    """A table of these arrays, NaN where missing."""
    held = {n: [None if x != x else x for x in v.tolist()] for n, v in given.items()}
    return table(**{n: (KINDS[v.dtype.kind], held[n]) for n, v in given.items()})


def parts(n=1200, seed=0):
    """Games won, drawn and lost; two amounts that go together and one that does not."""
    rng = np.random.default_rng(seed)
    w, d, m = (rng.poisson(mean, n) for mean in (20, 4, 18))
    a, c = rng.lognormal(3, 0.5, n).round(2), rng.lognormal(2, 0.5, n).round(2)
    return {"w": w, "d": d, "m": m, "a": a, "b": (a * rng.uniform(0.4, 1.1, n)).round(2), "c": c}


KNOWN = {
    "wins": ("w m", lambda w, m: (w / (w + m)).round(3), "w / (w + m)"),
    "wins without rounding": ("w m", lambda w, m: w / (w + m), "w / (w + m)"),
    "whole per cents": ("w m", lambda w, m: np.rint(100 * w / (w + m)), "100 * w / (w + m)"),
    "three": ("w d m", lambda w, d, m: (100 * w / (w + d + m)).round(1), "100 * w / (w + d + m)"),
    "points": (
        "w d m",
        lambda w, d, m: ((3 * w + d) / (w + d + m)).round(2),
        "(3 * w + d) / (w + d + m)",
    ),
    "margin": ("a b", lambda a, b: ((a - b) / a * 100).round(1), "100 * (a - b) / a"),
    "growth": ("a b", lambda a, b: (b / a - 1).round(4), "(b - a) / a"),
    "growth without rounding": ("a b", lambda a, b: b / a - 1, "b / a - 1"),
    "depth": ("a b c", lambda a, b, c: (200 * c / (a + b)).round(1), "200 * c / (a + b)"),
    "difference": ("a c", lambda a, c: ((a - c) / (a + c)).round(3), "(a - c) / (a + c)"),
    "added": ("a b c", lambda a, b, c: (20 + 300 * b / (a + c)).round(1), "300 * b / (a + c) + 20"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KNOWN)
def test_a_ratio_of_sums_is_worked_out_in_every_row(kind):
    names, made_of, words = KNOWN[kind]
    given = {n: v for n, v in parts().items() if n in names.split()}
    model = fit(columns(**given, ratio=made_of(**given)))
    assert model.summary["derived"] == {"ratio": words}
    made = model.sample(range(2000), Streams.from_seed(2)).frame
    said = made_of(**{n: made[n].to_numpy() for n in given})
    own = made["ratio"].to_numpy()
    assert (np.abs(own - said) < 1e-9).mean() > 0.995  # halves are rounded up or down
    assert 0.5 < own.std() / made_of(**given).std() < 2


def test_shares_of_one_whole_and_their_complements_are_all_worked_out():
    p = parts()
    a, b, c = p["a"], p["b"], p["c"]
    shares = {f"of {n}": (v / (a + b + c)).round(3) for n, v in {"a": a, "b": b, "c": c}.items()}
    derived = fit(columns(a=a, b=b, c=c, **shares)).summary["derived"]
    assert derived == {f"of {n}": f"{n} / (a + b + c)" for n in "abc"}
    total = (a + b + c).round(2)
    derived = fit(columns(a=a, b=b, c=c, total=total, share=shares["of a"])).summary["derived"]
    assert derived == {"total": "a + b + c", "share": "a / total"}


@pytest.mark.parametrize("nothing", [np.nan, 0.0])
def test_who_has_no_game_has_no_share_or_that_of_the_table(nothing):
    rng = np.random.default_rng(0)
    w, m = rng.poisson(1.5, (2, 1500))
    with np.errstate(invalid="ignore"):
        share = np.where(w + m > 0, (w / (w + m)).round(3), nothing)
    model = fit(columns(w=w, m=m, share=share))
    assert model.summary["derived"] == {"share": "w / (w + m)"}
    made = model.sample(range(3000), Streams.from_seed(2)).frame
    none = made.filter(pl.col("w") + pl.col("m") == 0)["share"]
    assert len(none) > 50
    assert (none.is_null() if np.isnan(nothing) else none == nothing).all()
    assert made["share"].null_count() == (len(none) if np.isnan(nothing) else 0)


@pytest.mark.parametrize("rows", [150, 250, 1000])
def test_few_rows_and_one_or_two_odd_persons_are_enough(rows):
    p = parts(rows)
    share = (p["w"] / (p["w"] + p["m"])).round(3)
    share[: 1 + (rows >= 200)] = (0.9, 0.1)[: 1 + (rows >= 200)]
    model = fit(columns(w=p["w"], m=p["m"], a=p["a"], share=share))
    assert model.summary["derived"] == {"share": "w / (w + m)"}


def test_each_row_of_one_person_says_no_ratio():
    p = parts(400)
    data = columns(w=p["w"], m=p["m"], share=(p["w"] / (p["w"] + p["m"])).round(3))
    data = table(np.arange(400) // 80, **{
        c.name: (c.kind, data.frame[c.name].to_list()) for c in data.schema.columns
    })  # fmt: skip
    assert not fit(data).summary["derived"]


def test_gaps_in_the_parts_are_gaps_of_the_ratio():
    p, rng = parts(), np.random.default_rng(1)
    a = np.where(rng.random(1200) < 0.1, np.nan, p["a"])
    model = fit(columns(a=a, b=p["b"], c=p["c"], share=(a / (a + p["b"])).round(3)))
    assert model.summary["derived"] == {"share": "a / (a + b)"}
    made = model.sample(range(2000), Streams.from_seed(2)).frame
    assert (made["share"].is_null() == made["a"].is_null()).all()
    assert 0.05 < made["share"].null_count() / 2000 < 0.15


def test_blocks_files_conditions_and_constraints_see_the_same_ratio():
    p = parts()
    share = (p["w"] / (p["w"] + p["m"])).round(3)
    data = columns(w=p["w"], m=p["m"], a=p["a"], share=share)
    model, streams = fit(data), Streams.from_seed(3)
    whole = model.sample(range(1000), streams).frame
    blocks = [model.sample(r, streams).frame for r in (range(317), range(317, 1000))]
    assert pl.concat(blocks).equals(whole)
    held = ModelFile(model=model, generator={"name": "tree_chain"}, salt="00")
    again = read_model(write_model(held)).model
    assert again.summary == model.summary
    assert again.sample(range(1000), streams).frame.equals(whole)
    asked = Conditions.parse("share > 0.6 and a < 30", data.schema)
    some = model.sample(range(500), streams, asked).frame
    rule = RowRule(kind="rule", rule="share >= 0.5 or a < 20", on_source="keep")
    ruled = model_of(data, rule).sample(range(500), streams).frame
    assert asked.hold(some).all()
    assert ((ruled["share"] >= 0.5) | (ruled["a"] < 20)).all()
    for made in (some, ruled):
        assert len(made) == 500
        assert ((made["w"] / (made["w"] + made["m"])).round(3) - made["share"]).abs().max() < 1e-9


def unrelated(seed):
    """100 to 900 rows of amounts, counts, shares, years and narrow columns that go together."""
    rng = np.random.default_rng(seed)
    n, found = int(rng.integers(100, 900)), {}
    both = rng.normal(size=(2, n))
    for i in range(int(rng.integers(4, 16))):
        v = rng.normal(size=2) @ both + rng.normal(size=n) * rng.choice([0.05, 0.3, 1])
        found[f"c{i}"] = (
            np.exp(v / 2 + 3).round(2),
            np.rint(np.exp(v / 2 + 2)).astype(int),
            (100 / (1 + np.exp(-v))).round(int(rng.integers(0, 3))),
            (1000 + v * rng.choice([0.5, 5, 100])).round(1),
            (2010 + np.rint(v * 4)).astype(int),
            (1 / (1 + np.exp(-v))).round(3),
            (v > 0).astype(int),
        )[rng.integers(0, 7)]
    return columns(**found)


@pytest.mark.slow
def test_no_ratio_is_found_by_chance_in_200_tables():
    for seed in range(200):
        data = unrelated(seed)
        exact = Exact.of(Sample.of(numbers_of(data), encode(data, 10, Streams.from_seed(1)), 10))
        exact.after()
        assert not [a for a in exact.made.values() if isinstance(a, Ratio)], seed

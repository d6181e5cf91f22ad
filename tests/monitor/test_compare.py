import numpy as np
import polars as pl

from assaymark.monitor.compare import compare
from assaymark.monitor.sketch import Sketch, sketch

RELEASED = pl.DataFrame({"x": [0, 0, 1, 1], "c": ["a", "a", "a", None]})


def by_column(batch, before=RELEASED):
    return {d.column: d for d in compare(sketch(before), batch)}


def test_known_answer():
    found = by_column(pl.DataFrame({"x": [0, 1, 1, 1], "c": ["a", "b", None, None]}))
    assert found["x"].distance == 0.25
    assert found["c"].distance == 0.5
    assert found["c"].missing == 0.25
    assert found["c"].unseen == ("b",)


def test_gone_new_and_retyped_columns_are_named():
    found = by_column(pl.DataFrame({"x": ["p", "q"], "d": [1, 2]}))
    assert {k: d.found for k, d in found.items()} == {"x": "retyped", "c": "gone", "d": "new"}


def test_a_sketch_reads_back_and_counts_every_row():
    rng = np.random.default_rng(1)
    frame = pl.DataFrame({"n": rng.normal(size=300), "k": rng.integers(0, 9, 300)})
    made = sketch(frame)
    assert Sketch.parse(made.canonical()) == made
    assert all(sum(c.counts) == 300 for c in made.columns)
    assert all(sum(p.counts) == 300 for p in made.pairs)


def test_values_beyond_a_few_released_ones_are_another_cell():
    """Released: 5, and 0 or 1. A batch of 5,000, and of 0 or 7, has moved wholly, and by half."""
    before = pl.DataFrame({"k": [5] * 4, "b": [0, 1, 0, 1]})
    found = by_column(pl.DataFrame({"k": [5_000] * 4, "b": [0, 7, 0, 7]}), before)
    assert (found["k"].distance, found["b"].distance) == (1.0, 0.5)
    same = by_column(before, before)
    assert (same["k"].distance, same["b"].distance) == (0.0, 0.0)

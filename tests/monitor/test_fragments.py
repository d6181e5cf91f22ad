"""Rows are recognised by what is left of them, and others of their distribution are not."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assaymark.flow.monitor.detect import ERROR, detect, held_of
from assaymark.monitor.fragments import recogniser


def rows_of(n, rng):
    """Return rows of six columns that hang together: two numbers, four categories."""
    kind = rng.integers(0, 6, n)
    return pl.DataFrame(
        {
            "x": np.round(rng.normal(kind, 1.0, n), 2),
            "y": rng.integers(0, 500, n),
            **{f"c{i}": (kind + rng.integers(0, 3, n)).astype(str) for i in range(4)},
            "z": np.round(rng.exponential(30, n), 1),
        }
    )


@pytest.fixture(scope="module")
def known():
    rng = np.random.default_rng(3)
    rows = rows_of(3_000, rng)
    return rows, recogniser(rows, rows.columns, rng), rng


def test_edited_shuffled_and_cut_rows_are_recognised(known):
    rows, knows, rng = known
    part = rows.sample(200, shuffle=True, seed=1)
    edited = part.select(
        pl.when(pl.Series(rng.random(200) < 0.2)).then(part[n].shuffle(5)).otherwise(part[n])
        .alias(n)
        for n in part.columns
    )  # fmt: skip
    assert held_of(part, knows, ERROR, rng).said == "these rows"
    assert held_of(edited, knows, ERROR, rng).said in {"these rows", "some of these rows"}
    as_text = part.with_columns(pl.all().cast(pl.String))
    assert held_of(as_text, knows, ERROR, rng).share == held_of(part, knows, ERROR, rng).share


def test_other_rows_of_the_distribution_are_not_taken_for_them(known):
    _, knows, rng = known
    assert knows.chance <= 0.01
    others = [held_of(rows_of(500, rng), knows, ERROR, rng) for _ in range(20)]
    assert {o.said for o in others} == {"not these rows"}
    assert np.mean([o.share for o in others]) <= knows.chance


def test_columns_that_say_too_little_cannot_tell():
    rng = np.random.default_rng(4)
    rows = pl.DataFrame({"a": rng.integers(0, 2, 900), "b": rng.integers(0, 3, 900)})
    knows = recogniser(rows, ["a", "b"], rng)
    assert held_of(rows, knows, ERROR, rng).said == "cannot tell"


def test_columns_by_which_hardly_any_row_is_known_cannot_tell_either(known):
    """Rows of the release itself are not said to be others where few of all are recognised."""
    rows, _, rng = known
    knows = recogniser(rows, ["c0", "c1", "c2"], rng)
    assert held_of(rows.sample(500, seed=2), knows, ERROR, rng).said == "cannot tell"


def test_names_may_differ_by_case_and_other_columns_cannot_tell(tmp_path):
    whole = Path(__file__).parents[1] / "golden/releases/whole"
    rows = pl.read_parquet(next((whole / "data").glob("*.parquet")))
    rows.rename({n: f" {n.upper()}" for n in rows.columns}).write_parquet(tmp_path / "a.parquet")
    rows.rename({n: f"{n}_2" for n in rows.columns}).write_parquet(tmp_path / "b.parquet")
    same, other = (detect(tmp_path / n, [whole]).matches[0] for n in ("a.parquet", "b.parquet"))
    assert same.columns == tuple(rows.columns)
    assert (other.columns, other.said) == ((), "cannot tell")

import numpy as np
import polars as pl
import pytest

from assaymark.errors import IntegrityError
from assaymark.monitor.cells import cells_of, edge_words, pair_tables
from assaymark.monitor.parts import relation_words
from assaymark.monitor.shares import shares_of
from assaymark.monitor.sketch import Sketch, counted, sketch


def frame():
    return pl.DataFrame(
        {
            "x": [1.0, 2.0, 2.0, None, float("nan"), 9.0],
            "c": ["a", "b", None, "new", "a", ""],
            "d": pl.Series([1, None, 3, 4, 5, 6]).cast(pl.Date),
            "b": [True, False, None, True, True, False],
        }
    )


def test_values_fall_into_their_cell_into_any_other_or_into_missing():
    layout = sketch(pl.DataFrame({"x": [1.0, 2.0], "c": ["a", "b"]}))
    x, c = layout.columns
    # cells of x: below 1, [1, 2), [2, just above 2), beyond, missing; of c: a, b, other, missing
    assert cells_of(x, frame()["x"]).tolist() == [1, 2, 2, 4, 4, 3]
    assert cells_of(c, frame()["c"]).tolist() == [0, 1, 3, 2, 0, 2]


def test_all_columns_at_once_are_counted_as_each_by_itself():
    layout, rows = sketch(frame()), frame().reverse()
    found = counted(layout, rows)
    for before, after in zip(layout.columns, found.columns, strict=True):
        alone = np.bincount(cells_of(before, rows[before.name]), minlength=len(before.counts))
        assert after.counts == tuple(alone.tolist()) == before.counts


def test_pairs_are_counted_as_one_by_one():
    rng = np.random.default_rng(0)
    codes = {name: rng.integers(0, 5, 10_000) for name in "abc"}
    found = pair_tables(codes)
    assert list(found) == [("a", "b"), ("a", "c"), ("b", "c")]
    for (a, b), counts in found.items():
        assert counts == tuple(np.bincount(codes[a] * 5 + codes[b], minlength=25).tolist())
    assert pair_tables({"a": codes["a"]}) == {}


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("columns", "counts", (1, 2)),
        ("columns", "edges", ("1.0", "1.0", "2.0", "2.0000000000000004")),
        ("pairs", "counts", (1, 2, 3)),
        ("crossed", "counts", (1, 2, 3)),
    ],
)
def test_a_sketch_whose_counts_do_not_fit_its_cells_is_none(part, field, value):
    made = sketch(pl.DataFrame({"x": [1.0, 2.0, 3.0], "c": ["a", "b", "a"]}), (("c", "x"),))
    first, *rest = getattr(made, part)
    other = made.model_copy(update={part: (first.model_copy(update={field: value}), *rest)})
    with pytest.raises(IntegrityError, match="not a valid Sketch"):
        Sketch.parse(other.canonical())


def test_parts_of_a_relation_are_said_by_their_values():
    rows = pl.DataFrame(
        {"age": list(range(100)), "ward": ["a", "b", "c", None] * 25, "n": [0, 1, 1, 2] * 25}
    )
    layout = sketch(rows)
    columns = {c.name: c for c in layout.columns}
    said = {
        (s.subject, s.part): relation_words(s, columns)
        for s in shares_of(layout).of
        if s.kind == "pair"
    }
    assert said["pair:age,ward", (0, 0)] == "ward a, where age is below 24.75"
    assert said["pair:age,n", (1, 2)].startswith("n below 2, where age is 24.75 to below")
    assert said["pair:ward,n", (4, 0)].endswith("where ward is missing")


@pytest.mark.parametrize(
    ("kind", "edge", "words"),
    [
        ("number", "1234567.0", "1.23457e+06"),
        ("number", "0.5", "0.5"),
        ("moment", "86400000000.0", "1970-01-02"),
        ("moment", "86461000000.0", "1970-01-02T00:01:01"),
    ],
)
def test_an_edge_is_said_in_one_way(kind, edge, words):
    assert edge_words(kind, edge) == words


def test_moments_within_a_day_are_told_apart_in_a_relation():
    hours = (pl.Series(range(24)) * 3_600_000_000).cast(pl.Datetime("us"))
    layout = sketch(pl.DataFrame({"at": hours, "n": range(24)}))
    first = next(s for s in shares_of(layout).of if s.part == (1, 0))
    said = relation_words(first, {c.name: c for c in layout.columns})
    assert said.partition(" where ")[2].startswith("at is 1970-01-01T0")

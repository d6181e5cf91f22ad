"""Thinned: as likely for every row, whole persons, the same however the table is cut."""

import resource
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assaymark.core.streams import Streams
from assaymark.errors import DataError, UnknownNameError
from assaymark.source.thinned import thinned


def cut(frame, size):
    return (frame.slice(i, size) for i in range(0, frame.height, size))


def test_the_sample_does_not_depend_on_where_the_table_is_cut():
    frame = pl.DataFrame({"a": range(60_000), "who": [f"p{i // 7}" for i in range(60_000)]})
    for person in (None, "who"):
        one = thinned([frame], 500, Streams.from_seed(1), person).frame
        assert one.equals(thinned(cut(frame, 999), 500, Streams.from_seed(1), person).frame)
        assert one["a"].is_sorted()


def test_every_row_is_as_likely():
    # 400 samples of 30 of 100 rows: each row 120 times, give or take 9.2; 5 of these is 46
    frame, drawn = pl.DataFrame({"a": range(100)}), np.zeros(100)
    for seed in range(400):
        found = thinned(cut(frame, 17), 30, Streams.from_seed(seed)).frame
        assert found.height == 30
        drawn[found["a"].to_numpy()] += 1
    assert np.abs(drawn - 120).max() < 46


def test_persons_come_with_all_of_their_rows():
    rng = np.random.default_rng(1)
    who = rng.integers(0, 400, 30_000)
    frame = pl.DataFrame({"who": who, "b": rng.random(30_000)})
    found = thinned(cut(frame, 1000), 3000, Streams.from_seed(2), "who").frame
    assert 2800 < found.height <= 3000
    here = frame.filter(pl.col("who").is_in(found["who"].unique().to_list()))
    assert here.height == found.height
    with pytest.raises(DataError, match="no person has 20 rows or fewer"):
        thinned([frame.with_columns(who=pl.lit(1))], 20, Streams.from_seed(1), "who")
    with pytest.raises(UnknownNameError, match="'who'"):
        thinned([frame], 20, Streams.from_seed(1), "whose")


def test_rows_without_a_person_are_persons_by_themselves():
    frame = pl.DataFrame({"who": [None] * 500 + ["x"] * 500})
    found = thinned([frame], 100, Streams.from_seed(1), "who").frame
    assert found["who"].null_count() in {0, 99, 100}


def test_all_rows_are_counted_and_types_that_differ_are_brought_together():
    parts = [
        pl.DataFrame({"a": [1, 2], "b": [None, None], "c": [1, 2]}),
        pl.DataFrame({"a": [1.5, None], "b": ["x", "y"], "c": ["3", None]}),
    ]
    found = thinned(parts, 10, Streams.from_seed(1))
    assert (found.n, found.empty) == (4, {"a": 1, "b": 2, "c": 1})
    assert found.frame.to_dict(as_series=False) == {
        "a": [1.0, 2.0, 1.5, None],
        "b": [None, None, "x", "y"],
        "c": ["1", "2", "3", None],
    }


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="there is no /proc")
def test_what_was_not_drawn_is_not_held():
    # 100 stretches of 20,000 texts of 60 bytes: 120 MB, of which 10,200 are held at most
    rows = pl.select(i=pl.int_range(20_000))
    text = pl.format("{}-{}", pl.lit("x" * 52), pl.col("i") + 1_000_000)
    before = resident()
    found = thinned((rows.select(text.alias("t")) for _ in range(100)), 200, Streams.from_seed(1))
    assert (found.n, found.frame.height) == (2_000_000, 200)
    assert resident() - before < 60

"""Why a column of a draft came out empty: the cause that is true."""

import numpy as np
import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Schema
from assaymark.flow.generate.empty import empty_notes

SCHEMA = Schema(columns=tuple(Column(name=n, kind=Kind.CATEGORY) for n in ("psa", "when", "code")))
N = 200
DAYS = [f"0{i % 9 + 1}/0{i % 7 + 1}/19{i % 100:02}" if i % 5 else "1950-01-01" for i in range(N)]


def rows(**columns):
    return Dataset(schema=SCHEMA, frame=pl.DataFrame(columns, schema=dict.fromkeys(columns, str)))


TRAIN = rows(psa=["high"] * 100 + [None] * 100, when=DAYS, code=[f"c{i}" for i in range(N)])
NONE = rows(psa=[None] * 50, when=[None] * 50, code=[None] * 50)


def test_each_column_is_named_under_what_is_true_of_it():
    without = TRAIN.take(np.arange(100, 200))
    said = empty_notes(TRAIN, without, NONE)
    assert [n.partition(":")[2].partition(".")[0].strip() for n in said] == [
        "'psa'", "'when'", "'code'",
    ]  # fmt: skip
    assert "No row of the source of the kind that was asked for has a value there" in said[0]
    assert "dates written in several ways" in said[1]
    assert "Too few people, of those like the rows that were asked for or of all" in said[2]
    assert "Too few people share a value" in empty_notes(TRAIN, TRAIN, NONE)[-1]


def test_of_few_rows_of_a_kind_and_of_all_rows_nothing_is_told():
    for alike in (TRAIN, TRAIN.take(np.arange(100, 110))):
        said = " ".join(empty_notes(TRAIN, alike, NONE))
        assert "of the kind that was asked for" not in said
        assert "'psa', 'code'" in said


def test_what_has_values_or_had_none_is_not_named():
    assert empty_notes(TRAIN, TRAIN, TRAIN) == []
    assert empty_notes(NONE, NONE, NONE) == []
    assert empty_notes(TRAIN, TRAIN, NONE.take(np.arange(0))) == []

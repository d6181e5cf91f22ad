from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.core.recipe import ColumnSpec
from assaymark.core.schema import Column, Kind, Schema
from assaymark.errors import DataError
from assaymark.source.delimited import read_delimited
from assaymark.source.load import load
from assaymark.source.profile import profile


def schema(**kinds):
    return Schema(columns=tuple(Column(name=n, kind=k) for n, k in kinds.items()))


def loaded(values, kind, missing=()):
    column = Column(name="x", kind=kind, missing=missing)
    frame = pl.DataFrame({"x": values}, strict=False)
    return load(frame, Schema(columns=(column,))).frame["x"].to_list()


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["1", " 2 ", "3.0", None], Kind.INTEGER, [1, 2, 3, None]),
        (["+1.5", "-2e3", ".5", "inf"], Kind.DECIMAL, [1.5, -2000.0, 0.5, None]),
        (["1,5", "2"], Kind.DECIMAL, [1.5, 2.0]),
        (["$1,234.50", "$9"], Kind.DECIMAL, [1234.5, 9.0]),
        ([1.0, float("nan"), float("inf"), 2.0, 3.0], Kind.INTEGER, [1, None, None, 2, 3]),
        ([1, 2], Kind.DECIMAL, [1.0, 2.0]),
        ([1, 2], Kind.CATEGORY, ["1", "2"]),
        ([1.0, 2.0], Kind.CATEGORY, ["1", "2"]),
        ([1, 0], Kind.BOOLEAN, [True, False]),
        (["Yes", "no", "?"], Kind.BOOLEAN, [True, False, None]),
        (["1599-01-02", "2024-02-30"], Kind.DATE, [date(1599, 1, 2), None]),
        ([20240102, None], Kind.DATE, [date(2024, 1, 2), None]),
        (["1.0", "22", ""], Kind.CATEGORY, ["1", "22", None]),
        (["1.0", "1.1"], Kind.CATEGORY, ["1.0", "1.1"]),
        (["٣", "3", "4"], Kind.INTEGER, [None, 3, 4]),
        (["007", ""], Kind.CATEGORY, ["007", None]),
    ],
)
def test_values_are_read_as_the_kind_says(values, kind, expected):
    assert loaded(values, kind) == expected


def test_missing_codes_become_null_in_text_and_numbers():
    assert loaded(["?", "5", "6"], Kind.INTEGER, ("?",)) == [None, 5, 6]
    assert loaded([-9, 5, 6], Kind.INTEGER, ("-9",)) == [None, 5, 6]
    assert loaded(["unknown", "a"], Kind.CATEGORY, ("unknown",)) == [None, "a"]


def test_columns_may_be_reordered_but_not_missing_or_extra():
    wanted = schema(a=Kind.INTEGER, b=Kind.INTEGER)
    assert load(pl.DataFrame({"b": [1], "a": [2]}), wanted).frame.row(0) == (2, 1)
    with pytest.raises(DataError, match="missing: 'b'; not expected: 'c'"):
        load(pl.DataFrame({"a": [1], "c": [2]}), wanted)


def test_a_retyped_column_is_refused():
    with pytest.raises(DataError, match="column 'a' should be integer, but 2 of 3 values"):
        load(pl.DataFrame({"a": ["x", "y", "3"]}), schema(a=Kind.INTEGER))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-(2**53), 2**53),
            st.floats(allow_nan=False, allow_infinity=False),
            st.dates(min_value=date(1, 1, 1)),
            st.text("abcé?,;\"' x", max_size=5),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_a_table_written_as_csv_loads_as_it_was(rows):
    kinds = {"i": Kind.INTEGER, "d": Kind.DECIMAL, "t": Kind.DATE, "c": Kind.CATEGORY}
    frame = pl.DataFrame(rows, schema=list(kinds), orient="row", infer_schema_length=None)
    frame = frame.cast({"i": pl.Int64, "d": pl.Float64, "t": pl.Date, "c": pl.String})
    raw = frame.write_csv(quote_style="non_numeric").encode()
    found = read_delimited(raw, "t.csv")
    declared = {n: ColumnSpec(kind=k, missing=("NA",)) for n, k in kinds.items()}
    again = load(found, profile(found, declared).schema).frame
    expected = frame.with_columns(
        pl.col("c").str.strip_chars().replace("", None), pl.col("d").replace(-0.0, 0.0)
    )
    assert again.with_columns(pl.col("d").replace(-0.0, 0.0)).equals(expected)

"""Amounts with marks between thousands are numbers, and keys that look alike are not."""

import polars as pl
import pytest

import assaymark
from assaymark.core.schema import Kind
from assaymark.source.kinds import find_kind
from assaymark.source.thousands import grouping_of
from assaymark.source.values import parsed


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (["1.234,50", "12,5", "-3.456.789,00", "0,25"], "dots between thousands and a decimal"),
        (["1 234,50", "12,5", "-3\u00a0456\u202f789,00", "0,25"], "blanks between thousands and a"),
        (["1'234.50", "12.5", "-3\u2019456\u2019789.00", "0.25"], "apostrophes between thousands"),
        (["€ 1.234,50", "€ 12,5", "-€ 3.456.789,00", "€ 0,25"], "dots between thousands and a de"),
        (["1 234,50 €", "12,5 €", "-3 456 789,00 €", "0,25 €"], "blanks between thousands and a"),
    ],
)
def test_amounts_are_read_in_each_way_of_writing(written, said):
    column = pl.Series("amount", [*written, "NA", None] * 40)
    found = find_kind(column)
    assert found.kind is Kind.DECIMAL
    assert any(said in note for note in found.notes)
    read = parsed(column, found.kind, found.missing)
    assert read.to_list()[:6] == [1234.5, 12.5, -3456789.0, 0.25, None, None]


def test_whole_numbers_with_blanks_are_whole():
    column = pl.Series("pop", ["1 234", "56", "7 890 123"] * 40)
    assert find_kind(column).kind is Kind.INTEGER
    assert parsed(column, Kind.INTEGER, ()).to_list()[:3] == [1234, 56, 7890123]


def test_whole_numbers_with_dots_are_whole_where_some_have_two_and_others_none():
    column = pl.Series("pop", ["1.234.567", "56", "27.890", "-780"] * 40)
    assert find_kind(column).kind is Kind.INTEGER
    assert parsed(column, Kind.INTEGER, ()).to_list()[:4] == [1234567, 56, 27890, -780]


@pytest.mark.parametrize("written", [["0,125", "1,250"], ["1234,125", "1,250"]])
def test_three_decimals_after_a_comma_are_decimals_where_none_can_be_thousands(written):
    column = pl.Series("x", [*written, "-2,875"] * 40)
    found = find_kind(column)
    assert (found.kind, found.notes) == (
        Kind.DECIMAL,
        ("numbers are written with a decimal comma",),
    )
    read = parsed(column, found.kind, found.missing)
    assert read.to_list()[:3] == [*(float(w.replace(",", ".")) for w in written), -2.875]


@pytest.mark.parametrize(
    "written",
    [
        ["123 456 789", "987 654 321"],  # keys of one length
        ["1.234", "2.345"],  # a little more than one
        ["12.345.678", "1.345.678"],
        ["1.234,50", "1234,50"],  # one of them is another way
        ["1 234", "12 34"],
        ["030 123 456", "30 12"],
        ["+48 601 234 567", "601 234 567"],  # to call somebody
        ["100", "100.200", "100.200.300"],  # a level below a level
    ],
)
def test_what_may_be_something_else_is_not_taken_apart(written):
    assert grouping_of(pl.Series(written)) is None


def test_gaps_are_filled_in_that_way_of_writing():
    amounts = [f"{v:,}".replace(",", ".") + ",5" for v in range(200, 5200, 25)]
    column = [None if i % 9 == 0 else a for i, a in enumerate(amounts)]
    frame = pl.DataFrame({"amount": column, "g": ["a", "b"] * 100})
    filled = assaymark.impute(frame, seed=1)["amount"]
    assert filled.null_count() == 0
    assert filled.str.contains(r"^[1-9]\d{0,2}(\.\d{3})*,\d+$").all()

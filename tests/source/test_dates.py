"""Dates: one way of writing or several are read; what can be meant in two ways is not guessed."""

from datetime import date, time, timedelta

import polars as pl
import pytest

from assaymark.core.recipe import ColumnSpec
from assaymark.core.schema import Kind, Role
from assaymark.source.dates import date_formats, in_words
from assaymark.source.kinds import find_kind
from assaymark.source.profile import profile
from assaymark.source.values import read_as

DAYS = [date(2001, 1, 1) + timedelta(days=i) for i in range(1000)]


def written(*forms):
    """Return the days, four fifths as the first form says and one fifth as the others in turn."""
    main, *others = forms
    return pl.Series(
        "seen",
        [
            day.strftime(others[i // 5 % len(others)] if i % 5 == 0 and others else main)
            for i, day in enumerate(DAYS)
        ],
    )


@pytest.mark.parametrize(
    "forms",
    [
        ("%d.%m.%Y", "%Y-%m-%d"),
        ("%Y-%m-%d", "%d.%m.%Y"),
        ("%d.%m.%Y", "%m/%d/%Y"),
        ("%d/%m/%Y", "%Y-%m-%d"),
        ("%d.%m.%Y", "%Y-%m-%d", "%d-%b-%Y"),
    ],
)
def test_dates_in_several_ways_that_cannot_be_meant_otherwise_are_all_read(forms):
    text = written(*forms)
    found = find_kind(text)
    assert found.kind is Kind.DATE
    assert set(date_formats(text)) == set(forms)
    assert read_as(text, Kind.DATE).to_list() == DAYS
    (note,) = (n for n in found.notes if "ways" in n)
    assert f"80 % {in_words(forms[0])}" in note
    assert all(in_words(f) in note for f in forms)


def test_the_shares_of_the_ways_are_said_where_the_kind_was_declared_too():
    frame = pl.DataFrame([written("%d.%m.%Y", "%Y-%m-%d")])
    for declared in ({}, {"seen": ColumnSpec(roles=(Role.OTHER,), kind=Kind.DATE)}):
        (column,) = profile(frame, declared).columns
        assert column.column.kind is Kind.DATE
        assert column.missing == 0
        assert column.notes == (
            "written in two ways: 80 % dd.mm.yyyy, 20 % yyyy-mm-dd; made rows have yyyy-mm-dd",
        )


def test_moments_with_and_without_a_clock_are_read_together():
    text = pl.Series(
        "seen",
        [
            f"{d.isoformat()}T07:30:00" if i % 5 == 0 else f"{d:%d.%m.%Y} 07:30"
            for i, d in enumerate(DAYS)
        ],
    )
    assert find_kind(text).kind is Kind.DATETIME
    read = read_as(text, Kind.DATETIME)
    assert read.dt.date().to_list() == DAYS
    assert set(read.dt.time()) == {time(7, 30)}


def test_day_first_and_month_first_with_one_separator_are_not_guessed():
    text = written("%d/%m/%Y", "%m/%d/%Y")
    found = find_kind(text)
    assert found.kind is Kind.CATEGORY
    assert date_formats(text) == ("%d/%m/%Y",)
    (note,) = found.notes
    assert "which is the day, which the month?" in note
    assert "rows are written as dd/mm/yyyy" in note


def test_a_second_way_in_which_no_day_is_above_twelve_is_not_guessed():
    text = pl.Series(
        "seen",
        [f"0{i % 9 + 1}/0{i % 7 + 1}/2001" if i % 5 == 0 else f"{d:%d.%m.%Y}"
         for i, d in enumerate(DAYS)],
    )  # fmt: skip
    assert date_formats(text) == ("%d.%m.%Y",)
    assert find_kind(text).kind is Kind.CATEGORY


def test_one_way_is_as_before_and_words_are_no_dates():
    assert date_formats(written("%d.%m.%Y")) == ("%d.%m.%Y",)
    assert find_kind(written("%d.%m.%Y")).notes == ()
    assert date_formats(pl.Series(["a", "b", "2001-01-01"])) == ()
    assert date_formats(pl.Series([], dtype=pl.String)) == ()

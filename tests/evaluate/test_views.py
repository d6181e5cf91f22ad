"""A view says of each row what its relatives say, computed by hand for four people."""

from datetime import date

import pytest

from assaymark.core.related import parse_related
from assaymark.errors import DataError
from assaymark.evaluate.views import view_of

RELATED = parse_related(b"""
[table.persons]
key = "id"
[table.visits]
belongs_to = { persons = "who" }
""")


@pytest.fixture
def tables(table):
    return {
        "persons": table(
            {"id": [1, 2, 3], "died": [date(2020, 5, 1), None, None], "visits": [2, 1, 0]},
            id="integer",
            died="date",
            visits="integer",
        ),
        "visits": table(
            {
                "who": [1, 2, 1, 9, None],
                "day": [date(2020, 1, 1), None, date(2020, 6, 1), date(2020, 2, 2), None],
                "ward": ["a", "b", "a", "c", "c"],
            },
            who="integer",
            day="date",
            ward="category",
        ),
    }


def test_a_row_has_its_parent_and_says_whether_there_is_one(tables):
    found = view_of("visits", tables, RELATED)
    assert found.schema.names == (
        *("who", "day", "ward"),
        *("persons.exists", "persons.id", "persons.died", "persons.visits"),
    )
    assert found.frame["persons.exists"].to_list() == [True, True, True, False, False]
    assert found.frame["persons.visits"].to_list() == [2, 1, 2, None, None]
    # two rows of person 1, one each of 2 and 9, one of nobody
    assert len(set(found.persons.tolist())) == 4
    assert found.persons[0] == found.persons[2]


def test_a_row_has_the_number_and_the_ends_of_its_children(tables):
    found = view_of("persons", tables, RELATED)
    assert found.schema.names == (
        *("id", "died", "visits", "visits.rows"),
        *("visits.first.who", "visits.last.who", "visits.first.day", "visits.last.day"),
    )
    assert found.frame["visits.rows"].to_list() == [2, 1, 0]
    assert found.frame["visits.last.day"].to_list() == [date(2020, 6, 1), None, None]
    assert found.persons is None


def test_a_key_that_names_a_row_twice_is_refused(tables, table):
    twice = table({"id": [1, 1, None]}, id="integer")
    with pytest.raises(DataError, match="1 values are missing, 1 are there again"):
        view_of("visits", {**tables, "persons": twice}, RELATED)


def test_a_key_of_another_kind_still_meets_its_own(tables, table):
    written = table({"id": ["1", "2", "3"], "died": [None] * 3}, id="category", died="date")
    found = view_of("visits", {**tables, "persons": written}, RELATED)
    assert found.frame["persons.exists"].to_list() == [True, True, True, False, False]


def test_a_decimal_is_no_key(tables, table):
    broken = table({"id": [1.0, 2.0]}, id="decimal")
    with pytest.raises(DataError, match="decimal number, which is no key"):
        view_of("visits", {**tables, "persons": broken}, RELATED)


def test_a_column_that_is_not_there_is_named(tables):
    with pytest.raises(DataError, match="no column 'who'"):
        view_of("visits", {**tables, "visits": tables["visits"].drop("who")}, RELATED)

"""Values: whole numbers are read however they are written."""

import polars as pl
import pytest

from assaymark.core.schema import Kind, Role
from assaymark.source.profile import profile
from assaymark.source.values import read_as


@pytest.mark.parametrize(
    ("text", "number"),
    [("1e+05", 100_000), ("1674,0", 1674), ("-3.00", -3), ("+4", 4), ("1.5", None), ("1e30", None)],
)
def test_whole_numbers_are_read_as_r_and_spreadsheets_write_them(text, number):
    assert read_as(pl.Series("v", [text, "7", None]), Kind.INTEGER).to_list() == [number, 7, None]


def test_a_column_with_exponents_keeps_every_value():
    frame = pl.DataFrame({"paid": [*map(str, range(1, 1000)), *["1e+05"] * 400], "b": ["x"] * 1399})
    column = profile(frame, {}).columns[0]
    assert column.column.kind is Kind.INTEGER
    assert column.missing == 0


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("kundennr", Role.PERSON_KEY),
        ("Versichertennummer", Role.PERSON_KEY),
        ("numero_dossier", Role.PERSON_KEY),
        ("driver_licence", Role.DIRECT_IDENTIFIER),
    ],
)
def test_numbers_of_persons_are_known_in_other_languages_too(name, role):
    numbers = [str(70_000_000 + 7919 * (i % 300)) for i in range(3000)]
    frame = pl.DataFrame({name: numbers, "kind": ["a", "b", "b"] * 1000})
    assert profile(frame, {}).columns[0].column.roles == (role,)

"""What is the same in all rows of a person is found, and known from the person's other rows."""

from dataclasses import replace

import numpy as np
import polars as pl

from assaymark.core.schema import Column, Kind, Schema
from assaymark.generate.filling.cell_table import cell_table
from assaymark.generate.filling.of_person import find_of_person


def cells(persons, **columns):
    frame = pl.DataFrame({c: pl.Series(v, dtype=pl.String) for c, v in columns.items()})
    schema = Schema(columns=tuple(Column(name=c, kind=Kind.CATEGORY) for c in columns))
    return replace(cell_table(frame, schema), persons=np.array(persons))


def people(n, other=0):
    """Three rows each: the second has no sex; of ``other`` people the third has another."""
    who = np.repeat(np.arange(n), 3)
    sex = ["FM"[p % 2] if r != 1 else None for p in range(n) for r in range(3)]
    for p in range(other):
        sex[3 * p + 2] = "MF"[p % 2]
    return who, sex


def test_what_all_rows_of_thirty_persons_say_is_said_of_the_rows_between():
    who, sex = people(30)
    (found,) = find_of_person(cells(who, sex=sex), ["sex"])
    ((column, said),) = found.says(cells(who, sex=sex))
    assert column == "sex"
    assert said.tolist() == [float(p % 2) for p in who]
    assert found.text == "sex is the same in all rows of a person"
    assert find_of_person(cells(*people(29)[:1], sex=people(29)[1]), ["sex"]) == ()


def test_a_few_of_whom_rows_differ_are_let_through_and_nothing_is_said_of_them():
    who, sex = people(400, other=2)
    (found,) = find_of_person(cells(who, sex=sex), ["sex"])
    assert np.isnan(found.values[:2]).all()
    assert np.isfinite(found.values[2:]).all()
    assert find_of_person(cells(who, sex=people(400, other=3)[1]), ["sex"]) == ()


def test_two_of_whom_rows_differ_hide_nothing_in_a_small_table():
    who, sex = people(60, other=2)
    (found,) = find_of_person(cells(who, sex=sex), ["sex"])
    assert np.isnan(found.values[:2]).all()
    assert find_of_person(cells(who, sex=people(60, other=3)[1]), ["sex"]) == ()
    assert find_of_person(cells(people(30)[0], sex=people(30, other=2)[1]), ["sex"]) == ()


def test_what_nearly_everybody_has_is_no_fact_of_a_person():
    who = np.repeat(np.arange(2000), 3)
    rare = ["yes" if i % 600 == 0 else "no" if i % 3 < 2 else None for i in range(6000)]
    assert find_of_person(cells(who, rare=rare), ["rare"]) == ()


def test_a_column_without_gaps_or_a_table_without_persons_has_none():
    who, sex = people(40)
    whole = [s or "F" for s in sex]
    assert find_of_person(cells(who, sex=whole), ["sex"]) == ()
    assert find_of_person(replace(cells(who, sex=sex), persons=None), ["sex"]) == ()

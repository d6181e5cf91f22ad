from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.recipe import BucketDate, Drop, Generalise, GroupRare, TopCode
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.errors import DataError, RecipeError, UnknownNameError
from assaymark.source.transform import apply


def table(persons=None, **columns):
    """Make a dataset from name = (kind, values) or (kind, values, role)."""
    made = [
        Column(name=n, kind=c[0], roles=(c[2] if len(c) > 2 else Role.OTHER,))
        for n, c in columns.items()
    ]
    frame = pl.DataFrame([pl.Series(n, c[1], dtype=POLARS_TYPES[c[0]]) for n, c in columns.items()])
    return Dataset(schema=Schema(columns=tuple(made)), frame=frame, persons=persons)


def values(dataset, step, name="x"):
    out = apply(dataset, (step,))
    assert out.records[0].changed == "fewer than 50"
    return out.dataset.frame[name].to_list()


def test_drop_leaves_a_column_out_and_says_so():
    out = apply(
        table(x=(Kind.INTEGER, [1, 2]), y=(Kind.INTEGER, [3, 4])),
        (Drop(kind="drop", columns=("x",), why="not needed"),),
    )
    assert out.dataset.schema.names == ("y",)
    (record,) = out.records
    assert record.plain() == {
        "schema_id": "assaymark/transform/v0",
        "kind": "drop",
        "columns": ["x"],
        "parameters": "left out of everything that follows",
        "changed": "every value",
        "why": "not needed",
    }


def test_generalise_by_map_prefix_and_edges():
    codes = table(x=(Kind.CATEGORY, ["aa1", "ab2", "b", None]))
    to = {"aa1": "A", "ab2": "A"}
    kept = Generalise(kind="generalise", column="x", map=to)
    rest = Generalise(kind="generalise", column="x", map=to, other="rest")
    assert values(codes, kept) == ["A", "A", "b", None]
    assert values(codes, rest) == ["A", "A", "rest", None]
    assert values(codes, Generalise(kind="generalise", column="x", prefix=1)) == [
        "a", "a", "b", None,
    ]  # fmt: skip
    ages = table(x=(Kind.INTEGER, [17, 18, 64, 65, None]))
    bands = Generalise(kind="generalise", column="x", edges=(18, 65))
    assert values(ages, bands) == [
        "under 18", "18 to under 65", "18 to under 65", "65 and over", None,
    ]  # fmt: skip


def test_numbers_can_be_mapped_and_become_categories():
    out = apply(
        table(x=(Kind.INTEGER, [1, 2])),
        (Generalise(kind="generalise", column="x", map={"1": "low", "2": "high"}),),
    )
    assert out.dataset.schema.column("x").kind is Kind.CATEGORY
    assert out.dataset.frame["x"].to_list() == ["low", "high"]


def test_top_code_caps_and_floors():
    step = TopCode(kind="top_code", column="x", high=90, low=18)
    assert values(table(x=(Kind.INTEGER, [3, 50, 104, None])), step) == [18, 50, 90, None]
    half = TopCode(kind="top_code", column="x", high=1.5)
    assert values(table(x=(Kind.DECIMAL, [1.0, 2.0])), half) == [1.0, 1.5]


@pytest.mark.parametrize(("to", "day"), [("year", 1), ("quarter", 1), ("month", 1), ("week", 26)])
def test_dates_are_cut_down_even_before_1677(to, day):
    step = BucketDate(kind="bucket_date", column="x", to=to)
    found = values(table(x=(Kind.DATE, [date(1600, 1, 30), None])), step)
    assert found == [date(1600, 1, 1), None] if to != "week" else [date(1600, 1, 24), None]
    moment = table(x=(Kind.DATETIME, [datetime(2024, 5, 30, 7, 5), None]))  # noqa: DTZ001
    expected = {"year": date(2024, 1, 1), "quarter": date(2024, 4, 1), "month": date(2024, 5, 1)}
    assert values(moment, step)[0] == expected.get(to, date(2024, 5, 27))


def test_rare_categories_are_counted_in_persons():
    # "b" has three rows of one person: rare at minimum 2, though three rows are not
    data = table(
        key=(Kind.CATEGORY, ["1", "2", "3", "4", "4", "4", "5", "6"], Role.PERSON_KEY),
        x=(Kind.CATEGORY, ["a", "a", None, "b", "b", "b", "c", "d"]),
    )
    step = GroupRare(kind="group_rare", columns=("x",), minimum=2)
    out = apply(data, (step,))
    assert out.dataset.frame["x"].to_list() == ["a", "a", None] + ["other"] * 5
    assert out.dataset.persons is not None
    assert out.dataset.n_persons == 6


def test_a_remainder_that_is_itself_rare_takes_the_next_rarest_in():
    data = table(x=(Kind.CATEGORY, ["a"] * 5 + ["b"] * 3 + ["c"]))
    step = GroupRare(kind="group_rare", columns=("x",), minimum=3)
    assert values(data, step) == ["a"] * 5 + ["other"] * 4


def test_nothing_rare_changes_nothing():
    data = table(x=(Kind.CATEGORY, ["a"] * 3 + [None]))
    step = GroupRare(kind="group_rare", columns=("x",), minimum=3, into="rest")
    assert values(data, step) == ["a"] * 3 + [None]


def test_counts_in_records_are_banded():
    data = table(x=(Kind.INTEGER, list(range(1234))))
    out = apply(data, (TopCode(kind="top_code", column="x", high=0),))
    assert out.records[0].changed == "about 1,200"
    assert out.records[0].parameters == "values held at most 0"


def test_keys_and_identifiers_are_left_out_each_with_a_record():
    data = table(
        mail=(Kind.CATEGORY, ["a@b.c", "d@e.f"], Role.DIRECT_IDENTIFIER),
        key=(Kind.CATEGORY, ["1", "1"], Role.PERSON_KEY),
        x=(Kind.INTEGER, [1, 2]),
    )
    out = apply(data, ())
    assert out.dataset.schema.names == ("x",)
    assert out.dataset.persons.tolist() == [0, 0]
    assert [(r.kind, r.columns) for r in out.records] == [
        ("leave out direct_identifier", ("mail",)),
        ("leave out person_key", ("key",)),
    ]


def test_a_key_of_one_row_each_needs_no_person_codes():
    data = table(key=(Kind.CATEGORY, ["1", "2"], Role.PERSON_KEY), x=(Kind.INTEGER, [1, 2]))
    assert apply(data, ()).dataset.persons is None


@pytest.mark.parametrize(
    ("step", "error", "says"),
    [
        (Drop(kind="drop", columns=("agee",)), UnknownNameError, "did you mean 'age'"),
        (TopCode(kind="top_code", column="word", high=9), DataError, "'word' is category"),
        (TopCode(kind="top_code", column="age"), RecipeError, "needs high, or low"),
        (TopCode(kind="top_code", column="age", high=1, low=2), RecipeError, "low below"),
        (TopCode(kind="top_code", column="age", high=1.5), RecipeError, "whole numbers"),
        (BucketDate(kind="bucket_date", column="age", to="year"), DataError, "'age' is integer"),
        (GroupRare(kind="group_rare", columns=("age",), minimum=5), DataError, 'kind = "category"'),
        (Generalise(kind="generalise", column="age"), RecipeError, "exactly one of"),
        (Generalise(kind="generalise", column="age", prefix=1, edges=(1,)), RecipeError, "exactly"),
        (Generalise(kind="generalise", column="age", edges=(9, 1)), RecipeError, "rising"),
        (Generalise(kind="generalise", column="word", edges=(1,)), DataError, "'word' is category"),
    ],
)
def test_a_step_that_does_not_fit_is_refused(step, error, says):
    data = table(age=(Kind.INTEGER, [1, 2]), word=(Kind.CATEGORY, ["a", "b"]))
    with pytest.raises(error) as caught:
        apply(data, (step,))
    assert says in str(caught.value)


def test_a_table_of_nothing_but_keys_is_refused():
    data = table(key=(Kind.CATEGORY, ["1", "2"], Role.PERSON_KEY))
    with pytest.raises(DataError, match="no column is left"):
        apply(data, ())


def test_a_person_key_with_gaps_is_refused_with_the_count():
    data = table(key=(Kind.CATEGORY, ["1", None, None], Role.PERSON_KEY), x=(Kind.INTEGER, [1] * 3))
    with pytest.raises(DataError, match=r"2 of 3 rows have no value in the person key 'key'"):
        apply(data, ())


def test_the_input_is_not_changed():
    data = table(x=(Kind.CATEGORY, ["a", "a", "b"]))
    before = data.frame.clone()
    apply(data, (GroupRare(kind="group_rare", columns=("x",), minimum=2),))
    assert data.frame.equals(before)
    assert np.array_equal(data.schema.names, ("x",))

"""Drafts of only some rows: what is asked for, what is said, and what they are compared with."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import assaymark
from assaymark.core.conditions import Conditions
from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.errors import ConditionError, InputError, UnknownNameError
from assaymark.flow.generate.constraints import read_constraints
from assaymark.flow.generate.draft import draft, write_draft
from assaymark.flow.generate.kinds import Kinds, read_shares, real_rows
from assaymark.generate.constraints.mixture import mixture_of


def test_a_draft_of_some_rows_has_exactly_these_and_says_so(stays):
    made = draft(stays(600), rows=80, seed=1, kinds=Kinds(where="age >= 60 and sex == 'f'"))
    assert made.frame.height == 80
    assert (made.frame["age"] >= 60).all()
    assert (made.frame["sex"] == "f").all()
    assert any("Only rows where age >= 60 and sex == 'f'" in n for n in made.notices)
    assert made.measurements


def test_shares_are_set_to_the_row(stays):
    made = assaymark.generate(stays(600), rows=90, seed=1, shares={"sex": {"f": 2 / 3, "m": 1 / 3}})
    assert made.rows["sex"].value_counts().sort("sex")["count"].to_list() == [60, 30]
    assert any("The shares of sex were set (f: 0.666667, m: 0.333333)" in n for n in made.notices)


def test_constraints_are_read_as_they_come(stays):
    (one,) = read_constraints("age >= 60")
    assert (one,) == read_constraints(["age >= 60"])
    assert read_constraints({"kind": "rule", "rule": "age >= 60"}) == (one,)
    (range_,) = read_constraints({"kind": "range", "column": "came", "low": date(2024, 1, 31)})
    assert range_.low == "2024-01-31"
    misspelt = {"kind": "implies", "when": "sex == 'female'", "then": "age > 20"}
    made = assaymark.generate(stays(300), rows=20, seed=1, constraints=misspelt)
    assert any("No real row is one where sex == 'female'" in n for n in made.notices)


def test_a_draft_of_rows_that_no_real_row_is_like_is_made_and_not_measured(stays):
    table = stays(400).with_columns(code=pl.int_range(pl.len()) % 97 / 4)
    kinds = Kinds(where="age between 59 and 61 and code == 7.75")
    made = draft(table, rows=5, seed=1, kinds=kinds)
    assert made.frame.height == 5
    assert (made.frame["code"] == 7.75).all()
    assert any("No real row is of the kind" in n for n in made.notices)
    assert all(m.value is None and m.reason for m in made.measurements if m.metric == "two_sample")


def test_a_condition_is_checked_before_anything_is_fitted(folder, monkeypatch):
    def never(*args):
        raise AssertionError("fitted before the condition was read")

    monkeypatch.setattr("assaymark.flow.generate.draft.fit", never)
    given = {"rows": 5, "generator": "tree_chain", "seed": 1}
    with pytest.raises(UnknownNameError, match="did you mean 'age'"):
        write_draft(Path("stays.csv"), None, kinds=Kinds(where="agee > 3"), **given)
    with pytest.raises(ConditionError, match="nothing in common"):
        write_draft(Path("stays.csv"), None, kinds=Kinds(where="age > 3 and age < 3"), **given)
    with pytest.raises(UnknownNameError, match="unknown column 'patient'"):
        write_draft(Path("stays.csv"), None, kinds=Kinds(where="patient == 3"), **given)


def test_a_value_that_nobody_has_is_answered_with_those_that_many_share(stays):
    table = stays(600)
    stages = ["x"] * 3 + ["b"] * 100 + ["a"] * (table.height - 103)
    table = table.with_columns(stage=pl.Series(stages))
    for where in ("stage == 'V'", "stage in ('V', 'W') and age > 30"):
        with pytest.raises(ConditionError, match="whose values are 'a', 'b'") as error:
            draft(table, rows=5, seed=1, kinds=Kinds(where=where))
        assert "'x'" not in str(error.value)


def test_shares_are_read_from_words_and_files(tmp_path):
    file = tmp_path / "shares.toml"
    file.write_text("[ill]\nyes = 0.25\n")
    assert read_shares(["ill:no=0.5", str(file)]) == {"ill": {"no": 0.5, "yes": 0.25}}
    assert read_shares(["age:>= 65=.5"]) == {"age": {">= 65": 0.5}}
    for wrong in ("ill", "ill:yes", "ill:yes=half"):
        with pytest.raises(ConditionError, match="cannot read the share"):
            read_shares([wrong])
    with pytest.raises(ConditionError, match="cannot read shares from"):
        read_shares([str(tmp_path / "none.toml")])
    file.write_text("yes = 0.25\n")
    with pytest.raises(InputError, match="one table for each column"):
        read_shares([str(file)])


def test_real_rows_are_taken_in_the_same_shares():
    schema = Schema(columns=(Column(name="x", kind=Kind.CATEGORY),))
    frame = pl.DataFrame({"x": ["a"] * 90 + ["b"] * 10})
    data = Dataset(schema=schema, frame=frame, persons=np.arange(100))
    streams = Streams.from_seed(1)
    even = real_rows(data, mixture_of({"x": {"a": 0.5, "b": 0.5}}, 1000, schema), streams)
    assert even.frame["x"].value_counts().sort("x")["count"].to_list() == [10, 10]
    assert real_rows(data, Conditions.parse("x == 'b'", schema), streams).n == 10
    assert real_rows(data, None, streams) is data


def test_where_there_is_no_real_row_none_is_said_to_be_compared_with():
    few, none = (Kinds(where="age > 90").notices(n) for n in (4, 0))
    assert few[0].startswith("Fewer than 10 real rows are of the kind")
    assert few[1].endswith("compared with real rows of that kind.")
    assert none[0].startswith("No real row is of the kind that was asked for")
    assert none[1].endswith("there are no real rows of that kind to compare them with.")
    (_, shared) = Kinds(shares={"sex": {"f": 1.0}}).notices(0)
    assert shared.endswith("there are no real rows of that kind to compare them with.")

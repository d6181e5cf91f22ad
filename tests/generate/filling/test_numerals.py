"""A text says the number beside it, and the number the text, where either has gaps."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Schema
from assaymark.generate.filling.besides import beside
from assaymark.generate.filling.cell_table import cell_table
from assaymark.generate.filling.numerals import find_said


def results(n=2000, wrong=0):
    rng = np.random.default_rng(0)
    number = np.round(rng.lognormal(3, 0.5, n), 1)
    word = rng.choice(["", "<5.0", "NEG"], n, p=[0.8, 0.1, 0.1])
    text = [w or f"{v:.1f}" for w, v in zip(word, number, strict=True)]
    text[:wrong] = ["77.5"] * wrong
    frame = pl.DataFrame({"text": text, "number": number})
    frame = frame.with_columns(number=pl.when(pl.Series(word) == "").then("number"))
    gone = frame.with_columns(
        **{c: pl.when(pl.Series(rng.random(n) >= 0.2)).then(c) for c in frame.columns}
    )
    kinds = {"text": Kind.CATEGORY, "number": Kind.DECIMAL}
    schema = Schema(columns=tuple(Column(name=c, kind=k) for c, k in kinds.items()))
    return frame, Dataset(schema=schema, frame=gone), schema


def test_the_text_says_the_number_and_the_number_the_text():
    whole, data, schema = results()
    (one,), cells = find_said(data, cell_table(data.frame, schema), 10, [])
    assert one.levels == ("<5.0", "NEG", "a number")
    cells = beside(cells, [one])
    assert not one.broken(cells).any()
    said = dict(one.says(cells))
    frame = cells.put("text", said["text"]).put("number", said["number"]).frame()
    text = data.frame["text"]
    numeral = text.str.contains(r"^\d").fill_null(value=False)
    assert frame["number"].filter(numeral).equals(whole["number"].filter(numeral))
    assert frame["number"].filter(~numeral).null_count() == (~numeral).sum()
    there = data.frame["number"].is_not_null()
    assert frame["text"].filter(there).equals(whole["text"].filter(there))


def test_no_number_stands_beside_a_word():
    whole, data, schema = results()
    (one,), cells = find_said(data, cell_table(data.frame, schema), 10, [])
    cells = beside(cells, [one])
    reason = one.reason(cells)
    words = data.frame["text"].is_in(["<5.0", "NEG"]).fill_null(value=False).to_numpy()
    assert (reason.must(cells.values[one.name]) == words).all()
    assert 0.15 < reason.rate < 0.25
    assert reason.words(cells) == "text in words is <5.0, NEG"
    full = cells.put("number", np.full(cells.n, 7.0))
    assert one.broken(full)[words].all()
    assert whole.filter(pl.Series(words))["number"].null_count() == words.sum()


def test_a_drawn_number_moves_to_one_that_a_text_says():
    _, data, schema = results()
    (one,), cells = find_said(data, cell_table(data.frame, schema), 10, [])
    cells = beside(cells, [one])
    blank = np.full(cells.n, np.nan)
    drawn = cells.put("text", blank).put("number", np.linspace(-5, 500, cells.n))
    moved = one.nearest(drawn)
    assert np.isin(moved, one.own).all()
    inside = (drawn.values["number"] > 10) & (drawn.values["number"] < 40)
    assert np.abs(moved - drawn.values["number"])[inside].max() < 0.5
    text = dict(one.says(drawn.put("number", moved)))["text"]
    assert (one.numbers[text.astype(int)] == moved).all()


@pytest.mark.parametrize(("wrong", "anyway"), [(40, []), (0, ["number"]), (0, ["text"])])
def test_a_text_that_says_something_else_or_is_to_be_filled_anyway_says_none(wrong, anyway):
    _, data, schema = results(wrong=wrong)
    plain = cell_table(data.frame, schema)
    found, cells = find_said(data, plain, 10, anyway)
    assert found == ()
    assert cells is plain

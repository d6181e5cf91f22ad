"""Wording: a text says the number beside it on every row, in the format it had; words stay."""

import numpy as np
import polars as pl
import pytest
from tests.generate.test_tree_chain import fit, table

from assaymark.core.conditions import Conditions
from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.generate.model_file import ModelFile, read_model, write_model
from assaymark.generate.relations.wording import find_numerals


def results(n=3000, seed=0):
    """Tests of a laboratory: sodium in whole numbers, bilirubin with one decimal at least."""
    rng = np.random.default_rng(seed)
    sodium = rng.random(n) < 0.5
    number = np.where(sodium, rng.normal(140, 5, n).round(), rng.gamma(2.0, 1.0, n).round(2))
    word = rng.random(n) < 0.1
    text = [
        ("NEG" if i % 3 else "HOLD") if w else f"{v:.0f}" if s else f"{v:.2f}"
        for i, (w, s, v) in enumerate(zip(word, sodium, number, strict=True))
    ]
    text = [t.removesuffix("0") if "." in t else t for t in text]  # "1.50" is "1.5", "2.00" "2.0"
    return table(
        test=(Kind.CATEGORY, np.where(sodium, "sodium", "bilirubin").tolist()),
        text=(Kind.CATEGORY, text),
        number=(Kind.DECIMAL, np.where(word, None, number).tolist()),
    )


@pytest.fixture(scope="module")
def model():
    return fit(results())


def test_the_text_says_the_number_in_the_format_of_its_kind(model):
    made = model.sample(range(20_000), Streams.from_seed(1)).frame
    numeral = made["text"].str.contains(r"^-?[0-9.]+$")
    assert (numeral == made["number"].is_not_null()).all()
    there = made.filter(numeral)
    assert (there["text"].cast(pl.Float64) == there["number"]).all()
    whole = there.filter(pl.col("number") % 1 == 0)
    point = dict(whole.group_by("test").agg(pl.col("text").str.ends_with(".0").mean()).rows())
    assert point == {"sodium": 0.0, "bilirubin": 1.0}
    assert set(made.filter(~numeral)["text"]) == {"NEG", "HOLD"}
    assert abs((~numeral).mean() - 0.1) < 0.02
    assert made["text"].null_count() == 0


def test_it_is_told_and_kept_in_the_file(model):
    assert model.summary["derived"]["text"] == "number"
    assert model.summary["dependencies"]["text"]["from"] == {"number": 1.0}
    held = ModelFile(model=model, generator={"name": "tree_chain"}, salt="00")
    again = read_model(write_model(held)).model
    rows = [m.sample(range(500), Streams.from_seed(2)).frame for m in (model, again)]
    assert rows[0].equals(rows[1])


def test_conditions_on_it_are_met(model):
    schema = results(10).schema
    for text in ("text == 'NEG'", "number > 142", "text == '141'"):
        given = Conditions.parse(text, schema)
        made = model.sample(range(200), Streams.from_seed(3), given).frame
        assert given.hold(made).all()


@pytest.mark.parametrize("wrong", [0, 40])
def test_a_text_that_often_says_something_else_is_none(wrong):
    data = results()
    text = data.frame["text"].scatter(np.arange(wrong), "77")
    data = table(
        text=(Kind.CATEGORY, text.to_list()), number=(Kind.DECIMAL, data.frame["number"].to_list())
    )
    assert find_numerals(data, 10) == ({} if wrong else {"text": "number"})


def test_codes_that_look_like_numbers_are_none():
    rng = np.random.default_rng(0)
    codes = rng.choice(["250.1", "401", "V58", "E88"], 2000).tolist()
    data = table(
        code=(Kind.CATEGORY, codes), age=(Kind.INTEGER, rng.integers(0, 90, 2000).tolist())
    )
    assert find_numerals(data, 10) == {}


def test_what_follows_from_its_words_does_not_break_it():
    rng = np.random.default_rng(0)
    word = rng.choice(["neg", "pend", "qns"], 3000)
    number = np.where(rng.random(3000) < 0.25, np.nan, rng.integers(100, 200, 3000))
    text = [w if np.isnan(v) else f"{v:.0f}" for w, v in zip(word, number, strict=True)]
    data = table(
        status=(Kind.CATEGORY, ["open" if t == "pend" else "final" for t in text]),
        number=(Kind.DECIMAL, [None if np.isnan(v) else v for v in number]),
        text=(Kind.CATEGORY, text),
        twin=(Kind.CATEGORY, text),
    )
    made = fit(data).sample(range(4000), Streams.from_seed(1)).frame
    pending = (made["text"] == "pend") == (made["status"] == "open")
    assert pending.mean() > 0.95
    assert (made["text"] == made["twin"]).mean() > 0.9  # words of one are drawn knowing the other


def test_small_and_long_numbers_are_written_as_they_are():
    rng = np.random.default_rng(0)
    number = np.where(np.arange(2000) % 10 == 0, np.nan, 10 ** rng.uniform(-14, 0, 2000))
    text = [
        "n.s." if np.isnan(v) else np.format_float_positional(v, trim="-") for v in number.tolist()
    ]
    known = [None if np.isnan(v) else v for v in number.tolist()]
    data = table(p=(Kind.DECIMAL, known), text=(Kind.CATEGORY, text))
    made = fit(data).sample(range(2000), Streams.from_seed(1)).frame.drop_nulls()
    assert made.height > 1500
    assert (made["text"].cast(pl.Float64) == made["p"]).all()


def test_the_format_of_one_persons_numbers_does_not_come_out():
    data = results()
    site = np.array(["a", "b", "c"])[np.arange(3000) % 3].tolist()
    text, number = data.frame["text"].to_list(), data.frame["number"].to_list()
    for i in range(0, 60, 5):  # twelve rows of another site, one of which has a number
        site[i], text[i], number[i] = "s7", "NEG", None
    text[0], number[0] = "141.00000", 141.0
    data = table(
        site=(Kind.CATEGORY, site), text=(Kind.CATEGORY, text), number=(Kind.DECIMAL, number)
    )
    made = fit(data).sample(range(20_000), Streams.from_seed(1)).frame
    assert not made["text"].str.contains(r"\.\d{3,}").any()


def test_numbers_that_nearly_are_what_a_text_says_are_not():
    rng = np.random.default_rng(0)
    end = rng.integers(1_600_000_000_000, 1_700_000_000_000, 2000)
    text = [str(e) if i % 9 else "open" for i, e in enumerate(end.tolist())]
    start = end - rng.integers(1, 900, 2000)
    data = table(start=(Kind.INTEGER, start.tolist()), text=(Kind.CATEGORY, text))
    assert find_numerals(data, 10) == {}

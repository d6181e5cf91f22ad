from datetime import date, timedelta

import numpy as np
import polars as pl

from assaymark.core.private_source import PrivateSource
from assaymark.core.streams import Streams
from assaymark.flow.report.model_card import chain_of, chain_words
from assaymark.generate import generators
from assaymark.release.drawing.chain import chain_line_words, draw_chain
from assaymark.source.load import load
from assaymark.source.profile import profile


def test_a_line_says_order_source_pools_and_what_is_held_back():
    summary = {
        "k": 20,
        "protect": 10,
        "derived": {"group": "code"},
        "dependencies": {
            "code": {"from": {}, "pools": 1.0},
            "age": {"from": {"code": 0.7}, "pools": 4.5},
            "group": {"from": {"code": 1.0}, "pools": 0.0},
        },
        "columns": {
            "age": {"codes": 9, "missing": True, "hidden_values": "at most 10", "empty": False},
            "code": {"codes": 5, "missing": False, "hidden_values": "0", "empty": False},
            "group": {"codes": 2, "missing": False, "hidden_values": "0", "empty": False},
        },
    }
    code, age, group = chain_of(summary)
    assert (code.column, age.column, group.column) == ("code", "age", "group")
    assert (age.drawn_from, age.pools, age.hidden) == ((("code", 0.7),), 4.5, "at most 10")
    assert group.derived
    assert code.hidden == ""
    drawn = str(draw_chain((code, age, group)))
    assert drawn.count("<path") == 2
    assert drawn.count('class="arc derived"') == 1
    assert "age: code 70" in drawn
    assert "8 and missing" in drawn
    said = chain_words("tree_chain", summary, (1.25, 0.5))
    assert "at least 20 persons" in said
    assert "only if 10 persons" in said
    assert "1.2 processor seconds" in said
    assert "alone" not in said
    for honest, told in ((True, 1), (False, 0)):
        words = chain_words("tree_chain", {"shelter": 0.1, "honest": honest}, None)
        assert words.count("The 10% of the people who stand most alone") == told


def test_every_generator_has_a_card_and_one_without_a_chain_has_no_arcs(stays):
    frame = stays(200).drop("patient")
    data = load(frame, profile(frame, {}).schema)
    for name in ("tree_chain", "independent", "gaussian_copula", "bootstrap"):
        source = PrivateSource(_rows=data, record=lambda who, why: None)
        summary = generators.build(name).fit(source, Streams.from_seed(1)).summary
        lines = chain_of(summary)
        assert {line.column for line in lines} == set(data.schema.names)
        assert ("<path" in str(draw_chain(lines))) == (name == "tree_chain")
        assert name in chain_words(name, summary, None)
    assert "not held back" in chain_words("bootstrap", summary, None)


def test_nothing_is_said_of_a_model_that_says_nothing():
    assert chain_of({}) == ()
    assert chain_words("plug_in", {}, None) == "Generator plug_in."


def test_what_is_the_same_is_not_said_to_be_near_and_dates_name_their_weekday():
    rng = np.random.default_rng(0)
    day = [date(2020, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 700, 400)]
    died = [d if t else None for d, t in zip(day, rng.random(400) < 0.4, strict=True)]
    ward = rng.choice([f"w{k}" for k in range(9)], 400)
    later = np.where(rng.random(400) < 0.6, ward, rng.permutation(ward))
    frame = pl.DataFrame(
        {
            "left": day,
            "tag": [d.strftime("%a") for d in day],
            "died": died,
            "ward": ward,
            "later ward": later,
            "seen": [
                d + timedelta(days=int(k))
                for d, k in zip(day, rng.integers(0, 3, 400), strict=True)
            ],
        }
    )
    data = load(frame, profile(frame, {}).schema)
    source = PrivateSource(_rows=data, record=lambda who, why: None)
    lines = chain_of(generators.build("tree_chain").fit(source, Streams.from_seed(1)).summary)
    said = {line.column: chain_line_words(line) for line in lines}
    assert said["left"] == "weekday as tag says"
    assert said["died"] == "the same as left"
    assert said["later ward"] == "often the same as ward"
    assert said["seen"] == "near left"

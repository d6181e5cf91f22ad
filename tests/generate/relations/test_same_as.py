"""Same as: who has the same level in two columns has it among made rows, however rare it is."""

import numpy as np
import polars as pl
import pytest
from tests.generate.test_tree_chain import fit, table

from assaymark.core.conditions import Conditions
from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.flow.generate.model import show_model
from assaymark.generate.coding.encoding import encode
from assaymark.generate.model_file import ModelFile, read_model, write_model
from assaymark.generate.relations.against import against
from assaymark.generate.relations.same_as import find_same

WARDS = 120


def wards(n=2000, missing=0.0, seed=0, share=(0.9, 0.5)):
    """Of the old nine in ten stay in their ward, of the others a half; most wards are rare."""
    rng = np.random.default_rng(seed)
    frequent = 1 / np.arange(1, WARDS + 1)
    frequent /= frequent.sum()
    before = rng.choice(WARDS, n, p=frequent)
    old = rng.random(n) < 0.5
    stay = rng.random(n) < np.where(old, *share)
    after = np.where(stay, before, rng.choice(WARDS, n, p=frequent))
    there = [rng.random(n) >= missing for _ in range(2)]
    names = [
        [f"ward {w}" if t else None for w, t in zip(*pair, strict=True)]
        for pair in zip((before, after), there, strict=True)
    ]
    return table(
        before=(Kind.CATEGORY, names[0]),
        after=(Kind.CATEGORY, names[1]),
        old=(Kind.BOOLEAN, old.tolist()),
        moved=(Kind.BOOLEAN, (before != after).tolist()),
    )


def made_of(model, rows=10_000):
    return model.sample(range(rows), Streams.from_seed(2)).frame


@pytest.mark.parametrize(("n", "missing"), [(500, 0.0), (2000, 0.15)])
def test_the_same_level_is_kept_as_often_as_it_is_there_and_by_what_it_hangs_on(n, missing):
    # of 500 people a share has an error of .02, in halves .03; each level by itself gives .5
    data = wards(n, missing)
    model = fit(data)
    assert len(model.summary["same_as"]) == 1
    made = made_of(model)
    for old in (True, False):
        real, rows = (
            f.drop_nulls(["before", "after"]).filter(pl.col("old") == old)
            for f in (data.frame, made)
        )
        same = [float((f["before"] == f["after"]).mean()) for f in (real, rows)]
        assert abs(same[0] - same[1]) < 0.05
    both = made.drop_nulls(["before", "after"])
    assert ((both["before"] != both["after"]) == both["moved"]).mean() > 0.97
    held = [data.frame[c].value_counts().rename({c: "ward"}) for c in ("before", "after")]
    enough = set(pl.concat(held).filter(pl.col("count") >= 10)["ward"])
    assert {*made["before"], *made["after"]} <= {*enough, None}


def test_it_is_kept_in_the_file_shown_and_met_by_conditions(tmp_path):
    model = fit(wards())
    held = ModelFile(model=model, generator={"name": "tree_chain", "parameters": {}}, salt="00")
    raw = write_model(held)
    assert made_of(read_model(raw).model, 500).equals(made_of(model, 500))
    ((later, earlier),) = model.summary["same_as"].items()
    assert model.summary["dependencies"][later]["same"] == [earlier]
    (tmp_path / "model.zip").write_bytes(raw)
    shown = show_model(tmp_path / "model.zip").columns
    assert next(c for c in shown if c.name == later).pools > 1
    given = Conditions.parse(f"{later} == 'ward 3' and moved == false", model.encoding.schema)
    rows = model.sample(range(200), Streams.from_seed(3), given).frame
    assert (rows[later] == "ward 3").all()
    assert not rows["moved"].any()


def test_any_block_gives_the_same_rows():
    model, streams = fit(wards(500)), Streams.from_seed(2)
    every = model.sample(range(900), streams).frame
    assert every[300:].equals(model.sample(range(300, 900), streams).frame)


@pytest.mark.parametrize("seed", range(5))
def test_chance_makes_no_columns_the_same(seed):
    data = wards(300 + 400 * seed, seed=seed, share=(0.0, 0.0))
    found = find_same(data, encode(data, 10, Streams.from_seed(0)), range(4), 10)[1]
    assert found == {}
    assert "same_as" not in fit(data).summary


def test_what_one_frequent_level_has_in_common_is_no_rule():
    # who takes no first drug takes no second; nobody takes the same one twice
    rng = np.random.default_rng(0)
    first = rng.integers(1, 40, 3000)
    second = (first + rng.integers(0, 38, 3000)) % 39 + 1
    none = rng.random(3000) < 0.4
    drugs = [np.where(none | (d == 0), "none", [f"drug {x}" for x in d]) for d in (first, second)]
    data = table(
        first=(Kind.CATEGORY, drugs[0].tolist()), second=(Kind.CATEGORY, drugs[1].tolist())
    )
    assert "same_as" not in fit(data).summary


def test_who_alone_is_not_the_same_is_not_shown_to_be():
    # one of 2,000 changed, to a ward that many are in: made rows change no oftener without that one
    data = wards(share=(1.0, 1.0))
    frame = data.frame.with_columns(moved=pl.lit(value=False))
    after = frame["after"].to_list()
    at = after.index("ward 5")
    after[at] = "ward 1"
    odd = table(
        before=(Kind.CATEGORY, frame["before"].to_list()),
        after=(Kind.CATEGORY, after),
        old=(Kind.BOOLEAN, frame["old"].to_list()),
    )
    made = made_of(fit(odd))
    assert (made["before"] == made["after"]).all()


@pytest.mark.parametrize("changed", [1, 9])
def test_of_a_few_hundred_fewer_than_protect_a_value_show_nobody_to_be_another(changed):
    before = wards(300, share=(1.0, 1.0)).frame["before"].to_list()
    at = [i for i, w in enumerate(before) if w == "ward 0"][:changed]
    after = ["ward 1" if i in at else w for i, w in enumerate(before)]
    model = fit(table(before=(Kind.CATEGORY, before), after=(Kind.CATEGORY, after)))
    told = "same_as" if changed > against(300) else "derived"
    assert len(model.summary[told]) == 1
    made = made_of(model)
    assert (made["before"] == made["after"]).all()

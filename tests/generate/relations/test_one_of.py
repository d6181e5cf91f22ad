"""One of: of flags of a group exactly one is set in each row, whatever they are called."""

import numpy as np
import polars as pl
import pytest
from tests.generate.test_tree_chain import fit, table

from assaymark.core.conditions import Conditions
from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.generate.model_file import ModelFile, read_model, write_model

WORDS = {"yes": ("yes", "no"), "Y": ("Y", "N"), "1": ("1", "0"), "true": ("true", "false")}


def patients(n, words="yes", missing=0.0, seed=0):
    """Four regions and five wards as flags; old people are in the first ward more often."""
    rng = np.random.default_rng(seed)
    age = rng.integers(20, 90, n)
    region = rng.choice(4, n, p=(0.45, 0.3, 0.15, 0.1))
    ward = np.where(age > 70, 0, rng.integers(0, 5, n))
    gone = rng.random(n) < missing
    yes, no = WORDS[words]
    columns = {"age": (Kind.INTEGER, age.tolist())}
    for name, of, size in (("region", region, 4), ("ward", ward, 5)):
        for k in range(size):
            said = [
                None if g and name == "ward" else yes if v == k else no
                for v, g in zip(of, gone, strict=True)
            ]
            columns[f"{name}_{k}"] = Kind.CATEGORY, said
    return table(**columns), yes


def drawn(model, n=3000):
    return model.sample(range(n), Streams.from_seed(2)).frame


def set_in(frame, name, yes):
    flags = [c for c in frame.columns if c.startswith(name)]
    return frame.select(pl.sum_horizontal(pl.col(c).eq(yes) for c in flags)).to_series()


@pytest.mark.parametrize(("n", "words"), [(150, "yes"), (600, "Y"), (600, "1"), (1500, "true")])
def test_exactly_one_flag_of_each_group_is_set(n, words):
    data, yes = patients(n, words)
    made = drawn(fit(data))
    assert set(set_in(made, "region", yes)) == {1}
    assert set(set_in(made, "ward", yes)) == {1}


def test_what_a_flag_hangs_on_stays():
    data, yes = patients(2000)
    made = drawn(fit(data), 6000)
    for c in data.frame.columns[1:]:  # of shares of 2,000 and 6,000, error .013 at most
        assert abs((made[c] == yes).mean() - (data.frame[c] == yes).mean()) < 0.05
    old = made.filter(pl.col("age") > 72)
    assert (old["ward_0"] == yes).mean() > 0.9


def test_flags_that_are_missing_together_are_one_where_they_are_there():
    data, yes = patients(800, missing=0.2)
    made = drawn(fit(data))
    there = made.drop_nulls("ward_0")
    assert set(set_in(there, "ward", yes)) == {1}
    assert (
        made.filter(pl.col("ward_0").is_null())
        .select(pl.all().exclude("^age|region.*$").is_null().all())
        .row(0)
        == (True,) * 5
    )
    assert abs(len(there) / len(made) - 0.8) < 0.05


def test_it_is_kept_in_the_file_and_conditions_are_met():
    data, yes = patients(600)
    model = fit(data)
    held = ModelFile(model=model, generator={"name": "tree_chain"}, salt="00")
    again = read_model(write_model(held)).model
    assert drawn(model, 500).equals(drawn(again, 500))
    assert model.summary["one_of"].keys() >= {"ward_4"} or len(model.summary["one_of"]) == 7
    given = Conditions.parse("ward_3 == 'yes' and region_2 == 'yes'", model.encoding.schema)
    made = model.sample(range(200), Streams.from_seed(3), given).frame
    assert set(made["ward_3"]) == set(made["region_2"]) == {yes}
    assert set(set_in(made, "ward", yes)) == set(set_in(made, "region", yes)) == {1}


@pytest.mark.parametrize("seed", range(3))
def test_unrelated_flags_are_no_group(seed):
    rng = np.random.default_rng(seed)
    flags = {
        f"f{k}": (Kind.CATEGORY, np.where(rng.random(100) < 0.3, "yes", "no").tolist())
        for k in range(12)
    }
    assert "one_of" not in fit(table(**flags)).summary


def regions(odd, how, n=400):
    """Return a flag of each of four regions, and so many people with two set, none or a maybe."""
    region = np.random.default_rng(5).choice(4, n, p=(0.45, 0.3, 0.15, 0.1))
    flags = {f"r{k}": np.where(region == k, "yes", "no").tolist() for k in range(4)}
    for i in range(odd):
        if how == "none":
            flags[f"r{region[i]}"][i] = "no"
        else:
            flags[f"r{(region[i] + 1) % 4}"][i] = {"two": "yes", "gap": None}.get(how, how)
    return table(**{name: (Kind.CATEGORY, values) for name, values in flags.items()})


@pytest.mark.parametrize("how", ["two", "none", "maybe", "gap"])
def test_no_person_decides_whether_rows_with_another_number_of_flags_come_out(how):
    for odd in (0, 1, 2, 3):
        assert set(set_in(drawn(fit(regions(odd, how)), 4000), "r", "yes")) == {1}
    assert "one_of" not in fit(regions(4, how)).summary

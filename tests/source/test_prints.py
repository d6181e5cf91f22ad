"""People are known again by keyed hashes of their keys, and by values strangers do not share."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.recipe import ColumnSpec
from assaymark.core.schema import Role
from assaymark.errors import IntegrityError
from assaymark.source.load import load
from assaymark.source.prints import PERSONS, Prints, compared, prints_of
from assaymark.source.profile import profile
from assaymark.source.sketch import Sketch

KEY = b"k" * 32
KEYED = {"who": ColumnSpec(roles=(Role.PERSON_KEY,))}


def people(n, seed=0, first=0):
    """Return ``n`` persons of one population with three columns that tell and three that do not."""
    rng = np.random.default_rng([seed, first])
    return pl.DataFrame(
        {
            "who": [f"p{i:07d}" for i in range(first, first + n)],
            "born": rng.integers(0, 30_000, n),
            "weight": rng.normal(75, 12, n).round(1),
            "code": [f"c{i}" for i in rng.zipf(1.5, n) % 5000],
            "sex": rng.choice(["f", "m"], n),
            "ward": rng.choice(list("abcde"), n),
            "ill": rng.choice(["no", "yes"], n, p=[0.9, 0.1]),
        }
    )


def prints(frame, *, keyed=True):
    columns = KEYED if keyed else {}
    frame = frame if keyed else frame.drop("who", strict=False)
    data = load(frame, profile(frame, columns).schema)
    assert isinstance(data, Dataset)
    return prints_of(data, KEY)


def test_a_sketch_that_holds_everybody_is_exact_and_one_that_does_not_estimates():
    rng = np.random.default_rng(1)
    every = np.unique(rng.integers(0, 2**63, 40_000, dtype=np.uint64))
    a, b = every[:20_000], every[15_000:35_000]
    whole = [Sketch.of(x, 30_000) for x in (a, b)]
    assert whole[0].whole
    assert whole[0].shared(whole[1]) == len(np.intersect1d(a, b)) / min(len(a), len(b))
    some = [Sketch.of(x, 2_000) for x in (a, b)]
    assert not some[0].whole
    found = [
        Sketch.of(x, 2_000).shared(Sketch.of(y, 2_000))
        for x, y in ((p[:20_000], p[15_000:35_000]) for p in (rng.permutation(every) for _ in "xx"))
    ]
    assert found == pytest.approx([0.25, 0.25], abs=5 * np.sqrt(0.25 * 0.75 / 1_000))


def test_a_sketch_survives_being_written_and_says_when_it_is_cut_off():
    made = prints(people(500))
    again = Prints.parse(made.encode())
    assert (again.id, again.strangers) == (made.id, made.strangers)
    assert compared(made, again).by == "itself"
    with pytest.raises(IntegrityError, match="cut off"):
        Prints.parse(made.encode()[:-5])


@pytest.mark.parametrize("keyed", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.sample(fraction=1, shuffle=True, seed=1),
        lambda f: f.rename({c: f"x_{c}" for c in f.columns if c != "who"}),
        lambda f: f.select(reversed(f.columns)),
        lambda f: f.sample(fraction=0.5, seed=2),
        lambda f: f.head(100),
        lambda f: f.drop("weight"),
        lambda f: f.with_columns(pl.col("weight").round(0)),
        lambda f: pl.concat([f, people(3_000, first=50_000)]),
        lambda f: pl.concat([f.head(1_500), people(1_500, first=50_000)]),
    ],
    ids=[
        "shuffled",
        "renamed",
        "reordered",
        "half",
        "few",
        "dropped",
        "rounded",
        "merged",
        "mixed",
    ],
)
def test_the_same_people_are_known_again(change, keyed):
    frame = people(3_000)
    found = compared(prints(frame, keyed=keyed), prints(change(frame), keyed=keyed))
    assert found.by in ({"persons", "itself"} if keyed else {"values", "itself"})


def test_a_key_that_was_replaced_or_left_out_leaves_the_values():
    frame = people(3_000)
    renamed = frame.with_columns(who=pl.Series([f"q{i}" for i in range(3_000)]))
    assert compared(prints(frame), prints(renamed)).by == "values"
    assert compared(prints(frame), prints(frame, keyed=False)).by == "values"


def test_others_of_the_same_population_are_others():
    for keyed in (True, False):
        one, other = (prints(people(3_000, first=i), keyed=keyed) for i in (0, 10_000))
        assert compared(one, other).by == ""


def test_one_person_in_common_is_enough_where_everybody_is_in_the_sketch():
    one, other = people(2_000), people(2_000, first=10_000)
    other = pl.concat([other, one.head(1)])
    assert compared(prints(one), prints(other)).by == "persons"
    assert PERSONS > 2_000


def test_values_that_cannot_tell_leave_a_doubt_unless_both_have_keys():
    kept = ["who", "sex", "ward", "ill"]
    one, other = (people(2_000, first=i).select(kept) for i in (0, 10_000))
    assert compared(prints(one, keyed=False), prints(other, keyed=False)).by == "doubt"
    assert compared(prints(one), prints(other, keyed=False)).by == "doubt"
    assert compared(prints(one), prints(other)).by == ""
    elsewhere = other.with_columns(pl.col(pl.String) + "!")
    assert compared(prints(one, keyed=False), prints(elsewhere, keyed=False)).by == ""


def test_without_the_key_nothing_is_told():
    frame = people(300)
    data = load(frame, profile(frame, KEYED).schema)
    one, other = prints_of(data, KEY), prints_of(data, b"j" * 32)
    assert one.id != other.id
    assert compared(one, other).by == ""
    assert not set(one.persons.hashes.tolist()) & set(other.persons.hashes.tolist())

"""Agreement: whose rows they are, where no name says it, and where a name says it wrongly."""

import numpy as np
import polars as pl

from assaymark.core.schema import Kind, Role
from assaymark.source.agreement import agreements, speaks_against, speaks_for
from assaymark.source.profile import profile
from assaymark.source.suspicion import Facts


def facts(name, values, kind=Kind.INTEGER):
    series = pl.Series(values)
    known = series.drop_nulls()
    return Facts(name=name, kind=kind, values=known, n_unique=known.n_unique(), rows=len(series))


def panel(n=400, seed=0):
    """People, of one to five years each, in no order."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(n) * 7 + 1000, rng.integers(1, 6, n))
    place = rng.permutation(len(who))
    female, race = rng.integers(0, 2, n), rng.integers(0, 3, n)
    at = np.repeat(np.arange(n), np.unique(who, return_counts=True)[1])
    return pl.DataFrame(
        {
            "code": who[place],
            "female": female[at][place],
            "race": np.array(["a", "b", "c"])[race[at][place]],
            "wage": rng.integers(10, 900, len(who)),
        }
    )


def roles(frame):
    return {c.column.name: c.column.roles for c in profile(frame, {}).columns}


def test_how_often_rows_agree_is_counted_by_hand():
    # thirty values of two rows each: 24 agree on sex; by chance 1 / 2, since sexes are even
    key = facts("code", [i // 2 for i in range(60)] + list(range(100, 140)))
    sex = [i % 2 if i < 12 else (i // 2) % 2 for i in range(60)] + [0, 1] * 20
    (found,) = agreements(key, [key, facts("sex", sex), facts("wage", range(100))])
    assert found == ("sex", 24 / 30, 0.5)
    assert speaks_against([found])
    assert not speaks_for([found])


def test_people_with_several_rows_are_found_without_a_name():
    found = profile(panel(), {})
    (key,) = [c for c in found.columns if Role.PERSON_KEY in c.column.roles]
    assert key.column.name == "code"
    why = "rows that share its values agree on female and race, as those of one person do"
    assert key.role_reason == why


def test_numbers_that_many_share_by_chance_are_no_people():
    frame = panel().drop("code")
    assert not any(Role.PERSON_KEY in r for r in roles(frame).values())
    # one sex makes up nine in ten: agreement by chance is no sign
    most = frame.with_columns(female=pl.Series([int(i % 10 == 0) for i in range(frame.height)]))
    assert not any(Role.PERSON_KEY in r for r in roles(most.drop("race")).values())


def test_an_id_that_starts_anew_each_year_is_not_of_people():
    frame = panel().with_columns(id=pl.col("code")).drop("code")
    assert roles(frame)["id"] == (Role.PERSON_KEY,)
    mixed = frame.with_columns(pl.col("id").shuffle(seed=1))
    assert roles(mixed)["id"] == (Role.DIRECT_IDENTIFIER,)


def test_a_birth_date_is_shared_by_twins_and_strangers_and_is_no_key():
    rng = np.random.default_rng(0)
    born = np.repeat(rng.integers(0, 9000, 300), 2)
    frame = pl.DataFrame({"dob": born, "sex": born % 2, "wage": rng.integers(0, 99, 600)})
    assert not any(Role.PERSON_KEY in r for r in roles(frame).values())


def test_too_few_shared_values_say_nothing():
    key = facts("code", [i // 2 for i in range(58)] + list(range(100, 142)))
    assert agreements(key, [facts("sex", [0, 1] * 50)]) == ()
    gaps = facts("code", [None, *range(49), *range(50)])
    assert agreements(gaps, [facts("sex", [0, 1] * 50)]) == ()

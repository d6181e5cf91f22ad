"""Rows of one person say the same of the person, also where it was a gap."""

from datetime import date, timedelta
from functools import cache

import numpy as np
import polars as pl

from assaymark.flow.generate.impute import impute


@cache
def visits(n=300):
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(n), rng.integers(1, 6, n))
    sex, born = rng.choice(["F", "M"], n), rng.integers(0, 20_000, n)
    whole = pl.DataFrame(
        {
            "patient_id": [f"P-{p:05d}" for p in who],
            "sex": sex[who],
            "born": [date(1940, 1, 1) + timedelta(days=int(d)) for d in born[who]],
            "seen": rng.integers(0, 900, len(who)),
            "weight": np.round(rng.normal(70, 9, len(who)) + 9 * (sex[who] == "M"), 1),
        }
    )
    gone = {c: pl.Series(rng.random(whole.height) < 0.4) for c in ("sex", "born", "weight")}
    return whole, whole.with_columns(**{c: pl.when(~g).then(c) for c, g in gone.items()})


def test_a_gap_is_filled_from_the_other_rows_of_the_person():
    whole, gone = visits()
    made = impute(gone, seed=1)
    for name in ("sex", "born"):
        of_person = pl.col(name).is_not_null().any().over("patient_id")
        said = gone.select(pl.col(name).is_null() & of_person).to_series()
        assert said.sum() > 100
        assert made.frame[name].filter(said).equals(whole[name].filter(said))
        assert made.exact[name] == said.sum()
    assert not any("sex follows from born" in n for n in made.notices)  # of one's own rows only
    assert any("their row or person (sex is the same in all rows" in n for n in made.notices)


def test_of_whom_no_row_says_it_all_rows_get_the_same():
    _, gone = visits()
    made = impute(gone, seed=1).frame
    of_person = pl.col("sex").is_null().all() & (pl.len() > 1)
    assert gone.group_by("patient_id").agg(of_person)["sex"].sum() > 15
    each = made.group_by("patient_id").agg(pl.col("sex", "born").n_unique())
    assert made["sex"].null_count() == made["born"].null_count() == 0
    assert (each["sex"] == 1).all()
    assert (each["born"] == 1).all()
    assert made.equals(impute(gone, seed=1).frame)

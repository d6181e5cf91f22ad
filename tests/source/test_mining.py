"""Rules are mined that every row keeps, and none of them points at anybody."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.recipe import parse_recipe
from assaymark.errors import InputError
from assaymark.evaluate.breaches import breaches_of
from assaymark.flow.source.mining import mine, rules_text
from assaymark.source.mining import proposals_of


@pytest.fixture
def visits(table):
    rng = np.random.default_rng(1)
    n = 3_000
    sex = rng.choice(["m", "f"], n)
    came = rng.integers(0, 1_000, n)
    ward = np.where(
        (sex == "f") & (rng.random(n) < 0.2), "births", rng.choice(["eyes", "heart"], n)
    )
    ward[:3] = "secret"  # three people: not to be named
    return table(
        {
            "sex": sex,
            "ward": ward,
            "floor": np.where(ward == "births", "3", rng.choice(["1", "2"], n)),
            "came": came,
            "left": came + rng.integers(0, 30, n),
            "balance": rng.normal(size=n),
            "drugs": np.where(ward == "eyes", np.minimum(rng.poisson(3, n), 4), rng.poisson(6, n)),
        },
        sex="category",
        ward="category",
        floor="category",
        came="integer",
        left="integer",
        balance="decimal",
        drugs="integer",
    )


def test_what_holds_for_everybody_is_proposed_in_words(visits):
    words = {p.words for p in proposals_of(visits)}
    assert "came is at most left wherever both are known" in words
    assert "where ward == 'births', sex == 'f'" in words
    assert "where sex == 'm', ward not in ('births')" in words
    assert "where ward == 'births', floor == '3'" in words
    assert "where ward == 'eyes', drugs <= 4" in words
    assert "drugs is never negative" in words
    assert not any("balance is" in w for w in words)


def test_an_order_of_numbers_is_called_one_of_numbers(visits, table):
    names = {p.rule.name for p in proposals_of(visits) if p.rule.kind == "order"}
    assert names == {"came not above left"}
    days = {c: visits.frame[c].cast(pl.Int32).cast(pl.Date).to_list() for c in ("came", "left")}
    dated = table(days, came="date", left="date")
    assert [p.rule.name for p in proposals_of(dated)] == ["came not after left"]


def test_every_row_keeps_every_proposal_and_none_names_what_few_have(visits):
    found = proposals_of(visits)
    for p in found:
        assert not breaches_of(p.rule, visits).broken.any()
        assert p.rule.severity == "soft"
        assert p.people % 10 == 0
        assert p.people >= 100
        assert "secret" not in str(p.rule.plain())


def test_chance_is_not_proposed(table):
    rng = np.random.default_rng(2)
    data = table(
        {k: rng.choice(["a", "b", "c"], 2_000) for k in "xyz"},
        x="category",
        y="category",
        z="category",
    )
    assert proposals_of(data) == ()


def test_the_text_is_a_recipe_once_it_is_accepted(visits, tmp_path):
    visits.frame.write_parquet(tmp_path / "visits.parquet")
    text = rules_text(mine(tmp_path / "visits.parquet"))
    assert all(line.startswith("#") or not line for line in text.splitlines())
    accepted = "\n".join(line[2:] for line in text.splitlines() if line.startswith("# "))
    recipe = parse_recipe(b'name = "x"\n[source]\npath = "x"\n' + accepted.encode())
    assert len(recipe.plausibility) == text.count("[[plausibility]]")


def test_support_that_points_at_people_is_refused(tmp_path):
    with pytest.raises(InputError, match="fewer than 10"):
        mine(tmp_path / "x.csv", support=9)

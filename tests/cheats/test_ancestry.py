"""A source that holds rows of an earlier release and does not say so."""

import shutil

import polars as pl
import pytest

from assaymark.flow.source.undeclared import SEARCHED


@pytest.fixture
def mix(issued):
    """Return a writer of a table of 200 real rows and ``n`` released ones, and its shop."""
    shop, release = issued
    shop.edit("recipe.toml", "wards.csv", "mixed.csv")
    shop.edit("recipe.toml", "expires = 2040-01-01", "")

    def write(n, change=lambda rows: rows):
        real = pl.read_csv(shop.folder / "wards.csv", infer_schema=False).head(200)
        made = pl.read_csv(release / "data/synthetic.csv", infer_schema=False).head(n)
        who = pl.Series([f"m{i:04d}" for i in range(n)])
        made = change(made).with_columns(patient=who).select(real.columns)
        pl.concat([real, made]).write_csv(shop.folder / "mixed.csv")

    return shop, release, write


def declare(shop, release, n):
    said = f'path = "mixed.csv"\nmixed = [{{ release = "{release}", rows = {n} }}]'
    shop.edit("recipe.toml", 'path = "mixed.csv"', said)


def test_rows_of_an_earlier_release_that_nobody_declares_keep_the_rows_back(mix):
    shop, release, write = mix
    write(60)
    outcome = shop.run(seed=2)
    assert (outcome.release, outcome.approved) == (None, False)
    (said,) = [b for b in outcome.blocked if "rows of release" in b]
    assert release.name in said
    assert "mixed = [{ release" in said
    assert not shop.entries(SEARCHED)


def test_rows_that_are_declared_are_released_with_their_ancestry(mix):
    shop, release, write = mix
    write(60)
    declare(shop, release, 60)
    outcome = shop.run(seed=2)
    assert outcome.blocked == ()
    made = pl.read_parquet(f"{outcome.release}/data/synthetic.parquet")
    assert made.height
    card = (shop.folder / outcome.release / "card.md").read_text()
    assert "0.76" in card


def test_fewer_rows_declared_than_there_are_keep_the_rows_back(mix):
    shop, release, write = mix
    write(100)
    declare(shop, release, 20)
    (said,) = [b for b in shop.run(seed=2).blocked if "rows of release" in b]
    assert "beside the 20 that are declared" in said


def test_altered_rows_are_recognised_and_the_source_of_a_release_is_not(mix):
    shop, _, write = mix
    third = pl.int_range(pl.len()) % 3 == 0
    other = pl.when(third).then(pl.lit("z")).otherwise("ward")
    write(100, lambda rows: rows.with_columns(ward=other))
    assert any("rows of release" in b for b in shop.run(seed=2).blocked)
    shop.edit("recipe.toml", "mixed.csv", "wards.csv")
    assert not any("rows of release" in b for b in shop.run(seed=3, fresh=True).blocked)
    (entry,) = shop.entries(SEARCHED)
    assert entry.body["without"].endswith("/1")
    shop.run(seed=4, fresh=True)
    assert len([e for e in shop.entries(SEARCHED) if e.body == entry.body]) == 1


def test_a_release_whose_folder_was_damaged_is_passed_over_and_few_values_cannot_tell(mix):
    shop, release, write = mix
    write(60)
    (release / "attestations/provenance.dsse.json").write_text("{}")
    shutil.copytree(release, release.with_name("other"))
    assert not any("rows of release" in b for b in shop.run(seed=2).blocked)


def test_what_shares_one_column_cannot_tell_and_says_so(mix):
    shop, release, write = mix
    write(60)
    table = pl.read_csv(shop.folder / "mixed.csv", infer_schema=False)
    table.rename({"age": "years", "score": "points"}).write_csv(shop.folder / "mixed.csv")
    outcome = shop.run(seed=2)
    assert not any("rows of release" in b for b in outcome.blocked)
    assert any("could not be told" in n and release.name in n for n in outcome.notices)

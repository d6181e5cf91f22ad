"""Folds: whole persons, equal sizes, one hash; and which tables are dealt at all."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.recipe import SplitSpec
from assaymark.errors import DataError
from assaymark.source.folds import CROSS_FIT_BELOW, FOLDS, SPLIT_TRAIN, Folds, deal, parts_of
from assaymark.source.split import Split

KEY = b"k" * 32


def visits(table, persons, per_person=1, start=0):
    who = np.repeat(np.arange(start, start + persons), per_person)
    columns = {"patient": [f"p{i:05d}" for i in who], "x": list(range(len(who)))}
    kinds = {"patient": "category", "x": "integer"}
    return table(columns, roles={"patient": ["person_key"]}, **kinds)


def test_all_rows_of_a_person_are_in_one_fold_and_folds_are_equal(table):
    data = visits(table, 103, per_person=3)
    folds = deal(data, SplitSpec(), KEY, basis=data)
    assert folds.train.schema.names == ("x",)
    assert folds.unit == "person"
    assert folds.shared_persons == 0
    pairs = {(p, f) for p, f in zip(folds.train.persons.tolist(), folds.fold.tolist(), strict=True)}
    assert len(pairs) == 103
    assert sorted(np.bincount([f for _, f in pairs])) == [20, 20, 21, 21, 21]
    for i in range(FOLDS):
        seen, unseen = folds.others(i), folds.held_out(i)
        assert seen.n + unseen.n == data.n
        assert not set(seen.persons.tolist()) & set(unseen.persons.tolist())
    assert len(folds.account_hashes) == 103


def test_order_names_and_transformations_move_nobody(table):
    data = visits(table, 60)
    one = deal(data, SplitSpec(), KEY, basis=data)
    order = np.random.default_rng(0).permutation(60)
    other = deal(data.take(order).drop("patient"), SplitSpec(), KEY, basis=data.take(order))
    assert (one.fold[order] == other.fold).all()
    assert one.commitment == other.commitment
    assert one.account_hashes == other.account_hashes
    assert deal(data, SplitSpec(), b"other", basis=data).commitment != one.commitment


def test_split_by_row_tears_persons_and_says_so(table):
    data = visits(table, 30, per_person=4)
    folds = deal(data, SplitSpec(unit="row"), KEY, basis=data)
    assert folds.unit == "row"
    assert folds.train.persons is None
    assert folds.shared_persons > 0
    assert "one by one" in folds.note


def test_too_few_persons_are_refused_with_a_hint(table):
    data = visits(table, 19)
    with pytest.raises(DataError, match="19 persons, too few to cross-fit"):
        deal(data, SplitSpec(), KEY, basis=data)
    enough = visits(table, 20)
    assert deal(enough, SplitSpec(), KEY, basis=enough).train.n == 20


@pytest.mark.parametrize(
    ("persons", "per_person", "said", "kind"),
    [
        (CROSS_FIT_BELOW - 1, 2, "auto", Folds),
        (2 * SPLIT_TRAIN - 1, 1, "auto", Folds),
        (2 * SPLIT_TRAIN, 1, "auto", Split),
        (2 * SPLIT_TRAIN, 1, True, Folds),
        (100, 1, False, Split),
    ],
)
def test_tables_below_the_limit_are_dealt_unless_the_recipe_says(
    table, persons, per_person, said, kind
):
    data = visits(table, persons, per_person)
    found = parts_of(data, SplitSpec(cross_fit=said), KEY, basis=data)
    assert isinstance(found, kind)
    assert not isinstance(found, Folds) or found.asked is (said is True)


def test_a_larger_share_for_train_splits_smaller_tables_but_none_below_the_limit(table):
    spec = SplitSpec(train=0.8, development=0.1, confirmation=0.05, reference=0.05)
    for persons, kind in ((CROSS_FIT_BELOW, Split), (CROSS_FIT_BELOW - 1, Folds)):
        data = visits(table, persons, 1)
        assert isinstance(parts_of(data, spec, KEY, basis=data), kind)


def test_without_a_person_key_rows_are_counted(table):
    frame = {"x": list(range(2 * SPLIT_TRAIN))}
    data = table(frame, x="integer")
    assert isinstance(parts_of(data, SplitSpec(), KEY, basis=data), Split)
    fewer = data.take(np.arange(2 * SPLIT_TRAIN - 1))
    assert isinstance(parts_of(fewer, SplitSpec(), KEY, basis=fewer), Folds)


def test_a_split_of_part_of_the_same_people_shares_their_hashes(table):
    data = visits(table, 100)
    folds = parts_of(data, SplitSpec(), KEY, basis=data)
    split = parts_of(data, SplitSpec(cross_fit=False), KEY, basis=data)
    assert split.account_hashes == folds.account_hashes


def test_rows_are_polars_rows_in_their_order(table):
    data = visits(table, 40)
    folds = deal(data, SplitSpec(), KEY, basis=data)
    assert folds.train.frame.equals(data.frame.drop("patient"))
    assert isinstance(folds.held_out(0).frame, pl.DataFrame)

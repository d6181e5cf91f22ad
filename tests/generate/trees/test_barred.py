"""Barred: what nobody has together, though many would by chance, does not come out."""

import numpy as np
import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.generate.tree_chain import TreeChain
from assaymark.generate.trees.barred import Axis, Seen, barred
from assaymark.generate.trees.effects import BARRED, no_effects
from assaymark.generate.trees.stretches import Pooled, stretches

LEVELS = Axis(np.arange(2, dtype=np.int32), ordered=False)
SMOKED = Axis(np.arange(24, dtype=np.int32), ordered=True)


def found(codes, y, share, *, persons=None, asked=LEVELS, known=LEVELS, said=None):
    whose = np.arange(len(y)) if persons is None else persons
    seen = Seen(classes=y, share=share, persons=whose, said=said)
    effects = no_effects(share.shape[1])
    return barred(effects, [known], codes[None, :], asked, seen, 10)


def bars(codes, y, persons=None, said=0.01):
    share = np.where(np.arange(2) == y[:, None], 1 - said, said)
    worth = found(codes, y, share, persons=persons).effects.worth
    return (worth < BARRED).tolist() if len(worth) else []


def pairs(*counts):
    """Return codes and groups with so many rows of 00, 01, 10 and 11."""
    both = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], counts, axis=0).astype(np.int32)
    return both[:, 0], both[:, 1]


def smokers(*smoked, wrong=0.05):
    """Return 500 who smoked, 500 who never did, how much, and what a model says of both.

    As much as ``smoked`` have some of those who never did.
    """
    codes = np.repeat([0, 1], 500).astype(np.int32)
    y = np.concatenate([1 + np.arange(500) % 23, np.zeros(500)]).astype(np.int32)
    y[500 : 500 + len(smoked)] = smoked
    share = np.full((1000, 24), 1 / 23)
    share[:, 0] = 0.0
    share[500:] = wrong / 23
    share[500:, 0] = 1 - wrong
    return codes, y, share


def never_smoked(*smoked, wrong=0.05, **more):
    worth = found(*smokers(*smoked, wrong=wrong), asked=SMOKED, **more).effects.worth
    return (worth[1] < BARRED).tolist() if len(worth) else []


def test_what_nobody_has_together_is_barred():
    assert bars(*pairs(500, 500, 0, 1000), said=0.02) == [[False, False], [True, False]]


def test_what_ten_persons_have_together_is_not():
    assert bars(*pairs(500, 500, 9, 991), said=0.05)[1][0]
    assert bars(*pairs(500, 500, 10, 990), said=0.05) == []


def test_one_person_more_or_less_decides_nothing_where_four_are_not_there():
    share = np.full((2000, 2), 0.5)
    for said in (0.0005, 0.001, 0.002, 0.005, 0.011, 0.013, 0.05):
        share[1000:] = said, 1 - said
        each = []
        for k in range(5):
            codes, y = pairs(500, 500, k, 1000 - k)
            each.append(found(codes, y, share).effects.worth.tolist())
        assert all(f == each[0] for f in each), said


def test_what_few_would_have_by_chance_is_not_barred():
    assert bars(*pairs(50, 50, 0, 60)) == []  # 20 by chance


def test_what_does_not_come_out_anyway_is_not_barred():
    assert bars(*pairs(500, 500, 0, 1000), said=1e-6) == []


def test_persons_are_counted_and_not_their_rows():
    codes, y = pairs(500, 500, 0, 1000)
    order = np.random.default_rng(0).permutation(2000)
    persons = np.sort(np.arange(2000) % 20)  # of whom not fifty can have it by chance
    assert bars(codes[order], y[order], persons) == []


def test_what_is_too_little_by_itself_is_barred_with_what_lies_beside_it():
    assert never_smoked() == [False, *[True] * 23]  # 11 each by chance, 250 together
    assert never_smoked(wrong=0.03) == []  # 15 persons come out wrong, of 18


def test_nine_persons_in_a_stretch_are_barred_and_ten_are_not():
    nine = [3, 3, 4, 7, 9, 9, 11, 16, 20]
    assert never_smoked(*nine, wrong=0.08) == [False, *[True] * 23]
    assert never_smoked(*nine, 22, wrong=0.08) == []


def test_what_five_persons_have_ends_a_stretch():
    assert never_smoked(8, 8, 8, 8, wrong=0.2) == [False, *[True] * 23]
    there = never_smoked(8, 8, 8, 8, 8, wrong=0.2)
    assert there == [False, *[True] * 7, False, *[True] * 15]


def test_of_a_stretch_one_person_decides_nothing_where_four_are_not_there():
    for wrong in (0.005, 0.02, 0.025, 0.035, 0.0361, 0.037, 0.05):
        each = [never_smoked(*[3, 8, 14, 21][:k], wrong=wrong) for k in range(5)]
        assert all(f == each[0] for f in each), wrong


def test_a_person_of_several_rows_is_one_in_a_stretch():
    codes, y, share = smokers(*range(1, 13), wrong=0.1)
    persons = np.arange(1000)
    assert len(found(codes, y, share, asked=SMOKED).effects.worth) == 0  # twelve have it
    persons[500:512] = 500  # now one has, twelve times
    given = found(codes, y, share, asked=SMOKED, persons=persons)
    assert (given.effects.worth[1] < BARRED).tolist() == [False, *[True] * 23]


def test_bins_that_lie_side_by_side_bar_a_group_together():
    codes = np.repeat(np.arange(16), 60).astype(np.int32)  # of 60 persons, a third drive
    y = ((codes >= 3) & (np.arange(960) % 60 < 25)).astype(np.int32)
    share = np.full((960, 2), 0.5)
    share[codes < 3] = 0.85, 0.15  # 9 of 60: 12 would have to come out in one bin
    ages = Axis(np.arange(16, dtype=np.int32), ordered=True)
    worth = found(codes, y, share, known=ages).effects.worth
    assert (worth < BARRED).tolist() == [[False, True]] * 3 + [[False, False]] * 13
    assert len(found(codes[60:], y[60:], share[60:], known=ages).effects.worth) == 0  # 40 by chance


def test_a_group_is_split_where_some_of_its_classes_are_barred():
    # of two groups of two classes each, the first is had by those of code 1 in its second only
    codes = np.repeat([0, 1], 1000).astype(np.int32)
    y = np.concatenate([np.arange(1000) % 4, 1 + np.arange(1000) % 3]).astype(np.int32)
    share = np.full((2000, 2), 0.5)
    asked = Axis(np.array([0, 0, 1, 1], dtype=np.int32), ordered=True)
    effects, groups = found(codes, y, share, asked=asked)
    assert groups.tolist() == [0, 2, 1, 1]
    assert (effects.worth < BARRED).tolist() == [[False] * 3, [True, False, False]]
    # but nothing is where pools do not make it
    pools = np.tile([0.001, 0.499, 0.25, 0.25], (1, 1))
    none = np.zeros(2000, dtype=np.int32)
    effects, groups = found(codes, y, share, asked=asked, said=Pooled(none, none, share, [pools]))
    assert (groups.tolist(), len(effects.worth)) == (asked.bins.tolist(), 0)


def test_stretches_end_where_many_are_unless_there_is_no_order():
    few = np.array([[1, 1, 0, 1], [0, 1, 1, 0]], dtype=np.bool_)
    assert stretches(few, ordered=True).tolist() == [[0, 0, -1, 1], [-1, 2, 2, -1]]
    assert stretches(few, ordered=False).tolist() == [[0, 0, -1, 0], [-1, 1, 1, -1]]


def test_made_people_who_never_smoked_have_no_pack_years():
    rng = np.random.default_rng(5)
    smoking = rng.choice([0, 1, 2, 99], 1500, p=[0.5, 0.3, 0.15, 0.05])
    years = np.where(smoking == 0, 0.0, rng.gamma(2, 10, 1500).clip(0.5, 120).round(1))
    known = [None if s == 99 else y for s, y in zip(smoking, years, strict=True)]
    frame = pl.DataFrame({"smoking": smoking, "years": known})
    kinds = {"smoking": Kind.INTEGER, "years": Kind.DECIMAL}
    schema = Schema(columns=tuple(Column(name=n, kind=k) for n, k in kinds.items()))
    source = PrivateSource(_rows=Dataset(schema=schema, frame=frame), record=lambda *_: None)
    made = TreeChain().fit(source, Streams.from_seed(1)).sample(range(5000), Streams.from_seed(2))
    never = made.frame.filter(pl.col("smoking") == 0)
    assert len(never) > 2000
    assert (never["years"] > 0).sum() == 0  # 185 of 2,523 before

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assaymark.evaluate.disclosure_tables import (
    Original,
    attribute,
    carried_over,
    keys_of,
    unique_people,
)


def original(keys, targets=None, who=None):
    targets = [0] * len(keys) if targets is None else targets
    who = range(len(keys)) if who is None else who
    n = max(who, default=-1) + 1
    return Original(
        keys=coded(keys), targets=coded(targets), who=np.array(who, dtype=np.int64), n=n
    )


def coded(values):
    return np.array(["abcdefgxy".index(v) if isinstance(v, str) else v for v in values])


# key: a a b c d d e f, target: x y x x y y x y; synthetic a b b c e e g and x x x y x y x
PEOPLE = original("aabcddef", "xyxxyyxy")
KEYS, TARGETS = coded("abbceeg"), coded("xxxyxyx")


def shares(flags):
    return int(flags.sum()), len(flags)


def test_uniques_by_hand():
    found = unique_people(PEOPLE, [KEYS])
    assert shares(found.unique) == (4, 8)  # b c e f
    assert shares(found.found) == (3, 8)  # b c e
    assert shares(found.replicated) == (1, 8)  # c; b and e are there twice
    assert shares(found.absent) == (1, 8)  # f


def test_attributions_by_hand():
    found = attribute(PEOPLE, KEYS, TARGETS)
    assert shares(found.found) == (5, 8)  # iS: a a b c e
    assert shares(found.disclosive) == (4, 8)  # DiS: a a b c, since e has both targets
    assert shares(found.correct) == (2, 8)  # DiSCO: (a, x) and b
    assert shares(found.both) == (1, 8)  # DiSDiO: b, since a has both targets in the original
    assert shares(found.in_original) == (6, 8)  # Dorig: b c d d e f
    assert found.probability.tolist() == [1, 0, 1, 0, 0, 0, 0.5, 0]  # DCAP 2.5 / 8
    assert found.tcap == 0.5  # 2 of the 4
    assert shares(found.exposed) == (5, 8)  # the correct, and d d f, whom no row has yet


def test_each_replicate_is_a_table_of_its_own():
    """The key c is there once in both tables: replicated, though twice when added up."""
    assert unique_people(original("c"), [coded("c"), coded("c")]).replicated.all()
    assert not unique_people(original("c"), [coded("cc")]).replicated.any()


def test_rows_of_one_person_count_once():
    people = original("aab", "xxy", who=[0, 0, 1])
    assert unique_people(people, [coded("a")]).replicated.tolist() == [True, False]
    found = attribute(people, coded("aab"), coded("xyx"))
    assert found.probability.tolist() == [0.5, 0.0]
    assert attribute(people, coded("ab"), coded("xx")).correct.tolist() == [True, False]


def test_no_synthetic_rows_disclose_nothing():
    nothing = np.zeros(0, dtype=np.int64)
    found = attribute(PEOPLE, nothing, nothing)
    assert not found.found.any()
    assert found.exposed.all()
    assert found.tcap == 0.0
    assert not unique_people(PEOPLE, [nothing]).found.any()


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=30),
)
def test_tables_against_a_slow_count(rows, made):
    people = original([k for k, _ in rows], [t for _, t in rows])
    keys = np.array([k for k, _ in made], dtype=np.int64)
    targets = np.array([t for _, t in made], dtype=np.int64)
    uniques, found = unique_people(people, [keys]), attribute(people, keys, targets)
    for i, (key, target) in enumerate(rows):
        own = [t for k, t in rows if k == key]
        there = [t for k, t in made if k == key]
        alone = len(own) == 1
        assert uniques.unique[i] == alone
        assert uniques.found[i] == (alone and len(there) > 0)
        assert uniques.replicated[i] == (alone and len(there) == 1)
        assert found.disclosive[i] == (len(set(there)) == 1)
        assert found.correct[i] == (set(there) == {target})
        assert found.both[i] == (set(there) == {target} == set(own))
        assert found.in_original[i] == (len(set(own)) == 1)
        assert found.probability[i] == (there.count(target) / len(there) if there else 0)


def test_keys_are_equal_where_all_columns_are():
    first = [np.array([1, 1, 2]), np.array([0, 5, 0])]
    second = [np.array([2, 1, 7]), np.array([0, 5, 0])]
    a, b = keys_of(first, second)
    assert b[0] == a[2]
    assert b[1] == a[1]
    assert len({*a.tolist(), *b.tolist()}) == 4


def test_keys_of_many_wide_columns_do_not_collide():
    """Ten columns of 10,000 codes: more combinations than 64 bits have, none confused."""
    rng = np.random.default_rng(1)
    columns = [rng.integers(0, 10_000, 3_000) for _ in range(10)]
    again = [c.copy() for c in columns]
    again[4][7] += 1
    a, b = keys_of(columns, again)
    assert len(np.unique(a)) == 3_000
    assert (a != b).nonzero()[0].tolist() == [7]


def test_unique_combinations_by_hand():
    """Of (0,0), (0,0), (0,1), (1,1): the third and fourth are unique, the third is made, too."""
    real = [np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])]
    made = [np.array([0, 0]), np.array([1, 0])]
    found = carried_over(real, made, [(0, 1)])
    assert found.unique.tolist() == [0, 0, 1, 1]
    assert found.carried.tolist() == [0, 0, 1, 0]
    twice = carried_over(real, made, [(0, 1), (0,)])  # of the first column 1 is unique
    assert twice.unique.tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize("widest", [9, 10_000])
def test_wide_combinations_are_counted_as_narrow_ones(widest):
    rng = np.random.default_rng(2)
    real = [rng.integers(0, 9, 400) for _ in range(3)]
    made = [rng.integers(0, 9, 300) for _ in range(3)]
    stretch = max(1, widest // 9)
    found = carried_over(real, made, [(0, 1, 2)])
    wide = carried_over([c * stretch for c in real], [c * stretch for c in made], [(0, 1, 2)])
    rows = [tuple(r) for r in np.array(real).T.tolist()]
    there = {tuple(r) for r in np.array(made).T.tolist()}
    unique = [int(rows.count(r) == 1) for r in rows]
    assert found.unique.tolist() == wide.unique.tolist() == unique
    carried = [int(u and r in there) for r, u in zip(rows, unique, strict=True)]
    assert found.carried.tolist() == wide.carried.tolist() == carried

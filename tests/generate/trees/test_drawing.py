import numpy as np
import pytest

from assaymark.generate.philox import philox, philox_strip
from assaymark.generate.trees.arrays import BIT, pool_arrays, twig_arrays, worth_arrays
from assaymark.generate.trees.boosting import Boost
from assaymark.generate.trees.branches import Branches
from assaymark.generate.trees.classes import Cut
from assaymark.generate.trees.drawing import _stands
from assaymark.generate.trees.effects import Effects, boosted, no_effects
from assaymark.generate.trees.link import Place, link_of, spread

KEY = 7, 11
i32 = lambda *v: np.array(v, dtype=np.int32)  # noqa: E731


def branches(threshold):
    """One branch on feature 0, whose codes 0, 1, 2 are at places 0, 1, 2."""
    return Branches(
        feature=i32(0, -1, -1),
        threshold=i32(threshold, 0, 0),
        left=i32(1, -1, -1),
        right=i32(2, -1, -1),
        parent=i32(-1, 0, 0),
        places=i32(0, 1, 2),
        start=i32(0),
    )


SHARES = np.array([[0.0, 0.0, 0.0], [0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
WORTH = np.array([[0.0, 0.9, -0.4], [3.0, -5.0, 1.5], [0.0, 0.0, 0.0]], dtype=np.float32)


def link(effects=None):
    """Two trees; class 2 has the codes 2 and 3, of mass 1 and 3."""
    cut = Cut(classes=i32(0, 1, 2, 2), groups=i32(0, 1, 2))
    trees, mass = [branches(0), branches(1)], np.array([5.0, 5.0, 1.0, 3.0])
    return link_of((0,), trees, [SHARES, SHARES], cut, mass, effects)


def drawn(made, given, row=0):
    codes, out = i32(*given).reshape(1, -1), np.empty(len(given), np.int32)
    inside = np.empty(len(given))
    made.draw(codes, Place(key=KEY, row=row, column=3), out, inside)
    return out, inside


def expected(code, worth):
    """Return the shares of the four codes, the two trees together, corrected by hand."""
    total = np.zeros(4)
    for threshold in (0, 1):
        p = SHARES[1 if code <= threshold else 2] * np.exp(np.clip(worth, -2, 2))
        p /= p.sum()
        total += np.append(p[:2], p[2] * np.array([0.25, 0.75])) / 2
    return total


@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize("code", [0, 1, 2])
def test_codes_come_out_as_pools_and_effects_say(code, corrected):
    # 64 rows share a tree: 6,400 trees of the dice, standard error of a share at most .0063
    effects = Effects(of=i32(0), bins=i32(0, 1, 2), start=i32(0), worth=WORTH)
    made = link(effects if corrected else None)
    out, inside = drawn(made, [code] * 409_600)
    found = np.bincount(out, minlength=4) / len(out)
    wanted = expected(code, WORTH[code] if corrected else np.zeros(3))
    assert np.abs(found - wanted).max() < 0.02
    assert abs(inside.mean() - 0.5) < 0.003
    assert 0 <= inside.min() <= inside.max() < 1


def test_any_stretch_is_a_part_of_the_whole():
    given = np.random.default_rng(0).integers(0, 3, 1000).tolist()
    made = link(Effects(of=i32(0), bins=i32(0, 1, 2), start=i32(0), worth=WORTH))
    whole, inside = drawn(made, given, row=5)
    for low, high in ((0, 1), (58, 60), (59, 123), (500, 1000), (7, 7)):
        part, within = drawn(made, given[low:high], row=5 + low)
        assert part.tolist() == whole[low:high].tolist()
        assert within.tolist() == inside[low:high].tolist()


def test_where_a_value_lies_is_the_same_however_it_is_asked_for():
    made, inside = link(), np.empty(150)
    spread(Place(key=KEY, row=30, column=3), inside)
    assert inside.tolist() == drawn(made, [0] * 150, row=30)[1].tolist()


def test_rows_given_one_by_one_are_those_of_the_stretch():
    given = np.random.default_rng(1).integers(0, 3, 900).tolist()
    made = link(Effects(of=i32(0), bins=i32(0, 1, 2), start=i32(0), worth=WORTH))
    whole, inside = drawn(made, given, row=5)
    which = np.array([0, 1, 70, 500, 3, 899, 64])
    codes, out, within = i32(*given)[None, which], np.empty(7, np.int32), np.empty(7)
    rows = which.astype(np.uint64) + np.uint64(5)
    made.draw(codes, Place(key=KEY, row=rows, column=3), out, within)
    assert out.tolist() == whole[which].tolist()
    assert within.tolist() == inside[which].tolist()


def test_a_pool_knows_which_groups_it_lacks():
    # row 0: class 1 is never kept, and 2 takes its place; of row 1, 2 ** -25 of class 0 is nothing
    keep = np.array([[2**32 - 1, 0, 2**32 - 1], [2**7, 2**32 - 1, 2**32 - 1]], np.uint32)
    other = np.array([[0, 2, 2], [1, 1, 2]], np.int32)
    absent = pool_arrays(i32(0, 1), (keep, other), i32(0, 1, 2)).absent
    assert absent.tolist() == [[0, 1, 0, 1, 1, 1, 1, 1], [1, 0, 0, 1, 1, 1, 1, 1]]
    together = pool_arrays(i32(0, 1), (keep, other), i32(1, 1, 0)).absent
    assert together[:, :3].tolist() == [[0, 0, 1], [0, 0, 1]]


def test_what_a_pool_lacks_costs_no_tries():
    none = np.array([[0.0, 0.0, 0.0], [0.7, 0.3, 0.0], [0.4, 0.6, 0.0]])
    cut = Cut(classes=i32(0, 1, 2, 2), groups=i32(0, 1, 2))
    mass, out = np.ones(4), []
    for worth in (-2.0, 7.0):
        effects = Effects(
            of=i32(0),
            bins=i32(0, 0, 0),
            start=i32(0),
            worth=np.array([[0.3, -0.4, worth]], np.float32),
        )
        made = link_of((0,), [branches(0), branches(1)], [none, none], cut, mass, effects)
        out.append(drawn(made, [0, 1, 2] * 3000)[0].tolist())
    assert out[0] == out[1]


def test_corrections_are_counted_in_whole_numbers():
    worth = np.array([[0.5, -3.0, 0.0], [2.0**-18, 2.0**-20, -1.0]], np.float32)
    found = worth_arrays(i32(0), i32(0, 1), i32(0), worth).worth
    one = 2**18
    assert found[:, :3].tolist() == [[one // 2, -3 * one, 0], [1, 0, -one]]
    assert (found[:, 3:] == -2 * one).all()
    assert found.shape == (2, 8)


def test_strips_of_random_words_are_those_of_single_rows():
    words = np.empty((4, 9), np.uint32)
    key, column = (np.uint64(KEY[0]), np.uint64(KEY[1])), np.uint64(3)
    begin = np.uint64(2**32 - 4)
    philox_strip(key, begin + np.arange(9, dtype=np.uint64), column, np.uint64(1), words)
    for k in range(9):
        one = philox(key, begin + np.uint64(k), column, np.uint64(1))
        assert [int(w) for w in one] == words[:, k].tolist()


@pytest.mark.parametrize("code", [0, 1, 2])
def test_large_corrections_that_cancel_are_not_cut_one_by_one(code):
    far = np.array([[0.0, 450.0, 300.0]] * 3, dtype=np.float32)
    effects = Effects(
        of=i32(0, 0, 0, 0),
        bins=i32(*range(12)),
        start=i32(0, 3, 6, 9),
        worth=np.concatenate([WORTH, far, -far / 2, -far / 2]),
    )
    out, _ = drawn(link(effects), [code] * 409_600)
    assert (
        np.abs(np.bincount(out, minlength=4) / len(out) - expected(code, WORTH[code])).max() < 0.02
    )


def test_what_stands_is_as_the_exponential_and_its_polynomials_say():
    rng = np.random.default_rng(0)
    for x in (0.0, *-rng.gamma(1.0, 1.0, 400), -3.999, -4.4, -4.6, -510.0, -1500.0):
        e, words = np.exp(x), rng.integers(0, 2**32, 20)
        near = np.clip(np.floor(e * 2**32) + rng.integers(-3, 5, 6), 0, 2**32 - 1)
        for u in np.array([0.0, *words, *near]) * 2.0**-32:
            most = 1.0 + x + 0.5 * x * x
            assert _stands(x, u) == (u < most + x * x * x / 6.0 or (u < most and u < e))


def twig(rng, sizes):
    """A tree of at most eight leaves as small trees are numbered, on codes of these many."""
    feature, parent = np.full(15, -1, np.int32), np.full(15, -1, np.int32)
    left, right, threshold = feature.copy(), feature.copy(), np.zeros(15, np.int32)
    for v in range(7):
        if (v == 0 or parent[v] >= 0) and rng.random() < 0.8:
            feature[v] = rng.integers(len(sizes))
            threshold[v] = rng.integers(sizes[feature[v]])
            left[v], right[v] = 2 * v + 1, 2 * v + 2
            parent[[left[v], right[v]]] = v
    return Branches(
        feature=feature,
        threshold=threshold,
        left=left,
        right=right,
        parent=parent,
        places=np.concatenate([rng.permutation(s) for s in sizes]).astype(np.int32),
        start=np.cumsum([0, *sizes[:-1]]).astype(np.int32),
    )


@pytest.mark.parametrize("many", [0, 1, 3, 8, 21])
def test_all_small_trees_at_once_find_the_leaves_that_each_finds(many):
    rng = np.random.default_rng(many)
    sizes, given = [5, 2, 9, 31], i32(4, 0, 2, 7)
    trees = [twig(rng, sizes) for _ in range(many)]
    rows = [rng.integers(1000, size=15).astype(np.int32) for _ in trees]
    codes = np.zeros((8, 500), np.int32)
    for c, size in zip(given, sizes, strict=True):
        codes[c] = rng.integers(size, size=500)
    found = twig_arrays(trees, given, rows)
    left = np.full((500, found.opened.shape[1]), 255, np.uint8)
    for c, begin in zip(found.given, found.start, strict=True):
        left &= found.opened[begin + codes[c]]
    for t, (tree, own) in enumerate(zip(trees, rows, strict=True)):
        assert found.row[t, BIT[left[:, t]]].tolist() == own[tree.leaves(codes[given])].tolist()


def test_small_trees_of_one_leaf_each_are_worth_what_their_leaves_are():
    leaf = Branches(
        feature=i32(-1),
        threshold=i32(0),
        left=i32(-1),
        right=i32(-1),
        parent=i32(-1),
        places=i32(0, 1, 2),
        start=i32(0),
    )
    worths = [Boost(branches=leaf, worth=k * WORTH[:1].astype(np.float64)) for k in (1, -2)]
    out, _ = drawn(link(boosted(no_effects(3), worths, 1)), [0] * 409_600)
    found = np.bincount(out, minlength=4) / len(out)
    assert np.abs(found - expected(0, -WORTH[0])).max() < 0.02

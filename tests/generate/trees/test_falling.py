"""Falling: the leaf at which each row ends, against going down one row at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.generate.trees.branches import descend
from assaymark.generate.trees.falling import STRIP, fall, leaves_of, scratch, tree_arrays

i32 = lambda *v: np.array(v, dtype=np.int32)  # noqa: E731


def grown(rng, leaves, features, places):
    """A tree of so many leaves, cut at random, numbered depth first."""
    nodes = []

    def add(count):
        me = len(nodes)
        nodes.append([-1, 0, -1, -1])
        if count > 1:
            on_left = int(rng.integers(1, count))
            nodes[me][:2] = int(rng.integers(features)), int(rng.integers(places))
            nodes[me][2] = add(on_left)
            nodes[me][3] = add(count - on_left)
        return me

    add(leaves)
    return tuple(np.array(n, np.int32) for n in zip(*nodes, strict=True))


def forest(rng, sizes, codes_of, places):
    """Trees put one after the other as a link has them, and where their codes are placed."""
    parts = [grown(rng, n, len(codes_of), places) for n in sizes]
    roots = np.cumsum([0, *(len(p[0]) for p in parts)])[:-1].astype(np.int32)
    nodes = []
    for i in range(4):
        shift = [np.where((p[i] >= 0) & (i > 1), r, 0) for p, r in zip(parts, roots, strict=True)]
        nodes.append(np.concatenate([p[i] + s for p, s in zip(parts, shift, strict=True)]))
    nodes = tuple(n.astype(np.int32) for n in nodes)
    total = sum(codes_of)
    place = rng.integers(0, places, total * len(sizes)).astype(np.int32)
    start = np.cumsum([0, *codes_of])[:-1] + total * np.arange(len(sizes))[:, None]
    return nodes, roots, (place, start.astype(np.int32))


def check(nodes, roots, places, codes):
    """Compare all trees, strip by strip."""
    trees = tree_arrays(nodes, roots, places, np.arange(len(codes), dtype=np.int32))
    strip = scratch(len(codes))
    for tree, root in enumerate(roots):
        here = places[0], places[1][tree]
        wanted = [descend(nodes, root, here, codes, r) for r in range(codes.shape[1])]
        found = []
        for low in range(0, codes.shape[1], STRIP):
            part = codes[:, low : low + STRIP]
            fall(trees, tree, part, strip)
            found += strip.node[: part.shape[1]].tolist()
        assert found == wanted
    return trees


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 140), min_size=1, max_size=3),
    st.lists(st.integers(1, 60), min_size=1, max_size=5),
    st.integers(2, 256),
    st.integers(0, 2**32 - 1),
)
def test_what_no_feature_rules_out_is_where_a_walk_ends(sizes, codes_of, places, seed):
    rng = np.random.default_rng(seed)
    codes = np.stack([rng.integers(0, c, 100) for c in codes_of]).astype(np.int32)
    trees = check(*forest(rng, sizes, codes_of, places), codes)
    assert trees.opened.shape[0] == -(-max(sizes) // 64)


@pytest.mark.parametrize(("leaves", "words"), [(64, 1), (65, 2), (512, 8), (513, 0), (2000, 0)])
def test_trees_of_many_leaves_are_walked(leaves, words):
    rng = np.random.default_rng(leaves)
    codes = rng.integers(0, 50, (3, 200)).astype(np.int32)
    trees = check(*forest(rng, [leaves, 7], [50, 50, 50], 40), codes)
    assert trees.opened.shape[0] == words


def test_nodes_may_be_numbered_level_by_level_and_some_be_led_to_by_none():
    # the children of v are 2 v + 1 and 2 v + 2, as those of small trees; 3 and 4 are cut off
    nodes = i32(0, -1, 1, -1, -1, -1, -1), i32(3, 0, 2, 0, 0, 0, 0)
    nodes = *nodes, i32(1, -1, 5, -1, -1, -1, -1), i32(2, -1, 6, -1, -1, -1, -1)
    places = np.tile(np.arange(8, dtype=np.int32), 2), i32(0, 8)[None, :]
    codes = np.stack([np.repeat(np.arange(8), 8), np.tile(np.arange(8), 8)]).astype(np.int32)
    trees = check(nodes, i32(0), places, codes)
    assert trees.leaf[0, :3].tolist() == [1, 5, 6]


def test_a_root_alone_is_a_leaf():
    none = i32()
    trees = tree_arrays((i32(-1), i32(0), i32(-1), i32(-1)), i32(0), (none, none[None, :]), none)
    assert leaves_of(trees, np.zeros((0, 70), np.int32)).tolist() == [0] * 70


def test_a_packed_leaf_leads_to_itself_and_a_tree_knows_its_depth():
    nodes = i32(0, -1, -1, 0, -1, -1), i32(0, 0, 0, 1, 0, 0), i32(1, -1, -1, 4, -1, -1)
    nodes = *nodes, i32(2, -1, -1, 5, -1, -1)
    places = i32(0, 1, 2, 0, 1, 2), i32(0, 0, 0, 3, 3, 3).reshape(2, 3)
    trees = tree_arrays(nodes, i32(0, 3), places, i32(0, 1, 2))
    assert trees.depth.tolist() == [1, 1]
    assert trees.used.tolist() == [[True, False, False], [True, False, False]]
    assert [int(v) & 255 for v in trees.nodes[[0, 3]]] == [0, 0]
    for leaf in (1, 2, 4, 5):
        word = int(trees.nodes[leaf])
        assert word >> 16 & 0xFFFFFF == word >> 40 & 0xFFFFFF == leaf

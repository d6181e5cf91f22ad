"""The tree of groups: every table lies in one group, and columns stay together along the tree."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.generate.dp.junction import junction

TABLES = st.lists(st.sets(st.integers(0, 7), min_size=1, max_size=3), max_size=12)


@settings(max_examples=150, deadline=None)
@given(TABLES)
def test_tables_lie_in_one_group_and_groups_with_a_column_hang_together(tables):
    sizes = [2, 3, 4, 5, 2, 3, 4, 5]
    tree = junction(sizes, [tuple(sorted(t)) for t in tables])
    for table in tables:
        assert table <= set(tree.cliques[tree.holding(tuple(sorted(table)))])
    for column in range(8):
        held = [i for i, c in enumerate(tree.cliques) if column in c]
        # all but the first of them hang on a group that holds the column too
        assert sum(tree.parent[i] not in held for i in held) == 1
    assert all(p < i for i, p in enumerate(tree.parent))
    assert tree.cells == sum(math.prod(sizes[c] for c in clique) for clique in tree.cliques)


def test_a_ring_of_four_gets_one_chord_across_the_small_columns():
    # 0-1-2-3-0, columns 1 and 3 small: groups {0, 1, 3} and {1, 2, 3} of 10 * 2 * 2 cells each
    tree = junction([10, 2, 10, 2], [(0, 1), (1, 2), (2, 3), (0, 3)])
    assert sorted(tree.cliques) == [(0, 1, 3), (1, 2, 3)]
    assert tree.shared(1) == (1, 3)
    assert tree.cells == 80

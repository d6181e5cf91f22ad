"""Points: each code's point, against a list of all points written out."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.generate.coding.points import drawn_points


def written_out(kinds, specials):
    """Cells of so many points each, 0 for a special value, and the points that each may give."""
    atoms = np.array(sorted(specials), dtype=np.int64)
    plain = [p for p in range(1000) if p not in specials]
    first, points, may, used = [], [], [], 0
    spare = iter(atoms.tolist())
    for size in kinds:
        if size == 0:
            at = next(spare, None)
            if at is None:
                continue
            first.append(at)
            may.append([at])
        else:
            first.append(used)
            may.append(plain[used : used + size])
            used += size
        points.append(size)
    return np.array(first, np.int64), np.array(points, np.int64), atoms, may


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([0, 1, 2, 3, 7, 20]), min_size=1, max_size=9),
    st.sets(st.integers(0, 60), max_size=9),
)
def test_a_code_gives_the_points_of_its_cell_each_as_often(kinds, specials):
    first, points, atoms, may = written_out(kinds, specials)
    u = (np.arange(2100) + 0.5) / 2100  # a multiple of each number of points
    for code, wanted in enumerate(may):
        found = drawn_points(np.full(2100, code, np.int32), u, (first, points, atoms))
        values, held = np.unique(found, return_counts=True)
        assert values.tolist() == wanted
        assert (held == 2100 // len(wanted)).all()


def test_what_is_missing_has_no_point():
    cells = np.array([5], np.int64), np.array([3], np.int64), np.zeros(0, np.int64)
    codes, u = np.array([0, 1, 0], np.int32), np.array([0.0, 0.5, 1 - 2.0**-32])
    assert drawn_points(codes, u, cells).tolist() == [5, 0, 7]
    assert drawn_points(codes, u, (*(c[:0] for c in cells),)).tolist() == [0, 0, 0]

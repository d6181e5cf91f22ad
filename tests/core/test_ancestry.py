import pytest
from hypothesis import given
from hypothesis import strategies as st

from assaymark.core.ancestry import Ancestry, Parent, ancestry_of
from assaymark.errors import IntegrityError


def parent_of(name, ancestry=None):
    return Parent(
        manifest=f"m-{name}",
        name=name,
        candidate=f"c-{name}",
        source_commitment=f"s-{name}",
        signer="k",
        public="00",
        share="0",
        ancestry=ancestry or Ancestry(),
    )


def test_depth_is_one_more_than_the_deepest_and_rows_weigh_the_real_fraction():
    assert ancestry_of([]) == Ancestry(depth=1, real_fraction="1")
    child = ancestry_of([(parent_of("a"), 1.0)])
    assert (child.depth, child.real_fraction, child.parents[0].share) == (2, "0", "1")
    # 300 rows of a depth-1 release, 100 of a depth-2 one, 600 real: real fraction 0.6, depth 3
    mixed = ancestry_of([(parent_of("a"), 0.3), (parent_of("b", child), 0.1)])
    assert (mixed.depth, mixed.real_fraction) == (3, "0.6")
    assert [p.name for p in mixed.every()] == ["a", "b", "a"]
    mixed.check("c-new")


@given(st.lists(st.integers(1, 1000), max_size=4), st.integers(0, 1000))
def test_every_combination_checks_and_reads_back(rows, real):
    total = sum(rows) + real
    made = ancestry_of((parent_of(str(i)), n / total) for i, n in enumerate(rows))
    made.check("new")
    assert Ancestry.parse(made.canonical()) == made
    assert float(made.real_fraction) <= (real / total if total else 1) + 1e-9


def test_what_does_not_follow_from_the_parents_is_refused():
    honest = ancestry_of([(parent_of("a"), 0.5)])
    for update, why in (
        ({"depth": 1}, "depth 1, its parents give 2"),
        ({"real_fraction": "0.9"}, "do not add up"),
        ({"real_fraction": "NaN"}, "not a share"),
        ({"real_fraction": "some"}, "not a share"),
    ):
        with pytest.raises(IntegrityError, match=why):
            honest.model_copy(update=update).check()
    inner = honest.parents[0].model_copy(update={"ancestry": Ancestry(depth=7)})
    deep = ancestry_of([(inner, 1.0)])
    with pytest.raises(IntegrityError, match="depth 7"):
        deep.check()


def test_a_circle_is_refused():
    child = ancestry_of([(parent_of("a"), 1.0)])
    with pytest.raises(IntegrityError, match="circle: a is its own ancestor"):
        child.check("c-a")
    again = ancestry_of([(parent_of("a", ancestry_of([(parent_of("b", child), 1.0)])), 1.0)])
    with pytest.raises(IntegrityError, match="circle"):
        again.check()

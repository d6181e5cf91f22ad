import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assaymark.core.document import sha256
from assaymark.core.people import APPROVERS, ROLES, Approval, Person, PersonKey, RoleFile, lacking
from assaymark.errors import IntegrityError


def key_of(i):
    public = bytes([i]) * 32
    return PersonKey(id=sha256(public), public=public.hex())


def person(i, *roles, keys=1):
    return Person(
        id=f"person-{i:016x}", keys=tuple(key_of(i + 40 * k) for k in range(keys)), roles=roles
    )


def file_of(*persons, **more):
    plain = {"version": 1, "expires": "2030-01-01", "threshold": 1, "root": (persons[0].id,)}
    return RoleFile.model_validate({**plain, **more, "persons": persons})


def says(who, role, outcome="approve", key=0):
    approval = Approval(
        decision="d",
        words="w",
        role=role,
        outcome=outcome,
        reason="because",
        conflict="none",
        made_at="2026-11-25",
    )
    return who.keys[key].id, approval


MAKER, ANN, BEN = person(1, "ml_owner", "privacy"), person(2, "privacy"), person(3, "domain")
AUTHOR = MAKER.keys[0].id


def test_the_author_cannot_approve_in_any_role():
    people = file_of(MAKER, ANN)
    assert lacking(people, AUTHOR, [says(MAKER, "privacy")], {})
    assert lacking(people, AUTHOR, [says(ANN, "privacy")], {}) == ()


def test_two_keys_of_one_person_count_once():
    twice = person(2, "privacy", "domain", keys=2)
    people = file_of(MAKER, twice, BEN)
    both = [says(twice, "privacy"), says(twice, "domain", key=1)]
    assert len(lacking(people, AUTHOR, both, {"privacy": 2})) == 1
    assert lacking(people, AUTHOR, both, {"privacy": 1, "domain": 1}) == (
        "an approval by privacy is missing",
    ) or lacking(people, AUTHOR, both, {"privacy": 1, "domain": 1}) == (
        "an approval by domain is missing",
    )
    assert lacking(people, AUTHOR, [*both, says(BEN, "domain")], {"privacy": 1, "domain": 1}) == ()


def test_the_last_word_of_a_person_counts_and_a_rejection_blocks():
    people = file_of(MAKER, ANN, BEN)
    no = [says(ANN, "privacy"), says(BEN, "domain", "reject")]
    assert "reject" in lacking(people, AUTHOR, no, {})[0]
    assert lacking(people, AUTHOR, [*no, says(BEN, "domain")], {}) == ()
    assert (
        "request changes"
        in lacking(
            people, AUTHOR, [says(ANN, "privacy"), says(ANN, "privacy", "request_changes")], {}
        )[0]
    )


def test_strangers_and_roles_that_one_does_not_have_do_not_count():
    people = file_of(MAKER, ANN)
    assert lacking(people, AUTHOR, [says(BEN, "domain")], {})
    assert lacking(people, AUTHOR, [says(ANN, "data_owner")], {})


people_of = st.lists(
    st.lists(st.sampled_from(ROLES), unique=True, max_size=3), min_size=1, max_size=5
).map(lambda roles: [person(i + 2, *r) for i, r in enumerate(roles)])


@given(
    people_of,
    st.dictionaries(st.sampled_from(ROLES), st.integers(1, 2), max_size=3),
    st.data(),
)
def test_enough_means_that_distinct_persons_fill_every_place(others, needed, data):
    people = file_of(MAKER, *others)
    able = [p for p in others if p.roles]
    chosen = data.draw(st.lists(st.sampled_from(able), unique=True)) if able else []
    signed = [says(p, p.roles[0]) for p in chosen]
    slots = [{r} for r, n in needed.items() for _ in range(n)] or [set(APPROVERS)]
    brute = any(
        all(set(p.roles) & s for p, s in zip(order, slots, strict=True))
        for order in itertools.permutations(chosen, len(slots))
    )
    assert (lacking(people, AUTHOR, signed, needed) == ()) == brute


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"persons": (MAKER, MAKER)}, "twice"),
        ({"persons": (MAKER, person(1, "domain").model_copy(update={"id": ANN.id}))}, "key"),
        ({"persons": (MAKER, person(2, "domain", "domain"))}, "role twice"),
        ({"root": ("person-ffffffffffffffff",)}, "not among"),
        ({"root": (MAKER.id, MAKER.id)}, "twice"),
        ({"threshold": 2}, "must sign"),
        ({"expires": "soon"}, "not a date"),
    ],
)
def test_a_role_file_that_does_not_hold_together_is_refused(change, said):
    with pytest.raises(IntegrityError, match=said):
        file_of(MAKER).model_copy(update=change).check()


def test_root_persons_are_counted_not_their_keys():
    double = person(2, "privacy", keys=2)
    file = file_of(MAKER, double, root=(MAKER.id, double.id), threshold=2)
    with pytest.raises(IntegrityError, match="signed by 1"):
        file.check_signed([k.id for k in double.keys])
    file.check_signed([AUTHOR, double.keys[1].id])

"""What is learnt of how identifiers are written, and that nobody's own way of writing stays."""

import re
import uuid
from functools import partial

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.errors import InputError
from assaymark.generate.keys.pattern import Characters, Constant, Number, Pattern
from assaymark.generate.keys.pattern_fit import fit_patterns

DIGITS, LARGE = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def of(values):
    return fit_patterns(pl.Series("id", values, dtype=pl.String))


def drawn(many, low, high, seed=0):
    return (low + np.random.default_rng(seed).permutation(high - low)[:many]).tolist()


def said(pattern):
    return "".join(p.text for p in pattern.parts if isinstance(p, Constant))


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        # 1 to 900 runs on to its ends, which are rounded outwards: 891 + 10 is below 1000
        ([str(i) for i in range(1, 901)], [Number(low=1, high=1000)]),
        ([f"PAT-{i:06d}" for i in range(1, 901)],
         [Constant(text="PAT-"), Number(low=1, high=1000, width=6)]),
        ([f"ENC{i:04d}/{17 + i % 4}" for i in range(10_000)],
         [Constant(text="ENC"), Number(low=1, high=10_000, width=4), Constant(text="/"),
          Number(low=10, high=30)]),
        ([f"2019{i:05d}" for i in drawn(500, 0, 10**5)],
         [Constant(text="2019"), Number(low=1, high=10**5, width=5)]),
        ([f"{i}7" for i in drawn(500, 10, 99)] + [f"{i}7" for i in drawn(89, 10, 99, 1)],
         [Characters(alphabet=DIGITS, width=2), Constant(text="7")]),
    ],
    ids=["counted", "padded", "with a year", "what all begin with", "what all end with"],
)  # fmt: skip
def test_runs_of_digits_are_numbers_between_what_all_have(values, parts):
    assert of(values) == (Pattern(parts=tuple(parts)),)


@pytest.mark.parametrize("n", [12, 300])
def test_a_uuid_keeps_its_version_and_variant(n):
    rng = np.random.default_rng(0)
    (found,) = of([str(uuid.UUID(bytes=rng.bytes(16), version=4)) for _ in range(n)])
    assert found.words == "UUIDs"
    assert said(found) == "--4--"
    texts = found.written(np.arange(50, dtype=np.uint64) * 10**15, lambda _: np.arange(50) * 7)
    assert all(str(uuid.UUID(t)) == t for t in texts)
    assert {uuid.UUID(t).version for t in texts} == {4}
    assert {uuid.UUID(t).variant for t in texts} == {uuid.RFC_4122}


def test_places_have_classes_and_lengths_their_shares():
    rng = np.random.default_rng(1)
    letters = ["".join(rng.choice(list(LARGE), 2)) for _ in range(800)]
    short = [f"{a}{i:03d}{a[::-1]}" for a, i in zip(letters[:200], drawn(200, 0, 999), strict=True)]
    (one,) = of(short)
    assert [p.words for p in one.parts] == ["2 capital letters", "3 digits", "2 capital letters"]
    hexes = [rng.bytes(4).hex() for _ in range(300)] + [rng.bytes(8).hex() for _ in range(100)]
    assert [(p.words, p.share) for p in of(hexes)] == [
        ("8 hexadecimal digits", 0.75),
        ("16 hexadecimal digits", 0.25),
    ]


@pytest.mark.parametrize(
    "values",
    [
        ["Meyer", "Smith", "Novak", "Rossi", "Silva", "Jones", "Brown", "Weber", "Klein", "Braun"],
        [f"seen {i} times by {'ab' * (i % 7)} and {'x' * (i % 13)}" for i in range(99)],
        [str(i) for i in range(9)],
        [f"{'9' * (i % 40)}{i}" for i in range(500)],
        [],
    ],
    ids=["words", "sentences", "nine values", "forty lengths", "nothing"],
)  # fmt: skip
def test_what_has_no_pattern_has_none(values):
    assert of(values) == ()


@pytest.mark.parametrize("rare", [1, 3, 9])
def test_what_few_have_leaves_no_trace(rare):
    """Planted: a prefix of their own, a number far off, another length, a strange sign."""
    plain = [f"PAT-{i:06d}" for i in drawn(1000, 0, 450_000)]
    clean = of(plain)
    for odd in (
        [f"VIP-{900_000 + i}" for i in range(rare)],
        [f"PAT-{i}99999999" for i in range(rare)],
        [f"PAT-{i:06d}-HIV" for i in range(rare)],
        [f"$AT-{i:06d}" for i in range(rare)],
    ):
        found = of(plain + odd)
        assert found == clean
        assert said(found[0]) == "PAT-"


def test_a_constant_needs_practically_everybody_and_ten_of_them():
    rows = [f"{'TUVW'[i % 4] if i % 10 == 0 else 'S'}-{i:03d}" for i in range(150)]
    assert of(rows)[0].parts[0] == Characters(alphabet=LARGE, width=1)  # four have each other
    few = [f"S-{i:03d}" for i in range(9)]
    assert of(few) == ()


@pytest.mark.parametrize("ends", [(3, 999_999_983), (47_111, 999_999_983)])
def test_ends_of_a_number_are_nobodys(ends):
    middle = drawn(800, 250_000, 650_000)
    (found,) = of([str(x) for x in (*middle, *ends)])
    assert found.parts == of([str(x) for x in middle])[0].parts
    assert found.parts == (Number(low=200_000, high=700_000),)


def test_texts_about_the_digits_that_enough_have_stay_with_their_shares():
    words = ["RAD-"] * 50 + ["LAB-"] * 30 + ["X"] * 19 + ["OOPS/"]
    rows = [f"{words[i % 100]}{x:05d}" for i, x in enumerate(drawn(1000, 0, 10**5))]
    found = of(rows)
    said = [(p.parts[0].text, p.parts[1].words, p.share) for p in found]
    digits = "5 digits"
    assert said == [("RAD-", digits, 0.51), ("LAB-", digits, 0.3), ("X", digits, 0.19)]
    assert [p.about for p in found] == ["RAD-0", "LAB-0", "X0"]


def test_letters_from_a_to_f_are_not_hexadecimal_where_no_digit_is_among_them():
    rows = [f"{'AB'[i % 2]}{x:04d}" for i, x in enumerate(drawn(14, 0, 10**4))]
    assert of(rows)[0].parts[0] == Characters(alphabet=LARGE, width=1)  # seven have each
    rows = [
        f"{'ABCDEFABCDEF'[i % 12]}{'GH'[i % 2]}{x:04d}" for i, x in enumerate(drawn(240, 0, 10**4))
    ]
    assert {p.parts[0].text for p in of(rows)} == {"AG", "BH", "CG", "DH", "EG", "FH"}


@pytest.mark.parametrize("seed", range(5))
def test_hexadecimal_digits_and_random_letters_have_no_texts_about_them(seed):
    rng = np.random.default_rng(seed)
    hexes = [rng.bytes(4).hex() for _ in range(2000)]
    assert [p.words for p in of(hexes)] == ["8 hexadecimal digits"]
    plates = ["".join(rng.choice(list(LARGE), 3)) + f"{x:03d}" for x in rng.integers(0, 1000, 2000)]
    assert [p.words for p in of(list(dict.fromkeys(plates)))] == ["3 capital letters, 3 digits"]


PIECE = st.one_of(
    st.tuples(st.sampled_from(["[A-Z]", "[a-z]", "[0-9]", "[0-9a-f]"]), st.integers(1, 5)),
    st.tuples(st.sampled_from(["[-]", "[/]", "[.]", "[K]", "[s]", "[7]"]), st.just(1)),
)


def letters_of(piece):
    return [chr(c) for c in range(128) if re.fullmatch(piece, chr(c))]


@given(
    shape=st.lists(PIECE, min_size=1, max_size=5), seed=st.integers(0, 999), n=st.integers(1, 99)
)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_of_the_shape_that_was_shown_and_differs(shape, seed, n):
    """Of 400 values no class of characters looks like a narrower one: at most (3/8)^400."""
    rng = np.random.default_rng(seed)
    columns = [rng.choice(letters_of(piece), 400) for piece, many in shape for _ in range(many)]
    values = list(dict.fromkeys(map("".join, zip(*columns, strict=True))))
    for pattern in of(values):
        room = min(n, pattern.capacity)
        places = np.arange(room, dtype=np.uint64) * np.uint64(pattern.capacity // room)
        texts = pattern.written(places, partial(np.add, places, dtype=np.uint64)).to_list()
        assert len(set(texts)) == room
        regex = "".join(f"{piece}{{{many}}}" for piece, many in shape)
        assert all(re.fullmatch(regex, t) for t in texts)


def test_a_pattern_without_room_gets_a_digit_more():
    pattern = Pattern(parts=(Constant(text="P"), Number(low=1, high=100, width=2)))
    assert pattern.roomy(99) == pattern
    wide = pattern.roomy(100)
    assert wide.parts == (Constant(text="P"), Number(low=1, high=1000, width=3))
    hexes = Pattern(parts=(Characters(alphabet="0123456789abcdef", width=2),))
    assert hexes.roomy(257).parts == (Characters(alphabet="0123456789abcdef", width=3),)


def test_whole_numbers_have_no_more_digits_than_64_bits_hold_and_too_many_are_refused():
    full = Pattern(parts=(Constant(text="123"), Number(low=0, high=10**15, width=15)))
    freed = full.roomy(10**16, whole=True)
    assert freed.digits == 18
    assert freed.parts[0] == Constant(text="12")
    with pytest.raises(InputError, match="cannot differ"):
        full.roomy(10**18, whole=True)

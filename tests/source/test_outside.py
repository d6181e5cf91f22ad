"""Numbers of the outside world are known by check digits; each is made here by another rule."""

import random

import polars as pl
import pytest

from assaymark.source.outside import outside_number

DIGITS = "0123456789"


def texts(make, n=200, seed=0):
    rng = random.Random(seed)
    return pl.Series([make(rng) for _ in range(n)], dtype=pl.String)


def digits(rng, n):
    return "".join(rng.choices(DIGITS, k=n))


def completed(begin, right):
    """Return ``begin`` with the one digit more that makes it right."""
    return next((begin + d for d in DIGITS if right(begin + d)), None)


def luhn(text):
    total = 0
    for i, d in enumerate(map(int, reversed(text))):
        total += sum(divmod(2 * d, 10)) if i % 2 else d
    return total % 10 == 0


def weighed(weights, modulus):
    return lambda text: sum(w * int(d) for w, d in zip(weights, text, strict=True)) % modulus == 0


def until(rng, n, right):
    while True:
        found = completed(digits(rng, n), right)
        if found is not None:
            return found


@pytest.mark.parametrize(
    ("right", "n", "begin"),
    [
        (luhn, 15, ""),
        (lambda t: luhn("80840" + t), 8, "1"),
        (weighed(range(10, 0, -1), 11), 9, ""),
        (weighed((9, 8, 7, 6, 5, 4, 3, 2, -1), 11), 8, ""),
        (weighed((1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), 10), 10, ""),
        (lambda t: luhn(t[-10:]), 9, "19"),
    ],
    ids=["card", "provider", "health service", "eleven", "national", "with a century"],
)
def test_a_right_check_digit_says_a_number_of_the_outside(right, n, begin):
    made = texts(lambda rng: until(rng, n, lambda t: right(begin + t)))
    assert "check digit" in outside_number(begin + made)


def turned(text):
    """Verhoeff's scheme with the tables that are printed everywhere."""
    rest = 0
    for i, d in enumerate(map(int, reversed(text))):
        rest = TIMES[rest][TURNED[i % 8][d]]
    return rest == 0


TIMES = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
TURNED = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip
TIMES, TURNED = (tuple(tuple(map(int, row)) for row in table) for table in (TIMES, TURNED))


def chained(text):
    """ISO 7064 mod 11,10: 86095742719 is the published example of the German tax number."""
    product = 10
    for d in map(int, text[:-1]):
        summed = (d + product) % 10
        product = (summed if summed else 10) * 2 % 11
    return (11 - product) % 10 == int(text[-1])


def test_the_rules_of_this_file_are_those_that_are_printed():
    assert turned("2363")
    assert chained("86095742719")
    assert luhn("4111111111111111")


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda rng: until(rng, 11, turned), "a national number"),
        (lambda rng: until(rng, 10, chained), "a tax number"),
        (
            lambda rng: (n := "1" + digits(rng, 12)) + f"{97 - int(n) % 97:02d}",
            "a social security number",
        ),
    ],
    ids=["Verhoeff", "mod 11,10", "mod 97"],
)
def test_other_check_digits_say_it_too(make, what):
    assert outside_number(texts(make)) == f"{what}: the check digit is right"


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("AB 12 34 56 C", "national insurance"),
        ("RSSMRA85T10A562S", "tax code"),
        ("MORGA753116SM9IJ", "driving licence"),
        ("1EG4-TE5-MK73", "health insurance"),
        ("1HGCM82633A004352", "vehicle"),
        ("310185-123A", "birthday"),
        ("11010519491231002X", "national number"),
        ("DE89370400440532013000", "IBAN"),
        ("123-45-6789", "social security"),
        ("anna@example.org", "e-mail"),
    ],
)
def test_a_shape_says_it(value, what):
    assert what in outside_number(pl.Series([value] * 3))


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: digits(rng, 10),
        lambda rng: digits(rng, 16),
        lambda rng: digits(rng, 9),
        lambda rng: f"ENC{digits(rng, 6)}",
        lambda rng: f"{rng.getrandbits(64):016x}",
        lambda rng: "A" + "".join(rng.choices("BCDEFGHJKLMNPRSTUVWXYZ0123456789", k=15)),
        lambda rng: "20230115-" + digits(rng, 4),
        lambda rng: str(rng.randrange(10**6)),
    ],
)
def test_numbers_of_a_tables_own_making_are_none(make):
    assert outside_number(texts(make)) is None


def test_uuids_and_nothing_are_none():
    assert outside_number(pl.Series(["001f4a87-70d0-435c-a4b9-1425f6928d33"])) is None
    assert outside_number(pl.Series([], dtype=pl.String)) is None

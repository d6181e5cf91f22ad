"""Boundary, spelt: seeds and counts of real people in English words, and rates as fractions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assaymark.release.boundary.leak import Leak

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["fraction_of_few", "number_of", "spelt_of"]

UNITS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
TEENS = ("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen")
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
VALUES = {
    "zero": 0,
    **{word: n for n, word in enumerate((*UNITS, *TEENS, "nineteen"), 1)},
    **{word: 10 * n for n, word in enumerate(TENS, 2)},
}
SCALES = {"thousand": 1_000, "million": 1_000_000}
ONE_OF = "|".join([*VALUES, "hundred", *SCALES])
IN_WORDS = rf"(?:{'|'.join(VALUES)})(?:(?:-| and | )(?:{ONE_OF}))*"
SPELT_SEED = re.compile(
    rf"(?<!public )\b(?:random )?seed\s+(?:is|was|set to|=|:)\s+{IN_WORDS}(?=\s*(?:[.,;:)|\n<]|$))"
)
SPELT_COUNT = re.compile(
    rf"(?<!about )\b(?P<n>{IN_WORDS})\s+(?:rows|records|persons|people|patients|individuals|"
    r"subjects|participants)\s+(?:(?:were|are|was)\s+)?(?:in|of|from)\s+(?:the\s+)?"
    r"(?:source|training|train|holdout|real|original|cohort)\b"
)
SPELT_FEW = re.compile(
    r"(?<![\w.,/])\d\s?(?:/|of|out of)\s?(?:the\s+)?[1-9]\s+"
    r"(?:patients|people|persons|individuals|subjects|participants)\b"
)
FEW = re.compile(r"\s*\d\s*/\s*[1-9]\s*")
MOST_DIGITS = 2


def spelt_of(path: str, shown: str, low: str) -> Iterator[Leak]:
    """Yield what a text gives away in words; ``low`` is ``shown`` in lower case."""
    seed = SPELT_SEED.search(low)
    if seed:
        yield Leak("seed", path, repr(shown[seed.start() : seed.end()][:60]))
    for count in SPELT_COUNT.finditer(low):
        if len(str(number_of(count["n"])).rstrip("0")) > MOST_DIGITS:
            yield Leak("exact count", path, repr(shown[count.start() : count.end()][:60]))
            break
    few = SPELT_FEW.search(low)
    if few:
        yield Leak("small cell", path, repr(shown[few.start() : few.end()][:60]))


def number_of(words: str) -> int:
    """Return the number that English words say."""
    whole = part = 0
    for word in re.findall(r"[a-z]+", words):
        if word in SCALES:
            whole, part = whole + max(part, 1) * SCALES[word], 0
        elif word == "hundred":
            part = max(part, 1) * 100
        else:
            part += VALUES.get(word, 0)
    return whole + part


def fraction_of_few(value: object) -> bool:
    """Whether a rate is written as so many of fewer than ten."""
    return isinstance(value, str) and bool(FEW.fullmatch(value))

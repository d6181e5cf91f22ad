"""Pattern fit: how the values of an identifier are written, learnt such that no value is held."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from assaymark.generate.keys.pattern import Characters, Constant, Number, Pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.generate.keys.pattern import Part

__all__ = ["FEWEST", "fit_patterns"]

FEWEST = 10
"""Different values that stand behind each constant, each end of a number and each length."""

_ALL = 0.98  # practically everybody
_SURE = 50  # values from which on each place has a class of its own
_LENGTHS, _MOST_WORDS, _SHARE = 4, 8, 0.02
_DIGITS = 17
_NUMBERED = 0.9  # of values with a digit: else they are words
_DIGIT, _LARGE, _SMALL = string.digits, string.ascii_uppercase, string.ascii_lowercase
_VARIANTS = ("89ab", "89AB")  # of UUIDs, RFC 9562 section 4.1
_CLASSES = (
    _DIGIT,
    *_VARIANTS,
    _DIGIT + "abcdef",
    _DIGIT + "ABCDEF",
    _LARGE,
    _SMALL,
    _DIGIT + _LARGE,
    _DIGIT + _SMALL,
    _LARGE + _SMALL,
    _DIGIT + _LARGE + _SMALL,
    _DIGIT + _LARGE + _SMALL + "-_",
)
_PART = re.compile(r"0|a+|[^0a]+")


def fit_patterns(values: pl.Series) -> tuple[Pattern, ...]:
    """Return how ``values``, texts that differ from each other, are written; empty if in no way.

    A character stays where practically everybody (98 %) has it, ``FEWEST`` at least; any other is
    one of its class. Of a few texts about the digits, such as "RAD-" and "LAB-", each that a
    fiftieth of the values have, ``FEWEST`` at least, has a pattern. Ends of a number are those
    beyond which ``FEWEST`` lie, rounded outwards to one digit. What fewer have leaves no trace.
    Words without a number in them have no pattern.
    """
    values = values.drop_nulls().unique(maintain_order=True)
    n = values.len()
    if n < FEWEST or int(values.str.contains(r"\d").sum()) < _NUMBERED * n:
        return ()
    several = _by_words(values)
    if several:
        return several
    parts = _in_runs(values)
    if parts is not None:
        return (Pattern(parts=parts),) if any(p.radices for p in parts) else ()
    return _by_length(values)


def _by_words(values: pl.Series) -> tuple[Pattern, ...]:
    """Return one pattern for each text that stands about the digits, such as "RAD-" and "LAB-".

    Where there are a few such, each of values enough; empty else, as of hexadecimal digits.
    """
    about = values.str.replace_all(r"[0-9]+", "0")
    many = about.value_counts().filter(pl.col("count") >= max(FEWEST, _SHARE * values.len()))
    kept = dict(many.sort(["count", about.name], descending=[True, False]).iter_rows())
    total = sum(kept.values())
    if not 1 < len(kept) <= _MOST_WORDS or not _enough(total, values.len()):
        return ()
    found = {w: _in_runs(values.filter(about == w)) if "0" in w else None for w in kept}
    if any(parts is None or not any(p.radices for p in parts) for parts in found.values()):
        return ()
    return tuple(
        Pattern(parts=parts or (), share=float(f"{kept[w] / total:.2g}"))
        for w, parts in found.items()
    )


def _in_runs(values: pl.Series) -> tuple[Part, ...] | None:
    """Return the parts of values that are runs of digits between the same letters and signs."""
    drawn = values.str.replace_all(r"[A-Za-z]", "a").str.replace_all(r"[0-9]+", "0")
    shape, kept = _commonest(drawn)
    if "0" not in shape or not _enough(kept, values.len()):
        return None
    pieces = _PART.findall(shape)
    pattern = "".join(f"({_regex(piece)})" for piece in pieces)
    found = values.filter(drawn == shape)
    parts: list[Part] = []
    for i, piece in enumerate(pieces):
        run = found.str.extract(f"^{pattern}$", i + 1)
        made = _of_digits(run) if piece == "0" else _in_places(run)
        if made is None:
            return None
        parts += made
    return tuple(_joined(parts))


def _regex(piece: str) -> str:
    if piece == "0":
        return "[0-9]+"
    return f"[A-Za-z]{{{len(piece)}}}" if piece[0] == "a" else re.escape(piece)


def _of_digits(run: pl.Series) -> list[Part] | None:
    """Return the parts of a run of digits: what all begin with, and a number."""
    size = run.str.len_chars()
    said, kept = _commonest(size.cast(pl.String))
    width = int(said)
    zeros = run.str.starts_with("0") & (size > 1)
    if not _enough(kept, run.len()):
        few = int(zeros.sum()) <= (1 - _ALL) * run.len()
        plain = run.filter(~zeros)
        short = int(str(plain.str.len_chars().max() or 0)) <= _DIGITS
        return [_number(plain, width=0)] if few and short else None
    run = run.filter(size == width)
    begin = _begin(run, width)
    if begin is None or width - len(begin) > _DIGITS:
        return _in_places(run)
    if len(begin) == width:
        return [Constant(text=begin)]
    rest = run.filter(run.str.starts_with(begin)).str.slice(len(begin))
    number = _number(rest, width=width - len(begin))
    if begin:
        return [Constant(text=begin), number]
    return [number if number.low < 10 ** (width - 1) else replace(number, width=0)]


def _begin(run: pl.Series, width: int) -> str | None:
    """Return the digits that all begin with, but for zeros before a number.

    ``None`` where a digit further on is everybody's, too.
    """
    said = [_constant(run.str.slice(i, 1)) for i in range(width)]
    first = next((i for i, c in enumerate(said) if c is None), width)
    if first < width and any(said[first:]):
        return None
    begin = "".join(c for c in said[:first] if c is not None)
    return begin if begin.strip("0") else ""


def _number(run: pl.Series, width: int) -> Number:
    """Return the number that runs of digits are, of ``width`` digits each where that is not 0."""
    x = run.cast(pl.Int64).sort()
    full = width > 0 and int(run.str.starts_with("0").sum()) <= (1 - _ALL) * x.len()
    least = 10 ** (width - 1) if full and width > 1 else 1
    if x.len() < 2 * FEWEST:
        return Number(low=least, high=10 ** (width or len(str(x[x.len() // 2]))), width=width)
    low, high = int(x[FEWEST - 1]), int(x[-FEWEST])
    beyond = FEWEST * (high - low) // (x.len() - 2 * FEWEST + 1)  # where the ends may well be
    low, high = max(1, low - beyond), high + beyond
    low = low - low % _tens(low) if low * 100 >= high else 1
    high += _tens(high) - high % _tens(high)
    return Number(low=max(least, low), high=min(high, 10**width) if width else high, width=width)


def _tens(x: int) -> int:
    """Return the power of ten that a number's first digit counts."""
    return int(10 ** (len(str(x)) - 1))


def _by_length(values: pl.Series) -> tuple[Pattern, ...]:
    """Return one pattern for each length that enough values have; empty if these are too many."""
    sizes = values.str.len_chars()
    many = sizes.value_counts().filter(pl.col("count") >= max(FEWEST, _SHARE * values.len()))
    kept = dict(many.sort(sizes.name).iter_rows())
    total = sum(kept.values())
    if len(kept) > _LENGTHS or not _enough(total, values.len()):
        return ()
    found = {n: _in_places(values.filter(sizes == n)) for n in kept}
    if any(parts is None or not any(p.radices for p in parts) for parts in found.values()):
        return ()
    return tuple(
        Pattern(parts=tuple(_joined(parts or [])), share=float(f"{kept[n] / total:.2g}"))
        for n, parts in found.items()
    )


def _in_places(run: pl.Series) -> list[Part] | None:
    """Return a part for each place of texts of one length; ``None`` where a place has no class."""
    width = int(str(run.str.len_chars().max()))
    places = [run.str.slice(i, 1) for i in range(width)]
    said = [_constant(p) for p in places]
    free = [p for p, c in zip(places, said, strict=True) if c is None]
    common = _class(pl.concat(free)) if free and run.len() < _SURE else None
    parts: list[Part] = []
    for place, constant in zip(places, said, strict=True):
        if constant is not None:
            parts.append(Constant(text=constant))
            continue
        own = _class(place)
        kind = own if own in _VARIANTS else common or own
        if kind is None:
            return None
        parts.append(Characters(alphabet=kind, width=1))
    return parts


def _constant(place: pl.Series) -> str | None:
    value, kept = _commonest(place)
    return value if _enough(kept, place.len()) else None


def _class(place: pl.Series) -> str | None:
    """Return the least class of characters that practically all of a place are in.

    Where there is no digit at all, letters from a to f are letters and not hexadecimal.
    """
    counts = dict(place.value_counts().iter_rows())
    enough = _ALL * place.len()
    letters = not any(x in _DIGIT for x in counts)
    classes = (c for c in _CLASSES if not (letters and set(c) & set(_DIGIT)))
    return next((c for c in classes if sum(counts.get(x, 0) for x in c) >= enough), None)


def _commonest(values: pl.Series) -> tuple[str, int]:
    """Return the commonest text, the first of several, and how often it is there."""
    counts = values.value_counts().sort(["count", values.name], descending=[True, False])
    return str(counts[values.name][0]), int(counts["count"][0])


def _enough(kept: int, n: int) -> bool:
    return kept >= FEWEST and kept >= _ALL * n


def _joined(parts: list[Part]) -> Iterator[Part]:
    """Yield the parts, neighbours of a kind as one."""
    last: Part | None = None
    for part in parts:
        if isinstance(last, Constant) and isinstance(part, Constant):
            last = Constant(text=last.text + part.text)
        elif (
            isinstance(last, Characters)
            and isinstance(part, Characters)
            and last.alphabet == part.alphabet
        ):
            last = replace(last, width=last.width + part.width)
        else:
            if last is not None:
                yield last
            last = part
    if last is not None:
        yield last

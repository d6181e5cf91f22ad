"""Pattern: how the values of an identifier are written, and any of them by its number."""

from __future__ import annotations

import math
import re
import string
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl

from assaymark.errors import InputError
from assaymark.generate.keys.permutation import MOST

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["MOST_DIGITS", "Characters", "Constant", "Number", "Pattern"]

MOST_DIGITS = 18
"""Digits of a whole number that 64 bits hold whatever they are."""

Words: TypeAlias = "Callable[[int], NDArray[np.uint64]]"
_UUID = re.compile(r"[0-9a-fA-Fx]{8}-(?:[0-9a-fA-Fx]{4}-){3}[0-9a-fA-Fx]{12}")
_NAMES = {
    "0123456789": "digit",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ": "capital letter",
    "abcdefghijklmnopqrstuvwxyz": "small letter",
    "0123456789abcdef": "hexadecimal digit",
    "0123456789ABCDEF": "hexadecimal digit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """What everybody's identifier has in this place."""

    text: str

    @property
    def radices(self) -> tuple[int, ...]:
        """How many values each of its places can have."""
        return ()

    @property
    def words(self) -> str:
        """The part in words."""
        return f'"{self.text}"'

    @property
    def digits(self) -> int:
        """How many digits it has; 0 where it has anything else."""
        return len(self.text) if re.fullmatch("[0-9]+", self.text) else 0

    def wider(self) -> Constant:
        """Return the part with more values, which a constant has not."""
        return self

    def written(self, _: list[NDArray[np.uint64]], n: int) -> pl.Series:
        """Return ``n`` texts."""
        return pl.Series([self.text], dtype=pl.String).new_from_index(0, n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Characters:
    """``width`` characters, each of ``alphabet``."""

    alphabet: str
    width: int

    @property
    def radices(self) -> tuple[int, ...]:
        """How many values each of its places can have."""
        return (len(self.alphabet),) * self.width

    @property
    def words(self) -> str:
        """The part in words."""
        many = "s" if self.width > 1 else ""
        return f"{self.width} {_NAMES.get(self.alphabet, 'character')}{many}"

    @property
    def digits(self) -> int:
        """How many digits it has; 0 where it may have anything else."""
        return self.width if self.alphabet == string.digits else 0

    def wider(self) -> Characters:
        """Return the part with a character more."""
        return replace(self, width=self.width + 1)

    def written(self, digits: list[NDArray[np.uint64]], _: int) -> pl.Series:
        """Return texts, of the numbers of their characters."""
        known = np.array(list(self.alphabet), dtype="<U1")
        cells = np.stack([known[d.astype(np.int64)] for d in digits], axis=1)
        texts = np.ascontiguousarray(cells).view(f"<U{self.width}").ravel()
        return pl.Series(texts.tolist(), dtype=pl.String)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A whole number from ``low`` to below ``high``, zeros before it up to ``width`` digits."""

    low: int
    high: int
    width: int = 0

    @property
    def radices(self) -> tuple[int, ...]:
        """How many values it can have."""
        return (self.high - self.low,)

    @property
    def words(self) -> str:
        """The part in words."""
        if self.width:
            return f"{self.width} digit{'s' if self.width > 1 else ''}"
        few, many = len(str(self.low)), len(str(self.high - 1))
        if few < many:
            return f"{few} to {many} digits"
        return f"{few} digit{'s' if few > 1 else ''}"

    @property
    def digits(self) -> int:
        """How many digits it has at most."""
        return max(self.width, len(str(self.high - 1)))

    def wider(self) -> Number:
        """Return the part with a digit more."""
        high = self.high * 10
        return replace(self, high=high, width=self.width and max(self.width, len(str(high - 1))))

    def written(self, digits: list[NDArray[np.uint64]], _: int) -> pl.Series:
        """Return texts, of what each number is above the least."""
        text = pl.Series(digits[0].astype(np.int64) + self.low).cast(pl.String)
        return text.str.zfill(self.width) if self.width else text


Part: TypeAlias = Constant | Characters | Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Parts that stand one after the other, such as "PAT-" and six digits, and what they say.

    Attributes
    ----------
    parts
        Numbers of variable width never touch a part that begins or ends with a digit, so that each
        text can be read in one way only.
    share
        Share of the column's values that are written so, in (0, 1].
    """

    parts: tuple[Part, ...]
    share: float = 1.0

    @property
    def size(self) -> int:
        """How many texts there are."""
        return math.prod(r for p in self.parts for r in p.radices)

    @property
    def capacity(self) -> int:
        """How many of them can be told apart by their number, see :meth:`written`."""
        return math.prod(self._radices()[i] for i in self._counted())

    @property
    def words(self) -> str:
        """The pattern in words."""
        drawn = [p.text if isinstance(p, Constant) else "x" * len(p.radices) for p in self.parts]
        if _UUID.fullmatch("".join(drawn)):
            return "UUIDs"
        return ", ".join(p.words for p in self.parts)

    @property
    def digits(self) -> int:
        """How many digits the longest text has; 0 where it has anything else."""
        return sum(p.digits for p in self.parts) if all(p.digits for p in self.parts) else 0

    @property
    def about(self) -> str | None:
        """The texts about the runs of digits; ``None`` where anything else is drawn."""
        if not all(isinstance(p, Constant) or p.digits for p in self.parts):
            return None
        drawn = (p.text if isinstance(p, Constant) else "0" for p in self.parts)
        return re.sub("[0-9]+", "0", "".join(drawn))

    def roomy(self, n: int, *, whole: bool = False) -> Pattern:
        """Return the pattern, its last part widened by as many digits as ``n`` texts need.

        Where texts are to be ``whole`` numbers and have as many digits as these can, digits that
        all have in common give way, the last first.
        """
        if self.capacity >= n:
            return self
        last = max(i for i, p in enumerate(self.parts) if p.radices)
        wider = (*self.parts[:last], self.parts[last].wider(), *self.parts[last + 1 :])
        found = replace(self, parts=wider)
        if whole and found.digits > MOST_DIGITS:
            found = self._freed(n)
        return found.roomy(n, whole=whole)

    def _freed(self, n: int) -> Pattern:
        """Return the pattern without the last digit that all have in common, but for the first."""
        for i, part in reversed([*enumerate(self.parts)]):
            if isinstance(part, Constant) and len(part.text) > (i == 0):
                left = [Constant(text=part.text[:-1])] if part.text[1:] else []
                free = Characters(alphabet=string.digits, width=1)
                return replace(self, parts=(*self.parts[:i], *left, free, *self.parts[i + 1 :]))
        raise InputError(
            f"{n} whole numbers of {self.words} cannot differ\n\nHint: ask for fewer rows, or "
            "leave identifiers out"
        )

    def written(self, places: NDArray[np.uint64], words: Words) -> pl.Series:
        """Return the texts of these numbers below :attr:`capacity`: others for other numbers.

        ``words(i)`` gives one random word a text for place ``i``: those beyond the capacity.
        """
        radices, counted = self._radices(), self._counted()
        digits: dict[int, NDArray[np.uint64]] = {}
        left = places
        for i in counted:
            radix = np.uint64(radices[i])
            left, digits[i] = left // radix, left % radix
        free = [i for i in range(len(radices)) if i not in digits]
        digits |= {i: words(at) % np.uint64(radices[i]) for at, i in enumerate(free)}
        texts, first = [], 0
        for part in self.parts:
            last = first + len(part.radices)
            texts.append(part.written([digits[i] for i in range(first, last)], len(places)))
            first = last
        named = {str(i): t for i, t in enumerate(texts)}
        return pl.DataFrame(named).select(pl.concat_str(pl.all())).to_series()

    def _radices(self) -> tuple[int, ...]:
        return tuple(r for p in self.parts for r in p.radices)

    def _counted(self) -> list[int]:
        """Return the places that tell texts apart: those of most values, as 62 bits hold."""
        radices, total = self._radices(), 1
        kept = []
        for i in sorted(range(len(radices)), key=lambda i: -radices[i]):
            if total * radices[i] <= MOST:
                kept.append(i)
                total *= radices[i]
        return sorted(kept)

"""Pattern: how the values of an identifier are written, and any of them by its number."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl

from assaymark.generate.permutation import MOST

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["Characters", "Constant", "Number", "Pattern"]

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
        return f"{few} to {many} digits" if few < many else f"{few} digits"

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

    def roomy(self, n: int) -> Pattern:
        """Return the pattern, its last part widened by as many digits as ``n`` texts need."""
        if self.capacity >= n:
            return self
        last = max(i for i, p in enumerate(self.parts) if p.radices)
        wider = (*self.parts[:last], self.parts[last].wider(), *self.parts[last + 1 :])
        return replace(self, parts=wider).roomy(n)

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

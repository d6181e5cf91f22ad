"""Numerals: a text that says the number beside it, judged where both are there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.schema import Column, Kind
from assaymark.generate.filling.reasons import Reason
from assaymark.generate.relations.wording import find_numerals, is_numeral, numeral

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.generate.filling.cell_table import CellTable

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["Numerals", "find_said"]

_SAME = 1e-14


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Numerals:
    """A column ``name`` beside the table's: which word ``said`` has, or that it has a number.

    Attributes
    ----------
    said, number
        The text, and the column whose numbers it says.
    numbers
        The number that each level of the text says, NaN of words.
    words
        The place in ``levels`` of each level of the text.
    levels
        The words, and last what stands for any number.
    own, place
        The numbers that have a level, sorted, and which.
    """

    name: str
    said: str
    number: str
    numbers: Floats
    words: Floats
    levels: tuple[str, ...]
    own: Floats
    place: Floats

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        return self.name, self.said, self.number

    @property
    def text(self) -> str:
        """What it says, in words."""
        return f"{self.said} says {self.number}"

    def says(self, cells: CellTable) -> Iterator[tuple[str, Floats]]:
        """Yield columns and what each must be in every row, NaN where that is not said."""
        word, said, number = (cells.values[c] for c in self.columns)
        last = len(self.levels) - 1.0
        there = np.where(np.isfinite(number), last, np.nan)
        yield self.name, np.where(np.isfinite(said), _at(self.words, said), there)
        of_word = np.full(len(self.levels), np.nan)
        is_word = np.isnan(self.numbers)
        of_word[self.words[is_word].astype(np.int64)] = np.flatnonzero(is_word)
        yield self.said, np.where(np.isfinite(number), self._written(number), _at(of_word, word))
        yield self.number, _at(self.numbers, said)

    def broken(self, cells: CellTable) -> Bools:
        """Return where the text says another number than is there, or one where a word is."""
        word, said, number = (cells.values[c] for c in self.columns)
        with np.errstate(invalid="ignore"):
            right = np.abs(_at(self.numbers, said) - number) <= _SAME * np.abs(number)
        wrong = np.isfinite(said) & np.isfinite(number) & ~right
        other = np.isfinite(said) & np.isfinite(word) & (_at(self.words, said) != word)
        return np.asarray(wrong | other, dtype=np.bool_)

    def column(self, cells: CellTable) -> Column:
        """Return what it holds."""
        del cells
        return Column(name=self.name, kind=Kind.CATEGORY)

    def nearest(self, cells: CellTable) -> Floats:
        """Return the numbers, drawn ones moved to the nearest that a text says."""
        values = cells.values[self.number]
        known = np.isfinite(values) & ~cells.known(self.said)
        at = np.clip(np.searchsorted(self.own, values), 1, max(len(self.own) - 1, 1))
        below, above = self.own[at - 1], self.own[np.minimum(at, len(self.own) - 1)]
        with np.errstate(invalid="ignore"):
            near = np.where(values - below <= above - values, below, above)
        return np.where(known, near, values)

    def reason(self, cells: CellTable) -> Reason:
        """Return that the number is missing wherever the text is a word."""
        written = np.isfinite(_at(self.numbers, cells.values[self.said]))
        there = float(cells.known(self.number)[written].mean()) if written.any() else 1.0
        levels = np.arange(len(self.levels), dtype=np.float64)
        return Reason(
            column=self.number,
            source=self.name,
            levels=levels[:-1],
            rest=levels[-1:],
            rate=1.0 - there,
        )

    def _written(self, number: Floats) -> Floats:
        """Return the level of the text that says each number, NaN where there is none."""
        at = np.minimum(np.searchsorted(self.own, number * (1 - _SAME)), len(self.own) - 1)
        tried = (np.maximum(at - 1, 0), at, np.minimum(at + 1, len(self.own) - 1))
        found = np.full(len(number), np.nan)
        for k in tried:
            with np.errstate(invalid="ignore"):
                right = np.abs(self.own[k] - number) <= _SAME * np.abs(number)
            found = np.where(right, self.place[k], found)
        return found


def find_said(
    dataset: Dataset, cells: CellTable, protect: int, anyway: Sequence[str]
) -> tuple[tuple[Numerals, ...], CellTable]:
    """Return the texts that say numbers; and the cells, with a level for each number that is there.

    A number is written as mostly in the text; one that never is, with as many decimals as most.
    """
    found: list[Numerals] = []
    for said, number in find_numerals(dataset, protect, gaps=True).items():
        if {said, number} & set(anyway):
            continue
        made, cells = _numerals(cells, said, number)
        found.append(made)
    return tuple(found), cells


def _numerals(cells: CellTable, said: str, number: str) -> tuple[Numerals, CellTable]:
    texts = [str(level) for level in cells.levels[said]]
    values = np.array([float(t) if is_numeral(t) else np.nan for t in texts])
    codes = cells.values[said]
    held = np.bincount(codes[np.isfinite(codes)].astype(np.int64), minlength=len(texts))
    decimals: dict[int, int] = {}
    for t, v, n in zip(texts, values.tolist(), held.tolist(), strict=True):
        if np.isfinite(v):
            length = len(t.partition(".")[2])
            decimals[length] = decimals.get(length, 0) + n
    usual = max(decimals, key=lambda d: decimals[d])
    numbers = cells.values[number]
    for v in np.setdiff1d(numbers[np.isfinite(numbers)], values).tolist():
        texts.append(numeral(v, usual))
        values = np.append(values, v)
    cells = replace(cells, levels={**cells.levels, said: tuple(texts)})
    often = np.append(held, np.zeros(len(texts) - len(held), dtype=np.int64))
    order = np.lexsort((-often, values))[: int(np.isfinite(values).sum())]
    own, first = np.unique(values[order], return_index=True)
    words = [t for t, v in zip(texts, values.tolist(), strict=True) if np.isnan(v)]
    place = {w: float(i) for i, w in enumerate(words)}
    made = Numerals(
        name=_unlike(f"{said} in words", list(cells.values)),
        said=said,
        number=number,
        numbers=values,
        words=np.array([place.get(t, float(len(words))) for t in texts]),
        levels=(*words, _unlike("a number", words)),
        own=own,
        place=order[first].astype(np.float64),
    )
    return made, cells


def _unlike(text: str, others: Sequence[str]) -> str:
    while text in others:
        text += "'"
    return text


def _at(table: Floats, codes: Floats) -> Floats:
    """Return what a table has at codes, NaN where these are."""
    known = np.isfinite(codes)
    return np.where(known, table[np.where(known, codes, 0).astype(np.int64)], np.nan)

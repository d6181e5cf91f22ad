"""Wording: a text that says the number beside it, and words where there is none."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.schema import Kind
from assaymark.generate.coding.levels import LevelCoding, persons_per_code
from assaymark.generate.relations.against import against
from assaymark.generate.relations.anchors import Anchor
from assaymark.generate.trees.known import target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.generate.coding.encoding import Encoded
    from assaymark.generate.trees.known import Target
    from assaymark.generate.trees.link import Link, Place

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = [
    "Worded",
    "Wording",
    "find_numerals",
    "is_numeral",
    "numeral",
    "wording",
    "words_alone",
]

_NUMERAL = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$"
_LEAST, _GLANCE, _SAME = 0.1, 2000, 1e-14
_FEWEST = 30  # rows with both, where there are gaps
_DECIMALS = 7  # 0 to 6
_BETTER, _EACH = 0.001, 3.0  # of all numbers, and persons a code, make a table worth it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Worded:
    """The values of a text that says a number: texts, and the words' codes."""

    codes: Codes
    text: pl.Series

    def take(self, kept: NDArray[np.int64]) -> Worded:
        """Return some of the rows."""
        return replace(self, codes=self.codes[kept], text=self.text.gather(kept))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wording:
    """A text that is a number written out wherever that is there, and a word elsewhere.

    Attributes
    ----------
    coding
        The words; "missing" is also the code of a number.
    number
        Place in the chain of the number.
    by, decimals
        Place of the column whose code says how many decimals there are at least, ``decimals``;
        -1 if ``decimals`` has one for all.
    otherwise
        Draws a word where there is no number; ``None`` if there are none.
    """

    coding: LevelCoding
    number: int
    by: int
    decimals: Codes
    otherwise: Link | None

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        """The number, as what it is made of."""
        return (Anchor(terms=((self.number, 1.0),)),)

    def draw(
        self, drawn: Codes, place: Place, inside: Floats, numbers: Mapping[int, Floats]
    ) -> Worded:
        """Write the numbers out, and draw words; see :meth:`Link.draw`.

        Parameters
        ----------
        numbers
            The number of each row, by its place in the chain; NaN where it is missing.
        """
        values = numbers[self.number]
        null = ~np.isfinite(values)
        codes = np.full(len(values), len(self.coding.levels), dtype=np.int32)
        which = np.flatnonzero(null)
        if self.otherwise is not None and len(which):
            words, u = np.empty(len(which), dtype=np.int32), np.empty(len(which))
            self.otherwise.draw(drawn[:, which], place.only(which), words, u)
            codes[which], inside[which] = words, u
        at = np.zeros(len(values), dtype=np.int64) if self.by < 0 else drawn[self.by]
        text = _written(np.where(null, 0.0, values), self.decimals[at])
        words_of = self.coding.decode(codes, np.zeros(0))
        text = pl.select(pl.when(pl.Series(null)).then(words_of).otherwise(text)).to_series()
        return Worded(codes=codes, text=text.alias(self.coding.column.name))


def _written(values: Floats, decimals: Codes) -> pl.Series:
    """Return numbers as texts, with at least so many decimals, and no others that say nothing."""
    out = np.empty(len(values), dtype=object)
    for d in np.unique(decimals).tolist():
        here = decimals == d
        distinct, at = np.unique(values[here], return_inverse=True)
        texts = [numeral(v, d) for v in distinct.tolist()]
        out[here] = np.array(texts, dtype=object)[at]
    return pl.Series(out.tolist(), dtype=pl.String)


def numeral(value: float, decimals: int) -> str:
    """Return the shortest text that says a number, with as many decimals at least."""
    text = np.format_float_positional(value + 0.0, unique=True, trim="-")
    whole, _, part = text.partition(".")
    return f"{whole}.{part.ljust(decimals, '0')}" if part or decimals else whole


def is_numeral(text: str) -> bool:
    """Whether a text is a number written out."""
    return re.fullmatch(_NUMERAL, text) is not None


def _own_decimals(value: float) -> int:
    """Return how many decimals the shortest text has that says a number."""
    return len(numeral(value, 0).partition(".")[2])


def find_numerals(dataset: Dataset, protect: int, *, gaps: bool = False) -> dict[str, str]:
    """Return the texts that say the number of another column, and that column, by name.

    Of the rows in which a number is there, the text says it in all but :func:`against`; and
    where the text is a numeral, of a tenth of all at least, it is there. What else the text says,
    such as "NEG" or "<0.1", is words. With ``gaps``, rows in which either is missing say nothing.
    """
    kinds = {c.name: c.kind for c in dataset.schema.columns}
    numbers = [n for n, k in kinds.items() if k in {Kind.INTEGER, Kind.DECIMAL}]
    found = {}
    texts = [n for n, k in kinds.items() if k is Kind.CATEGORY and n != dataset.target]
    for name in texts if numbers else ():
        text = dataset.frame[name]
        glance = text.drop_nulls().gather_every(len(text) // _GLANCE + 1)
        if _share(glance.str.contains(_NUMERAL)) < _LEAST:
            continue
        plain = text.str.contains(_NUMERAL).fill_null(value=False)
        said = pl.select(pl.when(plain).then(text)).to_series().cast(pl.Float64).to_numpy()
        if _persons(dataset, plain.to_numpy()) < 2 * protect or bool(
            (plain | text.is_null()).all()
        ):
            continue
        looked_at = text.is_not_null().to_numpy() if gaps else None
        number = next((n for n in numbers if _says(said, dataset.frame[n], looked_at)), None)
        if number is not None:
            found[name] = number
    return found


def _says(said: Floats, number: pl.Series, there: NDArray[np.bool_] | None) -> bool:
    """Whether a text says a number; of rows with a text ``there`` and a number, if that is told."""
    values = number.cast(pl.Float64).to_numpy()
    right = np.abs(said - values) <= _SAME * np.abs(values)
    if there is None:
        judged = np.isfinite(said) | np.isfinite(values)
    else:
        judged = there & np.isfinite(values)
        if right.sum() < _FEWEST:
            return False
    return bool(judged.sum() - right.sum() <= against(float(judged.sum())))


def _share(holds: pl.Series) -> float:
    return float(holds.sum()) / max(len(holds), 1)


def _persons(dataset: Dataset, rows: NDArray[np.bool_]) -> int:
    return int(rows.sum()) if dataset.persons is None else len(np.unique(dataset.persons[rows]))


def words_alone(dataset: Dataset, texts: Sequence[str]) -> Dataset:
    """Return the table with no numerals in these texts, missing in their place."""
    words = [pl.when(~pl.col(t).str.contains(_NUMERAL)).then(pl.col(t)).alias(t) for t in texts]
    return replace(dataset, frame=dataset.frame.with_columns(words))


def wording(
    dataset: Dataset,
    encoded: Encoded,
    columns: tuple[int, int],
    order: Sequence[int],
    how: tuple[int, int],
    grow: Callable[[Encoded, Target, NDArray[np.bool_]], Link],
) -> Wording:
    """Return what writes a text.

    Parameters
    ----------
    dataset
        The table with its numerals.
    encoded
        The table without.
    columns, order
        Places in the table of the text and its number, and of the columns drawn before it.
    how
        Persons who must stand behind words, and classes that pools tell apart.
    grow
        Grows the trees that draw words from some rows.
    """
    (text, number), (protect, classes) = columns, how
    names = dataset.schema.names
    values = dataset.frame[names[number]].cast(pl.Float64).to_numpy()
    there = (
        np.isfinite(values)
        & dataset.frame[names[text]].str.contains(_NUMERAL).fill_null(value=False).to_numpy()
    )
    by, decimals = _decimals(dataset.frame[names[text]], values, there, (encoded, order), protect)
    rest = ~np.isfinite(values) & ~encoded.redrawn[text]
    otherwise = None
    if len(np.unique(encoded.persons[rest])) >= 2 * protect:
        here = encoded.only(rest)
        otherwise = grow(here, target_of(here, text, classes), rest)
    coding = encoded.encoding.codings[text]
    if not isinstance(coding, LevelCoding):
        raise TypeError(f"column {names[text]!r} is no text")
    return Wording(
        coding=coding,
        number=order.index(number),
        by=by,
        decimals=decimals,
        otherwise=otherwise,
    )


def _decimals(
    text: pl.Series,
    values: Floats,
    there: NDArray[np.bool_],
    before: tuple[Encoded, Sequence[int]],
    protect: int,
) -> tuple[int, Codes]:
    """Return which column says how many decimals there are at least, and how many by its code.

    A code of fewer than ``protect`` persons with a number has as many as all have mostly.
    """
    encoded, order = before
    parts = text.filter(pl.Series(there)).str.split(".").list.get(1, null_on_oob=True)
    seen = parts.str.len_chars().fill_null(0).to_numpy().astype(np.int64)
    distinct, at = np.unique(values[there], return_inverse=True)
    own = np.array([_own_decimals(v) for v in distinct.tolist()])[at]
    right = seen[:, None] == np.maximum(own[:, None], np.arange(_DECIMALS))
    weights = encoded.weights[there]
    scores = weights @ right
    best, by = float(scores.max()), -1
    most = int(scores.argmax())
    table = np.array([most], dtype=np.int32)
    for place, column in enumerate(order):
        coding = encoded.encoding.codings[column]
        if coding.ordered:
            continue
        codes = encoded.codes[column][there]
        each = np.stack(
            [np.bincount(codes, weights * r, minlength=coding.size) for r in right.T], axis=1
        )
        enough = persons_per_code(codes, encoded.persons[there], coding.size) >= protect
        own = np.where(enough, each.argmax(axis=1), most)
        found = each[np.arange(coding.size), own].sum() - _EACH * (own != most).sum()
        if found > best + _BETTER * weights.sum():
            best, by, table = float(found), place, own.astype(np.int32)
    return by, table

"""Thinned: a table larger than memory as a random sample of its rows, or of its persons."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.errors import DataError, UnknownNameError
from assaymark.source.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from assaymark.core.streams import Streams

__all__ = ["Thinned", "thinned"]

_CHANCE, _NUMBER = "__chance", "__number"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Thinned:
    """A sample with what was counted of all rows.

    ``frame`` is in the table's order; ``n`` and ``empty`` are how many rows the table has, and
    how many of them have nothing in each column.
    """

    frame: pl.DataFrame
    n: int
    empty: dict[str, int]


def thinned(
    stretches: Iterable[pl.DataFrame], rows: int, streams: Streams, person: str | None = None
) -> Thinned:
    """Draw ``rows`` rows without replacement, or whole persons with no more rows than that.

    One look at each stretch: every row, or every value of ``person``, has a random number of its
    own, and the lowest are kept. So the sample does not depend on how the table is cut, and not
    twice as many rows as asked for are ever held.

    Raises
    ------
    UnknownNameError, DataError
        When there is no such column, there are no rows, or no person has so few rows.

    References
    ----------
    Cohen & Kaplan (2007), Summarizing data using bottom-k sketches.
    """
    kept = _Kept(rows=rows, by=person, key=streams.child("person").generator().bytes(32))
    rng, n, empty = streams.child("row").generator(), 0, dict[str, int]()
    for frame in stretches:
        if person is not None and person not in frame.columns:
            raise UnknownNameError("column", person, frame.columns)
        chance = rng.random(frame.height)
        kept.add(frame, chance, n)
        n += frame.height
        for name, count in zip(frame.columns, frame.null_count().row(0), strict=True):
            empty[name] = empty.get(name, 0) + count
    found = kept.frame()
    if n and not found.height:
        raise DataError(
            f"no person has {rows:,} rows or fewer, so that none was drawn\n\n"
            "Hint: ask for more --rows, or name another --person column"
        )
    return Thinned(frame=canonical(found), n=n, empty=empty)


@dataclass(slots=True)
class _Kept:
    """The rows with the lowest numbers so far; those above ``bound`` cannot be among them."""

    rows: int
    by: str | None
    key: bytes
    parts: list[pl.DataFrame] = field(default_factory=list)
    held: int = 0
    bound: float = np.inf

    def add(self, frame: pl.DataFrame, chance: NDArray[np.float64], first: int) -> None:
        """Keep what may be among the lowest."""
        if self.by is not None:
            chance = self._of_persons(frame[self.by], chance)
        numbers = pl.Series(_NUMBER, np.arange(first, first + frame.height))
        numbered = frame.with_columns(pl.Series(_CHANCE, chance), numbers)
        few = numbered.filter(pl.col(_CHANCE) <= self.bound)
        self.parts.append(_own(few))
        self.held += few.height
        if self.held > self.rows + max(self.rows // 2, 10_000):
            self._cut()

    def frame(self) -> pl.DataFrame:
        """Return the rows of the sample in the table's order."""
        self._cut()
        whole, self.parts = _together(self.parts) if self.parts else pl.DataFrame(), []
        return whole.sort(_NUMBER).drop(_CHANCE, _NUMBER) if whole.width else whole

    def _cut(self) -> None:
        """Leave out what is no longer among the lowest, part by part."""
        if self.held <= self.rows:
            return
        chance = np.sort(np.concatenate([p[_CHANCE].to_numpy() for p in self.parts]))
        bound = chance[self.rows - 1]
        if bound == chance[self.rows]:  # a person whose rows are too many by some
            lower = chance[chance < bound]
            bound = lower[-1] if len(lower) else -1.0
        self.bound, self.held = float(bound), 0
        for i, part in enumerate(self.parts):
            self.parts[i] = _own(part.filter(pl.col(_CHANCE) <= self.bound))
            self.held += self.parts[i].height
        self.parts = [p for p in self.parts if p.height] or self.parts[:1]

    def _of_persons(self, who: pl.Series, chance: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the number of each row's person; who has no key is a person by himself."""
        text = who.cast(pl.String)
        levels = text.unique().drop_nulls()
        numbers = [_number(v, self.key) for v in levels.to_list()]
        table = pl.DataFrame({"who": levels, "number": pl.Series(numbers, dtype=pl.Float64)})
        found = pl.DataFrame({"who": text, "chance": chance}).join(
            table, on="who", how="left", maintain_order="left"
        )
        return found.select(pl.coalesce("number", "chance")).to_series().to_numpy()


def _number(value: str, key: bytes) -> float:
    raw = hashlib.blake2b(value.encode(), key=key, digest_size=8).digest()
    return (int.from_bytes(raw, "big") >> 11) * 2.0**-53


def _own(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with text of its own; a part of a frame holds all text of the whole."""
    if pl.String not in frame.dtypes:
        return frame
    raw = io.BytesIO()
    frame.write_ipc(raw, compat_level=pl.CompatLevel.oldest())
    raw.seek(0)
    return pl.read_ipc(raw)


def _together(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Put parts together; a column of several types becomes text where not all are numbers."""
    if len({tuple(p.schema.items()) for p in parts}) > 1:
        texts = [
            name
            for name in parts[0].columns
            if len(types := {p.schema[name] for p in parts} - {pl.Null()}) > 1
            and not all(t.is_numeric() for t in types)
        ]
        parts = [p.with_columns(pl.col(texts).cast(pl.String)) for p in parts]
    return pl.concat(parts, how="vertical_relaxed", rechunk=True)

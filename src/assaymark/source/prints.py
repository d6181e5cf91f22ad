"""Prints: by which a table's people are known again, whatever its file or columns are called."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.document import sha256
from assaymark.core.schema import Kind, Role
from assaymark.source.persons import codes_of, person_key, row_contents
from assaymark.source.sketch import Sketch
from assaymark.source.units import keyed_hash

if TYPE_CHECKING:
    from assaymark.core.dataset import Dataset
    from assaymark.source.sketch import Words

__all__ = ["Match", "Prints", "compared", "prints_of"]

PERSONS, VALUES = 65_536, 8_192
"""Hashes that are kept of persons and of values."""

SHARED = 0.01
"""Share of the smaller table's persons from which two tables are of the same people.

One person is enough where the sketches hold everybody.
"""

EXCESS = 0.25
"""Share of values, of those that strangers would not share, from which people are the same."""

TELLING = 0.5
"""Share of values that strangers share, from which values cannot tell people from a population."""

_COLUMNS = 12
_HIDDEN = {Role.PERSON_KEY, Role.DIRECT_IDENTIFIER}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prints:
    """What a table's people are known again by.

    Attributes
    ----------
    persons
        Sketch of the person keys; ``None`` where there is no key.
    values
        Sketch of what any three columns hold together in a row.
    strangers
        Share of values that two halves of the table, without a person in common, share.
    mark
        Keyed digest of who is there, which tells tables apart that values cannot; 16 bytes.
    """

    persons: Sketch | None
    values: Sketch
    strangers: float
    mark: bytes

    @property
    def id(self) -> str:
        """What the ledger calls these people: nothing without the key."""
        return sha256(self.encode())[:16]

    def encode(self) -> bytes:
        """Return the prints as bytes; :meth:`parse` reads them back."""
        who = b"" if self.persons is None else self.persons.encode()
        share = round(self.strangers * 1e9).to_bytes(8, "big")
        head = bytes([self.persons is not None]) + share + self.mark
        return head + self.values.encode() + who

    @classmethod
    def parse(cls, raw: bytes) -> Prints:
        """Read prints that :meth:`encode` wrote."""
        values, rest = Sketch.parse(raw[25:])
        persons = Sketch.parse(rest)[0] if raw[0] else None
        strangers = int.from_bytes(raw[1:9], "big") / 1e9
        return cls(persons=persons, values=values, strangers=strangers, mark=raw[9:25])


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Whether two tables are taken to be of the same people, and by which evidence.

    ``by`` is ``"itself"``, ``"persons"``, ``"values"`` or ``"doubt"``, or empty where they are
    not; ``shared`` is the share of the smaller table that was found in the other.
    """

    by: str
    shared: float


def compared(one: Prints, other: Prints) -> Match:
    """Return whether two tables are of the same people.

    Person keys that both have decide first. Values are second evidence, for keys that were
    replaced or left out: they count where clearly more are shared than strangers share. Where
    strangers share so many that values cannot tell, and a table has no person key, the doubt
    counts as the same people.
    """
    if one.id == other.id:
        return Match(by="itself", shared=1.0)
    keyed = one.persons is not None and other.persons is not None
    if one.persons is not None and other.persons is not None:
        shared = one.persons.shared(other.persons)
        whole = one.persons.whole and other.persons.whole
        if shared >= SHARED or (whole and shared):
            return Match(by="persons", shared=shared)
    strangers = max(one.strangers, other.strangers)
    shared = one.values.shared(other.values)
    if strangers < TELLING:
        excess = (shared - strangers) / (1 - strangers)
        return Match(by="values" if excess >= EXCESS else "", shared=shared)
    doubt = not keyed and shared >= strangers / 2
    return Match(by="doubt" if doubt else "", shared=shared)


def prints_of(basis: Dataset, key: bytes) -> Prints:
    """Return the prints of a table as it was read, before any transformation.

    Raises
    ------
    DataError
        When rows have no person key, or there are two key columns.
    """
    column = person_key(basis)
    who = row_contents(basis)[0] if column is None else column
    names = who.unique().sort().to_list()
    hashed = np.array([_word(keyed_hash(key, b"account", n)) for n in names], dtype=np.uint64)
    cells = _cells(basis, key)
    half = hashed[codes_of(who)] & np.uint64(1)
    halves = [Sketch.of(_together([c[half == i] for c in cells]), VALUES) for i in (0, 1)]
    return Prints(
        persons=None if column is None else Sketch.of(hashed, PERSONS),
        values=Sketch.of(_together(cells), VALUES),
        strangers=round(halves[0].shared(halves[1]), 9),
        mark=hashlib.blake2b(np.sort(hashed).tobytes(), digest_size=16, key=key).digest(),
    )


def _cells(basis: Dataset, key: bytes) -> list[Words]:
    """Return a keyed hash of each cell of the columns that tell most, 0 where it is missing."""
    named = [
        c.name
        for c in basis.schema.columns
        if c.kind is not Kind.TEXT and not _HIDDEN & set(c.roles)
    ]
    counts = {name: basis.frame[name].n_unique() for name in named}
    telling = sorted((n for n in named if counts[n] > 1), key=lambda n: -counts[n])[:_COLUMNS]
    return [_hashed(basis.frame[name], key) for name in telling]


def _hashed(column: pl.Series, key: bytes) -> Words:
    if column.dtype == pl.Float64:
        column = column.round(9) + 0.0  # one zero
    text = column.cast(pl.Float64) if column.dtype == pl.Int64 else column
    values = text.cast(pl.String).fill_null("")
    levels = values.unique().sort()
    coded = [
        _word(hashlib.blake2b(v.encode(), digest_size=8, key=key).digest()) if v else 0
        for v in levels.to_list()
    ]
    return np.array(coded, dtype=np.uint64)[codes_of(values)]


def _together(cells: list[Words]) -> Words:
    """Return the lowest hashes of three cells of a row together, whatever order they stand in."""
    found = np.empty(0, dtype=np.uint64)
    edge = np.uint64(2**64 - 1)
    for three in itertools.combinations(cells, min(3, len(cells))):
        if not three:
            break
        there = np.all([c != 0 for c in three], axis=0)
        mixed = _mixed(np.sum(three, axis=0, dtype=np.uint64))
        found = np.concatenate([found, mixed[there & (mixed <= edge)]])
        if len(found) > 8 * VALUES:
            found = np.unique(found)[:VALUES]
            edge = found[-1] if len(found) == VALUES else edge
    return found


def _mixed(x: Words) -> Words:
    """Return the finaliser of SplitMix64: every bit depends on every bit."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)), dtype=np.uint64)


def _word(digest: bytes) -> int:
    return int.from_bytes(digest[:8], "big")

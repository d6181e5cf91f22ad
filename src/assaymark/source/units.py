"""Units: who is dealt out, the persons or the rows of a table, and the keyed hash of each."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.core.schema import Role
from assaymark.errors import DataError
from assaymark.source.band import band
from assaymark.source.persons import codes_of, person_key, repeats, row_contents

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset

__all__ = [
    "FEWEST",
    "Units",
    "commitment_to",
    "keyed_hash",
    "note_on",
    "shared_persons",
    "units_of",
    "without_keys",
]

FEWEST = 4
"""Persons that each part of a table must hold."""


class Units(NamedTuple):
    """What is drawn: ``names`` to hash, ``codes`` of the name of each row; ``persons`` if several.

    ``again`` counts rows that repeat another in full, where rows are drawn.
    """

    names: list[str]
    codes: NDArray[np.int64]
    persons: NDArray[np.int64] | None
    by_row: bool
    again: int

    @property
    def inside(self) -> NDArray[np.int64] | None:
        """The persons behind the rows of a part, ``None`` where each row counts as one."""
        return None if self.by_row else self.persons

    @property
    def unit(self) -> str:
        """``"row"`` where rows are drawn one by one although persons have several."""
        return "row" if self.by_row and self.persons is not None else "person"


def units_of(basis: Dataset, *, by_row: bool) -> Units:
    """Return who is behind the rows of ``basis``: persons, or rows where there is no person key."""
    column = person_key(basis)
    persons = None if column is None else codes_of(column)
    if persons is not None and not repeats(persons):
        persons = None
    again = 0
    if column is None or by_row:
        column, again = row_contents(basis)
        by_row = True
    names = column.unique().sort().to_list()
    return Units(names, codes_of(column), persons, by_row, again)


def keyed_hash(key: bytes, purpose: bytes, name: str) -> bytes:
    """Return the HMAC-SHA256 of a person's name under ``key``, another one for each purpose."""
    return hmac.digest(key, purpose + b"\0" + name.encode(), "sha256")


def commitment_to(key: bytes, digests: list[bytes], part: NDArray[np.int64]) -> str:
    """Return the keyed commitment to who is in which part."""
    lines = sorted(d + bytes([int(p)]) for d, p in zip(digests, part, strict=True))
    return hmac.new(key, b"commit\0" + b"".join(lines), hashlib.sha256).hexdigest()


def without_keys(dataset: Dataset) -> Dataset:
    """Return the dataset without person key and direct identifiers."""
    hidden = {Role.DIRECT_IDENTIFIER, Role.PERSON_KEY}
    names = [c.name for c in dataset.schema.columns if hidden & set(c.roles)]
    if len(names) == len(dataset.schema.columns):
        raise DataError("every column is a key or a direct identifier: nothing is left to generate")
    return dataset.drop(*names) if names else dataset


def note_on(units: Units) -> str:
    """Say what the reader must know of what was drawn; may be empty."""
    said = []
    if units.unit == "row":
        said.append(
            "Rows were split one by one, as the recipe says: each row counts as a person of its "
            "own, although a person key says otherwise."
        )
    if units.again:
        said.append(
            f"Rows that repeat another one in full: {band(units.again)}. They count as other "
            "persons and may lie in different parts."
        )
    return " ".join(said)


def shared_persons(units: Units, where: NDArray[np.int64]) -> int:
    """Return how many persons have rows both in part 0 and in another; 0 unless rows are drawn."""
    if not units.by_row or units.persons is None:
        return 0
    return len(np.intersect1d(units.persons[where == 0], units.persons[where != 0]))

"""Split: persons into four parts by keyed hashing, so that nobody chooses who is tested on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.errors import DataError
from assaymark.source.persons import codes_of, person_key, repeats, row_contents
from assaymark.source.units import (
    FEWEST,
    commitment_to,
    keyed_hash,
    note_on,
    shared_persons,
    units_of,
    without_keys,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.core.recipe import SplitSpec

__all__ = ["Split", "hold_out", "split"]

_EXACT_BELOW = 2_000
_PARTS = ("train", "development", "confirmation", "reference")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Four parts of one table, without person key and direct identifiers.

    Attributes
    ----------
    unit
        ``"person"`` where all rows of a person are in one part, ``"row"`` where rows were split
        one by one although a person key is there.
    note
        What the reader must know of how it was split; may be empty.
    commitment
        HMAC-SHA256 under the split key of who is in which part: shows later, to who holds the key,
        that the parts were not changed after results were seen.
    account_hashes
        Keyed hashes of everybody, for the account of how often ``confirmation`` was opened: other
        shares move other persons into it, and must not begin a new account.
    shared_persons
        Persons with rows both in train and in another part; 0 unless ``unit`` is ``"row"``.
    """

    train: Dataset
    development: Dataset
    confirmation: Dataset
    reference: Dataset
    unit: str
    note: str
    commitment: str
    account_hashes: frozenset[str]
    shared_persons: int

    @property
    def all(self) -> tuple[Dataset, Dataset, Dataset, Dataset]:
        """The four parts: train, development, confirmation, reference."""
        return self.train, self.development, self.confirmation, self.reference


def split(dataset: Dataset, spec: SplitSpec, key: bytes, *, basis: Dataset) -> Split:
    """Divide the rows of ``dataset`` by HMAC-SHA256 of who is behind the same row of ``basis``.

    ``basis`` holds the rows before any transformation, in the same order. A person is the value
    of its person key; without one, the contents of the row, counted where rows are the same. The
    hash depends on nothing else, so that neither transformations nor the order of rows move a
    person. With fewer than 2,000 persons the shares are met exactly, in order of the hash; there,
    persons near an edge can move when others join or leave the table.

    Raises
    ------
    DataError
        When a part would hold fewer than 4 persons, or rows have no person key.
    """
    if dataset.n != basis.n:
        raise DataError(f"{dataset.n} rows to split, but {basis.n} rows to draw from")
    units = units_of(basis, by_row=spec.unit == "row")
    digests = [keyed_hash(key, b"split", name) for name in units.names]
    part = _assign(digests, spec)
    _check_sizes(part, len(digests), spec, unit="row" if units.by_row else "person")
    where = part[units.codes]
    whole = replace(without_keys(dataset), persons=units.inside)
    train, development, confirmation, reference = (
        whole.take(np.flatnonzero(where == i)) for i in range(len(_PARTS))
    )
    return Split(
        train=train,
        development=development,
        confirmation=confirmation,
        reference=reference,
        unit=units.unit,
        note=note_on(units),
        commitment=commitment_to(key, digests, part),
        account_hashes=frozenset(keyed_hash(key, b"account", name).hex() for name in units.names),
        shared_persons=shared_persons(units, where),
    )


def _assign(digests: list[bytes], spec: SplitSpec) -> NDArray[np.int64]:
    """Return the part of each person, shape ``(n_persons,)``."""
    shares = (spec.train, spec.development, spec.confirmation, spec.reference)
    ends = np.cumsum(shares)[:-1]
    drawn = np.array([int.from_bytes(d[:8], "big") for d in digests], dtype=np.uint64)
    if len(digests) >= _EXACT_BELOW:
        return np.searchsorted(ends, drawn / 2.0**64, side="right")
    rank = np.empty(len(digests))
    rank[np.argsort(drawn, kind="stable")] = np.arange(len(digests)) + 0.5
    return np.searchsorted(ends, rank / max(1, len(digests)), side="right")


def _check_sizes(part: NDArray[np.int64], n: int, spec: SplitSpec, unit: str) -> None:
    sizes = np.bincount(part, minlength=len(_PARTS))
    if int(sizes.min()) >= FEWEST:
        return
    smallest = min(spec.train, spec.development, spec.confirmation, spec.reference)
    need = math.ceil((FEWEST + 0.5) / smallest)
    people = "persons" if unit == "person" else "rows"
    got = ", ".join(f"{name} {size}" for name, size in zip(_PARTS, sizes, strict=True))
    raise DataError(
        f"the table has {n} {people}, too few to split: {got}; each part needs {FEWEST}\n\n"
        f"Hint: these shares need about {need} {people}; `assaymark generate` makes an ungated "
        "draft from fewer"
    )


def hold_out(dataset: Dataset, key: bytes, *, share: float = 0.2) -> tuple[Dataset, Dataset]:
    """Return the rows to fit to and those held out, for drafts: ``share`` of the persons, exactly.

    Persons are those of ``dataset.persons``, else of its person key, else its rows. Each side
    gets at least one person; keys and direct identifiers are left out of both.

    Raises
    ------
    DataError
        When there is only one person.
    """
    column = person_key(dataset) if dataset.persons is None else None
    codes = dataset.persons if column is None else codes_of(column)
    if codes is not None and not repeats(codes):
        codes = None
    contents = row_contents(dataset)[0] if codes is None else pl.Series(codes).cast(pl.String)
    names = contents.unique().sort()
    n = names.len()
    if n < 2:
        whose = "one row" if dataset.n == 1 else f"{dataset.n} rows of one person"
        raise DataError(
            f"the table has {whose}: no row can be made of one person that is not that person's, "
            "and nothing can be held out to compare with\n\nHint: give a table of at least two "
            "persons; of less than about a dozen the columns come out empty: too few share a value"
        )
    held = min(n - 1, max(1, round(share * n)))
    digests = [keyed_hash(key, b"draft", name) for name in names.to_list()]
    out = np.zeros(n, dtype=bool)
    out[sorted(range(n), key=digests.__getitem__)[:held]] = True
    where = out[codes_of(contents)]
    whole = replace(without_keys(dataset), persons=codes)
    return whole.take(np.flatnonzero(~where)), whole.take(np.flatnonzero(where))

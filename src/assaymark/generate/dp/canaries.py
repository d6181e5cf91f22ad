"""Canaries: made-up persons whom coins put among the real ones, to test what is claimed."""

from __future__ import annotations

import hashlib
import itertools
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.schema import Kind
from assaymark.errors import InputError, IntegrityError
from assaymark.generate.dp.column import check_levels
from assaymark.generate.dp.domain import span_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.core.schema import Column, Schema

__all__ = ["GUESSED", "Canaries", "Domain", "guesses_of"]

GUESSED = 0.2
"""Share of the canaries that the auditor guesses at: half of them in, half of them out."""

_PARTS = 32
_FAR = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """What is known without the rows: bounds of numbers and dates, and all categories."""

    bounds: Mapping[str, Sequence[float | str]]
    categories: Mapping[str, Sequence[str]]

    def check_columns(self, schema: Schema) -> None:
        """Raise where a bound or a list is of no column, or no bound.

        Raises
        ------
        UnknownNameError
            When there is no such column.
        RecipeError
            When the lowest is not below the highest, or a column takes no bounds.
        InputError
            When more categories are listed than can be counted.
        """
        for name, bounds in self.bounds.items():
            column = schema.column(name)
            if column.kind.ordered:
                span_of(column, tuple(bounds))
        for name, listed in self.categories.items():
            schema.column(name)
            check_levels(name, listed)

    def check(self, schema: Schema) -> None:
        """Raise unless canaries can be made without a look at the rows.

        Raises
        ------
        InputError
            When the values of a column are not declared.
        """
        lacks = [
            c.name
            for c in schema.columns
            if c.kind is not Kind.BOOLEAN and not (self.bounds.get(c.name) or self._levels(c))
        ]
        if lacks:
            raise InputError(
                f"canaries are made up from declared values, and none are declared for "
                f"{', '.join(map(repr, lacks))}\n\nHint: [privacy.bounds] for numbers and dates, "
                "[privacy.categories] for categories, or leave canaries out"
            )

    def draw(self, column: Column, n: int, rng: np.random.Generator) -> pl.Series:
        """Return ``n`` values, each as likely as any other."""
        kind = POLARS_TYPES[column.kind]
        if column.kind is Kind.BOOLEAN:
            return pl.Series(column.name, rng.integers(0, 2, n).astype(bool))
        if not column.kind.ordered:
            levels = self._levels(column)
            at = rng.integers(0, len(levels), n)
            return pl.Series(column.name, [levels[i] for i in at], kind)
        span = span_of(column, tuple(self.bounds[column.name]))
        values = np.asarray(span.grid.value(rng.integers(0, span.points, n)))
        return _typed(column, values)

    def parts(self, column: Column, values: pl.Series) -> tuple[NDArray[np.int64], int]:
        """Return the part of the domain that each value is in, the last one for all others."""
        if not column.kind.ordered:
            known = [False, True] if column.kind is Kind.BOOLEAN else list(self._levels(column))
            place: dict[object, int] = {v: i for i, v in enumerate(known)}
            codes = [place.get(v, len(known)) for v in values.to_list()]
            return np.array(codes, dtype=np.int64), len(known) + 1
        span = span_of(column, tuple(self.bounds[column.name]))
        at = span.index(values)
        parts = min(_PARTS, span.points)
        return np.where(at < 0, parts, at * parts // span.points), parts + 1

    def _levels(self, column: Column) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.categories.get(column.name, ())))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Canaries:
    """Made-up persons of one row each, and the coins that decided who was in, shape ``(m,)``.

    ``salt`` keeps the commitment from being guessed before it is revealed.
    """

    rows: Dataset
    inside: NDArray[np.bool_]
    salt: str

    @classmethod
    def flip(cls, schema: Schema, domain: Domain, m: int) -> Canaries:
        """Make ``m`` of them from the operating system's entropy; no real row is looked at."""
        domain.check(schema)
        rng = np.random.default_rng(secrets.randbits(128))
        frame = pl.DataFrame([domain.draw(c, m, rng) for c in schema.columns])
        coins = np.array([secrets.randbits(1) == 1 for _ in range(m)], dtype=np.bool_)
        rows = Dataset(schema=schema, frame=frame)
        return cls(rows=rows, inside=coins, salt=secrets.token_hex(16))

    @property
    def reveal(self) -> bytes:
        """All that was committed to, as canonical JSON."""
        body = {
            "salt": self.salt,
            "inside": self.inside.astype(int).tolist(),
            "rows": self.rows.frame.select(pl.all().cast(pl.String)).rows(),
        }
        return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()

    @property
    def commitment(self) -> str:
        """The SHA-256 of :attr:`reveal`, which is signed before the fit."""
        return hashlib.sha256(self.reveal).hexdigest()

    def among(self, real: Dataset) -> Dataset:
        """Return the real rows with the canaries whose coin said so, as persons of their own."""
        chosen = self.rows.take(np.flatnonzero(self.inside))
        persons = None
        if real.persons is not None:
            first = int(real.persons.max(initial=-1)) + 1
            persons = np.concatenate([real.persons, first + np.arange(chosen.n)])
        frame = pl.concat([real.frame, chosen.frame])
        return Dataset(schema=real.schema, frame=frame, persons=persons)

    def check_revealed(self, commitment: str) -> None:
        """Raise unless these are the canaries that were committed to."""
        if self.commitment != commitment:
            raise IntegrityError("the canaries are not those that were committed to before the fit")


def guesses_of(made: Dataset, canaries: Canaries, domain: Domain) -> tuple[int, int]:
    """Guess from released rows who was in: how many guesses were made, and how many were right.

    The score of a canary is how much more often than by chance its values occur together, pair by
    pair of columns, against what such a count varies by; the highest are guessed to have been in,
    the lowest not to. The number of guesses is fixed before.

    References
    ----------
    Steinke, Nasr & Jagielski (2023), Privacy auditing with one (1) training run.
    """
    own, rows, sizes = [], [], []
    for column in made.schema.columns:
        a, size = domain.parts(column, canaries.rows.frame[column.name])
        b, _ = domain.parts(column, made.frame[column.name])
        own.append(a)
        rows.append(b)
        sizes.append(size)
    score = np.zeros(canaries.rows.n)
    alone = [np.bincount(r, minlength=size) for r, size in zip(rows, sizes, strict=True)]
    for i, j in itertools.combinations(range(len(sizes)), 2):
        counts = np.bincount(rows[i] * sizes[j] + rows[j], minlength=sizes[i] * sizes[j])
        chance = alone[i][own[i]] * alone[j][own[j]] / made.n
        away = counts[own[i] * sizes[j] + own[j]] - chance
        score += np.clip(away / np.sqrt(1 + chance + chance**2), -_FAR, _FAR)
    half = int(canaries.rows.n * GUESSED / 2)
    order = np.argsort(score, kind="stable")
    right = int((~canaries.inside[order[:half]]).sum())
    right += int(canaries.inside[order[len(order) - half :]].sum())
    return 2 * half, right


def _typed(column: Column, values: NDArray[np.generic]) -> pl.Series:
    kind = POLARS_TYPES[column.kind]
    if column.kind is Kind.DATE:
        return pl.Series(column.name, values.astype(np.int64)).cast(pl.Int32).cast(kind)
    if column.kind in {Kind.DATETIME, Kind.INTEGER}:
        return pl.Series(column.name, values.astype(np.int64)).cast(kind)
    return pl.Series(column.name, values.astype(np.float64)).cast(kind)

"""Repeats: people of train whose record stands in the rows again; counts that need no holdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.evaluate.features import measured_columns
from assaymark.evaluate.neighbours import row_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset

__all__ = ["REPEATED", "REPEATED_BUT_ONE", "REPEATS", "repeats_of"]

REPEATED, REPEATED_BUT_ONE = "released_rows.repeated", "released_rows.repeated_but_one"
_WHY_NOT = "nobody was left out of this fit, so that what chance repeats cannot be taken off"
REPEATS = (
    Quantity(
        name=REPEATED,
        title="People whose own record the released rows repeat",
        unit="people",
        better="lower",
        meaning="How many people have a record that nobody else has and that stands in the "
        "released rows again, equal in every column.",
        gate=False,
        why_not=_WHY_NOT,
    ),
    Quantity(
        name=REPEATED_BUT_ONE,
        title="People whose own record the released rows repeat but for one column",
        unit="people",
        better="lower",
        meaning="The same, with any one column left out.",
        gate=False,
        why_not=_WHY_NOT,
    ),
)
"""What :func:`repeats_of` yields; no metric of the suite does."""


def repeats_of(
    people: Dataset, synthetics: Sequence[Dataset], among: NDArray[np.bool_] | None = None
) -> tuple[Measurement, ...]:
    """Return how many people have a record that nobody else has and that the rows repeat.

    First in every measured column, then also in all measured columns but one (any one). ``among``
    marks the rows of those who are counted, all by default. These are plain counts: where everybody
    was fitted to, what chance repeats cannot be taken off, so that neither supports a verdict.
    """
    counted = np.ones(people.n, dtype=bool) if among is None else among
    columns = [c.name for c in measured_columns(people)]
    exact = _repeated(people, synthetics, ())
    near = exact
    for name in columns if len(columns) > 2 else ():
        near = near | _repeated(people, synthetics, (name,))
    codes = people.person_codes
    return tuple(
        Measurement(
            metric=metric,
            value=float(len(np.unique(codes[rows & counted]))),
            n=len(np.unique(codes[counted])),
        )
        for metric, rows in ((REPEATED, exact), (REPEATED_BUT_ONE, near))
    )


def _repeated(
    people: Dataset, synthetics: Sequence[Dataset], without: tuple[str, ...]
) -> NDArray[np.bool_]:
    """Return whether each row is one person's alone and repeated, some columns left out."""
    kept = people.drop(*without) if without else people
    keys, codes = row_keys(kept), kept.person_codes
    made = np.concatenate([row_keys(s.drop(*without) if without else s) for s in synthetics])
    pairs = np.unique(np.column_stack([keys, codes.astype(np.uint64)]), axis=0)[:, 0]
    values, persons = np.unique(pairs, return_counts=True)
    return np.asarray(np.isin(keys, values[persons == 1]) & np.isin(keys, made))

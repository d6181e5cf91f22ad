"""Disclosure tables: who is unique by a key, and what the synthetic rows with that key say.

The measures of statistical disclosure control for synthetic tables, exact, by group-by on codes.
Rows of one person are joined: a person counts once, as disclosed if one of the rows is. Shares
have all original persons as their denominator, also where a key is not found at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = [
    "Attribution",
    "Combinations",
    "Original",
    "Uniques",
    "attribute",
    "carried_over",
    "keys_of",
    "unique_people",
]

_DENSE = 2**40  # numbers of combinations up to which codes are not made dense again
_COUNTED = 2**22  # and up to which they are counted in an array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Original:
    """Rows of the people at risk: key and target codes, and whose each row is, ``0..n-1``."""

    keys: Codes
    targets: Codes
    who: Codes
    n: int

    def any(self, rows: Bools) -> Bools:
        """Return which persons have such a row, shape ``(n,)``."""
        return np.bincount(self.who, weights=rows, minlength=self.n) > 0

    def mean(self, rows: Floats) -> Floats:
        """Return the mean over the rows of each person, shape ``(n,)``."""
        sums = np.bincount(self.who, weights=rows, minlength=self.n)
        return np.asarray(sums / np.maximum(np.bincount(self.who, minlength=self.n), 1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Uniques:
    """Of each person, shape ``(n,)``: a row with a key that nobody else has, and what became of it.

    ``unique``: there is one (UiO). ``found``: the synthetic rows have that key (UiOiS).
    ``replicated``: exactly one row of some replicate has it (repU). ``absent``: no synthetic row
    has it, so that a copy of the person would be ``replicated``.

    References
    ----------
    Raab, Nowok & Dibben (2024), Practical privacy metrics for synthetic data, arXiv:2406.16826.
    """

    unique: Bools
    found: Bools
    replicated: Bools
    absent: Bools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attribution:
    """Of each person, shape ``(n,)``: what the synthetic rows with the same key say of the target.

    ``found``: there are such rows (iS). ``disclosive``: they all have one target (DiS), and
    ``correct`` that is the person's (DiSCO); ``both``: so it is among the original rows with the
    key, too (DiSDiO). ``in_original``: the original rows with the key agree (Dorig).
    ``probability``: share of the synthetic rows with the key that have the person's target, 0
    where there are none; its mean is DCAP. ``exposed``: a copy of the person among the synthetic
    rows would be, or is, ``correct``.

    References
    ----------
    Raab, Nowok & Dibben (2024), Practical privacy metrics for synthetic data, arXiv:2406.16826.
    Taub, Elliot, Pampaka & Smith (2018), Differential correct attribution probability for
    synthetic data.
    """

    found: Bools
    disclosive: Bools
    correct: Bools
    both: Bools
    in_original: Bools
    probability: Floats
    exposed: Bools

    @property
    def tcap(self) -> float:
        """Share of ``correct`` among ``disclosive`` (TCAP where WEAP is 1); 0 where none is."""
        return float(self.correct.sum() / max(1, self.disclosive.sum()))


def keys_of(*tables: Sequence[Codes]) -> tuple[Codes, ...]:
    """Return one code per row, equal where all columns of two rows are, over all ``tables``.

    Each table is a list of columns of codes, not negative; the columns of all tables in the same
    order. Exact: combinations are numbered, not hashed.
    """
    sizes = [len(t[0]) for t in tables]
    keys, wide = np.zeros(sum(sizes), dtype=np.int64), 1
    for columns in zip(*tables, strict=True):
        codes = np.concatenate(columns)
        width = int(codes.max(initial=0)) + 1
        if wide * width > _DENSE:
            keys = np.unique(keys, return_inverse=True)[1].ravel()
            wide = int(keys.max(initial=0)) + 1
        keys = keys * width + codes
        wide *= width
    dense = np.unique(keys, return_inverse=True)[1].ravel().astype(np.int64)
    ends = np.cumsum(sizes)
    return tuple(dense[end - size : end] for end, size in zip(ends, sizes, strict=True))


def unique_people(original: Original, synthetics: Sequence[Codes]) -> Uniques:
    """Return who of the original people is unique by the key, and found among synthetic rows.

    ``synthetics`` are the keys of each replicate.
    """
    width = 1 + max(int(k.max(initial=-1)) for k in (original.keys, *synthetics))
    pairs = np.unique(original.keys * original.n + original.who)
    people: Codes = np.bincount(pairs // original.n, minlength=width)
    alone = people[original.keys] < 2
    counts = np.array([np.bincount(k, minlength=width) for k in synthetics])
    found = counts.max(axis=0)[original.keys] > 0
    once = (counts == 1).sum(axis=0)[original.keys] > 0
    return Uniques(
        unique=original.any(alone),
        found=original.any(alone & found),
        replicated=original.any(alone & once),
        absent=original.any(alone & ~found),
    )


def attribute(original: Original, keys: Codes, targets: Codes) -> Attribution:
    """Return what synthetic rows with these ``keys`` and ``targets`` say of the original people."""
    width = 1 + int(max(keys.max(initial=-1), original.keys.max(initial=-1)))
    values = 1 + int(max(targets.max(initial=-1), original.targets.max(initial=-1)))
    cell = original.keys * values + original.targets
    pairs, counts = np.unique(keys * values + targets, return_counts=True)
    total = np.bincount(keys, minlength=width)
    kinds = np.bincount(pairs // values, minlength=width)
    place = np.minimum(np.searchsorted(pairs, cell), max(len(pairs) - 1, 0))
    same = np.zeros(len(cell))
    if len(pairs):
        same = np.where(pairs[place] == cell, counts[place], 0)
    rows = total[original.keys]
    probability = same / np.maximum(rows, 1)
    disclosive = kinds[original.keys] == 1
    correct = disclosive & (same > 0)
    own: Codes = np.bincount(np.unique(cell) // values, minlength=width)
    agreed = own[original.keys] < 2
    return Attribution(
        found=original.any(rows > 0),
        disclosive=original.any(disclosive),
        correct=original.any(correct),
        both=original.any(correct & agreed),
        in_original=original.any(agreed),
        probability=original.mean(probability),
        exposed=original.any(correct | (rows == 0)),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Combinations:
    """Of each real row, shape ``(n,)``: combinations that no other real row has, and their fate.

    ``unique``: in how many sets of columns the row's combination of values is the only one;
    ``carried``: how many of those combinations a synthetic row has, too.
    """

    unique: Codes
    carried: Codes


def carried_over(
    real: Sequence[Codes], synthetic: Sequence[Codes], sets: Sequence[tuple[int, ...]]
) -> Combinations:
    """Return unique combinations of real rows, and those carried over to the synthetic rows.

    ``real`` and ``synthetic`` are columns of codes, not negative; ``sets`` are places of columns.
    """
    n = len(real[0])
    unique, carried = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for places in sets:
        own, made = _joined([real[i] for i in places], [synthetic[i] for i in places])
        width = 1 + int(max(own.max(initial=-1), made.max(initial=-1)))
        counts: Codes = np.bincount(own, minlength=width)
        alone = counts[own] < 2
        has = np.zeros(width, dtype=bool)
        has[made] = True
        unique += alone
        carried += alone & has[own]
    return Combinations(unique=unique, carried=carried)


def _joined(real: Sequence[Codes], synthetic: Sequence[Codes]) -> tuple[Codes, ...]:
    """Return one code per row for these columns: mixed radix where that stays small."""
    widths = [
        1 + int(max(r.max(initial=0), s.max(initial=0)))
        for r, s in zip(real, synthetic, strict=True)
    ]
    if np.prod(np.array(widths, dtype=float)) > _COUNTED:
        return keys_of(real, synthetic)
    keys = []
    for columns in (real, synthetic):
        key = columns[0]
        for codes, width in zip(columns[1:], widths[1:], strict=True):
            key = key * width + codes
        keys.append(key)
    return tuple(keys)

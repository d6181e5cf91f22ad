"""Agreement: whether rows that share a value agree on what does not change in a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from assaymark.core.schema import Kind
from assaymark.source.suspicion import many_repeats
from assaymark.source.vocabulary import LASTING, MEASURES, QUASI, first_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.source.suspicion import Facts

__all__ = ["Agreement", "agreements", "can_be_key", "speaks_against", "speaks_for"]

_FEWEST = 30  # values that several rows share
_MOST = 200_000  # rows are looked at, the first
_ALWAYS, _OFTEN, _CHANCE = 0.98, 0.9, 0.75


class Agreement(NamedTuple):
    """How often rows that share a value agree on a trait.

    ``share`` is of the values that several rows have, ``chance`` what it would be if the trait
    had nothing to do with them.
    """

    trait: str
    share: float
    chance: float


def agreements(key: Facts, columns: Sequence[Facts]) -> tuple[Agreement, ...]:
    """Return how rows that share a value of ``key`` agree on sex, race, and birth.

    Only columns with a value in every row count, and only where several rows share at least
    thirty values each. The first 200,000 rows are looked at.
    """
    if key.n < key.rows or key.n_unique == key.n:
        return ()
    found = []
    for f in columns:
        trait = first_of(f.words, LASTING)
        if trait is None or f.name == key.name or f.n < f.rows or f.n_unique < 2:
            continue
        trait_of = f.values.head(_MOST).cast(pl.String)
        rows = pl.DataFrame({"key": key.values.head(_MOST), "trait": trait_of})
        held = rows.group_by("key").agg(pl.len(), pl.col("trait").n_unique().alias("different"))
        held = held.filter(pl.col("len") > 1)
        if held.height < _FEWEST:
            return ()
        share = float((held["different"] == 1).sum()) / held.height
        each = trait_of.value_counts(name="held")["held"] / trait_of.len()
        sizes = held["len"].clip(upper_bound=50).value_counts(name="values")
        alike = [float((each**size).sum()) for size in sizes["len"].to_list()]
        chance = sum(a * n for a, n in zip(alike, sizes["values"].to_list(), strict=True))
        found.append(Agreement(f.name, share, chance / held.height))
    return tuple(found)


def speaks_against(found: Sequence[Agreement]) -> bool:
    """Whether rows that share a value are of different people."""
    return any(a.share < _OFTEN for a in found)


def can_be_key(facts: Facts) -> bool:
    """Whether a column can be the key of persons, whatever its name.

    One about people, as a birth date, or one that measures, is none.
    """
    possible = facts.kind in {Kind.INTEGER, Kind.CATEGORY} and many_repeats(facts)
    about = first_of(facts.words, QUASI) is not None or bool(set(facts.words) & MEASURES)
    return possible and not about


def speaks_for(found: Sequence[Agreement]) -> bool:
    """Whether rows that share a value are of one person, beyond what chance would do."""
    telling = any(a.chance <= _CHANCE for a in found)
    return telling and all(a.share >= _ALWAYS for a in found)

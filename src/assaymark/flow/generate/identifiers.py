"""Identifiers: which columns of a table are made afresh, and what the reader must know of them."""

from __future__ import annotations

from dataclasses import replace
from string import digits
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from assaymark.core.schema import Kind, Role
from assaymark.generate.keys.identifiers import FreshColumn, Identifiers
from assaymark.generate.keys.pattern import MOST_DIGITS, Characters, Number
from assaymark.generate.keys.pattern_fit import FEWEST, fit_patterns
from assaymark.source.opaque import find_keys

if TYPE_CHECKING:
    from assaymark.generate.keys.pattern import Pattern
    from assaymark.source.profile import TableProfile

__all__ = ["Found", "find_identifiers", "widened"]

_WHOLE = r"^(?:0|[1-9][0-9]{0,17})$"
_ALL = 0.98
_TOLD = 0.005  # of fresh values that are in the source, too


class Found(NamedTuple):
    """The columns that are made afresh, and sentences on them and on keys that are not."""

    identifiers: Identifiers
    notices: tuple[str, ...]


def find_identifiers(frame: pl.DataFrame, found: TableProfile, table: str, rows: int) -> Found:
    """Learn how keys of the table's own making are written, of columns that would be left out.

    From one value of each person, so that persons stand behind what is learnt. ``rows`` is how
    many are made in all: on it hangs how many of the values are in the source too.
    """
    keys = find_keys(frame, found)
    whose = [frame[c.name] for c in found.schema.with_role(Role.PERSON_KEY)]
    made = {s.name: (_fresh(s, whose), s.drop_nulls().n_unique()) for s in keys.opaque}
    fresh = [(c, n) for c, n in made.values() if c is not None]
    notices = []
    if fresh:
        said = "; ".join(f"{c.name} ({c.words})" for c, _ in fresh)
        notices.append(
            f"Fresh identifiers, written as those of the source, each once: {said}. They are made "
            f"up, say nothing of anybody, and belong to no row of another table or column."
            f"{_chance(fresh, rows)} They are left out with --no-identifiers."
        )
    if keys.join:
        notices.append(
            f"No identifiers were made up for {', '.join(keys.join)}: rows share a value or refer "
            "to others by it, and fresh values would claim which rows belong together."
        )
    if found.schema.with_role(Role.PERSON_KEY):
        notices.append(
            "No person key was made up: a person has several rows, rows are drawn one by one, and "
            "a fresh key would claim whose they are."
        )
    bare = [name for name, (c, _) in made.items() if c is None]
    if bare:
        notices.append(
            f"No identifiers were made up for {', '.join(bare)}: values have no pattern, or fewer "
            f"than {FEWEST} rows have one."
        )
    return Found(
        Identifiers(
            table=table, columns=tuple(c for c, _ in fresh), order=tuple(found.schema.names)
        ),
        tuple(notices),
    )


def widened(identifiers: Identifiers, rows: int) -> tuple[str, ...]:
    """Say which identifiers have more digits than in the source, since there are so many rows."""
    names = [c.name for c in identifiers.columns if c.roomy(rows).words != c.words]
    if not names:
        return ()
    return (
        f"Some identifiers have more digits than in the source, or others where all have the same, "
        f"as there are more rows than such values: {', '.join(names)}.",
    )


def _fresh(values: pl.Series, whose: list[pl.Series]) -> FreshColumn | None:
    """Return the recipe of a column, given as texts; ``None`` where they have no pattern.

    ``whose`` holds the person key, if there is one.
    """
    present = _one_each(values, whose)
    patterns = fit_patterns(present)
    if not patterns:
        return None
    numbers = int(present.str.contains(_WHOLE).sum()) >= _ALL * present.len()
    whole = _as_whole(patterns) if numbers else ()
    return FreshColumn(
        name=values.name,
        kind=Kind.INTEGER if whole else Kind.CATEGORY,
        patterns=whole or patterns,
        missing=_missing(values, whose),
    )


def _missing(values: pl.Series, whose: list[pl.Series]) -> float:
    """Return the share without a value, each person counted once; 0 where few lack any."""
    missing = values.is_null().cast(pl.Float64).alias("gone")
    gone = pl.DataFrame([missing, *(w.alias("whose") for w in whose)])
    shares = gone.group_by("whose").agg(pl.col("gone").mean())["gone"] if whose else gone["gone"]
    if int((shares > 0).sum()) < FEWEST:
        return 0.0
    return float(f"{float(shares.sort().sum()) / shares.len():.2g}")


def _one_each(values: pl.Series, whose: list[pl.Series]) -> pl.Series:
    """Return the values that are there, the first of each person."""
    there = pl.DataFrame([values.alias("value"), *(w.alias("whose") for w in whose)])
    there = there.drop_nulls("value")
    if whose:
        there = there.unique("whose", keep="first", maintain_order=True)
    return there["value"]


def _as_whole(patterns: tuple[Pattern, ...]) -> tuple[Pattern, ...]:
    """Return patterns that write whole numbers without zeros before them; empty if they cannot.

    Digits that a number begins with are one number, of as many digits.
    """
    found = []
    for pattern in patterns:
        first, *rest = pattern.parts
        if isinstance(first, Characters) and first.alphabet == digits:
            low = 10 ** (first.width - 1)
            first = Number(low=low, high=10 * low)
        found.append(replace(pattern, parts=(first, *rest)))
        zeros = first.width > 0 if isinstance(first, Number) else first.words.startswith('"0')
        if zeros or not 0 < found[-1].digits <= MOST_DIGITS:
            return ()
    return tuple(found)


def _chance(fresh: list[tuple[FreshColumn, int]], rows: int) -> str:
    """Say of which columns values of the source come out by chance, and how many."""
    shares = {c.name: _in_source(c.roomy(rows), n) for c, n in fresh}
    many = [
        f"up to about {min(100, max(1, round(100 * share)))} in 100 of {name}"
        for name, share in shares.items()
        if share >= _TOLD
    ]
    if not many:
        return ""
    return (
        f" By chance some are values of the source, too, as there are few others: "
        f"{', '.join(many)}; that says nothing of the person who has it there."
    )


def _in_source(column: FreshColumn, n: int) -> float:
    """Return which share of fresh values are among ``n`` of the source, each pattern by itself."""
    total = sum(p.share for p in column.patterns)
    return sum(p.share / total * min(1.0, n * p.share / p.size) for p in column.patterns)

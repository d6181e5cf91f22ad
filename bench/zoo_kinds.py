"""Kinds of the leak zoo on the population of ``policy_simulation.py``: leaky and clean generators.

Each takes train, a fresh sample of as many rows as are wanted, and a random stream, and returns
synthetic rows. Most leaky ones put something of train in the place of the first fresh rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from policy_simulation import SCHEMA, unusual

from assaymark.core.recipe import GenerateSpec
from assaymark.core.streams import Streams
from assaymark.evaluate.neighbours import nearest, space_of
from assaymark.flow.generate.fit import refitter

if TYPE_CHECKING:
    from collections.abc import Callable

    from assaymark.core.dataset import Dataset

    Rng = np.random.Generator
    Change = Callable[[pl.DataFrame, pl.DataFrame, Rng], pl.DataFrame]
    Kind = Callable[[Dataset, pl.DataFrame, Rng], pl.DataFrame]

NUMBERS = [c.name for c in SCHEMA.columns if c.kind.ordered]
NAMES = [c.name for c in SCHEMA.columns]
WORDS = [c for c in NAMES if c not in NUMBERS]


def over(fresh: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Put ``rows`` in the place of the first of ``fresh``."""
    return pl.concat([rows.select(fresh.columns), fresh[rows.height :]])


def some(train: Dataset, count: int, rng: Rng) -> pl.DataFrame:
    """Return this many train rows at random."""
    return train.frame[rng.choice(train.n, count, replace=False)]


def copies(share: float, change: Change | None = None) -> Kind:
    """Replace a share of the rows by copies of random train rows, changed or not."""

    def make(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        rows = some(train, round(share * fresh.height), rng)
        return over(fresh, rows if change is None else change(rows, fresh, rng))

    return make


def outliers(count: int, change: Change | None = None) -> Kind:
    """Replace rows by copies of train's most unusual rows, changed or not."""

    def make(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        rows = train.frame[unusual(train, count)]
        return over(fresh, rows if change is None else change(rows, fresh, rng))

    return make


def minority(count: int) -> Kind:
    """Copy rows of the rarer class only."""

    def make(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        rare = train.frame["ill"].value_counts().sort("count")["ill"][0]
        rows = train.frame.filter(pl.col("ill") == rare)
        return over(fresh, rows[rng.choice(rows.height, count, replace=False)])

    return make


def jittered(amount: float) -> Change:
    """Move each number by this share of a standard deviation (about 1.5 in this population)."""

    def change(rows: pl.DataFrame, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:  # noqa: ARG001
        return rows.with_columns(
            pl.col(c) + pl.Series(rng.normal(0, 1.5 * amount, rows.height)) for c in NUMBERS
        )

    return change


def rounded(decimals: int) -> Change:
    """Round every number."""

    def change(rows: pl.DataFrame, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:  # noqa: ARG001
        return rows.with_columns(pl.col(NUMBERS).round(decimals))

    return change


def shifted(amount: float) -> Change:
    """Add one constant to every number."""

    def change(rows: pl.DataFrame, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:  # noqa: ARG001
        return rows.with_columns(pl.col(NUMBERS) + amount)

    return change


def swapped(rows: pl.DataFrame, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:  # noqa: ARG001
    """Permute one column among the copies."""
    column = str(rng.choice(NAMES))
    return rows.with_columns(rows[column].gather(rng.permutation(rows.height)))


def one_changed(rows: pl.DataFrame, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:  # noqa: ARG001
    """Draw one category of each copy anew."""
    column = str(rng.choice([w for w in WORDS if w.startswith("category")]))
    drawn = np.array(list("abcdefgh"))[rng.integers(0, 8, rows.height)]
    return rows.with_columns(pl.Series(column, drawn))


def blanked(rows: pl.DataFrame, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:  # noqa: ARG001
    """Take a third of the values away, others in each row."""
    gone = rng.random((rows.height, len(NAMES))) < 1 / 3
    return rows.select(
        pl.when(pl.Series(~gone[:, i])).then(pl.col(c)).alias(c) for i, c in enumerate(NAMES)
    )


def columns_kept(share: float, columns: list[str] = NAMES) -> Change:
    """Keep a random part of each copy's columns; the others are fresh."""

    def change(rows: pl.DataFrame, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        order = rng.random((rows.height, len(columns))).argsort(axis=1).argsort(axis=1)
        return mixed(rows, fresh[: rows.height], order < round(share * len(columns)), columns)

    return change


def mixed(
    rows: pl.DataFrame, others: pl.DataFrame, kept: np.ndarray, columns: list[str] = NAMES
) -> pl.DataFrame:
    """Take each value of ``columns`` from ``rows`` where ``kept``, everything else from others."""
    return others.with_columns(
        pl.Series(c, np.where(kept[:, i], rows[c].to_numpy(), others[c].to_numpy()))
        for i, c in enumerate(columns)
    )


def numbers_kept(rows: pl.DataFrame, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:  # noqa: ARG001
    """Keep the numbers and half of the categories; the others are fresh."""
    return rows.with_columns(fresh[w][: rows.height] for w in WORDS[-4:])


def spread_over_two(share: float, *, filled: bool = True) -> Kind:
    """Spread each copy over two rows, other columns for each person.

    ``filled``: the rest of a row is fresh; else it comes from another person of train.
    """

    def make(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        count = round(share * fresh.height / 2)
        rows, rest = some(train, count, rng), fresh[: 2 * count]
        if not filled:
            rest = some(train, 2 * count, rng)
        kept = rng.random((count, len(NAMES))).argsort(axis=1).argsort(axis=1) < len(NAMES) / 2
        halves = [mixed(rows, rest[:count], kept), mixed(rows, rest[count:], ~kept)]
        return over(fresh, pl.concat(halves))

    return make


def interpolated(share: float, most: float) -> Kind:
    """Mix each copy with its nearest train row, at most this far on the way (as SMOTE does)."""

    def make(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        from sklearn.neighbors import NearestNeighbors

        rows = rng.choice(train.n, round(share * fresh.height), replace=False)
        x = train.frame.select(NUMBERS).to_numpy()
        near = NearestNeighbors(n_neighbors=6).fit(x).kneighbors(x[rows])[1]
        other = near[np.arange(len(rows)), rng.integers(1, 6, len(rows))]
        there = rng.uniform(0, most, (len(rows), 1))
        made = (1 - there) * x[rows] + there * x[other]
        return over(fresh, train.frame[rows].with_columns(pl.DataFrame(made, schema=NUMBERS)))

    return make


def attributes_only(share: float) -> Kind:
    """Copy four known columns and the target into a share of the rows; the rest is fresh."""

    def make(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        rows = some(train, round(share * fresh.height), rng)
        kept = ["number_0", "number_1", "category_0", "category_1", "ill"]
        return over(fresh, fresh[: rows.height].with_columns(rows[c] for c in kept))

    return make


def one_subgroup(share: float) -> Kind:
    """Copy a share of the people of a small subgroup."""

    def make(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        group = train.frame.filter((pl.col("category_0") == "h") | (pl.col("category_1") == "g"))
        return over(fresh, group.sample(fraction=share, seed=int(rng.integers(1 << 31))))

    return make


def one_person(times: int) -> Kind:
    """Repeat one person's row again and again."""

    def make(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        return over(fresh, train.frame[np.full(times, rng.integers(train.n))])

    return make


def overfit(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    """Draw column after column from the five train rows most like what is drawn so far."""
    from sklearn.neighbors import NearestNeighbors

    codes = np.column_stack(
        [train.frame[c].rank("dense").to_numpy() / train.frame[c].n_unique() for c in NAMES]
    )
    rows = rng.integers(0, train.n, fresh.height)
    parts = {NAMES[0]: train.frame[NAMES[0]].gather(rows)}
    drawn = codes[rows, :1]
    for i, name in enumerate(NAMES[1:], start=1):
        near = NearestNeighbors(n_neighbors=5).fit(codes[:, :i]).kneighbors(drawn)[1]
        picked = near[np.arange(len(near)), rng.integers(0, 5, len(near))]
        parts[name] = train.frame[name].gather(picked)
        drawn = np.column_stack([drawn, codes[picked, i]])
    return pl.DataFrame(parts)


def rare_combinations(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:  # noqa: ARG001
    """Replay the whole rows of the rarest combination of two categories."""
    pair = ["category_2", "category_3"]
    rare = train.frame.filter(pl.len().over(pair) <= 15)
    return over(fresh, rare.head(fresh.height // 20))


def filtered(leaky: Kind, quantile: float, *, nudge: bool) -> Kind:
    """Drop, or change until they are far enough, all rows too near to train.

    Too near is nearer than this quantile of what train rows have to their own nearest. A nudge
    draws one column after another anew.
    """

    def make(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        space = space_of([train])
        own, codes = space.points(train), np.arange(train.n)
        least = float(np.quantile(nearest(own, own, apart=(codes, codes)), quantile))
        made, donors = leaky(train, fresh, rng), fresh[rng.permutation(fresh.height)]

        def close() -> pl.Series:
            points = space.points(replace(train, frame=made))
            return pl.Series(nearest(points, own)[:, 0] < least)

        for c in rng.permutation(NAMES).tolist() if nudge else ():
            made = made.with_columns(pl.when(close()).then(donors[c]).otherwise(pl.col(c)).alias(c))
        return made if nudge else made.filter(~close())

    return make


def tree_chain(**parameters: object) -> Kind:
    """Our own generator with other settings than shipped."""

    def make(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        seed = Streams.from_seed(int(rng.integers(1 << 31)))
        spec = GenerateSpec.model_validate({"parameters": parameters})
        return refitter(spec)(train, fresh.height, seed).frame

    return make


def overfit_trees(k: int) -> Kind:
    """Trees whose branches and pools come from the same few people, unprotected."""
    return tree_chain(k=k, honest=False, smooth=False, protect=1, trees=1)

"""Kinds of the leak zoo on other tables: chains of codes, and several rows a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from zoo_kinds import NAMES, mixed, over
from zoo_worlds import STEPS, VISITS

if TYPE_CHECKING:
    from zoo_kinds import Kind, Rng

    from assaymark.core.dataset import Dataset

_STEPS = [f"step_{i}" for i in range(STEPS)]


def rare_grams(share: float, length: int) -> Kind:
    """Replay stretches of codes that one train person has; the rest of each row is fresh."""

    def make(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        rows = fresh[: round(share * fresh.height)]
        starts = np.arange(rows.height) % (STEPS - length + 1)
        for start in np.unique(starts):
            window = _STEPS[start : start + length]
            rare = train.frame.filter(pl.len().over(window) == 1)
            here = pl.Series(starts == start)
            drawn = rare[rng.integers(0, rare.height, rows.height)]
            rows = rows.with_columns(
                pl.when(here).then(drawn[c]).otherwise(pl.col(c)).alias(c) for c in window
            )
        return over(fresh, rows)

    return make


def gram_model(order: int) -> Kind:
    """Draw each code from the train people who had the same last few, unsmoothed; age likewise."""

    def make(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        names = [*_STEPS, "age"]
        made = train.frame.select(_STEPS[0])[rng.integers(0, train.n, fresh.height)]
        for i, name in enumerate(names[1:], start=1):
            past = names[max(0, i - order) : i]
            pools = train.frame.group_by(past).agg(pl.col(name).alias("pool"))
            pool = made.join(pools, on=past, how="left", maintain_order="left")["pool"].to_list()
            drawn = [p[int(u * len(p))] for p, u in zip(pool, rng.random(len(pool)), strict=True)]
            made = made.with_columns(pl.Series(name, drawn))
        return made.with_columns(fresh["sex"]).select(fresh.columns)

    return make


def rare_values(count: int) -> Kind:
    """Replay whole rows of people with the rarest codes."""

    def make(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:  # noqa: ARG001
        rarest = pl.min_horizontal(pl.len().over(c) for c in _STEPS)
        return over(fresh, train.frame.sort(rarest, maintain_order=True).head(count))

    return make


def persons(share: float, rows_each: int = VISITS) -> Kind:
    """Replay rows of a share of the persons."""

    def make(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        return over(fresh, train.frame[_rows(train, share, rng)[:, :rows_each].ravel()])

    return make


def scattered_persons(share: float, kept: float) -> Kind:
    """Spread persons over as many rows as they have, each with other columns of theirs."""

    def make(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        rows = train.frame[_rows(train, share, rng).ravel()]
        order = rng.random((rows.height, len(NAMES))).argsort(axis=1).argsort(axis=1)
        return over(fresh, mixed(rows, fresh[: rows.height], order < round(kept * len(NAMES))))

    return make


def _rows(train: Dataset, share: float, rng: Rng) -> np.ndarray:
    """Return the rows of some persons, shape ``(persons, rows)``."""
    rows = np.argsort(train.person_codes, kind="stable").reshape(-1, VISITS)
    return rows[rng.choice(len(rows), round(share * len(rows)), replace=False)]

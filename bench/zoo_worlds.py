"""Other tables for the leak zoo: codes in a chain, several rows a person, and clean shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from policy_simulation import SCHEMA, population

from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.schema import Column, Kind, Role, Schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo_kinds import Rng

    Values = Mapping[str, np.ndarray]

VISITS, STEPS, CODES = 4, 6, 40


def table(values: Values, target: str = "", persons: np.ndarray | None = None) -> Dataset:
    """Return a table whose kinds follow from its values."""
    frame = pl.DataFrame(dict(values))
    kinds = {v: k for k, v in POLARS_TYPES.items() if k is not Kind.TEXT}
    columns = tuple(
        Column(
            name=c,
            kind=kinds[frame.schema[c]],
            roles=(Role.TARGET,) if c == target else (Role.OTHER,),
        )
        for c in frame.columns
    )
    return Dataset(schema=Schema(columns=columns), frame=frame, persons=persons)


def visits(n: int, rng: Rng) -> Dataset:
    """Draw n / 4 persons with four rows each: some columns stay, some move a little."""
    people = population(n // VISITS, rng).frame
    who = np.repeat(np.arange(people.height), VISITS)
    frame = people[who]
    moving = [c.name for c in SCHEMA.columns if c.kind.ordered]
    frame = frame.with_columns(pl.col(c) + pl.Series(rng.normal(0, 0.7, n)) for c in moving[3:])
    other = population(n, rng).frame
    often = pl.Series(rng.random(n) < 0.5)
    frame = frame.with_columns(
        pl.when(often).then(other[c]).otherwise(pl.col(c)).alias(c)
        for c in ("category_3", "category_4", "category_5")
    )
    return Dataset(schema=SCHEMA, frame=frame, persons=who)


def chains(n: int, rng: Rng) -> Dataset:
    """Draw people with six codes in a chain: forty codes, most rare, four likely after each."""
    world = np.random.default_rng(5)
    share = 1 / np.arange(1, CODES + 1) ** 1.2
    share /= share.sum()
    favoured = np.stack([world.choice(CODES, 4, replace=False, p=share) for _ in range(CODES)])
    steps = np.zeros((n, STEPS), dtype=np.int64)
    steps[:, 0] = rng.choice(CODES, n, p=share)
    for i in range(1, STEPS):
        known = favoured[steps[:, i - 1], rng.choice(4, n, p=[0.5, 0.25, 0.15, 0.1])]
        steps[:, i] = np.where(rng.random(n) < 0.7, known, rng.choice(CODES, n, p=share))
    age = np.clip(rng.normal(55 + steps[:, 0] / 2, 15, n), 18, 95).round().astype(np.int64)
    words = {f"step_{i}": names("c", steps[:, i]) for i in range(STEPS)}
    return table({"age": age, "sex": names("s", rng.integers(0, 2, n)), **words})


def names(prefix: str, codes: np.ndarray) -> np.ndarray:
    """Return codes as words."""
    return np.array([f"{prefix}{c:02d}" for c in range(int(codes.max(initial=0)) + 1)])[codes]


def categories(n: int, rng: Rng) -> Dataset:
    """Eight columns of two to five levels that hang together: equal rows everywhere."""
    kind = rng.choice(3, n, p=[0.6, 0.3, 0.1])
    levels = (2, 2, 3, 3, 4, 4, 5, 5)
    return table(
        {
            f"column_{i}": names(
                "v", np.where(rng.random(n) < 0.6, kind % k, rng.integers(0, k, n))
            )
            for i, k in enumerate(levels)
        },
        target="column_0",
    )


def heavy_numbers(n: int, rng: Rng) -> Dataset:
    """Ten numbers with heavy tails: Pareto, Cauchy-like and log-normal."""
    common = rng.standard_normal(n)
    parts = {f"pareto_{i}": rng.pareto(1.5, n) * np.exp(0.5 * common) for i in range(3)}
    parts |= {f"t_{i}": rng.standard_t(2, n) + common for i in range(3)}
    parts |= {f"amount_{i}": np.exp(rng.normal(8, 2, n) + common) for i in range(4)}
    return table(parts)


def several_rows(n: int, rng: Rng) -> Dataset:
    """``n`` persons with four rows each."""
    return visits(VISITS * n, rng)


def wide(n: int, rng: Rng) -> Dataset:
    """Sixty columns, half numbers, half categories, five factors behind them."""
    factor = rng.standard_normal((n, 5))
    parts: dict[str, np.ndarray] = {}
    for i in range(30):
        parts[f"number_{i}"] = factor[:, i % 5] + rng.standard_normal(n)
        cut = factor[:, (i + 1) % 5] + rng.standard_normal(n)
        parts[f"category_{i}"] = names("v", np.digitize(cut, [-1.5, 0.0, 1.0, 2.5]))
    return table(parts, target="category_0")


def rare_levels(n: int, rng: Rng) -> Dataset:
    """Six columns of three hundred levels, half of which hardly anyone has, and two numbers."""
    share = 1 / np.arange(1, 301) ** 1.5
    share /= share.sum()
    parts = {f"code_{i}": names("c", rng.choice(300, n, p=share)) for i in range(6)}
    return table({**parts, "x": rng.standard_normal(n), "y": rng.gamma(2, 2, n)})


def few_integers(n: int, rng: Rng) -> Dataset:
    """Eight integers of few values: counts and scores."""
    common = rng.gamma(2, 0.5, n)
    parts = {f"count_{i}": rng.poisson(common * (i + 1) / 3) for i in range(5)}
    parts |= {f"score_{i}": np.clip(rng.normal(3 + common / 2, 1, n), 1, 5).round() for i in (1, 2)}
    parts["flag"] = rng.random(n) < 0.2
    return table({k: v if v.dtype == bool else v.astype(np.int64) for k, v in parts.items()})


def dates(n: int, rng: Rng) -> Dataset:
    """Birth, admission and discharge, two times, and two categories that depend on them."""
    birth = rng.integers(-14_000, 11_000, n)
    admitted = 17_000 + rng.integers(0, 1_500, n)
    stay = rng.poisson(rng.gamma(1.5, 4, n))
    old = (admitted - birth) / 365 > 60
    seconds = admitted * 86_400 + rng.integers(0, 86_400, n)
    days = {"birth": birth, "admitted": admitted, "discharged": admitted + stay}
    return table(
        {
            **{k: v.astype("datetime64[D]") for k, v in days.items()},
            "seen": (seconds * 1_000_000).astype("datetime64[us]"),
            "ward": names("w", np.where(old, rng.integers(0, 3, n), rng.integers(1, 6, n))),
            "home": names("h", (rng.random(n) < np.where(old, 0.5, 0.9)).astype(np.int64)),
        }
    )


SHAPES = {
    "only categories": categories,
    "heavy-tailed numbers": heavy_numbers,
    "four rows a person": several_rows,
    "sixty columns": wide,
    "rare levels": rare_levels,
    "few integers": few_integers,
    "dates": dates,
}

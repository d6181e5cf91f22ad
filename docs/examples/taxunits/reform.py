"""A tax in brackets made flat; a tenth of those who owe more do not pay, drawn at random."""

import numpy as np
import polars as pl

BRACKETS = [(0, 0.10), (11_600, 0.12), (47_150, 0.22), (100_525, 0.24)]
DEDUCTION = {"single": 14_600, "joint": 29_200, "head": 21_900}


def bracketed(income: pl.Expr) -> pl.Expr:
    """Return the tax on an income, bracket by bracket."""
    tax, below = pl.lit(0.0), 0.0
    for start, rate in BRACKETS:
        tax = tax + (income - start).clip(lower_bound=0) * (rate - below)
        below = rate
    return tax


def flat_tax(frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Return what each unit owes before and after, in dollars a year."""
    deduction = pl.col("filing").replace_strict(DEDUCTION, default=14_600.0)
    income = (pl.col("wages") + pl.col("business") - deduction).clip(lower_bound=0)
    made = frame.select(before=bracketed(income), after=0.17 * income)
    evades = pl.Series(rng.random(frame.height) < 0.1)
    return made.with_columns(
        after=pl.when(evades & (pl.col("after") > pl.col("before")))
        .then("before")
        .otherwise("after")
    )

"""Coded: whole numbers that are codes although no name says so, told by the labels beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.schema import Kind
from assaymark.source.vocabulary import AMOUNTS, CLOCK, MEASURES, QUASI, first_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.source.suspicion import Facts

__all__ = ["can_be_codes", "label_of"]

_DIFFERENT, _SHARED, _LABELS = 20, 15, 10  # fewest
_ROWS, _PEOPLE = 5, 2  # fewest that share a code
_FILL = 0.05  # of all whole numbers between the least and the greatest
_ONE_DIGIT = 0.35  # of the values end in the same digit: more are rounded, or prices
_SURE = 0.9
_MOST = 200_000  # rows are looked at, the first


def can_be_codes(f: Facts) -> bool:
    """Whether whole numbers are few for their range, repeat much, and end in any digit.

    A name that says a measure, an amount, a time or an age rules it out.
    """
    about = set(f.words) & (MEASURES | AMOUNTS | CLOCK) or first_of(f.words, QUASI)
    if f.kind is not Kind.INTEGER or about or f.n_unique < _DIFFERENT or f.n < _ROWS * f.n_unique:
        return False
    different = f.values.unique()
    low, high = int(str(different.min())), int(str(different.max()))
    if low < 0 or f.n_unique > _FILL * (high - low + 1):
        return False
    ends = (different % 10).value_counts(name="values")["values"]
    return int(str(ends.max())) <= _ONE_DIGIT * f.n_unique


def label_of(
    codes: pl.Series, labels: Mapping[str, pl.Series], persons: pl.Series | None
) -> str | None:
    """Return the column of ``labels`` that codes determine, ``None`` where there is none.

    All are of the same rows. What counts are codes that five rows share, and two persons: the
    income of one person goes with that person's town, too. Labels must be many, and a code must
    tell the label: of the rows that do not have the most usual one, nearly all are got right.

    References
    ----------
    Goodman & Kruskal (1954), Measures of association for cross classifications: lambda.
    """
    who = pl.int_range(codes.len(), eager=True) if persons is None else persons
    for name, label in labels.items():
        rows = pl.DataFrame({"code": codes, "label": label, "who": who}).head(_MOST)
        if _determines(rows.drop_nulls()):
            return name
    return None


def _determines(rows: pl.DataFrame) -> bool:
    shared = (pl.len().over("code") >= _ROWS) & (pl.col("who").n_unique().over("code") >= _PEOPLE)
    kept = rows.filter(shared)
    if kept["code"].n_unique() < _SHARED or kept.height * 2 < rows.height:
        return False
    usual = kept["label"].value_counts(name="n")["n"]
    if usual.len() < _LABELS:
        return False
    held = kept.group_by("code", "label").len().group_by("code").agg(pl.col("len").max())
    right, common = int(held["len"].sum()), int(str(usual.max()))
    return right - common >= _SURE * (kept.height - common)

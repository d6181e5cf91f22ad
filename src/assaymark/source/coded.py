"""Coded: whole numbers that are codes although no name says so, told by the labels beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.schema import Kind
from assaymark.source.shapes import digits
from assaymark.source.vocabulary import AMOUNTS, CLOCK, MEASURES, QUASI, first_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.source.suspicion import Facts

__all__ = ["LABELS", "are_wide", "can_be_codes", "label_of", "owners"]

LABELS = 10  # fewest
_DIFFERENT, _SHARED = 20, 15  # fewest
_ROWS, _PEOPLE = 5, 2  # fewest that share a code
_FILL = 0.05  # of all whole numbers between the least and the greatest
_ONE_DIGIT = 0.35  # of the values end in the same digit: more are rounded, or prices
_SURE = 0.9
_OPEN = 0.85  # in a sample
_WIDE = 5  # digits
_MOST, _SAMPLE = 200_000, 20_000  # rows are looked at, the first, and of them


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
    rows = pl.DataFrame([codes.alias("code"), who.alias("who")]).head(_MOST)
    shared = (pl.len() >= _ROWS) & (pl.col("who").n_unique() >= _PEOPLE)
    kept = rows.select(shared.over("code") & pl.col("code").is_not_null()).to_series()
    if codes.head(_MOST).filter(kept).n_unique() < _SHARED:
        return None
    for name, label in labels.items():
        pair = pl.DataFrame([codes.alias("code"), label.alias("label")]).head(_MOST)
        if _may(pair) and _determines(pair, kept):
            return name
    return None


def owners(codes: pl.Series, labels: Mapping[str, pl.Series]) -> frozenset[str]:
    """Return the columns of ``labels`` each of whose values has one number: a product's sodium."""
    pairs = {
        name: pl.DataFrame([label.alias("code"), codes.alias("label")]).drop_nulls()
        for name, label in labels.items()
    }
    return frozenset(
        name
        for name, pair in pairs.items()
        if _may(pair) and _told(pair.head(_MOST), _ROWS) >= _SURE
    )


def are_wide(codes: pl.Series, *, all_of: bool) -> bool:
    """Whether numbers have five digits or more, as few quantities of a thing have; or some do."""
    fewest, most = digits(codes.drop_nulls())
    return (fewest if all_of else most) >= _WIDE


def _may(pair: pl.DataFrame) -> bool:
    """Whether a sample of the rows, in which rare codes are always right, leaves it open."""
    return _told(pair.gather_every(1 + pair.height // _SAMPLE).drop_nulls(), 1) >= _OPEN


def _determines(pair: pl.DataFrame, shared: pl.Series) -> bool:
    rows = pair.filter(shared).drop_nulls()
    if rows["code"].n_unique() < _SHARED or rows.height * 2 < pair.drop_nulls().height:
        return False
    return rows["label"].n_unique() >= LABELS and _told(rows, _ROWS) >= _SURE


def _told(rows: pl.DataFrame, fewest: int) -> float:
    """Return lambda of labels given codes that ``fewest`` rows share, 0 where few rows have such.

    It is the share got right of the rows that do not have the most usual label.
    """
    pairs = rows.group_by("code", "label").len().group_by("code")
    held = pairs.agg(pl.col("len").max().alias("most"), pl.col("len").sum())
    held = held.filter(pl.col("len") >= fewest)
    n = int(held["len"].sum())
    if n * 2 < rows.height or n == 0:
        return 0.0
    common = int(str(rows["label"].value_counts(name="n")["n"].max()))
    return (int(held["most"].sum()) - common) / (n - common) if n > common else 0.0

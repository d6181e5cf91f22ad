"""Grouping: one column's values put into coarser ones."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["banded", "group_rare", "mapped"]


def group_rare(
    values: pl.Series, persons: NDArray[np.int64], *, minimum: int, into: str
) -> pl.Series:
    """Return ``values`` with those of fewer than ``minimum`` persons replaced by ``into``.

    Where ``into`` itself would stand for fewer than ``minimum`` persons, the next rarest
    categories join it, since a small remainder tells as much as a rare value. Missing stays.
    """
    held = (
        pl.DataFrame({"value": values, "person": persons})
        .drop_nulls()
        .group_by("value")
        .agg(pl.col("person").n_unique().alias("n"))
        .sort("n", "value")
    )
    levels, counts = held["value"].to_list(), held["n"].to_list()
    rare = [v for v, n in zip(levels, counts, strict=True) if n < minimum and v != into]
    if not rare:
        return values
    inside = {*rare, into}
    reached = sum(n for v, n in zip(levels, counts, strict=True) if v in inside)
    for value, n in zip(levels, counts, strict=True):
        if reached >= minimum:
            break
        if value not in inside:
            inside.add(value)
            reached += n
    return values.set(values.is_in(sorted(inside)).fill_null(value=False), into)


def mapped(values: pl.Series, groups: Mapping[str, str], other: str | None) -> pl.Series:
    """Return each value's group; values without one become ``other``, or stay if it is None."""
    text = values.cast(pl.String)
    if other is None:
        return text.replace(dict(groups))
    return text.replace_strict(dict(groups), default=other).set(text.is_null(), None)


def banded(values: pl.Series, edges: tuple[float, ...]) -> pl.Series:
    """Return the band of each number: ``"under 18"``, ``"18 to under 65"``, ``"65 and over"``.

    Raises
    ------
    RecipeError
        When there are no edges or they do not rise.
    """
    if not edges or any(b <= a for a, b in pairwise(edges)):
        raise RecipeError(
            f"edges must be one or more rising numbers, not {list(edges)}\n\nHint: [18, 65]"
        )
    shown = [f"{x:.10g}" for x in edges]
    middle = [f"{a} to under {b}" for a, b in pairwise(shown)]
    labels = [f"under {shown[0]}", *middle, f"{shown[-1]} and over"]
    number = values.cast(pl.Float64)
    band = np.searchsorted(edges, number.fill_null(edges[0]).to_numpy(), side="right")
    found = pl.Series(values.name, np.array(labels, dtype=object)[band], dtype=pl.String)
    return found.set(number.is_null(), None)

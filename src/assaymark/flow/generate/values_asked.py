"""Values asked: a condition on categories, held against the values that people share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.value_sets import Levels
from assaymark.errors import ConditionError

if TYPE_CHECKING:
    from assaymark.core.conditions import Conditions
    from assaymark.core.dataset import Dataset

__all__ = ["check_values"]

_FEWEST = 10  # persons who share a value that is named
_SHOWN = 12


def check_values(given: Conditions, data: Dataset) -> None:
    """Refuse a condition that asks for values of a category that no row of ``data`` has.

    Raises
    ------
    ConditionError
        With the values that there are, but those that fewer than ten persons share.
    """
    for column, allowed in (given.allowed() or {}).items():
        values = data.frame[column] if column in data.frame.columns else None
        if values is None or not isinstance(allowed.values, Levels):
            continue
        if not allowed.hold(values).any():
            raise ConditionError(
                f"no row can satisfy {given.text!r}: no row of the table has such a value in "
                f"{column!r}, whose values are {_shown(values, data)}\n\nHint: values that fewer "
                f"than {_FEWEST} persons share are not named, and hardly ever come out"
            )


def _shown(values: pl.Series, data: Dataset) -> str:
    whose = pl.DataFrame({"value": values.cast(pl.String), "whose": data.person_codes})
    counted = whose.drop_nulls("value").group_by("value").agg(pl.col("whose").n_unique())
    common = counted.filter(pl.col("whose") >= _FEWEST)
    names = common.sort(["whose", "value"], descending=[True, False])["value"].to_list()
    if not names:
        return "each of too few persons to be named"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(repr, names[:_SHOWN])) + more

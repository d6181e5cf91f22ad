"""Claim proposal: what is asked for policy simulation where a recipe declares no claim."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.claim import Mean, Share
from assaymark.core.schema import Kind, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.core.claim import ClaimSpec
    from assaymark.core.dataset import Dataset

__all__ = ["proposed_claims"]

_MOST = 12
_NOT_ASKED = {Role.WEIGHT, Role.PERSON_KEY, Role.DIRECT_IDENTIFIER, Role.TEXT}
_STRANGE = re.compile(r"[,:*?\[\]\n]")


def proposed_claims(real: Dataset) -> tuple[ClaimSpec, ...]:
    """Return the rate or mean of the target, by each protected column, and means of numbers.

    At most twelve; of a target with more than two values, the most frequent one. Without a target
    and numbers, the share of each category's most frequent value.
    """
    return (tuple(_proposed(real)) or tuple(_shares(real)))[:_MOST]


def _shares(real: Dataset) -> Iterator[ClaimSpec]:
    for column in real.schema.columns:
        if column.kind in {Kind.CATEGORY, Kind.BOOLEAN} and not _NOT_ASKED & set(column.roles):
            yield from _of_target(real, column.name, "")


def _proposed(real: Dataset) -> Iterator[ClaimSpec]:
    target = real.schema.first(Role.TARGET)
    if target is not None and target.kind is not Kind.TEXT:
        protected = [c.name for c in real.schema.with_role(Role.PROTECTED) if c is not target]
        for by in protected or [""]:
            yield from _of_target(real, target.name, by)
    for column in real.schema.columns:
        asked = column.kind in {Kind.INTEGER, Kind.DECIMAL} and not _NOT_ASKED & set(column.roles)
        if asked and column is not target and real.frame[column.name].n_unique() > 2:
            yield Mean(kind="mean", name=_name(f"mean of {column.name}"), column=column.name)


def _of_target(real: Dataset, name: str, by: str) -> Iterator[ClaimSpec]:
    suffix = f" by {by}" if by else ""
    values = real.frame[name].drop_nulls()
    kind = real.schema.column(name).kind
    if kind is Kind.CATEGORY and len(values):
        counts = values.cast(pl.String).value_counts(name="n")
        counts = counts.sort(["n", name], descending=[True, False])
        value = counts[name][1 if counts.height == 2 else 0]
        quoted = value.replace("'", "''")
        shown = _name(f"share of {name} {value}{suffix}")
        yield Share(kind="share", name=shown, by=by, condition=f"`{name}` == '{quoted}'")
    elif kind is not Kind.CATEGORY:
        noun = "rate" if kind is Kind.BOOLEAN else "mean"
        yield Mean(kind="mean", name=_name(f"{noun} of {name}{suffix}"), column=name, by=by)


def _name(text: str) -> str:
    return _STRANGE.sub("_", text)[:80]

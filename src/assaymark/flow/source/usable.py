"""Usable: the part of a table that a generator may see, where nobody said what columns mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.schema import Kind, Role
from assaymark.errors import DataError
from assaymark.flow.source.read import notes_of
from assaymark.source.load import load
from assaymark.source.transform import apply

if TYPE_CHECKING:
    from collections.abc import Collection

    import polars as pl

    from assaymark.core.dataset import Dataset
    from assaymark.source.profile import TableProfile

__all__ = ["usable_part"]


def usable_part(
    frame: pl.DataFrame,
    found: TableProfile,
    fresh: Collection[str] = (),
    *,
    filling: bool = False,
) -> tuple[Dataset, list[str]]:
    """Return the rows without identifiers and free text, and sentences on what was left out.

    Columns called ``fresh`` are left out, too, but come back with other values. With ``filling``
    all columns come back as they are, and the sentences say so.

    Raises
    ------
    DataError
        When no column would be left.
    """
    dataset = apply(load(frame, found.schema), ()).dataset
    text = [c.name for c in dataset.schema.columns if c.kind is Kind.TEXT]
    suspected = [
        c.column.name
        for c in found.columns
        if c.suspected_identifier is not None and c.column.name in dataset.schema.names
    ]
    identifiers = [c.name for c in found.schema.with_role(Role.DIRECT_IDENTIFIER)]
    keys = [c.name for c in found.schema.with_role(Role.PERSON_KEY)]
    leave = list(dict.fromkeys([*text, *suspected]))
    if len(leave) == len(dataset.schema.columns):
        raise DataError(
            "every column looks like an identifier or free text, so nothing can be "
            f"{'filled' if filling else 'generated'}: "
            f"{', '.join(map(repr, leave))}\n\nHint: `assaymark init` writes a recipe in which "
            "you can declare other roles"
        )
    notices = notes_of(found, command="impute" if filling else "generate")
    out = [name for name in dict.fromkeys([*identifiers, *suspected]) if name not in fresh]
    for names, what in ((out, "it may identify people"), (text, "it is free text")):
        if names:
            done = "Stays as it is and is not used" if filling else "Left out"
            notices.append(f"{done}, since {what}: {', '.join(names)}.")
    if keys:
        notices.append(
            f"{keys[0]} was taken for the person key: each person counts once, and the key itself "
            f"{'stays as it is' if filling else 'is not in the output'}."
        )
    return dataset.drop(*leave) if leave else dataset, notices

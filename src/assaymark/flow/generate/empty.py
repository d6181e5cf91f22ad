"""Empty: columns of a draft without any value though the source has some, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.schema import Kind
from assaymark.source.dates import date_formats

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from assaymark.core.dataset import Dataset

__all__ = ["empty_notes"]

_ROWS = 20  # of a kind, so that "none of them has a value" is of no single person
_ALL_WERE = (
    "Too few people share a value there, or stand behind a range of values, for any to be shown; a "
    "larger table, or coarser values, would be"
)
_SOME_WERE_ASKED_FOR = (
    "Too few people, of those like the rows that were asked for or of all, share a value there or "
    "stand behind a range of values, for any to be shown; ask for more kinds of rows, or give a "
    "larger table or coarser values"
)


def empty_notes(
    train: Dataset, alike: Dataset, synthetic: Dataset, asked: Collection[str] = ()
) -> list[str]:
    """Say which columns came out empty though the source has values there, and why.

    ``alike`` are the rows of ``train`` of the kind that was asked for: all, where none was. Of
    columns that are ``asked`` for something by constraints, these may be why.
    """
    if not synthetic.n:
        return []
    lost = [
        c
        for c in train.schema.columns
        if synthetic.frame[c.name].null_count() == synthetic.n
        and train.frame[c.name].null_count() < train.n
    ]
    bare = [c for c in lost if _without(alike, train, c.name)]
    dated = [
        c
        for c in lost
        if c not in bare and c.kind is Kind.CATEGORY and date_formats(train.frame[c.name])
    ]
    bound = [c for c in lost if c not in (*bare, *dated) and c.name in asked]
    rare = [c for c in lost if c not in (*bare, *dated, *bound)]
    causes = (
        (bare, "No row of the source of the kind that was asked for has a value there"),
        (
            dated,
            "They are dates written in several ways, which count as categories of which hardly "
            "two people share one: write all in one way, and they are made as dates",
        ),
        (
            bound,
            "The model draws no row with a value there that keeps to the constraints, or too few "
            "people share a value; without the constraints it shows which",
        ),
        (rare, _SOME_WERE_ASKED_FOR if alike.n < train.n else _ALL_WERE),
    )
    return [
        f"Came out empty: {_names(c.name for c in some)}. {why}." for some, why in causes if some
    ]


def _without(alike: Dataset, train: Dataset, name: str) -> bool:
    """Whether none of many rows of the kind has a value; of few, nothing is told."""
    return _ROWS <= alike.n < train.n and alike.frame[name].null_count() == alike.n


def _names(columns: Iterable[str]) -> str:
    return ", ".join(map(repr, columns))

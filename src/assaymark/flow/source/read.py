"""Source: from a table and a recipe to person-split parts, with what happened on the way."""

from __future__ import annotations

import hmac
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.core.recipe import ColumnSpec, Drop
from assaymark.core.schema import Kind, Role
from assaymark.errors import DataError, UnknownNameError
from assaymark.evaluate.breaches import check_rules
from assaymark.flow.source.claims import check_asked
from assaymark.source.band import band
from assaymark.source.folds import Folds, parts_of
from assaymark.source.identifiers import check_identifiers
from assaymark.source.load import load
from assaymark.source.prints import prints_of
from assaymark.source.profile import ColumnProfile, TableProfile, profile
from assaymark.source.split import Split
from assaymark.source.transform import TransformRecord, apply

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import polars as pl

    from assaymark.core.dataset import Dataset
    from assaymark.core.recipe import Recipe
    from assaymark.source.prints import Prints

__all__ = ["Prepared", "kept", "notes_of", "prepare"]

_MADE = "; made rows "
_NOTES, _WORDS = 12, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A source ready for a generator: typed, transformed, split or dealt by person.

    ``notices`` are sentences that the reader of a report must know; ``commitment`` is the
    HMAC-SHA256 of the rows as they were read. ``prints``, by which the account of a privacy
    budget knows the people again, are there where the recipe has one.
    """

    profile: TableProfile
    parts: Split | Folds
    transformations: tuple[TransformRecord, ...]
    notices: tuple[str, ...]
    commitment: str
    n: int
    n_persons: int
    prints: Prints | None = None


def prepare(frame: pl.DataFrame, recipe: Recipe, key: bytes) -> Prepared:
    """Type, check, transform and split ``frame`` as ``recipe`` says.

    The split is keyed by ``key`` and drawn from the rows as they were read, so that neither a
    transformation nor a new name moves a person from one part to another.

    Raises
    ------
    DataError
        When the table cannot be used, or an identifier would reach the generator.
    UnknownNameError
        When labels, bounds or a correction are said to be of a column that is not there.
    InputError
        When a plausibility rule does not fit the table.
    RecipeError
        When a claim of the recipe cannot be asked of the table.
    """
    found = profile(frame, recipe.columns)
    _check_named(recipe, found.schema.names)
    dropped = {c for step in recipe.transform if isinstance(step, Drop) for c in step.columns}
    warnings = check_identifiers(found, recipe.columns, dropped)
    raw = load(frame, found.schema)
    transformed = apply(raw, recipe.transform)
    dataset, said = _without_text(transformed.dataset)
    check_rules(recipe.questions.plausibility, dataset)
    check_asked(recipe.claim, dataset.schema)
    parts = parts_of(dataset, recipe.split, key, basis=raw)
    notices = [*warnings, *said, *notes_of(found, dropped), *((parts.note,) if parts.note else ())]
    repeated = parts.train.persons is not None
    if repeated:
        notices.append(
            "A person has several rows here. Rows were modelled and sampled one by one, each "
            "person counting once; the person key is not in the output, and sequences of rows of "
            "one person are not reproduced."
        )
    notices += _targets(dataset)
    if parts.shared_persons:
        notices.append(
            f"{parts.shared_persons:,} persons have rows both in what the generator saw and in "
            "what it is tested on, because the recipe splits by row."
        )
    return Prepared(
        profile=found,
        parts=parts,
        transformations=transformed.records,
        notices=tuple(notices),
        commitment=_commitment(frame, key),
        n=frame.height,
        n_persons=sum(p.n_persons for p in parts.all),
        prints=_prints(raw, recipe, key),
    )


def _targets(dataset: Dataset) -> list[str]:
    """Say which of several declared targets is predicted."""
    targets = [repr(c.name) for c in dataset.schema.with_role(Role.TARGET)]
    if len(targets) < 2:
        return []
    return [
        f"{', '.join(targets)} are declared targets: {targets[0]} is what models are to predict, "
        "and the others are columns like any. One recipe for each looks at them all."
    ]


def _check_named(recipe: Recipe, columns: Sequence[str]) -> None:
    for label in recipe.label:
        if label.column not in columns:
            raise UnknownNameError("column", label.column, columns, "[[label]]")
    for name in recipe.privacy.bounds if recipe.privacy else ():
        if name not in columns:
            raise UnknownNameError("column", name, columns, "[privacy.bounds]")
    for correction in recipe.correction:
        for said in (correction.group, correction.outcome):
            if not any(said == c or said.startswith(f"{c}=") for c in columns):
                name = said.partition("=")[0]
                raise UnknownNameError("column", name, columns, "[[correction]]")


def _prints(raw: Dataset, recipe: Recipe, key: bytes) -> Prints | None:
    """Return the prints of a table; without a budget to account for, those that can be made."""
    try:
        return prints_of(raw, key)
    except DataError:
        if recipe.privacy is not None:
            raise
        return None


def kept(columns: Sequence[str], known: Sequence[str]) -> dict[str, ColumnSpec]:
    """Return what is declared of columns in which no word says that a value is missing."""
    for name in columns:
        if name not in known:
            raise UnknownNameError("column", name, known, "--keep")
    return {name: ColumnSpec(missing=("",)) for name in columns}


def notes_of(
    found: TableProfile, dropped: Collection[str] = (), command: str = "generate"
) -> list[str]:
    """Return what the profile noticed of single columns but those ``dropped``, the first twelve."""
    kept = [c for c in found.columns if c.column.name not in dropped]
    notes = [f"Column {c.column.name!r}: {note}." for c in kept for note in c.notes]
    if command == "impute":  # which keeps to the table's own way
        notes = [f"{n.partition(_MADE)[0]}." if _MADE in n else n for n in notes]
    more = len(notes) - _NOTES
    said = [f"And {more} more notes on columns."] if more > 0 else []
    return [*notes[:_NOTES], *said, *_read_as_missing(kept, command)]


def _read_as_missing(columns: Sequence[ColumnProfile], command: str) -> list[str]:
    """Say which words were read as missing, in categories first: there they may be values."""
    found = sorted(
        (c for c in columns if c.said_missing), key=lambda c: c.column.kind is not Kind.CATEGORY
    )
    if not found:
        return []
    told = [f"{word!r} in {c.column.name} ({band(n)})" for c in found for word, n in c.said_missing]
    more = f" and {len(told) - _WORDS} more" if len(told) > _WORDS else ""
    recipe = ', or missing = [""] for the column in a recipe' if command == "generate" else ""
    return [
        f"Read as missing: {', '.join(told[:_WORDS])}{more}. Where that is a value, as NA is the "
        f"code of Namibia, keep it: `{command} --keep COLUMN`{recipe}."
    ]


def _commitment(frame: pl.DataFrame, key: bytes) -> str:
    raw = io.BytesIO()
    frame.write_ipc(raw, compression="uncompressed")
    return hmac.digest(key, raw.getbuffer(), "sha256").hex()


def _without_text(dataset: Dataset) -> tuple[Dataset, tuple[str, ...]]:
    text = [c.name for c in dataset.schema.columns if c.kind is Kind.TEXT]
    if not text:
        return dataset, ()
    if len(text) == len(dataset.schema.columns):
        raise DataError("every column is free text, and free text is not generated from a table")
    names = ", ".join(repr(t) for t in text)
    return dataset.drop(*text), (f"Left out as free text: {names}.",)

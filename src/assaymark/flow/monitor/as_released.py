"""As released: a batch as the source has it, taken through the steps that the release's rows went.

What a release was made of was typed, made coarser and rid of identifiers first. Rows of today from
the same source differ from released ones in all of that, whether or not the world moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.recipe import (
    BucketDate,
    ColumnSpec,
    Drop,
    Generalise,
    GroupRare,
    TopCode,
)
from assaymark.core.schema import Kind, Role
from assaymark.core.streams import Streams
from assaymark.errors import InputError
from assaymark.evaluate.statistics import clopper_pearson
from assaymark.flow.source.claims import read_recipe
from assaymark.source.load import load
from assaymark.source.persons import one_row_each
from assaymark.source.profile import profile
from assaymark.source.transform import apply, in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from assaymark.core.recipe import Recipe, TransformSpec
    from assaymark.core.schema import Schema
    from assaymark.release.predicates import Provenance

__all__ = ["Taken", "taken_as_released", "without_removed"]

_SHOWN = 3
_NUMBERS = {Kind.INTEGER, Kind.DECIMAL}
_MOMENTS = {Kind.DATE, Kind.DATETIME}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Taken:
    """A batch in the columns and values of a release, one row a person, and how in words."""

    frame: pl.DataFrame
    words: str


def taken_as_released(
    batch: pl.DataFrame, recipe: Path, made: Provenance, released: pl.DataFrame
) -> Taken:
    """Take a batch through the steps of the recipe that a release was made by.

    Categories are grouped as in the ``released`` rows, whatever their number is today. Of a
    person with several rows one is drawn, so that persons count once, as they did in the fit. What
    does not fit a step stays as it is, to be named as changed.

    Raises
    ------
    RecipeError
        When the recipe cannot be read.
    InputError
        When the release was made by other steps.
    """
    told = read_recipe(recipe)
    _check_steps(told, made, recipe)
    there = {n: c for n, c in told.columns.items() if n in batch.columns}
    schema = profile(batch, _declared(batch, there, told.transform, released)).schema
    steps, groups = _fitting(told.transform, schema, released)
    before = apply(load(batch, schema), steps).dataset
    found = apply(before, groups).dataset
    said = f"taken through the {len(told.transform)} steps of {recipe.name}"
    unknown = "".join(_unknown(before.frame, groups, released))
    if found.persons is None:
        return Taken(frame=found.frame, words=said + unknown)
    rows = one_row_each(found.persons, Streams.from_seed(0).child("one row a person").generator())
    return Taken(
        frame=found.frame[rows],
        words=f"{said}; {batch.height:,} rows of {len(rows):,} persons, one row of each was drawn"
        f"{unknown}",
    )


def without_removed(batch: pl.DataFrame, made: Provenance, released: Sequence[str]) -> Taken:
    """Set aside the columns of a batch that a release says it removed, such as identifiers.

    They are no change: rows as the source has them have these columns still. ``released`` are the
    columns of the released rows.
    """
    steps = [s for s in made.transformations if s.kind.startswith(("leave out", "drop"))]
    removed = {c for s in steps for c in s.columns} - set(released)
    aside = [c for c in batch.columns if c in removed]
    if not aside or len(aside) == batch.width:
        return Taken(frame=batch, words="")
    words = f"read without {', '.join(aside)}, which the release says it removed"
    return Taken(frame=batch.drop(aside), words=words)


def _check_steps(recipe: Recipe, made: Provenance, path: Path) -> None:
    then = [
        f"{s.kind} of {', '.join(s.columns)}, {s.parameters}"
        for s in made.transformations
        if not s.kind.startswith("leave out")
    ]
    now = [f"{s.kind} of {', '.join(_columns(s))}, {in_words(s)}" for s in recipe.transform]
    if then != now:
        other = next(((t, n) for t, n in zip_longest(then, now, fillvalue="none") if t != n))
        raise InputError(
            f"the release was made by other steps than {str(path)!r} says: the first that differs "
            f"was {other[0]}, and is {other[1]}\n\nHint: the recipe it was made by, as it was then"
        )


def _columns(step: TransformSpec) -> tuple[str, ...]:
    return step.columns if isinstance(step, Drop | GroupRare) else (step.column,)


def _declared(
    batch: pl.DataFrame,
    declared: Mapping[str, ColumnSpec],
    steps: Sequence[TransformSpec],
    released: pl.DataFrame,
) -> dict[str, ColumnSpec]:
    """Return what is declared, and of other columns that they are categories where they were."""
    made = {s.column for s in steps if isinstance(s, Generalise) and s.edges is not None}
    kinds = {**declared}
    for name in batch.columns:
        said = declared.get(name, ColumnSpec())
        words = name in released.columns and released.schema[name] == pl.String
        key = {Role.PERSON_KEY, Role.DIRECT_IDENTIFIER} & set(said.roles)
        if said.kind is None and words and name not in made and not key:
            kinds[name] = said.model_copy(update={"kind": Kind.CATEGORY})
    return kinds


def _fitting(
    steps: Sequence[TransformSpec], schema: Schema, released: pl.DataFrame
) -> tuple[tuple[TransformSpec, ...], tuple[Generalise, ...]]:
    """Return the steps that columns of these kinds can go, and then the groups of the release.

    A column's groups are the last of its steps.
    """
    kinds = {c.name: c.kind for c in schema.columns}
    own: list[TransformSpec] = []
    groups: list[Generalise] = []
    for i, step in enumerate(steps):
        names = [n for n in _columns(step) if n in kinds]
        if isinstance(step, Drop):
            if names:
                own.append(step.model_copy(update={"columns": tuple(names)}))
            kinds = {n: k for n, k in kinds.items() if n not in names}
        elif isinstance(step, GroupRare):
            later = {n for s in steps[i + 1 :] for n in _columns(s)}
            last = [n for n in names if n in released.columns and n not in later]
            groups += [_grouped(n, released[n], step.into) for n in last]
        elif names and kinds[names[0]] in _needed(step):
            own.append(step)
            if isinstance(step, Generalise):
                kinds[names[0]] = Kind.CATEGORY
    return tuple(own), tuple(groups)


def _unknown(
    frame: pl.DataFrame, groups: Sequence[Generalise], released: pl.DataFrame
) -> Iterator[str]:
    """Name values that are new: surely more common than all that were grouped together then."""
    for step in groups:
        if step.other is None or step.map is None:
            continue
        rare = (released[step.column] == step.other).sum() / max(1, released.height)
        values = frame[step.column].cast(pl.String)
        counts = values.filter(~values.is_in([*step.map])).drop_nulls().value_counts(sort=True)
        for value, n in counts.head(_SHOWN).iter_rows():
            if clopper_pearson(n, frame.height).low > rare:
                yield (
                    f"; {value!r} of {step.column} ({n / frame.height:.0%} of rows) is new and "
                    f"counts as {step.other!r}"
                )


def _needed(step: Generalise | TopCode | BucketDate) -> set[Kind]:
    if isinstance(step, Generalise) and step.edges is None:
        return set(Kind)
    return _MOMENTS if isinstance(step, BucketDate) else _NUMBERS


def _grouped(name: str, released: pl.Series, into: str) -> Generalise:
    known = released.cast(pl.String).drop_nulls().unique().sort().to_list()
    groups = {value: value for value in known}
    return Generalise(
        kind="generalise", column=name, map=groups, other=into if into in groups else None
    )

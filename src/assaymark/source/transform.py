"""Transform: the declared steps that make rows less telling before anything is learnt of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.document import Document
from assaymark.core.recipe import BucketDate, Drop, Generalise, GroupRare, TopCode
from assaymark.core.schema import Kind, Role, Schema
from assaymark.errors import DataError, RecipeError, UnknownNameError
from assaymark.source.band import band
from assaymark.source.grouping import banded, group_rare, mapped
from assaymark.source.persons import codes_of, person_key, repeats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.recipe import TransformSpec

__all__ = ["TransformRecord", "Transformed", "apply", "in_words"]

_TO = {"year": "1y", "quarter": "1q", "month": "1mo", "week": "1w"}


class TransformRecord(Document):
    """What one step did: parameters in words, and how many values changed, banded."""

    schema_id: Literal["assaymark/transform/v0"] = "assaymark/transform/v0"
    kind: str
    columns: tuple[str, ...]
    parameters: str
    changed: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Transformed:
    """The rows after all steps, and a record of each step.

    Direct identifiers and the person key are no longer columns; ``dataset.persons`` carries the
    key as codes where persons have several rows.
    """

    dataset: Dataset
    records: tuple[TransformRecord, ...]


def apply(dataset: Dataset, steps: tuple[TransformSpec, ...]) -> Transformed:
    """Apply the steps in order, then leave out direct identifiers and the person key.

    Raises
    ------
    UnknownNameError
        When a step names a column that is not there (any more).
    DataError
        When a step does not fit the column's kind, or no column is left.
    RecipeError
        When a step's parameters contradict each other.
    """
    persons = _codes(dataset)
    records: list[TransformRecord] = []
    for step in steps:
        dataset, record = _step(dataset, step, persons)
        records.append(record)
    for role, reason in (
        (Role.DIRECT_IDENTIFIER, "direct identifiers never reach a generator"),
        (Role.PERSON_KEY, "the key says who is who; it is kept beside the rows"),
    ):
        names = tuple(c.name for c in dataset.schema.with_role(role))
        if names:
            step = Drop(kind="drop", columns=names, why=reason)
            dataset, record = _drop(dataset, step)
            records.append(record.model_copy(update={"kind": f"leave out {role.value}"}))
    if not dataset.schema.columns:
        raise DataError(
            "no column is left after the transformations\n\n"
            "Hint: keep at least one column that is not a key or an identifier"
        )
    several = persons is not None and repeats(persons)
    kept = replace(dataset, persons=persons if several else None)
    return Transformed(dataset=kept, records=tuple(records))


def in_words(step: TransformSpec) -> str:
    """Return what a step is told to do, as its record has it; the same whatever the rows are.

    Releases quote this, and are held against it later: a sentence is never changed. Of a map it
    says how many values and groups it has.
    """
    if isinstance(step, Drop):
        return "left out of everything that follows"
    if isinstance(step, GroupRare):
        return f"categories of fewer than {step.minimum} persons became {step.into!r}"
    if isinstance(step, BucketDate):
        return f"dates cut to the first day of the {step.to}"
    if isinstance(step, TopCode):
        ends = (("at least", step.low), ("at most", step.high))
        return "values held " + " and ".join(f"{word} {x:g}" for word, x in ends if x is not None)
    return _generalised(step)


def _generalised(step: Generalise) -> str:
    if step.edges is not None:
        return f"bands that start at {', '.join(f'{x:g}' for x in step.edges)}"
    if step.prefix is not None:
        return f"the first {step.prefix} characters kept"
    groups = step.map or {}
    others = f", all others into {step.other!r}" if step.other is not None else ""
    return f"{len(groups)} values put into {len(set(groups.values()))} groups{others}"


def _codes(dataset: Dataset) -> NDArray[np.int64] | None:
    if dataset.persons is not None:
        return dataset.persons
    key = person_key(dataset)
    return None if key is None else codes_of(key)


def _step(
    dataset: Dataset, step: TransformSpec, persons: NDArray[np.int64] | None
) -> tuple[Dataset, TransformRecord]:
    names = step.columns if isinstance(step, Drop | GroupRare) else (step.column,)
    for name in names:
        if name not in dataset.schema.names:
            raise UnknownNameError("column", name, dataset.schema.names, f"transform {step.kind!r}")
    if isinstance(step, Drop):
        return _drop(dataset, step)
    if isinstance(step, GroupRare):
        return _group(dataset, step, persons)
    if isinstance(step, Generalise):
        return _generalise(dataset, step)
    if isinstance(step, TopCode):
        return _top_code(dataset, step)
    return _bucket(dataset, step)


def _drop(dataset: Dataset, step: Drop) -> tuple[Dataset, TransformRecord]:
    return dataset.drop(*step.columns), TransformRecord(
        kind="drop",
        columns=step.columns,
        parameters=in_words(step),
        changed="every value",
        why=step.why,
    )


def _group(
    dataset: Dataset, step: GroupRare, persons: NDArray[np.int64] | None
) -> tuple[Dataset, TransformRecord]:
    changed = 0
    who = np.arange(dataset.n) if persons is None else persons
    for name in step.columns:
        _need(dataset, name, {Kind.CATEGORY}, "group_rare", 'declare its kind = "category"')
        before = dataset.frame[name]
        after = group_rare(before, who, minimum=step.minimum, into=step.into)
        changed += _differing(before, after)
        dataset = _put(dataset, name, after, Kind.CATEGORY)
    return dataset, TransformRecord(
        kind="group_rare",
        columns=step.columns,
        parameters=in_words(step),
        changed=band(changed),
        why=step.why,
    )


def _generalise(dataset: Dataset, step: Generalise) -> tuple[Dataset, TransformRecord]:
    given = [k for k in ("map", "prefix", "edges") if getattr(step, k) is not None]
    if len(given) != 1:
        raise RecipeError(
            f"generalise of {step.column!r} has {', '.join(given) or 'neither'}, but needs exactly "
            "one of map, prefix, edges\n\nHint: edges = [18, 65], or prefix = 3"
        )
    before = dataset.frame[step.column]
    if step.edges is not None:
        number = {Kind.INTEGER, Kind.DECIMAL}
        _need(dataset, step.column, number, "generalise by edges", "use map or bucket_date")
        after = banded(before, step.edges)
    elif step.prefix is not None:
        after = before.cast(pl.String).str.head(step.prefix)
    else:
        after = mapped(before, step.map or {}, step.other)
    changed = _differing(before.cast(pl.String), after)
    return _put(dataset, step.column, after, Kind.CATEGORY), TransformRecord(
        kind="generalise",
        columns=(step.column,),
        parameters=in_words(step),
        changed=band(changed),
        why=step.why,
    )


def _top_code(dataset: Dataset, step: TopCode) -> tuple[Dataset, TransformRecord]:
    number = {Kind.INTEGER, Kind.DECIMAL}
    _need(dataset, step.column, number, "top_code", "use group_rare for categories")
    low, high = step.low, step.high
    if (low is None and high is None) or (low is not None and high is not None and low >= high):
        raise RecipeError(
            f"top_code of {step.column!r} needs high, or low, or a low below its high"
        )
    kind = dataset.schema.column(step.column).kind
    if kind is Kind.INTEGER and any(x is not None and x != int(x) for x in (low, high)):
        raise RecipeError(f"top_code of {step.column!r} needs whole numbers, as its values are")
    before = dataset.frame[step.column]
    limits = [None if x is None else (int(x) if kind is Kind.INTEGER else x) for x in (low, high)]
    after = before.clip(*limits)
    return _put(dataset, step.column, after, kind), TransformRecord(
        kind="top_code",
        columns=(step.column,),
        parameters=in_words(step),
        changed=band(_differing(before, after)),
        why=step.why,
    )


def _bucket(dataset: Dataset, step: BucketDate) -> tuple[Dataset, TransformRecord]:
    moment = {Kind.DATE, Kind.DATETIME}
    _need(dataset, step.column, moment, "bucket_date", 'declare its kind = "date"')
    before = dataset.frame[step.column]
    after = before.cast(pl.Date).dt.truncate(_TO[step.to])
    changed = _differing(before.cast(pl.Datetime("us")), after.cast(pl.Datetime("us")))
    return _put(dataset, step.column, after, Kind.DATE), TransformRecord(
        kind="bucket_date",
        columns=(step.column,),
        parameters=in_words(step),
        changed=band(changed),
        why=step.why,
    )


def _need(dataset: Dataset, name: str, kinds: set[Kind], what: str, hint: str) -> None:
    kind = dataset.schema.column(name).kind
    if kind not in kinds:
        valid = " or ".join(sorted(k.value for k in kinds))
        raise DataError(
            f"{what} needs a column of kind {valid}, but {name!r} is {kind.value}\n\nHint: {hint}"
        )


def _differing(before: pl.Series, after: pl.Series) -> int:
    return int(before.ne_missing(after).sum())


def _put(dataset: Dataset, name: str, values: pl.Series, kind: Kind) -> Dataset:
    columns = tuple(
        replace(c, kind=kind, missing=()) if c.name == name else c for c in dataset.schema.columns
    )
    column = values.cast(POLARS_TYPES[kind]).alias(name)
    return Dataset(
        schema=Schema(columns=columns),
        frame=dataset.frame.with_columns(column),
        persons=dataset.persons,
    )

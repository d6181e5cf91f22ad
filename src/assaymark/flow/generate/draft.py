"""Draft: synthetic rows from a table never seen before, without configuration, held to nothing."""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from assaymark.core.case import Case
from assaymark.core.document import Document
from assaymark.core.privacy_spec import spends
from assaymark.core.recipe import GenerateSpec
from assaymark.core.schema import Kind, Schema
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.errors import InputError, NotApprovedError
from assaymark.flow.evaluate.measure import measure, one_row_each
from assaymark.flow.generate.constraints import still_to_hold, vacuous
from assaymark.flow.generate.drawn import drawn
from assaymark.flow.generate.empty import empty_notes
from assaymark.flow.generate.fit import fit, why_never
from assaymark.flow.generate.frames import in_zones
from assaymark.flow.generate.identifiers import Found, find_identifiers, widened
from assaymark.flow.generate.kinds import ALL, real_rows
from assaymark.flow.generate.row_files import draft_csv
from assaymark.flow.generate.shifted import columns_of, shifted_notes
from assaymark.flow.progress import silent
from assaymark.flow.report.page import draft_page
from assaymark.flow.source.read import kept
from assaymark.flow.source.usable import usable_part
from assaymark.flow.written import check_can_write, write_files
from assaymark.generate.keys.identifiers import Identifiers
from assaymark.source.band import band, rounded_rows
from assaymark.source.profile import profile
from assaymark.source.read import PARQUET, read_table
from assaymark.source.split import hold_out

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assaymark.core.dataset import Dataset
    from assaymark.core.measurement import Json, Measurement
    from assaymark.core.protocols import Model
    from assaymark.flow.generate.kinds import Kinds
    from assaymark.flow.progress import Progress

__all__ = ["MARK", "Draft", "WrittenDraft", "check_free", "draft", "write_draft"]

MARK = "assaymark: UNGATED DRAFT, held against no policy"
"""What a draft's Parquet metadata and the note beside its CSV say."""

_LOOKED_AT = 10_000
_ENOUGH, _MUCH = 1000, 0.05  # rows that show what comes out, and share of rows that is told
_METRICS = ("one_way", "two_way", "two_sample", "membership", "copies")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draft:
    """Synthetic rows, what was measured of them, and what the reader must know."""

    model: Model
    frame: pl.DataFrame
    measurements: tuple[Measurement, ...]
    notices: tuple[str, ...]
    page: bytes
    identifiers: Identifiers


class WrittenDraft(Document):
    """Where a draft was written."""

    rows: str
    report: str
    n: int
    gated: bool = False
    notices: tuple[str, ...]


def draft(  # noqa: PLR0913
    frame: pl.DataFrame,
    *,
    name: str = "draft",
    rows: int | None = None,
    total: int | None = None,
    generator: str = "tree_chain",
    parameters: Mapping[str, Any] | None = None,
    seed: int | bytes | None = None,
    kinds: Kinds = ALL,
    keep: Sequence[str] = (),
    identifiers: bool = True,
    progress: Progress = silent,
) -> Draft:
    """Fit to four fifths of the persons, draw rows, and look at them against the last fifth.

    ``parameters`` are the generator's; those left out are its defaults. ``total`` is how many rows
    are made in all, where these are the first of more: notices on identifiers are about all.
    ``seed`` is a public number, or the secret root of the random numbers; by default a new root.
    If only rows of some ``kinds`` are asked for, they are held against real rows of these kinds.
    In the columns ``keep``, words such as NA are values; else they are read as missing.
    Whatever looks like a direct identifier, and free text, is left out and named in the notices;
    keys of the table's own making are made afresh, unless ``identifiers`` is false. Nothing is
    measured of them.

    Raises
    ------
    NotApprovedError
        When the generator's model holds records.
    RecipeError
        When constraints contradict each other or the condition, or the rows break one.
    InputError
        When ``rows`` is no whole number of at least 1.
    """
    check_free(generator)
    _check_number(rows)
    progress("source", f"{frame.height:,} rows, {frame.width} columns", 0.2)
    found = profile(frame, kept(keep, frame.columns))
    n = rounded_rows(frame.height) if rows is None else int(rows)
    total = max(n, total or 0)
    known = find_identifiers(frame, found, name, total) if identifiers else None
    fresh = known or Found(Identifiers(), ())
    usable, notices = usable_part(frame, found, fresh.identifiers.names)
    streams = _streams(seed)
    train, holdout = hold_out(usable, secrets.token_bytes(32) if seed is None else b"draft")
    given = dict(parameters or {})
    left = still_to_hold(kinds.constraints, fresh.identifiers)
    spec = GenerateSpec(generator=generator, parameters=given, constraint=left)
    notices += [*fresh.notices, *widened(fresh.identifiers, total)]
    columns = (*train.schema.columns, *(c.column for c in fresh.identifiers.columns))
    wanted = kinds.wanted(n, Schema(columns=columns))
    replace(kinds, constraints=left).check(wanted, train)
    progress("generate", f"fitting {generator}", 0.1)
    model = fit(spec, train, streams, _unrecorded)
    never = why_never(generator, holds_records=model.holds_records)
    if never:
        raise NotApprovedError(
            f"{never}, not even as a draft\n\nHint: take another generator; `assaymark compare` "
            "shows this one beside others, without its rows"
        )
    synthetic = drawn(model, n, streams.child("sample", 0), wanted, progress)
    notices += vacuous(left, train) + _pools(spec, train.n_persons)
    asked_of = real_rows(train, wanted, streams)
    notices += empty_notes(train, asked_of, synthetic, columns_of(left))
    notices += shifted_notes(left, asked_of, synthetic)
    derived = model.summary.get("derived")
    notices += _written_out(model.summary.get("written_out"))
    if kinds == ALL:
        notices += _replaced(train, _enough(model, synthetic, streams), derived)
    train, holdout = (real_rows(part, wanted, streams) for part in (train, holdout))
    notices += kinds.notices(train.n)
    case = Case(
        schema=train.schema,
        train=_some(train, streams),
        holdout=_some(holdout, streams),
        reference=None,
        synthetics=(_some(synthetic, streams),),
        threat=threat_of(Profile.CONTROLLED),
    )
    measured = measure(case, streams, only=_METRICS, person_weighs_one=True, progress=progress)
    if isinstance(seed, int):
        notices.append(f"Made with the public seed {seed}.")
    about = (
        ("Source", name),
        ("Rows of the source", band(frame.height)),
        ("Generator", _called(spec)),
        ("Fitted to", "four fifths of the persons; compared with the last fifth"),
        ("Looked at", f"at most {_LOOKED_AT:,} rows of each side"),
    )
    whole = replace(case, train=train, holdout=holdout, synthetics=(synthetic,))
    shown = one_row_each(whole, streams)
    told = (generator, model.summary)
    page = draft_page(name, shown, measured, about, notices, now=datetime.now(UTC), chain=told)
    return Draft(
        model=model,
        frame=fresh.identifiers.joined(synthetic.frame, range(n), n, streams),
        measurements=measured,
        notices=tuple(notices),
        page=page,
        identifiers=fresh.identifiers,
    )


def check_free(generator: str) -> None:
    """Raise InputError if a generator spends a privacy budget, which no draft has."""
    if spends(generator):
        raise InputError(
            f"generator {generator!r} spends a privacy budget, and a draft has no account for it"
            "\n\nHint: `assaymark run` with a recipe that has [privacy]"
        )


def _check_number(rows: object) -> None:
    """Raise InputError unless so many rows can be made; None is as many as the table has."""
    whole = isinstance(rows, Integral) and not isinstance(rows, bool)
    if rows is not None and not (whole and rows >= 1):  # type: ignore[operator]
        raise InputError(
            f"rows = {rows!r} is no number of rows\n\nHint: a whole number of at least 1, such as "
            "1000; without it, about as many are made as the table has"
        )


def _called(spec: GenerateSpec) -> str:
    """Return the generator's name, and the parameters that were set."""
    given = ", ".join(f"{name} = {value}" for name, value in spec.parameters.items())
    return f"{spec.generator} ({given})" if given else spec.generator


def _pools(spec: GenerateSpec, persons: int) -> list[str]:
    """Say that pools cannot hold as many persons as were asked for, where the table has fewer."""
    k = spec.parameters.get("k", 0)
    if not isinstance(k, int) or k <= persons:
        return []
    about = f"{rounded_rows(persons):,}"
    return [
        f"Pools of k = {k:,} persons were asked for, and the table has about {about} to fit to: "
        "columns come out as if none had to do with another. A smaller k keeps relations."
    ]


def _written_out(texts: Json) -> list[str]:
    """Say which texts are written from the number beside them."""
    said = [f"{t!r} from {n!r}" for t, n in texts.items()] if isinstance(texts, dict) else []
    return [f"Written out as text where it is a number: {', '.join(said)}."] if said else []


def _enough(model: Model, synthetic: Dataset, streams: Streams) -> Dataset:
    """Return rows enough to see what can come out, where a draft has few: others, not shown."""
    if synthetic.n >= _ENOUGH:
        return synthetic
    return model.sample(range(_ENOUGH), streams.child("what comes out", 0))


def _replaced(train: Dataset, synthetic: Dataset, derived: Json) -> list[str]:
    """Say of which categories many values were too rare, and how many rows had others instead.

    What is ``derived`` from another column may well have values that no row of train has.
    """
    worked_out = derived if isinstance(derived, dict) else {}
    lost = []
    for c in train.schema.columns:
        seen = train.frame[c.name].drop_nulls()
        there = synthetic.frame[c.name].drop_nulls().unique()
        if c.name not in worked_out and c.kind is Kind.CATEGORY and seen.len() and there.len():
            known = seen.cast(pl.String).is_in(there.cast(pl.String).implode())
            share = 1 - int(known.sum()) / seen.len()
            if share >= _MUCH:
                lost.append(f"{c.name!r} in about {5 * round(20 * share)} % of the rows")
    if not lost:
        return []
    return [
        f"Values that too few people share did not come out, and others took their place: "
        f"{', '.join(lost)}. The shares of these others are that much too large; coarser values, "
        "such as groups, would be kept."
    ]


def write_draft(  # noqa: PLR0913
    source: Path,
    out: Path | None,
    *,
    rows: int | None,
    generator: str,
    parameters: Mapping[str, Any] | None = None,
    seed: int | None,
    kinds: Kinds = ALL,
    keep: Sequence[str] = (),
    identifiers: bool = True,
    progress: Progress = silent,
) -> WrittenDraft:
    """Draft from a file and write rows and report; the names say that the rows are ungated.

    Raises
    ------
    InputError
        When ``out`` is neither CSV nor Parquet, is the source itself, or cannot be written.
    """
    frame = read_table(source)
    suffix = ".parquet" if source.suffix.lower() in PARQUET else ".csv"
    target = Path(f"{source.stem}.synthetic-ungated{suffix}") if out is None else out
    if target.suffix.lower() not in {".csv", ".parquet"}:
        raise InputError(
            f"cannot write {str(target)!r}: a draft is written as .csv or .parquet"
            "\n\nHint: --out rows.csv"
        )
    if target.resolve() == source.resolve():
        raise InputError(f"--out {str(target)!r} is the source itself; nothing was written")
    check_can_write(target)
    made = draft(
        frame,
        name=source.stem,
        rows=rows,
        generator=generator,
        parameters=parameters,
        seed=seed,
        kinds=kinds,
        keep=keep,
        identifiers=identifiers,
        progress=progress,
    )
    report = target.with_suffix(".html")
    rows_made = made.frame
    if source.suffix.lower() in PARQUET:
        rows_made = in_zones(rows_made, pl.read_parquet_schema(source))
    write_files({**_row_files(rows_made, target), report: made.page})
    progress("release", "none: a draft is not released", 1.0)
    return WrittenDraft(
        rows=str(target), report=str(report), n=made.frame.height, notices=made.notices
    )


def _streams(seed: int | bytes | None) -> Streams:
    if seed is None:
        return Streams.secret()
    return Streams(seed) if isinstance(seed, bytes) else Streams.from_seed(seed)


def _some(dataset: Dataset, streams: Streams) -> Dataset:
    if dataset.n <= _LOOKED_AT:
        return dataset
    rng = streams.child("look", dataset.n).generator()
    return dataset.take(np.sort(rng.permutation(dataset.n)[:_LOOKED_AT]))


def _row_files(frame: pl.DataFrame, target: Path) -> dict[Path, bytes]:
    """Return the rows as a file, with the mark in it, or in one beside it."""
    if target.suffix.lower() == ".parquet":
        raw = io.BytesIO()
        frame.write_parquet(raw, compression="zstd", metadata={"assaymark": MARK})
        return {target: raw.getvalue()}
    beside = target.with_suffix(".csv.UNGATED.txt")
    return {target: draft_csv(frame), beside: f"{MARK}\n".encode()}


def _unrecorded(who: str, why: str) -> None:
    """Do nothing: a draft has no workspace, and so no ledger."""

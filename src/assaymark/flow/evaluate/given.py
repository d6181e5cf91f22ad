"""Given: judge files that any tool made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from assaymark.core.case import Case
from assaymark.core.document import sha256
from assaymark.core.recipe import Recipe, SourceSpec
from assaymark.core.schema import Kind, Role
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.core.time_limit import LIMIT, check_limit, why_unlimited
from assaymark.decide.fitness import matrix_of
from assaymark.decide.policy import USES, profile_bytes
from assaymark.errors import DataError, RecipeError, UnknownNameError
from assaymark.evaluate.breaches import check_rules
from assaymark.evaluate.overlap import overlap_of
from assaymark.flow.decide.verdicts import judged, read_policy
from assaymark.flow.evaluate.assess import evidence_of
from assaymark.flow.evaluate.describe import Described, check_alone, describe
from assaymark.flow.evaluate.earlier import said_of
from assaymark.flow.evaluate.measure import measure
from assaymark.flow.outcome import Outcome, verdict_rows
from assaymark.flow.progress import silent
from assaymark.flow.report.learning import leaking
from assaymark.flow.report.page import evaluation_page
from assaymark.flow.source.claims import check_asked, read_recipe
from assaymark.flow.written import write_page
from assaymark.source.load import load
from assaymark.source.profile import profile
from assaymark.source.read import read_table
from assaymark.source.transform import apply

if TYPE_CHECKING:
    from pathlib import Path

    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Schema
    from assaymark.decide.policy import Policy
    from assaymark.flow.progress import Progress

__all__ = [
    "Ask",
    "Files",
    "Tables",
    "describe_table",
    "evaluate_files",
    "evaluate_tables",
    "read_tables",
]

_HIDDEN = (Role.PERSON_KEY, Role.DIRECT_IDENTIFIER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where the rows are; ``recipe`` gives roles, kinds and the threat profile, if there is one.

    ``earlier`` are rows of earlier releases of the same people.
    """

    train: Path
    synthetic: tuple[Path, ...] = ()
    holdout: Path | None = None
    reference: Path | None = None
    earlier: tuple[Path, ...] = ()
    recipe: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked of an evaluation; ``policy`` None is the shipped one of the profile.

    ``time_limit`` is what one metric may take, in seconds.
    """

    policy: bytes | None = None
    uses: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    report: Path | None = None
    seed: int | None = None
    time_limit: float = LIMIT


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tables:
    """The same as frames; ``earlier_digests`` has one for each of ``earlier``."""

    name: str
    train: pl.DataFrame
    synthetics: tuple[pl.DataFrame, ...]
    holdout: pl.DataFrame | None = None
    reference: pl.DataFrame | None = None
    earlier: tuple[pl.DataFrame, ...] = ()
    recipe: Recipe | None = None
    candidate: str = ""
    earlier_digests: tuple[str, ...] = ()


def read_tables(files: Files) -> Tables:
    """Read all files; an error names the file it is about."""
    recipe = None if files.recipe is None else read_recipe(files.recipe)
    read = {"train": read_table(files.train)}
    for name, path in (("holdout", files.holdout), ("reference", files.reference)):
        if path is not None:
            read[name] = read_table(path)
    synthetics = tuple(read_table(path) for path in files.synthetic)
    digests = [sha256(path.read_bytes()) for path in files.synthetic]
    return Tables(
        name=(files.synthetic or (files.train,))[0].stem,
        train=read["train"],
        holdout=read.get("holdout"),
        reference=read.get("reference"),
        synthetics=synthetics,
        earlier=tuple(read_table(path) for path in files.earlier),
        recipe=recipe,
        candidate=sha256("\n".join(digests).encode()),
        earlier_digests=tuple(sha256(path.read_bytes()) for path in files.earlier),
    )


def evaluate_files(
    files: Files, ask: Ask, *, policy_path: Path | None = None, progress: Progress = silent
) -> Outcome | Described:
    """Judge synthetic files and write the report; development-grade, and said so.

    Without synthetic files, describe the training table by the single-table metrics asked for.
    """
    if policy_path is not None:
        try:
            ask = replace(ask, policy=policy_path.read_bytes())
        except OSError as error:
            raise RecipeError(f"cannot read {str(policy_path)!r}: {error.strerror}") from error
    if not files.synthetic:
        check_alone(ask.only)
        return describe_table(read_tables(files), ask, progress=progress)
    return evaluate_tables(read_tables(files), ask, progress=progress)


def describe_table(tables: Tables, ask: Ask, *, progress: Progress = silent) -> Described:
    """Describe real rows by the single-table metrics that ``ask`` names; nothing is judged.

    Raises
    ------
    InputError
        When it names none, or one that needs synthetic rows.
    """
    check_alone(ask.only)
    recipe = tables.recipe or Recipe(name=tables.name, source=SourceSpec(path=""))
    progress("source", "reading and typing", 0.2)
    case, notices = _case(tables, recipe, read_policy(profile_bytes(recipe.threat.profile)))
    streams = Streams.secret() if ask.seed is None else Streams.from_seed(ask.seed)
    said = [n for n in notices if not n.startswith(("Judged on given files", "No holdout"))]
    return describe(tables.name, case, streams, ask.only, notices=said, progress=progress)


def evaluate_tables(tables: Tables, ask: Ask, *, progress: Progress = silent) -> Outcome:
    """Judge synthetic tables against a policy, by default the shipped one of the profile."""
    check_limit(ask.time_limit)
    recipe = tables.recipe or Recipe(name=tables.name, source=SourceSpec(path=""))
    raw = ask.policy or profile_bytes(recipe.threat.profile)
    policy = read_policy(raw)
    wanted = tuple(dict.fromkeys(ask.uses)) or recipe.use.requested
    for use in wanted:
        if use not in USES:
            raise UnknownNameError("use", use, USES)
    progress("source", "reading and typing", 0.2)
    case, notices = _case(tables, recipe, policy)
    case, digests, said = _with_earlier(case, tables)
    notices += (*said, *filter(None, (why_unlimited(),)))
    streams = Streams.secret() if ask.seed is None else Streams.from_seed(ask.seed)
    looks: list[tuple[str, str]] = []

    def record(who: str, parts: tuple[str, ...]) -> None:
        looks.extend((who, part) for part in parts)

    measured = measure(
        case,
        streams,
        only=ask.only,
        time_limit=ask.time_limit,
        record=record,
        progress=progress,
    )
    notices += leaking(measured)
    found = evidence_of(
        measured,
        candidate=tables.candidate,
        stage="given files",
        earlier=digests,
        looks=looks,
    )
    decision = judged(policy, wanted, found)
    outcome = Outcome(
        command="evaluate",
        name=tables.name,
        uses=decision.judgement.uses,
        fitness=matrix_of(decision.cells),
        policy=policy.name,
        policy_digest=sha256(raw),
        profile=policy.profile.value,
        candidate=tables.candidate,
        verdicts=verdict_rows(decision.judgement.verdicts, "given files"),
        notices=notices,
        blocked=(),
        attempts=1,
        earlier=digests,
        release=None,
        report=None if ask.report is None else str(ask.report),
    )
    if ask.report is not None:
        progress("decide", "writing the report", 0.9)
        page = evaluation_page(outcome, policy, case, decision, now=datetime.now(UTC))
        write_page(ask.report, page)
    progress("decide", "done", 1.0)
    return outcome


def _case(tables: Tables, recipe: Recipe, policy: Policy) -> tuple[Case, tuple[str, ...]]:
    found = profile(tables.train, recipe.columns)
    schema, notices = found.schema, ["Judged on given files: development-grade, not a release."]
    hidden = {c.name for c in schema.columns if c.kind is Kind.TEXT or set(c.roles) & set(_HIDDEN)}
    guessed = sorted(hidden - set(recipe.columns))
    if guessed:
        notices.append(
            f"Left out of the evaluation as keys, identifiers or free text: {', '.join(guessed)}. "
            "Declare roles in a recipe (--recipe) to change that."
        )
    train = _real(tables.train, schema, recipe, "train", hidden)
    check_rules(recipe.questions.plausibility, train)
    check_asked(recipe.claim, train.schema)
    parts = {"train": train}
    for name, frame in (("holdout", tables.holdout), ("reference", tables.reference)):
        if frame is not None:
            parts[name] = _real(frame, schema, recipe, name, hidden)
    _check_persons(tables, schema)
    if tables.holdout is None:
        notices.append(
            "No holdout was given, so whatever compares with rows that the generator did not see "
            "has no verdict: membership, copying, singling out, fidelity and usefulness. Pass "
            "--holdout with real rows that were kept back."
        )
    else:
        notices.append(overlap_of(train, parts["holdout"]).words)
    synthetics, said = [], set()
    for frame in tables.synthetics:
        synthetic, extra = _synthetic(frame, train.schema, hidden)
        synthetics.append(synthetic)
        said |= extra
    return Case(
        schema=train.schema,
        train=train,
        holdout=parts.get("holdout"),
        reference=parts.get("reference"),
        synthetics=tuple(synthetics),
        threat=threat_of(Profile(policy.profile)),
        questions=recipe.questions,
    ), (*notices, *sorted(said))


class _WithEarlier(NamedTuple):
    case: Case
    digests: tuple[str, ...]
    notices: tuple[str, ...]


def _with_earlier(case: Case, tables: Tables) -> _WithEarlier:
    """Return the case with the earlier releases that have all of its columns, and their digests."""
    names, parts, digests = case.schema.names, [], []
    for frame, digest in zip(tables.earlier, tables.earlier_digests, strict=True):
        if set(names) <= set(frame.columns):
            try:
                parts.append(replace(load(frame.select(names), case.schema), persons=None))
            except DataError as error:
                raise DataError(f"the earlier table: {error}") from error
            digests.append(digest)
    apart = len(tables.earlier) - len(parts)
    threat = threat_of(case.threat.profile, earlier=len(parts), apart=apart)
    whole = replace(case, earlier=tuple(parts), threat=threat)
    return _WithEarlier(whole, tuple(digests), said_of(apart))


def _real(
    frame: pl.DataFrame, schema: Schema, recipe: Recipe, name: str, hidden: set[str]
) -> Dataset:
    try:
        # a holdout may lack identifiers, never a column that is judged
        there = schema.without(*(h for h in hidden if h not in frame.columns))
        raw = load(frame, there)
    except DataError as error:
        raise DataError(f"the {name} table: {error}") from error
    whole = apply(raw, recipe.transform).dataset
    text = [c.name for c in whole.schema.columns if c.kind is Kind.TEXT]
    return whole.drop(*text)


def _synthetic(frame: pl.DataFrame, schema: Schema, hidden: set[str]) -> tuple[Dataset, set[str]]:
    extra = [c for c in frame.columns if c not in schema.names]
    unknown = [c for c in extra if c not in hidden]
    if unknown:
        raise DataError(
            f"the synthetic table has columns that the training table lacks (or its recipe drops): "
            f"{', '.join(map(repr, unknown))}; rows are judged whole or not at all\n\n"
            "Hint: remove those columns from the synthetic file, or add them to --train"
        )
    kept = frame.select([c for c in frame.columns if c not in extra])
    try:
        synthetic = load(kept, schema)
    except DataError as error:
        raise DataError(f"the synthetic table: {error}") from error
    said = set()
    if extra:
        said.add(f"Not judged: the synthetic table's own {', '.join(sorted(extra))}.")
    for c in schema.columns:
        lost = synthetic.frame[c.name].null_count() - kept[c.name].null_count()
        if lost > 0 and c.kind.ordered:
            said.add(
                f"Column {c.name!r}: {lost:,} synthetic values are a missing code or cannot be "
                f"read as {c.kind.value}; they count as missing."
            )
    return replace(synthetic, persons=None), said


def _check_persons(tables: Tables, schema: Schema) -> None:
    key = schema.first(Role.PERSON_KEY)
    other = tables.holdout
    if key is None or other is None or key.name not in other.columns:
        return
    ours = set(tables.train[key.name].cast(pl.String).to_list())
    shared = ours & set(other[key.name].cast(pl.String).to_list())
    if shared:
        raise DataError(
            f"{len(shared):,} persons (by {key.name!r}) are in both train and holdout, so the "
            "holdout is no control\n\nHint: split by person, so that nobody is on both sides"
        )

"""Compare: several recipes on one split, side by side; the confirmation holdout stays closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.comparison import Comparison, Contender, Figure, Hygiene
from assaymark.core.privacy_spec import spends
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.decide.policy import parse_policy, profile_bytes
from assaymark.errors import AssaymarkError, InputError
from assaymark.evaluate.overlap import check_overlap, overlap_of
from assaymark.evaluate.yardstick import closeness, teller
from assaymark.flow.evaluate.entrants import prepared_alike
from assaymark.flow.evaluate.trial import Bench, attacks_of, held_of, made_of, mean_of, measured_of
from assaymark.flow.progress import silent
from assaymark.flow.release.log import workspace_at
from assaymark.flow.source.budget import charge
from assaymark.flow.source.queries import asked_of
from assaymark.flow.written import write_page
from assaymark.release.pages.comparison import render_comparison
from assaymark.source.split import Split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.core.measurement import Measurement
    from assaymark.decide.policy import Policy
    from assaymark.flow.evaluate.entrants import Entrant, Entrants
    from assaymark.flow.evaluate.trial import Made
    from assaymark.flow.progress import Progress
    from assaymark.flow.source.read import Prepared
    from assaymark.store.workspace import Workspace

__all__ = ["Comparing", "benches_of", "ceiling_of", "compare", "hygiene_of"]

_ATTACKS = ("copies", "membership", "membership_suite")
_SHARED = "hygiene.shared_rows"
_BOOSTING = "model:boosting"
_FEWEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """How to compare; ``shadow`` lets the attacker refit each generator too, which takes long.

    ``rows`` is how many rows of each side closeness looks at; ``seed`` is public, for tests.
    """

    workspace: Path = Path(".assaymark")
    repeats: int = 5
    rows: int = 10_000
    shadow: bool = False
    seed: int | None = None
    report: Path | None = Path("comparison.html")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Tried:
    """What became of one entrant; ``reason`` says why there is nothing else."""

    entrant: Entrant
    columns: int
    made: Made | None = None
    measured: tuple[Measurement, ...] = ()
    reason: str = ""


def compare(entrants: Entrants, how: Comparing, progress: Progress = silent) -> Comparison:
    """Fit, score, attack and time every recipe on the same persons.

    Recipes see the train part of the workspace's split and are held against its development
    part: the same parts as in `run`. The confirmation part is never looked at.

    Raises
    ------
    NotApprovedError
        When the holdout shares rows or persons with train beyond the policy's limit.
    InputError
        When there are no repeats, or too few rows to look at.
    """
    if how.repeats < 1 or how.rows < _FEWEST:
        raise InputError(
            f"{how.repeats} repeats of {how.rows} rows\n\nHint: at least 1 repeat, and {_FEWEST} "
            "rows for telling rows apart"
        )
    workspace = workspace_at(how.workspace, make=True)
    with workspace.lock():
        return _compared(workspace, entrants, how, progress)


def _compared(
    workspace: Workspace, entrants: Entrants, how: Comparing, progress: Progress
) -> Comparison:
    prepared, benches = benches_of(workspace, entrants, how, progress)
    hygiene = hygiene_of(benches[0])
    tried = []
    for i, (entrant, p, bench) in enumerate(zip(entrants.every, prepared, benches, strict=True)):
        progress("generate", entrant.name, i / len(benches))
        tried.append(_tried((entrant, p), bench, progress, i / len(benches)))
    ceiling = ceiling_of(benches[0], how.repeats)
    found = _comparison(entrants, how, benches[0], hygiene, tried, ceiling)
    notices = (*_notices(how, prepared, tried), *prepared[0].notices)
    found = found.model_copy(update={"notices": tuple(dict.fromkeys(notices))})
    if how.report is not None:
        write_page(how.report, render_comparison(found))
    progress("release", "none: a comparison releases nothing", 1.0)
    return found


def benches_of(
    workspace: Workspace, entrants: Entrants, how: Comparing, progress: Progress
) -> tuple[tuple[Prepared, ...], list[Bench]]:
    """Prepare the table for each entrant; return that, and what the trials share."""
    frame = entrants.frame
    progress("source", f"{frame.height:,} rows, {frame.width} columns", 0.2)
    prepared = prepared_alike(entrants, workspace.secret("split"))
    profile = Profile.OPEN if how.shadow else entrants.every[0].recipe.threat.profile
    policy = parse_policy(profile_bytes(profile))
    asked = asked_of(workspace, prepared[0])
    streams = Streams.secret() if how.seed is None else Streams.from_seed(how.seed)
    benches = []
    for p in prepared:
        assert isinstance(p.parts, Split)  # noqa: S101
        benches.append(
            Bench(
                parts=p.parts,
                policy=policy,
                threat=threat_of(policy.profile),
                asked=asked,
                streams=streams,
                repeats=how.repeats,
                most=how.rows,
                metrics=(*_ATTACKS, *(("shadow",) if how.shadow else ()), "tstr"),
                progress=progress,
            )
        )
    return prepared, benches


def hygiene_of(bench: Bench) -> Hygiene:
    """Count what train and holdout share, and refuse what is beyond the policy's limit."""
    parts = bench.parts
    bench.record("hygiene", ("train", "holdout"))
    found = overlap_of(parts.train, parts.development, persons=parts.shared_persons)
    limit = min(r.threshold for r in bench.policy.rule if r.metric == _SHARED)
    check_overlap(found, limit)
    return Hygiene(
        train_rows=found.train,
        holdout_rows=found.holdout,
        train_doubles=found.train_doubles,
        holdout_doubles=found.holdout_doubles,
        shared_rows=found.shared,
        share_by_chance=round(found.excess.expected, 6),
        shared_persons=found.persons,
        limit=limit,
        words=found.words,
    )


def _tried(
    entered: tuple[Entrant, Prepared], bench: Bench, progress: Progress, share: float
) -> _Tried:
    """Try one entrant; one that cannot be fitted says why, and the others go on."""
    entrant, prepared = entered
    spec, columns = entrant.recipe.making, len(bench.parts.train.schema.columns)

    def said(what: str) -> None:
        progress("generate", f"{entrant.name}: {what}", share)

    try:
        _pay(entrant, prepared, bench)
        made = made_of(spec, entrant.name, bench, said)
    except AssaymarkError as error:
        return _Tried(entrant=entrant, columns=columns, reason=str(error).partition("\n")[0])
    measured = measured_of(spec, made, bench)
    return _Tried(entrant=entrant, columns=columns, made=made, measured=measured)


def _pay(entrant: Entrant, prepared: Prepared, bench: Bench) -> None:
    """Charge every fit, and the one that warms up, to the people, where a recipe has a budget."""
    recipe = entrant.recipe
    if recipe.privacy is not None:
        charge(bench.asked, recipe.privacy, prepared.prints, "compare", times=bench.repeats + 1)
    elif spends(recipe.generate.generator):
        raise InputError(
            f"generator {recipe.generate.generator!r} spends a privacy budget, and none is given"
            "\n\nHint: a recipe with [privacy] for it"
        )


def ceiling_of(bench: Bench, repeats: int) -> tuple[float, ...]:
    """Return the closeness of train itself to the holdout, told apart ``repeats`` times."""
    bench.record("yardstick", ("train", "holdout"))
    train, holdout = bench.thin(bench.parts.train, "train"), bench.held_out
    return tuple(
        closeness(train, holdout, bench.streams.child("tell", i), most=bench.most)
        for i in range(repeats)
    )


def _comparison(
    entrants: Entrants,
    how: Comparing,
    bench: Bench,
    hygiene: Hygiene,
    tried: Sequence[_Tried],
    ceiling: tuple[float, ...],
) -> Comparison:
    ran = [t.made for t in tried if t.made is not None and not t.made.holds_records]
    best = max((m.scores for m in ran), key=np.mean, default=None)
    utility = [m for t in tried for m in t.measured if m.subject == _BOOSTING]
    real = next((m for m in utility if m.metric == "tstr.real" and m.value is not None), None)
    missing = next((m.reason for t in tried for m in t.measured if m.metric == "tstr.real"), "")
    return Comparison(
        name=entrants.name,
        made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        profile=bench.policy.profile.value,
        policy=bench.policy.name,
        target=bench.parts.train.target,
        score="" if real is None else str(real.details.get("score", "")),
        ceiling=mean_of(ceiling, least=0.0),
        real_utility=Figure.missing(missing) if real is None else _score(real),
        repeats=how.repeats,
        rows_told_apart=min(how.rows, bench.held_out.n, bench.parts.train.n),
        told_by=teller(),
        hygiene=hygiene,
        contenders=tuple(_contender(t, bench.policy, best) for t in tried),
        notices=(),
        report=None if how.report is None else str(how.report),
    )


def _contender(tried: _Tried, policy: Policy, best: tuple[float, ...] | None) -> Contender:
    spec, made = tried.entrant.recipe.generate, tried.made
    attacks = attacks_of(tried.measured, policy)
    held, worst = held_of(attacks)
    use = {m.metric: _score(m) for m in tried.measured if m.subject == _BOOSTING}
    none = Figure.missing(tried.reason or "no target is declared")
    scores = () if made is None else made.scores
    return Contender(
        name=tried.entrant.name,
        generator=spec.generator,
        parameters={
            k: v for k, v in spec.parameters.items() if not isinstance(v, list | tuple | dict)
        },
        columns=tried.columns,
        closeness=mean_of(scores, least=0.0) if scores else none,
        behind=mean_of(np.subtract(best, scores).tolist()) if best and scores else none,
        utility=use.get("tstr.synthetic", none),
        utility_loss=use.get("tstr.loss", none),
        worst=worst,
        attacks=attacks,
        held=held,
        fit_seconds=None if made is None else round(float(np.mean(made.spent.fits)), 3),
        rows_per_second=None if made is None else round(made.spent.rows_per_second),
        holds_records=made is not None and made.holds_records,
        reason=tried.reason,
    )


def _score(m: Measurement) -> Figure:
    """Return a figure; an AUC lies between 0 and 1, and so does its interval."""
    found = Figure.of(m)
    if m.metric == "tstr.loss" or not str(m.details.get("score", "")).endswith("AUC"):
        return found
    if found.low is None or found.high is None:
        return found
    return found.model_copy(update={"low": max(0.0, found.low), "high": min(1.0, found.high)})


def _notices(how: Comparing, prepared: Sequence[Prepared], tried: Sequence[_Tried]) -> list[str]:
    said = [
        "Compared on the development holdout: nothing here is a release, and the best of several "
        "looks a little better than it is. `assaymark run` decides on people nobody has looked at."
    ]
    if how.repeats == 1:
        said.append(
            "One fit of each recipe, so that closeness has no interval; --repeats 5 gives one."
        )
    columns = {tuple(p.parts.train.schema.names) for p in prepared}
    if len(columns) > 1 or len({p.parts.train.schema for p in prepared}) > 1:
        said.append(
            "The recipes change the table in different ways; each is held against real rows that "
            "were changed alike, and coarser rows are easier to imitate."
        )
    if how.seed is not None:
        said.append(f"Made with the public seed {how.seed}.")
    if not how.shadow:
        said.append(
            "The attacker here does not refit the generators; --shadow lets them, which is the "
            "strongest attack of the suite."
        )
    said += [f"{t.entrant.name} has no figures: {t.reason}" for t in tried if t.reason]
    paid = [t.entrant.name for t in tried if t.made and t.entrant.recipe.privacy]
    if paid:
        said.append(
            f"{', '.join(paid)}: every fit was charged to the people's privacy budget, so that to "
            "choose by closeness or training costs nothing more. Attacks and real rows look at the "
            "people themselves; to choose by them is not covered."
        )
    return said

"""Page: what a report says, gathered from a run, an evaluation of given files or a draft."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assaymark.core.document import sha256
from assaymark.core.measurement import Measurement
from assaymark.core.opening import Opening
from assaymark.decide.verdict import UseStatus, Verdict
from assaymark.evaluate.repeats import REPEATS
from assaymark.flow.decide.descent import descent_words
from assaymark.flow.decide.would_decide import remedy_of
from assaymark.flow.evaluate.measure import quantities
from assaymark.flow.report.attacks import attacks_of, pairs_of
from assaymark.flow.report.bias import breaches_of, gaps_of, repeated_of
from assaymark.flow.report.crossfit_words import LIMITS
from assaymark.flow.report.guaranteed import guaranteed
from assaymark.flow.report.learning import leaking, learning_of
from assaymark.flow.report.model_card import chain_of, chain_words
from assaymark.flow.report.pictures import columns_of, groups_of
from assaymark.release.pages.privacy_words import privacy_limits, privacy_lines
from assaymark.release.pages.report import render
from assaymark.release.pages.report_content import (
    FitnessLine,
    ReportContent,
    StageLine,
    TransformLine,
    UseLine,
    VerdictLine,
)
from assaymark.source.band import band
from assaymark.source.folds import FOLDS, Folds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from assaymark.core.case import Case
    from assaymark.core.measurement import Json, Quantity
    from assaymark.decide.fitness import Cell
    from assaymark.decide.policy import Policy
    from assaymark.decide.verdict import RuleVerdict
    from assaymark.flow.decide.verdicts import Decision, StageDecision
    from assaymark.flow.job import Ran
    from assaymark.flow.outcome import Outcome
    from assaymark.flow.source.queries import Queries

__all__ = ["draft_page", "evaluation_page", "run_content", "verdict_line", "verdict_lines"]

_PICTURED = ("claims.difference", "inference.")
_SEALED = "measured on the sealed confirmation holdout; a verdict is all it gives"
_SEALED_TOO = "measured in the cross-fit; a verdict is all it gives, unless every use passes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The verdicts of one stage, what it measured, and whether its numbers may be shown."""

    name: str
    verdicts: tuple[RuleVerdict, ...]
    measured: tuple[Measurement, ...] = ()
    numbers: bool = True


def run_content(ran: Ran, queries: Queries, *, released: bool) -> ReportContent:
    """Gather the report of a run: of its release, or of its refusal."""
    decision, job, made = ran.decision, ran.job, ran.attempt.candidate
    deciding = _deciding(decision)
    judged = {_of(v.measurement) for s in deciding for v in s.verdicts}
    first = decision.development or _unsealed(decision, released=released)
    measured = () if first is None else first.assessment.measurements
    best = (decision.confirmation if released else None) or first
    pictures = () if best is None else best.assessment.measurements
    train = ran.prepared.parts.train.one_row_each(ran.attempt.streams.child("picture").generator())
    return ReportContent(
        mode="release" if released else "refusal",
        title=job.recipe.source.title or job.recipe.name,
        made_at=_time(ran.now),
        threat=ran.threat,
        policy_name=job.policy.name,
        policy_origin="as written in policy.toml; its thresholds say where they come from",
        policy_digest=sha256(job.policy_bytes),
        candidate=ran.attempt.candidate.digest,
        rows=ran.synthetics[0].n,
        uses=_uses(ran),
        fitness=fitness_lines(decision.uses, decision.cells),
        must_know=ran.blocked,
        self_attested=not ran.reviewed,
        verdicts=tuple(
            line
            for s in deciding
            for line in verdict_lines(s, measured, private=made.privacy is not None)
        ),
        measurements=tuple(m for m in measured if _of(m) not in judged),
        quantities=(*quantities().values(), *(REPEATS if _crossed(ran) else ())),
        columns=columns_of(train, ran.synthetics[0]),
        pictured=tuple(m for m in pictures if m.metric.startswith(_PICTURED)),
        pairs=pairs_of(pictures),
        groups=groups_of(train, ran.synthetics[0]),
        gaps=gaps_of(pictures),
        breaches=breaches_of(pictures),
        attacks=attacks_of(pictures),
        learning=learning_of(pictures),
        privacy=guaranteed(made.privacy, pictures),
        stages=_stages(decision),
        transformations=_transformations(ran),
        chain=chain_of(made.summary),
        chain_words=chain_words(str(made.generator["name"]), made.summary, made.seconds),
        provenance=(*_provenance(ran), *queries.lines),
        opened=queries.opened,
        limits=(*_limits(ran), *repeated_of(gaps_of(pictures))),
        attribution=_attribution(ran),
        next_actions=_actions(ran) if ran.blocked else (),
        notices=(
            *(n for n in ran.notices if not n.startswith("Self-attested")),
            *(n for n in leaking(measured) if n not in ran.notices),
        ),
        workspace="" if released else "the workspace's quarantine folder",
    )


def evaluation_page(
    outcome: Outcome, policy: Policy, case: Case, decision: StageDecision, *, now: datetime
) -> bytes:
    """Return the report of an evaluation of given files."""
    verdicts = decision.judgement.verdicts
    judged = {_of(v.measurement) for v in verdicts}
    measured = decision.assessment.measurements
    shown = Shown(name="given files", verdicts=verdicts)
    content = ReportContent(
        mode="evaluation",
        title=outcome.name,
        made_at=_time(now),
        threat=case.threat,
        policy_name=policy.name,
        policy_digest=outcome.policy_digest,
        candidate=outcome.candidate,
        rows=case.synthetic.n,
        uses=tuple(UseLine(use=u, status=s.value) for u, s in outcome.uses.items()),
        fitness=fitness_lines(outcome.uses, decision.cells),
        verdicts=verdict_lines(shown, measured),
        measurements=tuple(m for m in measured if _of(m) not in judged),
        quantities=tuple(quantities().values()),
        columns=columns_of(case.train, case.synthetic),
        pairs=pairs_of(measured),
        groups=groups_of(case.train, case.synthetic),
        gaps=gaps_of(measured),
        breaches=breaches_of(measured),
        attacks=attacks_of(measured),
        learning=learning_of(measured),
        opened=(
            *decision.assessment.evidence.opened,
            Opening(who="report", part="train", times=1),
        ),
        notices=outcome.notices,
    )
    return render(content)


def draft_page(  # noqa: PLR0913
    name: str,
    case: Case,
    measured: Sequence[Measurement],
    provenance: Iterable[tuple[str, str]],
    notices: Sequence[str],
    *,
    now: datetime,
    chain: tuple[str, Mapping[str, Json]] | None = None,
) -> bytes:
    """Return the one-page report of a draft: pictures and measurements, no verdict."""
    content = ReportContent(
        mode="draft",
        title=name,
        made_at=_time(now),
        rows=case.synthetic.n,
        measurements=tuple(measured),
        quantities=tuple(quantities().values()),
        columns=columns_of(case.train, case.synthetic),
        pairs=pairs_of(measured),
        groups=groups_of(case.train, case.synthetic),
        gaps=gaps_of(measured),
        breaches=breaches_of(measured),
        attacks=attacks_of(measured),
        learning=learning_of(measured),
        provenance=tuple(provenance),
        chain=() if chain is None else chain_of(chain[1]),
        chain_words="" if chain is None else chain_words(*chain, None),
        notices=(*notices, *leaking(measured)),
        next_actions=(
            "For a release, run `assaymark init` on the same table, read the roles that it "
            "proposes, and run the recipe.",
        ),
    )
    return render(content)


def verdict_lines(
    shown: Shown, measured: Sequence[Measurement], *, private: bool = False
) -> tuple[VerdictLine, ...]:
    """Return the verdicts of a stage as lines; sealed numbers are replaced by a reason.

    Of ``private`` rows, which have differential privacy, remedies are others.
    """
    known = quantities()
    details = {(m.metric, m.subject): m for m in (*measured, *shown.measured)}
    lines = []
    for v in shown.verdicts:
        m = v.measurement if shown.numbers else _sealed(v.measurement, shown.name)
        rich = details.get((m.metric, m.subject))
        same = rich is not None and replace(rich, details={}) == m
        line = verdict_line(v, shown.name, rich if same else m, known.get(v.rule.metric))
        lines.append(replace(line, remedy=remedy_of(v, private=private)))
    return tuple(lines)


def verdict_line(
    v: RuleVerdict, stage: str, m: Measurement | None = None, quantity: Quantity | None = None
) -> VerdictLine:
    """Return a verdict as a line; ``m`` says more of its measurement, or less."""
    return VerdictLine(
        rule=v.rule.id,
        title=v.rule.title,
        use=v.use,
        verdict=v.verdict.value,
        measurement=v.measurement if m is None else m,
        threshold=v.rule.threshold,
        direction=v.rule.direction,
        severity=v.rule.severity,
        quantity=quantity,
        reason=v.reason,
        why=v.rule.why,
        remedy=remedy_of(v),
        origin=v.rule.origin,
        stage=stage,
        minimum_n=v.rule.minimum_n,
        detect=v.rule.detect,
    )


def fitness_lines(uses: Mapping[str, UseStatus], cells: Iterable[Cell]) -> tuple[FitnessLine, ...]:
    """Return which use is fit for which group, as lines of a report; none if no use is approved."""
    if UseStatus.APPROVED not in uses.values():
        return ()
    return tuple(
        FitnessLine(use=c.use, group=c.group, fitness=c.fitness.value, why=c.why) for c in cells
    )


def _of(m: Measurement) -> tuple[str, str]:
    return m.metric, m.subject


def _sealed(m: Measurement, stage: str) -> Measurement:
    why = _SEALED_TOO if stage == "cross-fit" else _SEALED
    return Measurement.missing(m.metric, why, m.subject, n=m.n)


def _deciding(decision: Decision) -> tuple[Shown, ...]:
    """Return, per stage, the verdicts that decided on a use."""
    first, confirmed = decision.development, decision.confirmation
    final = set() if confirmed is None else set(confirmed.judgement.uses)
    stages = []
    if first is not None:
        left = tuple(v for v in first.judgement.verdicts if v.use not in final)
        stages.append(Shown(name=first.name, verdicts=left))
    if confirmed is not None:
        stages.append(
            Shown(
                name=confirmed.name,
                verdicts=confirmed.judgement.verdicts,
                measured=confirmed.assessment.measurements,
                numbers=confirmed.judgement.approved,
            )
        )
    return tuple(stages)


def _unsealed(decision: Decision, *, released: bool) -> StageDecision | None:
    """Return the sealed look, where its numbers may be shown: they are released, or all passed."""
    sealed = decision.confirmation
    return sealed if sealed is not None and (released or sealed.judgement.approved) else None


def _crossed(ran: Ran) -> bool:
    return isinstance(ran.prepared.parts, Folds)


def _uses(ran: Ran) -> tuple[UseLine, ...]:
    why = ran.decision.why
    return tuple(
        UseLine(use=u, status=s.value, reasons=(why[u],) if u in why else ())
        for u, s in ran.decision.uses.items()
    )


def _stages(decision: Decision) -> tuple[StageLine, ...]:
    sealed = decision.confirmation
    if decision.development is None:
        said = "not done" if sealed is None else _tally(sealed.judgement.verdicts)
        note = (
            f"{FOLDS} refits, each held against people it has not seen; about the recipe, and done "
            "for at most three candidates of the same persons."
        )
        return (StageLine(name="Cross-fit", result=said, note=note),)
    lines = [
        StageLine(
            name="Development holdout",
            result=_tally(decision.development.judgement.verdicts),
            note="Anyone may try again on it as often as they like; it approves nothing.",
        )
    ]
    if sealed is None:
        said = "not opened: only what passes on the development holdout opens it"
        return (*lines, StageLine(name="Confirmation holdout", result=said))
    found = sealed.judgement.verdicts
    note = "Sealed before the fit, and opened at most three times for the same persons."
    return (*lines, StageLine(name="Confirmation holdout", result=_tally(found), note=note))


def _tally(verdicts: Iterable[RuleVerdict]) -> str:
    every = [v.verdict for v in verdicts if v.rule.severity == "block"]
    counts = [f"{every.count(v)} {v.value}" for v in Verdict if v in every]
    return "required rules: " + (", ".join(counts) or "none")


def _transformations(ran: Ran) -> tuple[TransformLine, ...]:
    return tuple(
        TransformLine(what=f"{t.kind}: {t.parameters}", columns=t.columns, why=t.why)
        for t in ran.prepared.transformations
    )


def _provenance(ran: Ran) -> tuple[tuple[str, str], ...]:
    made, recipe = ran.attempt.candidate, ran.job.recipe
    generator = made.generator
    parameters = generator["parameters"]
    given = (
        ", ".join(f"{k} = {v}" for k, v in parameters.items())
        if isinstance(parameters, dict)
        else ""
    )
    return (
        ("Source", recipe.source.title or recipe.name),
        ("Owner", recipe.source.rights.owner or "not given"),
        ("Licence or basis", recipe.source.rights.licence or recipe.source.rights.basis or "none"),
        *(("Labels", label.words) for label in recipe.label),
        ("Rows of the source", band(ran.prepared.n)),
        ("Persons of the source", band(ran.prepared.n_persons)),
        ("Unit of privacy", ran.prepared.parts.unit),
        ("Source commitment (keyed)", ran.prepared.commitment),
        ("Split commitment (keyed)", ran.prepared.parts.commitment),
        ("Generator", f"{generator['name']} ({given})"),
        *privacy_lines(made.privacy),
        ("Ancestry", descent_words(ran.ancestry)),
        ("Candidate digest", made.digest),
        ("Policy digest", sha256(ran.job.policy_bytes)),
    )


def _limits(ran: Ran) -> tuple[str, ...]:
    about = (
        "Verdicts hold for the rows of this candidate, under the threat model named here, and for "
        "no other attack."
    )
    return (
        *(LIMITS if _crossed(ran) else (about,)),
        *privacy_limits(ran.attempt.candidate.privacy),
        f"The source is one sample of {band(ran.prepared.n_persons)} persons; what it lacks, the "
        "synthetic rows lack too.",
    )


def _attribution(ran: Ran) -> tuple[str, ...]:
    rights = ran.job.recipe.source.rights
    return tuple(s for s in (rights.attribution, rights.licence) if s)


def _actions(ran: Ran) -> tuple[str, ...]:
    return tuple(f"Before a release: {b}." for b in ran.blocked)


def _time(now: datetime) -> str:
    return now.strftime("%Y-%m-%d %H:%M UTC")

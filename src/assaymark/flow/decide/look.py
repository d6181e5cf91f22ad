"""Look: a candidate judged on people it has not seen, sealed looks counted in the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.core.case import Case
from assaymark.flow.decide.verdicts import decide, decide_at_once
from assaymark.flow.evaluate.assess import About, assess
from assaymark.flow.evaluate.coverage import certificates, maker_for
from assaymark.flow.evaluate.crossfit import PARTS, STAGE, CrossFit, cross_fit
from assaymark.flow.generate.fit import refitter
from assaymark.flow.source.population import OPENINGS, openings_of
from assaymark.source.folds import Folds

if TYPE_CHECKING:
    from assaymark.core.dataset import Dataset
    from assaymark.core.evidence import Stage
    from assaymark.core.threat import ThreatModel
    from assaymark.core.waiver import Waiver
    from assaymark.flow.decide.verdicts import Decision
    from assaymark.flow.evaluate.assess import Assessment
    from assaymark.flow.evaluate.earlier import Earlier
    from assaymark.flow.generate.attempt import Attempt
    from assaymark.flow.job import Job
    from assaymark.flow.progress import Progress
    from assaymark.flow.source.queries import Asked
    from assaymark.source.split import Split

__all__ = ["Look"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """A candidate, what was released before, the persons that it is judged on, and who asks.

    ``only`` names the metrics to measure ``again`` for what was released; by default all are.
    """

    job: Job
    parts: Split | Folds
    attempt: Attempt
    synthetics: tuple[Dataset, ...]
    earlier: Earlier
    threat: ThreatModel
    asked: Asked
    time_limit: float
    progress: Progress
    waivers: tuple[Waiver, ...] = ()
    only: tuple[str, ...] = ()

    def decided(self, *, confirm: bool) -> Decision:
        """Judge the candidate; ``confirm`` allows the sealed look, where one is left."""
        own = self.attempt.candidate.digest
        left = OPENINGS - len(
            [o for o in openings_of(self.asked.workspace, self.asked.population) if o != own]
        )
        job, parts = self.job, self.parts
        if isinstance(parts, Folds):
            return decide_at_once(
                job.policy,
                job.uses,
                (lambda: self._cross_fitted(parts)) if confirm else None,
                openings_left=left,
                waivers=self.waivers,
            )
        measured = self._measured(parts, "development")
        self.progress("decide", "holding the evidence against the policy", 0.0)
        return decide(
            job.policy,
            job.uses,
            measured,
            (lambda: self._confirmed(parts)) if confirm else None,
            openings_left=left,
            waivers=self.waivers,
        )

    def again(self) -> Assessment:
        """Measure once more on the sealed people who were looked at for this candidate before."""
        if isinstance(self.parts, Folds):
            return self._cross_fitted(self.parts)
        return self._measured(self.parts, "confirmation")

    def _measured(self, parts: Split, stage: Stage) -> Assessment:
        case = Case(
            schema=parts.train.schema,
            train=parts.train,
            holdout=parts.confirmation if stage == "confirmation" else parts.development,
            reference=parts.reference,
            synthetics=self.synthetics,
            threat=self.threat,
            refit=refitter(self.job.recipe.making),
            earlier=self.earlier.tables,
            questions=self.job.recipe.questions,
            maker=maker_for(self.job.recipe.generate, parts.train.n_persons),
            certificates=certificates(),
        )
        streams = self.attempt.streams.child("evaluate")
        workspace, about = self.asked.workspace, self._about(stage)
        return assess(workspace, case, streams, about=about, progress=self.progress)

    def _confirmed(self, parts: Split) -> Assessment:
        self._open({})
        return self._measured(parts, "confirmation")

    def _cross_fitted(self, parts: Folds) -> Assessment:
        self._open({"how": STAGE})
        asked = CrossFit(
            spec=self.job.recipe.making,
            folds=parts,
            synthetics=self.synthetics,
            threat=self.threat,
            earlier=self.earlier.tables,
            record=self._record,
            questions=self.job.recipe.questions,
        )
        return cross_fit(
            self.asked.workspace,
            asked,
            self.attempt.streams,
            about=self._about(STAGE),
            progress=self.progress,
        )

    def _open(self, how: dict[str, object]) -> None:
        """Write down that these persons are looked at for this candidate, once."""
        opened = openings_of(self.asked.workspace, self.asked.population)
        if self.attempt.candidate.digest not in opened:
            body = {"population": self.asked.population, "opening": len(opened) + 1, **how}
            self.asked.workspace.ledger.append(
                "confirmation.opened", self.attempt.candidate.digest, body, self.asked.actor
            )

    def _about(self, stage: Stage) -> About:
        return About(
            candidate=self.attempt.candidate.digest,
            earlier=self.earlier.together,
            stage=stage,
            asked=self.asked,
            time_limit=self.time_limit,
            questions=self.job.recipe.questions,
            only=self.only,
        )

    def _record(self, who: str, why: str) -> None:
        self.asked.record(who, why, (PARTS["train"],))

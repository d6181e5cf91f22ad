"""Cross-fit: a recipe judged on refits, each held against the fifth of the people it has not seen.

For tables too small to be split. What is measured is the recipe: the rows that are released come
from one more fit, to everybody, and nobody is left whom they could be held against.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assaymark.core.case import Case
from assaymark.core.questions import NO_QUESTIONS, Questions
from assaymark.evaluate import metrics
from assaymark.evaluate.pooling import pooled
from assaymark.evaluate.repeats import repeats_of
from assaymark.flow.evaluate.assess import Taken, kept, taken_of
from assaymark.flow.evaluate.coverage import certificates, maker_for
from assaymark.flow.evaluate.measure import quantities
from assaymark.flow.generate.fit import fit, refitter, sample
from assaymark.source.folds import FOLDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assaymark.core.dataset import Dataset
    from assaymark.core.evidence import Stage
    from assaymark.core.measurement import Measurement
    from assaymark.core.recipe import GenerateSpec
    from assaymark.core.streams import Streams
    from assaymark.core.threat import ThreatModel
    from assaymark.flow.evaluate.assess import About, Assessment
    from assaymark.flow.progress import Progress
    from assaymark.source.folds import Folds
    from assaymark.store.workspace import Workspace

__all__ = ["PARTS", "STAGE", "CrossFit", "cross_fit", "pooled_over", "refit_case"]

STAGE: Stage = "cross-fit"
PARTS = {"train": "everybody but one fold", "holdout": "one fold"}
"""What the parts of the real rows are called where a refit is judged."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrossFit:
    """What is cross-fitted: the recipe's generator, the folds, and the rows it will release.

    ``earlier`` are rows of the same people that were released before; ``record`` writes down
    who opened which persons.
    """

    spec: GenerateSpec
    folds: Folds
    synthetics: tuple[Dataset, ...]
    threat: ThreatModel
    earlier: tuple[Dataset, ...]
    record: Callable[[str, str], None]
    questions: Questions = NO_QUESTIONS


def cross_fit(
    workspace: Workspace, asked: CrossFit, streams: Streams, *, about: About, progress: Progress
) -> Assessment:
    """Return the evidence on a recipe that is there, or measure it and keep it.

    Each refit's measurements are kept by themselves, so that a killed run goes on with the next.
    """
    threat = asked.threat.digest()

    def one(fold: int) -> Assessment:
        child = streams.child(STAGE, fold)
        of_fold = replace(about, fold=fold)

        def taken() -> Taken:
            progress("generate", f"refit {fold + 1} of {FOLDS}", fold / FOLDS)
            case = refit_case(asked, fold, child)
            people, left_out = asked.folds.train, asked.folds.fold == fold
            found = taken_of(case, child, of_fold, PARTS, progress)
            repeats = repeats_of(people, case.synthetics, left_out)
            return Taken((*found.values, *repeats), found.looks)

        return kept(workspace, of_fold, threat, taken, progress)

    def together() -> Taken:
        folds = [one(fold) for fold in range(FOLDS)]
        parts = [f.measurements for f in folds]
        people, known = asked.folds.train, quantities()
        judged = [[m for m in part if m.metric in known] for part in parts]
        looks = [(o.who, o.part) for f in folds for o in f.evidence.opened for _ in range(o.times)]
        pooled = pooled_over(judged, people.n_persons)
        return Taken((*pooled, *_repeats(asked, parts)), tuple(looks))

    return kept(workspace, about, threat, together, progress)


def _repeats(asked: CrossFit, parts: Sequence[Sequence[Measurement]]) -> list[Measurement]:
    """Count repeats in the rows to be released; baseline: in refits, of people they had not seen.

    Every person is left out once, so that the counts of all refits add up.
    """
    return [
        replace(m, baseline=sum(p.value or 0.0 for x in parts for p in x if p.metric == m.metric))
        for m in repeats_of(asked.folds.train, asked.synthetics)
    ]


def refit_case(asked: CrossFit, fold: int, streams: Streams) -> Case:
    """Fit the recipe to everybody but this fold, and hold its rows against the fold.

    As many rows are drawn for each person fitted to as in the rows to be released.
    """
    train, everybody = asked.folds.others(fold), asked.folds.train
    rows = max(1, round(asked.synthetics[0].n * train.n / everybody.n))
    model = fit(asked.spec, train, streams, asked.record)
    return Case(
        schema=train.schema,
        train=train,
        holdout=asked.folds.held_out(fold),
        reference=None,
        synthetics=sample(model, rows, len(asked.synthetics), streams),
        threat=asked.threat,
        refit=refitter(asked.spec),
        earlier=asked.earlier,
        questions=asked.questions,
        maker=maker_for(asked.spec, everybody.n_persons),
        certificates=certificates(),
    )


def pooled_over(parts: Sequence[Sequence[Measurement]], persons: int) -> tuple[Measurement, ...]:
    """Return the measurements of all refits together.

    Attacks count people of train, whom every refit but one sees; all else counts people held out.
    """
    known = quantities()
    return pooled(
        parts,
        better={name: q.better for name, q in known.items()},
        looks={
            name: len(parts) - 1 if metrics.family(name.partition(".")[0]) == "privacy" else 1
            for name in known
        },
        persons=persons,
    )

"""Inference suite: every registered way to guess secrets, held against people never seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.controls import (
    detection,
    fair,
    null_line,
    possible,
    shift_of,
    why_no_attack,
)
from assaymark.evaluate.dossier import LUCK, OWN, Guesses, dossier_of
from assaymark.evaluate.exposure import Called, exposure_of
from assaymark.evaluate.guesses import SILENT, Answers, guessed_line, judged, loss_of, telling
from assaymark.evaluate.inferrers import inferrers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.measurement import Json
    from assaymark.core.streams import Streams
    from assaymark.evaluate.dossier import Dossier, Inference
    from assaymark.evaluate.guesses import Outcome
    from assaymark.evaluate.statistics import Interval

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

__all__ = ["InferenceSuite"]

EXCESS, ALC = "inference_suite.excess", "inference_suite.alc"
_PEOPLE, _ROWS = 2_500, 10_000
_SIZES = (0.02, 0.03, 0.05, 0.1, 0.2)
_FEW = "no column of at least two values can be guessed from at least two others"


@component
class InferenceSuite:
    """Secrets guessed by several ways of inference, train people less people never seen.

    Each way guesses a secret of everybody from all other columns and the synthetic rows, and says
    how sure it is. The attacker takes the way and the confidence that tell most on half of the
    people, and is judged on the other half, both ways; the confidence is that of the surest 2 to
    10 % of people never seen. Secrets are the declared ones, made up to four by the least certain
    columns that are not declared to be known; of columns about as uncertain the first by name. A
    guess counts (right - p) / max(1 - p, 1/2), where p is the share of unseen people of whom the
    guess holds, so that luck adds nothing. One row of each person is looked at, of at most 2,500 a
    side.

    Plants are rows that repeat all that is known of a member, and the secret, of members whom such
    a row gives away: where many rows share what is known, one more says next to nothing, and that
    the secret is what three quarters have is known anyway; where there are too few such members for
    a leak of some size, there is none of this kind to be seen.
    Ways whose answer to a plant cannot be told without attacking anew go without.

    References
    ----------
    Francis & Wagner (2025), Towards more accurate measures of attribute inference risk,
    arXiv:2507.01710, for the baseline of people never seen and the anonymity loss coefficient.
    Annamalai, Gadotti & Rocher (2023), arXiv:2301.10053, and the sources that each way names.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=EXCESS,
            title="Secrets guessed by the strongest of several attacks",
            unit="share of people",
            better="lower",
            pitfalls="The strongest of these attacks is not the strongest there is. A leak to "
            "people about whom the attacker is unsure is counted only as far as it makes the "
            "attacker surer.",
            meaning="Share of train people whose secret is guessed rightly, freed of luck, among "
            "those about whom the attacker is surest, less the same share of unseen people; 0 is "
            "no leak.",
        ),
        Quantity(
            name=ALC,
            title="Anonymity loss",
            unit="coefficient",
            better="lower",
            gate=False,
            why_not="it divides by what is left to guess about strangers, so that secrets nearly "
            "known to all have a wide interval; use the excess",
            meaning="How much precision and recall of the guesses about train people exceed those "
            "about unseen people, as a share of what could be lost at most; 0 is nothing, 1 is "
            "everything.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the excess and the anonymity loss of each secret."""
        reason = why_no_attack(case)
        size = {"people": _PEOPLE, "rows": _ROWS}
        dossier = None if reason else dossier_of(case, streams, **size, one_each=True)
        if dossier is None or not dossier.likely:
            for metric in (EXCESS, ALC):
                yield Measurement.missing(metric, reason or _FEW, "column:*")
            return
        for name in dossier.own:
            yield Measurement.missing(EXCESS, OWN, f"column:{name}")
            yield Measurement.missing(ALC, OWN, f"column:{name}")
        records = [s.records.take(s.one_each) for s in (dossier.members, dossier.unseen)]
        names = inferrers.names()
        ways = [inferrers.build(n).guess(dossier, streams.child(n)) for n in names]
        shift = shift_of(case)
        for j in dossier.likely:
            guessed = [way[j] for way in ways]
            contest = _contest(dossier, j, guessed)
            child = streams.child("secret", dossier.names[j])
            found = judged(contest.members, contest.unseen)
            excess = _measured(contest, found, dossier.names[j], names, child)
            groups = exposure_of(case, *map(Called, records, found.right))
            details = {**excess.details, "groups": groups, "hit": "guessed rightly"}
            yield fair(replace(excess, details=details), shift)
            yield fair(_lost(found, dossier.names[j], child), shift)


class _Contest(NamedTuple):
    """Both sides, and the members as they were, were the secret given away about each alone."""

    members: Answers
    unseen: Answers
    copied: Answers


def _contest(dossier: Dossier, secret: int, guessed: Sequence[Inference]) -> _Contest:
    members, unseen, copied = [], [], []
    for way in guessed:
        truth, others = (way.classes[s.codes[:, secret]] for s in (dossier.members, dossier.unseen))
        luck = np.bincount(others, minlength=int(way.classes.max()) + 1) / len(others)
        members.append(_answers(way.members, truth, luck))
        unseen.append(_answers(way.unseen, others, luck))
        if way.copied is None:
            copied.append(members[-1])
        else:
            right = _answers(Guesses(truth, way.copied), truth, luck)
            copied.append(members[-1].surer(right))
    return _Contest(_stacked(members), _stacked(unseen), _stacked(copied))


def _stacked(each: Sequence[Answers]) -> Answers:
    return Answers(*(np.concatenate(x) for x in zip(*each, strict=True)))


def _answers(guesses: Guesses, truth: Codes, luck: Floats) -> Answers:
    right = guesses.value == truth
    chance = luck[guesses.value]
    worth = (right - chance) / np.maximum(1 - chance, LUCK)
    sure = np.maximum(guesses.sure, SILENT)
    return Answers(sure[None], worth[None], right[None].astype(np.float64))


def _excess(members: Answers, unseen: Answers) -> Interval:
    return judged(members, unseen).excess


def _measured(
    contest: _Contest, found: Outcome, name: str, names: list[str], streams: Streams
) -> Measurement:
    excess = found.excess
    limit, controls = _controls(contest, streams)
    return Measurement(
        metric=EXCESS,
        subject=f"column:{name}",
        value=excess.value,
        low=excess.low,
        high=excess.high,
        n=len(found.worth[0]),
        baseline=0.0,
        limit_of_detection=limit,
        details={
            "title": f"Can {name} be guessed? By the strongest of {len(names)} attacks",
            "meaning": "Right guesses for people of train, less those for people the generator "
            "never saw, where the attacker is surest.",
            "strongest": [names[w] for w in dict.fromkeys(found.ways)],
            "attacks": [_figures(names[i], contest, i) for i in range(len(names))],
            **guessed_line(name, *found.counts),
            "controls": controls,
        },
    )


def _lost(found: Outcome, name: str, streams: Streams) -> Measurement:
    loss = loss_of(*found.counts, streams.child("loss").generator())
    return Measurement(
        metric=ALC,
        subject=f"column:{name}",
        value=loss.value,
        low=loss.low,
        high=loss.high,
        n=len(found.worth[0]),
        baseline=0.0,
    )


def _controls(contest: _Contest, streams: Streams) -> tuple[float | None, list[Json]]:
    """Return the limit of detection, and the lines of planted and of null controls."""
    members, unseen, copied = contest
    n = members.sure.shape[1]
    able = np.flatnonzero(telling(members, unseen, copied))

    def caught(size: float, rng: np.random.Generator) -> bool:
        chosen = rng.choice(able, max(1, round(size * n)), replace=False)
        return _excess(members.where(chosen, copied), unseen).low > 0

    def halves(first: Codes, second: Codes) -> Interval:
        return _excess(unseen.take(first), unseen.take(second))

    sizes = [s for s in _SIZES if max(1, round(s * n)) <= len(able)]
    rng = streams.child("plants").generator()
    proof = detection(caught, rng, sizes, name="secrets beside known columns")
    null = null_line(
        halves, np.arange(unseen.sure.shape[1]), 0.0, streams.child("null").generator()
    )
    return possible(proof, len(able) / n, _SIZES), [*proof.lines, null]


def _figures(name: str, contest: _Contest, way: int) -> Json:
    """Return what one way gets by itself, at a confidence chosen on the other half."""
    found = judged(contest.members.of(way), contest.unseen.of(way))
    excess = found.excess
    members, unseen = found.counts
    return {
        "attack": name,
        "excess": excess.value,
        "low": excess.low,
        "high": excess.high,
        "precision": members.precision,
        "recall": members.recall,
        "precision_of_unseen": unseen.precision,
        "recall_of_unseen": unseen.recall,
    }

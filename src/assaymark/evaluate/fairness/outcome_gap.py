"""Outcome gap: which inequality of an outcome the rows repeat, and which they bring in."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import NO_SUBJECT, Measurement, Quantity
from assaymark.core.registry import component
from assaymark.core.schema import Role
from assaymark.evaluate.crossings import MINIMUM_CELL, crossings_of
from assaymark.evaluate.discoveries import discoveries, shrunk
from assaymark.evaluate.features import why_incomparable
from assaymark.evaluate.gaps import GapSide, growth
from assaymark.evaluate.groups import banded
from assaymark.evaluate.outcomes import outcomes_of
from assaymark.evaluate.statistics import Z, symmetric

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.correction import Correction
    from assaymark.core.dataset import Dataset
    from assaymark.core.measurement import Json
    from assaymark.core.streams import Streams
    from assaymark.evaluate.crossings import Crossing
    from assaymark.evaluate.gaps import Gap
    from assaymark.evaluate.outcomes import Outcome

__all__ = ["OutcomeGap"]

REAL, SYNTHETIC = "outcome_gap.real", "outcome_gap.synthetic"
INTRODUCED, SMALL = "outcome_gap.introduced", "outcome_gap.introduced_small"
LOOKED_AT, GROWTH = "outcome_gap.exploratory", "outcome_gap.amplification"
CORRECTED = "outcome_gap.correction"
MARGINS = {INTRODUCED: 0.1, SMALL: 0.25}
_MISSED = 0.04
NO_COLUMN = "the schema declares no protected column"
NO_GROUP = f"no protected column has a group of {MINIMUM_CELL} people"
NO_OUTCOME = "the schema declares no target column, and the recipe no claim on a mean"
ONE_OUTCOME = "every row has the same outcome, or none, so that no group can differ in it"
_FEWEST_MADE = 10
_WHY_NOT = "inequality of the real rows is not the generator's doing: judge what is introduced"


@component
class OutcomeGap:
    """Difference of an outcome between a group and everyone else: real, synthetic, introduced.

    Outcomes are the target (each of its four most frequent classes; a number's mean) and the means
    that the recipe claims or corrects; groups are the cells of protected columns, and crossings of
    two and three of these columns. All in standard deviations of the outcome in the real rows.
    Real rows are train and holdout together, since a mean, unlike a distance, is not biased by
    rows that the generator saw; synthetic rows are those of all replicates. The interval of what
    is introduced has the noise of both, persons counted once; where there are replicates, their
    spread too.

    A group is judged (``introduced``) where a generator that is right would be shown to be within
    0.1 standard deviations for all such groups at once in 96 of 100 evaluations, else under a
    second name where the same holds within 0.25, else, and for every crossing, it is only looked
    at: with Benjamini and Hochberg's flags and shrunk values in the details. Groups with fewer
    than 30 real persons are left out. Amplification is the growth of a gap that the real rows
    show beyond doubt. A gap that the recipe declares to be corrected is held against the intended
    change instead, and the other groups of its column, whose gaps change with it, are looked at.

    It says nothing of outcomes that are not declared. Where a real gap is only just beyond doubt
    it is overstated by chance, and its growth understated: the interval of the growth then covers
    less often than it says.

    References
    ----------
    Bhanot et al. (2021), The problem of fairness in synthetic healthcare data.
    Fieller (1954), Some problems in interval estimation, for the interval of the growth.
    Benjamini & Hochberg (1995), Controlling the false discovery rate.
    """

    single: ClassVar[bool] = True
    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=REAL,
            title="Gap of an outcome in the real rows",
            unit="standard deviations",
            better="zero",
            meaning="How much higher (above 0) the outcome of a real member of the group is than "
            "that of everyone else.",
            gate=False,
            why_not=_WHY_NOT,
        ),
        Quantity(
            name=SYNTHETIC,
            title="Gap of an outcome in the synthetic rows",
            unit="standard deviations",
            better="zero",
            meaning="How much higher (above 0) the outcome of a synthetic member of the group is "
            "than that of everyone else.",
            gate=False,
            why_not=_WHY_NOT,
        ),
        *(
            Quantity(
                name=name,
                title=f"Gap of an outcome that the synthetic rows bring in{which}",
                unit="standard deviations",
                better="zero",
                meaning="The gap between the group and everyone else in the synthetic rows, less "
                "that in the real rows; 0 is the inequality of the real rows, whatever it is.",
            )
            for name, which in (
                (INTRODUCED, ""),
                (SMALL, " (small group)"),
                (LOOKED_AT, " (looked at, not judged)"),
            )
        ),
        Quantity(
            name=GROWTH,
            title="Growth of a gap that the real rows have",
            unit="share of the real gap",
            better="zero",
            meaning="By how much of itself the real gap grew (above 0) or shrank (below 0); -1 is "
            "a gap that vanished. Only where the real gap is beyond doubt.",
            gate=False,
            why_not="a share of a small gap is large whatever was introduced: judge that",
        ),
        Quantity(
            name=CORRECTED,
            title="Declared correction of a gap: achieved less intended",
            unit="standard deviations",
            better="zero",
            meaning="By how much the gap changed, less the change that the recipe declares; 0 is "
            "the correction that was meant.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:  # noqa: ARG002
        """Yield the gaps of each group and outcome; real ones only where nothing is synthetic."""
        alone = not case.synthetics
        reason = "" if alone else why_incomparable(case)
        if reason:
            yield from (Measurement.missing(q.name, reason, "outcome:*") for q in self.quantities)
            return
        groups, outcomes = crossings_of(case), outcomes_of(case)
        if not groups or not outcomes:
            why = _why_none(case, outcomes)
            yield from (Measurement.missing(q.name, why, NO_SUBJECT) for q in self.quantities)
            return
        found = list(_found(case, groups, outcomes))
        yield from (f.measured(REAL, f.real, f.real.error) for f in found)
        if not alone:
            yield from _held_against(found, case.questions.correction)
            yield from _unknown(found, case.questions.correction)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """The gaps of one group and outcome; ``made`` is None where synthetic rows are too few."""

    group: Crossing
    outcome: Outcome
    scale: float
    real: Gap
    made: Gap | None
    made_error: float
    ideal: float  # error of what is introduced, had the synthetic rows the real shares and spreads

    @property
    def introduced(self) -> float:
        assert self.made is not None  # noqa: S101
        return self.made.value - self.real.value

    @property
    def error(self) -> float:
        return math.hypot(self.real.error, self.made_error)

    @property
    def subject(self) -> str:
        return f"outcome:{self.outcome.name},{self.group.subject}"

    @property
    def judged(self) -> bool:
        return len(self.group.parts) == 1

    def measured(
        self, metric: str, gap: Gap, error: float, more: dict[str, Json] | None = None
    ) -> Measurement:
        """Return a gap as a measurement, with both means in the outcome's own unit."""
        value, low, high = symmetric(gap.value, error, degrees=min(gap.n, gap.others) - 1)
        details: dict[str, Json] = {
            "group": self.group.name,
            "columns": list(self.group.columns),
            "outcome": self.outcome.name,
            "rate": self.outcome.rate,
            "inside": _digits(gap.inside * self.scale, error * self.scale),
            "outside": _digits(gap.outside * self.scale, error * self.scale),
            **(more or {}),
        }
        n = banded(gap.n) if metric == REAL else gap.n
        return Measurement(
            metric=metric,
            subject=self.subject,
            value=value,
            low=low,
            high=high,
            n=n,
            details=details,
        )


def _digits(x: float, error: float) -> float:
    """Round to the digits that an error of this size leaves."""
    return round(x, 1 - math.floor(math.log10(error))) if error > 0 else round(x, 3)


def _why_none(case: Case, outcomes: Sequence[Outcome]) -> str:
    if outcomes:
        return NO_GROUP if case.schema.first(Role.PROTECTED) else NO_COLUMN
    return ONE_OUTCOME if case.train.target is not None else NO_OUTCOME


def _found(case: Case, groups: Sequence[Crossing], outcomes: Sequence[Outcome]) -> Iterator[_Found]:
    real = [d for d in (case.train, case.holdout) if d is not None]
    inside = [_joined(group, real) for group in groups]
    made_inside = [_joined(group, case.synthetics) for group in groups]
    for outcome in outcomes:
        scale = float(np.nanstd(np.concatenate([outcome.values(d) for d in real])))
        if not scale > 0:
            continue
        ours = GapSide(outcome, real, scale)
        theirs = GapSide(outcome, case.synthetics, scale) if case.synthetics else None
        for group, mine, other in zip(groups, inside, made_inside, strict=True):
            defining = outcome.column.name in group.columns
            gap = None if defining else ours.gap(mine)
            if gap is None or min(gap.n, gap.others) < MINIMUM_CELL:
                continue
            made, error = None, math.inf
            if theirs is not None:
                made = theirs.gap(other)
                if made is not None and min(made.n, made.others) < _FEWEST_MADE:
                    made = None
                if made is not None:
                    error = max(made.error, theirs.spread_of_tables(other))
            share = gap.rows / len(ours.values)
            m = max(0 if theirs is None else len(theirs.values), 1)
            ideal = gap.spread / (m * share) + gap.other_spread / (m * (1 - share))
            yield _Found(
                group=group,
                outcome=outcome,
                scale=scale,
                real=gap,
                made=made,
                made_error=error,
                ideal=math.hypot(gap.error, math.sqrt(ideal)),
            )


def _joined(group: Crossing, tables: Sequence[Dataset]) -> NDArray[np.bool_]:
    return np.concatenate([group.holds(t) for t in tables] or [np.zeros(0, dtype=bool)])


def _held_against(
    found: Sequence[_Found], corrections: Sequence[Correction]
) -> Iterator[Measurement]:
    """Yield what the synthetic rows have, what they bring in, and how much real gaps grew."""
    names, flags = _names(found), _flags(found)
    meant = [_meant(f, corrections) for f in found]
    moved = {(f.outcome, f.group.columns) for f, m in zip(found, meant, strict=True) if m}
    for i, f in enumerate(found):
        if meant[i]:
            names[i] = CORRECTED
        elif any(f.outcome == o and set(c) & set(f.group.columns) for o, c in moved):
            names[i] = LOOKED_AT
    said = set()
    for f, name, flag, wanted in zip(found, names, flags, meant, strict=True):
        said.add(name)
        if f.made is None:
            reason = f"fewer than {_FEWEST_MADE} synthetic rows in or outside the group"
            yield from (Measurement.missing(q, reason, f.subject) for q in (SYNTHETIC, name))
            continue
        yield f.measured(SYNTHETIC, f.made, f.made_error)
        change = f.made._replace(value=f.introduced, n=f.real.n, others=f.real.others)
        intended = 0.0 if wanted is None else wanted.change / f.scale
        change = change._replace(value=change.value - intended)
        if wanted is not None:
            flag |= {"change": wanted.change, "why": wanted.why, "who": wanted.who}
        both = {"real": _digits(f.real.value, f.real.error), "synthetic": f.made.value, **flag}
        fewest = min(f.made.n, f.made.others, f.real.n, f.real.others)
        m = f.measured(name, change._replace(others=fewest), f.error, both)
        yield replace(m, n=banded(f.real.n))
        grown = growth(f.real, f.made, f.made_error) if f.judged else None
        if grown is not None:
            yield Measurement(
                metric=GROWTH,
                subject=f.subject,
                value=grown.value,
                low=grown.low,
                high=grown.high,
                n=banded(f.real.n),
            )
            said.add(GROWTH)
    whys = {
        INTRODUCED: "no group is so large that a right generator would be shown to keep its gap",
        SMALL: "no group is small, and large enough for a verdict",
        LOOKED_AT: "there is nothing but what is judged",
        GROWTH: "the real rows show no gap beyond doubt",
        CORRECTED: "the recipe declares no correction",
    }
    for name, why in whys.items():
        if name not in said:
            yield Measurement.missing(name, why, NO_SUBJECT)


def _meant(f: _Found, corrections: Sequence[Correction]) -> Correction | None:
    wanted = (c for c in corrections if (c.group, c.outcome) == (f.group.name, f.outcome.name))
    return next(wanted, None)


def _unknown(found: Sequence[_Found], corrections: Sequence[Correction]) -> Iterator[Measurement]:
    """Say of each correction that is about no gap that was measured that there is none."""
    known = {(f.group.name, f.outcome.name) for f in found}
    for c in corrections:
        if (c.group, c.outcome) not in known:
            reason = (
                f"no gap of {c.outcome!r} for {c.group!r} was measured: the group must be one of a "
                f"protected column, with {MINIMUM_CELL} people"
            )
            subject = f"outcome:{c.outcome},group:{c.group}"
            yield Measurement.missing(CORRECTED, reason, subject)


def _names(found: Sequence[_Found]) -> list[str]:
    """Return under which name what is introduced is measured: the narrowest limit it can meet.

    As many are judged within a limit as a right generator meets all at once. Of the gaps of one
    column's groups in one outcome, one follows from the others, and does not count.
    """
    names = [LOOKED_AT] * len(found)
    for name in (SMALL, INTRODUCED):
        order = sorted((f.ideal, i) for i, f in enumerate(found) if f.judged)
        for k in range(len(order), 0, -1):
            together = Counter((found[i].outcome, found[i].group.columns) for _, i in order[:k])
            apart = sum(max(1, n - 1) for n in together.values())
            reach = Z + NormalDist().inv_cdf(1 - _MISSED / (2 * apart))
            if reach * order[k - 1][0] <= MARGINS[name]:
                for _, i in order[:k]:
                    names[i] = name
                break
    return names


def _flags(found: Sequence[_Found]) -> list[dict[str, Json]]:
    """Return, for each that was measured, whether it stands out, and its shrunk value."""
    flags: list[dict[str, Json]] = [{} for _ in found]
    there = [i for i, f in enumerate(found) if f.made is not None and f.error > 0]
    if there:
        values = np.array([found[i].introduced for i in there])
        errors = np.array([found[i].error for i in there])
        p = np.array([2 * NormalDist().cdf(-abs(z)) for z in values / errors])
        for i, flag, value in zip(there, discoveries(p), shrunk(values, errors, 0.0), strict=True):
            flags[i] = {"stands_out": bool(flag), "shrunk": float(value)}
    return flags

"""Claim sides: the real and the synthetic estimate of a claim held against each other."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.core.measurement import Measurement
from assaymark.evaluate.binning import bins_of
from assaymark.evaluate.claims.estimand import Estimate, quantile
from assaymark.evaluate.groups import banded
from assaymark.evaluate.statistics import Interval, Z, symmetric

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from assaymark.core.case import Case
    from assaymark.core.claim import ClaimSpec
    from assaymark.core.measurement import Json
    from assaymark.core.streams import Streams
    from assaymark.evaluate.binning import Bins
    from assaymark.evaluate.claims.estimand import Rows
    from assaymark.evaluate.claims.question import Figure, Question

__all__ = [
    "AGREEMENT",
    "CLEAR",
    "DIFFERENCE",
    "SMALL",
    "Asked",
    "Sides",
    "both",
    "compared",
    "default_margin",
    "details_of",
    "pooled_estimate",
    "sides_of",
    "sign_agrees",
    "spread_of",
]

DIFFERENCE, SMALL, AGREEMENT = "claims.difference", "claims.difference_small", "claims.agreement"

CLEAR = 5.0
"""Standard errors from which the real rows leave a sign in no doubt."""

_DEFAULT, _EFFECT = 0.1, 1.5
_BANDS, _CATEGORIES = 5, 20
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_POWER = Z + 2.58  # errors that a margin must hold for a perfect generator to pass in 99 %


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """One claim, and the tables it is asked of; ``held_out`` rows stand last in ``real``."""

    spec: ClaimSpec
    case: Case
    real: Dataset
    held_out: int
    proposed: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sides:
    """The numbers that the claim is about, of the real rows and of each synthetic table."""

    real: Rows
    made: tuple[Rows, ...]
    bins: Bins | None
    held_out: int

    def within(self, cell: int) -> Sides:
        """Return both sides, asked about one group."""
        return replace(
            self,
            real=self.real.within(self.real.values["group"] == cell),
            made=tuple(m.within(m.values["group"] == cell) for m in self.made),
        )


def both(train: Dataset, holdout: Dataset) -> Dataset:
    """Return train followed by holdout, whose people are others."""
    persons = None
    if train.persons is not None or holdout.persons is not None:
        codes = train.person_codes, holdout.person_codes
        persons = np.concatenate([codes[0], codes[1] + train.n])
    frame = pl.concat([train.frame, holdout.frame])
    return Dataset(schema=train.schema, frame=frame, persons=persons)


def sides_of(asked: Asked, question: Question, streams: Streams) -> Sides | str:
    """Return both sides of a question, or why one of them cannot be had."""
    bins, real = None, asked.real
    if asked.spec.by:
        column = real.schema.column(asked.spec.by)
        cells = _BANDS if column.kind.ordered else _CATEGORIES
        bins = bins_of(column, [real], cells=cells, n_holdout=asked.held_out)

    def read(data: Dataset) -> Rows | str:
        groups = {} if bins is None else {"group": bins.codes(data).astype(np.float64)}
        groups["held_out"] = np.zeros(data.n)
        if data is real:
            groups["held_out"][data.n - asked.held_out :] = 1.0
        return question.rows(data, streams, groups)

    first = read(real)
    if isinstance(first, str):
        return f"in the real rows: {first}"
    made = []
    for table in asked.case.synthetics:
        found = read(table)
        if isinstance(found, str):
            return f"in the synthetic rows: {found}"
        made.append(found)
    held_out = first.within(first.values["held_out"] == 1).n_persons
    return Sides(real=first, made=tuple(made), bins=bins, held_out=held_out)


def compared(
    asked: Asked, sides: Sides, figure: Figure, *, group: str = "", margin: float | None = None
) -> Measurement:
    """Return the difference in margins; of a group, under another name where it is small.

    ``margin`` stands in for the claim's own or the default one.
    """
    subject = subject_of(asked, figure, group)
    real = figure.estimate(sides.real)
    if isinstance(real, str):
        return Measurement.missing(DIFFERENCE, f"in the real rows: {real}", subject)
    if margin is None:
        own = asked.spec.margin if not figure.part else 0.0
        margin = own or default_margin(figure, real)
    rows = len(sides.real.inside), len(sides.made[0].inside)
    expected = math.sqrt(real.variance * (1 + rows[0] / max(rows[1], 1)))
    metric = SMALL if group and expected * _POWER > margin else DIFFERENCE
    made = pooled_estimate([figure.estimate(m) for m in sides.made])
    n = sides.held_out
    if group:
        n = banded(sides.real.within(sides.real.values["held_out"] == 1).n_persons)
    if isinstance(made, str):
        return Measurement.missing(metric, f"in the synthetic rows: {made}", subject, n=n)
    if not math.isfinite(real.variance + made.variance):
        return Measurement.missing(metric, "it has no finite error", subject, n=n)
    found = _difference(real, made, relative=figure.relative)
    share = figure.unit.startswith("share") and not figure.effect
    one, other = (_kept(e.interval) if share else e.interval for e in (real, made))
    said = details_of(asked, figure.unit, one, other, margin)
    return Measurement(
        metric=metric,
        subject=subject,
        value=found.value / margin,
        low=found.low / margin,
        high=found.high / margin,
        n=n,
        details={**said, "part": figure.part, "group": group},
    )


def subject_of(asked: Asked, figure: Figure, group: str = "") -> str:
    """Return what a figure is called in a measurement: claim, part and group."""
    part = f":{figure.part}" if figure.part else ""
    return f"claim:{asked.spec.name}{part}" + (f",group:{group}" if group else "")


def default_margin(figure: Figure, real: Estimate) -> float:
    """Return one standard error that a sample of 100 persons would have; for an effect 1.5."""
    margin = _DEFAULT * real.spread * (_EFFECT if figure.effect else 1.0)
    if figure.relative:
        margin = min(margin, 0.6 * abs(real.value))
    return margin if 0 < margin < math.inf else (_DEFAULT * abs(real.value) or 1.0)


def pooled_estimate(found: Sequence[Estimate | str]) -> Estimate | str:
    """Return the mean over replicates, each a sample of its own from one model."""
    for one in found:
        if isinstance(one, str):
            return one
    every = [e for e in found if isinstance(e, Estimate)]
    if len(every) == 1:
        return every[0]
    m = len(every)
    own = sum(e.variance for e in every) / m**2
    value = float(np.mean([e.value for e in every]))
    return replace(every[0], value=value, influence=np.zeros(2), persons=None, extra=own**0.5)


def _difference(real: Estimate, made: Estimate, *, relative: bool) -> Interval:
    own = real.variance * ((made.value / real.value) ** 2 if relative and real.value else 1.0)
    parts = own**2 / max(real.n - 1, 1) + made.variance**2 / max(made.n - 1, 1)
    total = own + made.variance
    degrees = total**2 / parts if parts > 0 else math.inf
    return symmetric(made.value - real.value, math.sqrt(total), degrees=degrees)


def details_of(
    asked: Asked,
    unit: str,
    real: Interval,
    made: Interval,
    margin: float,
) -> Mapping[str, Json]:
    """Return what the page of claims shows: both estimates in their own unit, and the margin."""
    return {
        "claim": asked.spec.name,
        "claim_kind": asked.spec.kind,
        "unit": unit,
        "real": _told(real),
        "synthetic": _told(made),
        "margin": float(f"{margin:.3g}"),
        "declared_margin": bool(asked.spec.margin),
        "proposed": asked.proposed,
        "resolved": (real.high - real.low) / 2 <= margin,
        "where": asked.spec.where,
        "shared_people": True,
    }


def spread_of(sides: Sides) -> list[Json]:
    """Return quantiles of the change, real beside the first synthetic table, rounded."""
    found: list[Json] = []
    for q in _QUANTILES:
        real, made = quantile(sides.real, q), quantile(sides.made[0], q)
        if not isinstance(real, str) and not isinstance(made, str):
            found.append({"quantile": q, "real": _told(real), "synthetic": _told(made)})
    return found


def _kept(share: Interval) -> Interval:
    """Return a share's interval without what is below 0 or above 1."""
    return Interval(*(min(1.0, max(0.0, x)) for x in share))


def _told(interval: Interval) -> list[Json]:
    """Return an interval as it is published: to what its width supports."""
    m = Measurement(
        metric="x", value=interval.value, low=interval.low, high=interval.high, n=0
    ).rounded()
    return [m.value, m.low, m.high]


def sign_agrees(asked: Asked, sides: Sides, figure: Figure) -> Iterator[Measurement]:
    """Yield whether the sign is the same, where the real rows leave it in no doubt."""
    real = figure.estimate(sides.real)
    made = pooled_estimate([figure.estimate(m) for m in sides.made])
    subject = subject_of(asked, figure)
    if isinstance(real, str) or isinstance(made, str):
        return
    if not abs(real.value) > CLEAR * math.sqrt(real.variance):
        return
    turned = made.interval if real.value > 0 else Interval(*(-x for x in made.interval))
    low, high = sorted(turned[1:])
    yield Measurement(
        metric=AGREEMENT,
        subject=subject,
        value=float(turned.value > 0),
        low=float(low > 0),
        high=float(high > 0),
        n=sides.held_out,
        details={"claim": asked.spec.name, "shared_people": True, "part": figure.part},
    )

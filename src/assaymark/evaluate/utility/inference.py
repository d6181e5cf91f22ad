"""Inference: whether an analyst concludes from the synthetic rows what real rows say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.claim import Mean, Quantile, Regression, Share
from assaymark.core.coverage import ESTIMANDS, certificate_for
from assaymark.core.measurement import NO_SUBJECT, Measurement, Quantity
from assaymark.core.privacy_spec import spends
from assaymark.core.registry import component
from assaymark.core.schema import Kind
from assaymark.evaluate.analyses.analysis import class_of
from assaymark.evaluate.analyses.standard import level_of, standard_model, values_of
from assaymark.evaluate.features import measured_columns, why_incomparable
from assaymark.evaluate.inference import expected_overlap, interval_overlap, lack_of_fit
from assaymark.evaluate.sides import LEAST_SHARE, Sided, Sides, sided
from assaymark.evaluate.statistics import quantile_of_t, symmetric

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.schema import Column
    from assaymark.core.streams import Streams
    from assaymark.evaluate.analyses.analysis import Analysis

    Floats = NDArray[np.float64]

__all__ = ["Inference"]

DIFFERENCE, MODEL = "inference.difference", "inference.model_difference"
SPARSE = "inference.difference_sparse"
OVERLAP, EXCESS = "inference.overlap", "inference.excess_z"
FIT, DECISIONS = "inference.lack_of_fit", "inference.decisions"
COVERAGE, MODEL_COVERAGE = "inference.coverage", "inference.model_coverage"
_REGRESSIONS = {"ols", "logistic", "poisson", "cox"}
_SURE = 3.5
_FEWEST = 600  # known people held out from which a right column is shown to come out the same


@component
class Inference:
    """Estimates from the replicates, combined as an analyst has to, against those of the holdout.

    Asked are the recipe's claims for analytics (mean, share, quantile, regression); besides, of
    any table, the mean of each number, the share of each column's most frequent value, and one
    regression of the declared target on the three columns that say most of it in train. The
    difference is told in shares of its margin: the claim's own, or 0.3 standard deviations of the
    column (of a share, those of yes and no); of a coefficient, 0.3 standard deviations of the
    outcome, or a log odds (rate, hazard) ratio of 0.5, for one standard deviation of the
    regressor. Its interval covers the noise of the holdout, of the people behind the rows, and of
    the rows: too wide where rows were drawn from the population itself. The holdout is the
    yardstick, not train, which would reward copying.

    Coverage is not measured here: what a bench found for this generator and size is quoted.

    Attributes
    ----------
    most_rows
        Rows of a table that a regression is fitted to, to bound the time.

    References
    ----------
    Karr et al. (2006), A framework for evaluating the utility of data altered to protect
    confidentiality; Raab, Nowok & Dibben (2021), arXiv:2109.12717; El Emam et al. (2024), An
    evaluation of the replicability of analyses using synthetic health data.
    """

    most_rows: int = 20_000

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=DIFFERENCE,
            title="Difference of an estimate",
            unit="shares of the margin",
            better="zero",
            meaning="Estimate from the synthetic rows less that from the holdout, by the margin "
            "that would change a decision; beyond 1 (or -1) it would.",
        ),
        Quantity(
            name=SPARSE,
            title="Difference of an estimate of a column that few people have",
            unit="shares of the margin",
            better="zero",
            meaning="The same for a column that nobody asked for and of which fewer than 600 of "
            "more people held out have a value: too few to show that right rows are right.",
        ),
        Quantity(
            name=MODEL,
            title="Difference of a coefficient that nobody asked for",
            unit="shares of the margin",
            better="zero",
            meaning="The same for the coefficients of a first regression of the target.",
        ),
        Quantity(
            name=EXCESS,
            title="Distance of estimates beyond what chance explains",
            unit="standard errors of the holdout",
            better="lower",
            meaning="Mean distance between synthetic and real estimates in standard errors, less "
            "what is expected of right rows for this many replicates; 0 is as expected.",
        ),
        Quantity(
            name=OVERLAP,
            title="Overlap of confidence intervals",
            unit="share of the interval",
            better="higher",
            meaning="How far the interval around the synthetic estimate, as wide as the real one, "
            "overlaps it; 1 is the same, 0 is to touch. The baseline is expected of right rows.",
            gate=False,
            why_not="what is expected depends on the number of replicates and the size of the "
            "holdout; use inference.difference or inference.excess_z",
        ),
        Quantity(
            name=FIT,
            title="Lack of fit of a regression",
            unit="chi-squared by degree of freedom",
            better="lower",
            meaning="Squared distance of all coefficients together, by what is expected; 1 is "
            "as expected of right rows.",
            gate=False,
            why_not="it grows with the number of people, however small the difference is",
        ),
        Quantity(
            name=DECISIONS,
            title="Coefficients that lead to the same decision",
            unit="share of coefficients",
            better="higher",
            meaning="Of the coefficients whose sign the holdout leaves in no doubt, the share that "
            "is significant, with the same sign, in the synthetic rows.",
            gate=False,
            why_not="a regression has too few coefficients for an interval",
        ),
        Quantity(
            name=COVERAGE,
            title="Coverage of intervals, as certified",
            unit="share of intervals",
            better="higher",
            meaning="How often 95 % intervals of this kind held the truth in simulations with this "
            "generator at this size.",
        ),
        Quantity(
            name=MODEL_COVERAGE,
            title="Coverage of intervals of a regression that nobody asked for",
            unit="share of intervals",
            better="higher",
            meaning="The same for the kind of regression that suits the target.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield differences, overlaps and agreement of each analysis, and certified coverage."""
        reason, holdout = why_incomparable(case), case.holdout
        if reason or holdout is None:
            for quantity in self.quantities:
                yield Measurement.missing(quantity.name, reason, "*")
            return
        thin = holdout.one_row_each(streams.child("one row each").generator())
        sides = Sides(case=case, holdout=thin, most=self.most_rows)
        z: list[tuple[float, float]] = []
        kinds: set[str] = set()
        found: list[Measurement] = []
        for column in measured_columns(case.train):
            kinds.add("mean" if column.kind.ordered else "proportion")
            found += _simple(column, sides, z)
        yield from found
        if not any(m.metric == SPARSE for m in found):
            yield Measurement.missing(SPARSE, "each column is known of enough people", NO_SUBJECT)
        for spec in _asked(case):
            kinds.add(class_of(spec, case.schema))
            yield from _claimed(spec, sides, z)
        yield from _coverage(case, kinds, COVERAGE)
        yield from _standard(sides, _REGRESSIONS & kinds)
        yield _excess(z, thin.n)


def _asked(case: Case) -> list[Analysis]:
    return [
        c
        for c in case.questions.claim
        if isinstance(c, Mean | Share | Quantile | Regression) and "analytics" in c.uses
    ]


def _simple(column: Column, sides: Sides, z: list[tuple[float, float]]) -> Iterator[Measurement]:
    kind = "mean" if column.kind.ordered else "proportion"
    level = (
        ""
        if column.kind.ordered or column.kind is Kind.BOOLEAN
        else level_of(column, sides.case.train)
    )
    subject = f"estimand:{kind} {column.name}"
    tables = (sides.holdout, *sides.case.synthetics)
    values = [values_of(column, level, t) for t in tables]
    train = values_of(column, level, sides.case.train)
    if min(len(v) for v in (*values, train)) < 2:
        reason = "fewer than two known values in the holdout or in a replicate"
        yield Measurement.missing(DIFFERENCE, reason, subject, n=len(values[0]))
        return
    v = np.array([[x.var(ddof=1) / len(x)] for x in values])
    q = np.array([[x.mean()] for x in values])
    spread = float(np.concatenate([values[0], train]).std()) or float(values[1].std()) or 1.0
    if kind == "proportion":
        spread = max(spread, math.sqrt(LEAST_SHARE * (1 - LEAST_SHARE)))
    made, variance = sides.combined(
        kind, q[1:], v[1:], float(np.mean([len(x) for x in values[1:]]))
    )
    found = Sided(
        (column.name,), q[0], v[0], made, variance, np.array([0.3 * spread]), len(values[0]), v[:1]
    )
    floor = float((train.mean() - q[0, 0]) / found.margin[0])
    told = {"estimate": _digits(made[0]), "kind": kind, "level": level}
    few = len(values[0]) < _FEWEST <= sides.holdout.n
    yield from _compared(found, [subject], SPARSE if few else DIFFERENCE, z, told, floor=floor)


def _claimed(spec: Analysis, sides: Sides, z: list[tuple[float, float]]) -> Iterator[Measurement]:
    kind = class_of(spec, sides.case.schema)
    subject = f"estimand:{spec.name}"
    found = sided(spec, sides.cut(), sides, kind)
    if isinstance(found, str):
        yield Measurement.missing(DIFFERENCE, found, subject, n=sides.holdout.n)
        return
    subjects = [f"{subject},term:{n}" for n in found.names] if kind in _REGRESSIONS else [subject]
    told = {"kind": kind}
    yield from _compared(found, subjects, DIFFERENCE, z, told)
    if kind in _REGRESSIONS:
        yield from _together(found, subject)


def _standard(sides: Sides, declared: set[str]) -> Iterator[Measurement]:
    """Yield what a first regression of the target says, where nobody declared a regression."""
    chosen = standard_model(sides.case.train)
    if declared or isinstance(chosen, str):
        why = "a regression was declared, and is judged" if declared else str(chosen)
        for name in (MODEL, MODEL_COVERAGE):
            yield Measurement.missing(name, why, NO_SUBJECT)
        return
    tables = [chosen.table(t) for t in sides.cut()]
    subject, kind = f"estimand:{chosen.spec.formula}", chosen.spec.family
    found = sided(chosen.spec, tables, sides, kind)
    yield from _coverage(sides.case, {kind}, MODEL_COVERAGE)
    if isinstance(found, str):
        yield Measurement.missing(MODEL, found, subject, n=sides.holdout.n)
        return
    told = {"kind": kind, "level": chosen.level, "chosen": "by train"}
    yield from _compared(found, [f"{subject},term:{n}" for n in found.names], MODEL, [], told)
    yield from _together(found, subject)


def _compared(
    found: Sided,
    subjects: list[str],
    metric: str,
    z: list[tuple[float, float]],
    told: dict[str, str],
    *,
    floor: float | None = None,
) -> Iterator[Measurement]:
    """Yield difference and overlap of each estimate, and note its distance in standard errors."""
    degrees = max(1, found.n - 1)
    for i, subject in enumerate(subjects):
        difference = float(found.made[i] - found.real[i])
        error = math.sqrt(found.real_variance[i] + found.made_variance[i])
        real = math.sqrt(found.real_variance[i]) or error or 1.0
        noise = error / real
        z.append((difference / real, noise))
        margin = float(found.margin[i])
        value, low, high = symmetric(difference / margin, error / margin, degrees=degrees)
        overlap = interval_overlap(difference / real)
        details = {**told, "error": _digits(math.sqrt(found.made_variance[i]))}
        yield Measurement(
            metric=metric,
            subject=subject,
            value=value,
            low=low,
            high=high,
            n=found.n,
            floor=floor,
            details=dict(details),
        )
        ends = [
            interval_overlap((difference + s * quantile_of_t(degrees) * error) / real)
            for s in (-1, 1)
        ]
        best = 1.0 if abs(difference) <= quantile_of_t(degrees) * error else max(ends)
        yield Measurement(
            metric=OVERLAP,
            subject=subject,
            value=overlap,
            low=min(*ends, overlap),
            high=max(best, overlap),
            n=found.n,
            baseline=expected_overlap(1)
            if noise == 0
            else interval_overlap(noise * math.sqrt(2 / math.pi)),
        )


def _together(found: Sided, subject: str) -> Iterator[Measurement]:
    """Yield the lack of fit of all coefficients, and how many lead to the same decision."""
    scale = np.sqrt(1 + found.made_variance / found.real_variance)
    covariance = found.covariance * np.outer(scale, scale)
    whole = lack_of_fit(found.made - found.real, covariance)
    yield Measurement(
        metric=FIT,
        subject=subject,
        value=whole.ratio,
        n=found.n,
        details={"p": _digits(whole.p_value), "degrees": whole.degrees},
    )
    sure = np.abs(found.real) > _SURE * np.sqrt(found.real_variance)
    if not sure.any():
        reason = "the holdout leaves the sign of every coefficient in doubt"
        yield Measurement.missing(DECISIONS, reason, subject, n=found.n)
        return
    same = np.sign(found.real) * found.made > 1.96 * np.sqrt(found.made_variance)
    yield Measurement(metric=DECISIONS, subject=subject, value=float(same[sure].mean()), n=found.n)


def _excess(z: list[tuple[float, float]], n: int) -> Measurement:
    if not z:
        return Measurement.missing(EXCESS, "nothing could be estimated", "table", n=n)
    far = np.array([abs(a) for a, _ in z])
    noise = np.array([s for _, s in z])
    value = float((far - noise * math.sqrt(2 / math.pi)).mean())
    # as if all moved together: estimates from the same rows do, nobody knows how much; beyond
    # chance, the distance varies like the difference itself
    factor = min(1.0, math.sqrt(1 - 2 / math.pi) + max(0.0, value) / float(noise.mean()))
    value, low, high = symmetric(value, factor * float(noise.mean()))
    return Measurement(
        metric=EXCESS,
        subject="table",
        value=value,
        low=low,
        high=high,
        n=n,
        details={"estimates": len(z)},
    )


def _coverage(case: Case, kinds: set[str], metric: str) -> Iterator[Measurement]:
    m = len(case.synthetics)
    for kind in sorted(kinds):
        subject = f"estimand:{kind}"
        if case.maker is None:
            reason = (
                "what made these rows is not known, so no simulation can have shown that "
                "intervals from them hold"
            )
            yield Measurement.missing(metric, reason, subject)
            continue
        found = certificate_for(case.certificates, case.maker, kind, m)
        if found is None:
            noise = ", which carry the noise of differential privacy,"
            changed = ", with changed parameters," if case.maker.changed else ""
            changed = noise if spends(case.maker.generator) else changed
            reason = (
                f"no committed bench has shown that intervals of {ESTIMANDS[kind]} hold on rows of "
                f"{case.maker.generator!r}{changed} at this number of people"
            )
            yield Measurement.missing(metric, reason, subject)
            continue
        yield Measurement(
            metric=metric,
            subject=subject,
            value=found.coverage,
            low=min(found.low, found.coverage),
            high=max(found.high, found.coverage),
            n=found.simulations,
            details={
                "bench": found.bench,
                "replicates": found.replicates,
                "intervals": found.intervals,
                "least": found.least,
                "least_of": found.least_of,
            },
        )


def _digits(x: float) -> str:
    return f"{x:.4g}"

"""Claim question: what a claim asks of any table of one schema, fixed by the real rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.claim import Contrast, Mean, Ranking, Ratio, Scenario, Share, Tail, Total
from assaymark.core.conditions import Conditions
from assaymark.core.schema import Kind, Role
from assaymark.evaluate.binning import bins_of
from assaymark.evaluate.claims.effect import adjusted, contrast, stratified
from assaymark.evaluate.claims.estimand import (
    Rows,
    added_up,
    average,
    beyond,
    quantile_ratio,
    total,
)
from assaymark.evaluate.claims.scenario import changed
from assaymark.evaluate.features import numbers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from assaymark.core.claim import ClaimSpec
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.binning import Bins
    from assaymark.evaluate.claims.estimand import Estimate
    from assaymark.evaluate.statistics import Floats

__all__ = ["Figure", "Question", "question_of", "weights_of"]

_UNITS = 10  # households, or other units, that a mean over units needs

_BANDS, _MOST_LEVELS = 5, 30
NO_GROUPS: Mapping[str, Floats] = {}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figure:
    """One number that a claim is about; the first of a claim has no ``part``.

    ``sign`` says that its sign is a decision of its own; ``effect`` that it compares two arms;
    ``relative`` that the real value is fixed by how the question is put, and its error counts as a
    share of the synthetic value.
    """

    estimate: Callable[[Rows], Estimate | str]
    unit: str
    part: str = ""
    sign: bool = False
    relative: bool = False
    effect: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """What a claim asks: its figures, and how they are read from a table."""

    spec: ClaimSpec
    figures: tuple[Figure, ...]
    read: Callable[[Dataset, Streams], dict[str, Floats] | str]

    def rows(
        self, data: Dataset, streams: Streams, groups: Mapping[str, Floats] = NO_GROUPS
    ) -> Rows | str:
        """Return the numbers of each row of ``data``, asked about those of ``where``.

        Where a scenario adds rows up, one row is one household. ``groups`` are further numbers of
        the rows that are kept beside.
        """
        weights = weights_of(data)
        if isinstance(weights, str):
            return weights
        values = self.read(data, streams)
        if isinstance(values, str):
            return values
        inside = np.ones(data.n, dtype=bool)
        if self.spec.where:
            inside = Conditions.parse(self.spec.where, data.schema).hold(data.frame)
        rows = Rows(
            values={**values, **groups}, weights=weights, persons=data.persons, inside=inside
        )
        if not isinstance(self.spec, Scenario):
            return rows
        if self.spec.per:
            households = data.frame[self.spec.per]
            if households.null_count():
                return f"some rows have no {self.spec.per!r} to be added up by"
            if households.n_unique() < _UNITS:
                few = f"fewer than {_UNITS} different values, too few to say how sure a mean is"
                return f"{self.spec.per!r}, by which rows are added up, has {few}"
            rows = added_up(rows, households.rank("dense").to_numpy(), ("before", "after"))
        return replace(rows, values={**rows.values, **_sides(rows, self.spec.tolerance)})


def weights_of(data: Dataset) -> Floats | str:
    """Return the weight of each row, 1 where no column is one, or what is wrong with them."""
    column = data.schema.first(Role.WEIGHT)
    if column is None:
        return np.ones(data.n)
    if not column.kind.ordered:
        return f"the weights in {column.name!r} are no numbers"
    weights = numbers_of(data.frame[column.name])
    if np.isnan(weights).any():
        return f"some rows have no weight in {column.name!r}"
    if (weights < 0).any():
        return f"some weights in {column.name!r} are negative"
    if data.n and not weights.any():
        return f"all weights in {column.name!r} are 0"
    return weights


def question_of(spec: ClaimSpec, real: Dataset) -> Question | str:  # noqa: PLR0911
    """Return what ``spec`` asks, its thresholds and strata fixed by the real rows."""
    match spec:
        case Mean(column=column) | Ranking(column=column):
            unit = "share" if real.schema.column(column).kind is Kind.BOOLEAN else column
            return _plain(spec, Figure(estimate=average, unit=unit), y=column)
        case Total(column=column):
            return _plain(spec, Figure(estimate=total, unit=f"{column} per 1,000 rows"), y=column)
        case Ratio(numerator=top, denominator=bottom):
            figure = Figure(
                estimate=lambda rows: average(rows, "y", "x"), unit=f"{top} per {bottom}"
            )
            return _plain(spec, figure, y=top, x=bottom)
        case Share(condition=condition):
            return Question(
                spec=spec,
                figures=(Figure(estimate=average, unit="share"),),
                read=lambda data, _: {"y": _held(condition, data)},
            )
        case Tail():
            return _tail(spec, real)
        case Contrast():
            return _contrast(spec, real)
        case Scenario():
            return _scenario(spec)
        case _:
            return f"a claim of kind {spec.kind!r} is about analytics"


def _plain(spec: ClaimSpec, figure: Figure, **columns: str) -> Question:
    def read(data: Dataset, _: Streams) -> dict[str, Floats]:
        return {name: numbers_of(data.frame[c]) for name, c in columns.items()}

    return Question(spec=spec, figures=(figure,), read=read)


def _held(condition: str, data: Dataset) -> Floats:
    return Conditions.parse(condition, data.schema).hold(data.frame).astype(np.float64)


def _tail(spec: Tail, real: Dataset) -> Question | str:
    if spec.ratio_to is not None:
        low, high = sorted((spec.quantile, spec.ratio_to))
        figure = Figure(
            estimate=lambda rows: quantile_ratio(rows, high, low),
            unit=f"quantile {high:g} of {spec.column} by quantile {low:g}",
        )
        return _plain(spec, figure, y=spec.column)
    if spec.above is not None:
        above = spec.above
        return _plain(
            spec, Figure(estimate=lambda rows: beyond(rows, above), unit="share"), y=spec.column
        )
    question = _plain(spec, Figure(estimate=average, unit="share"), y=spec.column)
    weights = weights_of(real)
    if isinstance(weights, str):
        return weights
    values = numbers_of(real.frame[spec.column])
    known = ~np.isnan(values) & (weights > 0)
    if spec.where:
        known &= Conditions.parse(spec.where, real.schema).hold(real.frame)
    if known.sum() < 2:
        return "fewer than two real values"
    order = np.argsort(values[known])
    reached = np.cumsum(weights[known][order]) / weights[known].sum()
    place = min(int(np.searchsorted(reached, spec.quantile)), len(order) - 1)
    threshold = float(values[known][order][place])
    # the real share is 1 - quantile by construction: its error is that of the threshold
    figure = Figure(estimate=lambda rows: beyond(rows, threshold), unit="share", relative=True)
    return replace(question, figures=(figure,))


def _contrast(spec: Contrast, real: Dataset) -> Question:
    bins = {c: _levels(c, real) for c in spec.covariates}
    design = tuple(
        f"{c}={k}" if b is not None else c
        for c, b in bins.items()
        for k in (range(1, b.n_cells) if b is not None else (0,))
    )

    def read(data: Dataset, _: Streams) -> dict[str, Floats] | str:
        arms = _arms(spec, data)
        if isinstance(arms, str):
            return arms
        values = {"y": numbers_of(data.frame[spec.outcome]), "t": arms}
        if spec.adjust == "strata":
            values["s"] = _strata(spec, real, data)
        elif spec.adjust != "none":
            values |= _design(bins, data)
        return values

    ratio = spec.measure == "ratio"
    estimate: Callable[[Rows], Estimate | str] = lambda rows: contrast(rows, ratio=ratio)  # noqa: E731
    if spec.adjust == "strata":
        estimate = lambda rows: stratified(rows, ratio=ratio)  # noqa: E731
    elif spec.adjust != "none":
        logistic = spec.adjust == "logistic"
        estimate = lambda rows: adjusted(rows, design, logistic=logistic)  # noqa: E731
    unit = "ratio" if ratio else "log odds ratio" if spec.adjust == "logistic" else spec.outcome
    if real.schema.column(spec.outcome).kind is Kind.BOOLEAN and unit == spec.outcome:
        unit = "share"
    figure = Figure(estimate=estimate, unit=unit, sign=not ratio, effect=True)
    return Question(spec=spec, figures=(figure,), read=read)


def _design(bins: Mapping[str, Bins | None], data: Dataset) -> dict[str, Floats]:
    values: dict[str, Floats] = {}
    for column, b in bins.items():
        if b is None:
            values[column] = numbers_of(data.frame[column])
            continue
        codes = b.codes(data)
        for k in range(1, b.n_cells):
            values[f"{column}={k}"] = (codes == k).astype(np.float64)
    return values


def _levels(column: str, real: Dataset) -> Bins | None:
    """Return the levels of a category that get a column each; ``None`` for a number."""
    found = real.schema.column(column)
    if found.kind.ordered:
        return None
    return bins_of(found, [real], cells=_MOST_LEVELS, n_holdout=real.n)


def _strata(spec: Contrast, real: Dataset, data: Dataset) -> Floats:
    stratum = np.zeros(data.n, dtype=np.int64)
    for name in spec.covariates:
        found = real.schema.column(name)
        cells = _BANDS if found.kind.ordered else _MOST_LEVELS
        bins = bins_of(found, [real], cells=cells, n_holdout=real.n)
        stratum = stratum * bins.n_cells + bins.codes(data)
    return stratum.astype(np.float64)


def _arms(spec: Contrast, data: Dataset) -> Floats | str:
    treated = _held(spec.treated, data)
    if not spec.control:
        return treated
    control = _held(spec.control, data)
    both = treated * control
    for arm, name in ((treated, "treated"), (control, "control")):
        if both.any() and not (arm - both).any():
            return f"every row that is {name} is in the other arm too: the conditions overlap"
    return np.where((treated + control) == 1, treated, np.nan)


def _scenario(spec: Scenario) -> Question:
    def read(data: Dataset, streams: Streams) -> dict[str, Floats] | str:
        found = changed(spec, data, streams)
        if isinstance(found, str):
            return found
        return {"before": found.before, "after": found.after}

    of = "household" if spec.per else "row"
    return Question(
        spec=spec,
        read=read,
        figures=(
            Figure(estimate=average, unit=f"mean change per {of}", sign=True),
            Figure(estimate=total, unit=f"change per 1,000 {of}s", part="total"),
            Figure(estimate=lambda rows: average(rows, "winners"), unit="share", part="winners"),
            Figure(estimate=lambda rows: average(rows, "losers"), unit="share", part="losers"),
        ),
    )


def _sides(rows: Rows, tolerance: float) -> dict[str, Floats]:
    """Return the change of each row, and whether it wins and loses; NaN where it is missing."""
    change = rows.values["after"] - rows.values["before"]
    lost = np.isnan(change)
    with np.errstate(invalid="ignore"):
        sides = {"winners": change > tolerance, "losers": change < -tolerance}
    return {"y": change, **{k: np.where(lost, np.nan, s) for k, s in sides.items()}}

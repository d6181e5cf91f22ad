"""Sides: one analysis on real rows and on the replicates, the latter combined."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.core.claim import Regression, Share
from assaymark.core.coverage import certificate_for
from assaymark.errors import DataError, InputError
from assaymark.evaluate.analyses.analysis import fits
from assaymark.evaluate.analyses.combining import combine
from assaymark.evaluate.analyses.formulas import designs
from assaymark.evaluate.analyses.standard import values_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.evaluate.analyses.analysis import Analysis
    from assaymark.evaluate.analyses.regressions import Fit

    Floats = NDArray[np.float64]

__all__ = ["LEAST_SHARE", "Sided", "Sides", "sided"]

LEAST_SHARE = 0.05
"""Shares below this have the margin of this one."""

_INTERCEPT = "Intercept"


class Sided(NamedTuple):
    """One analysis on the holdout and on the replicates, each of shape ``(p,)``.

    ``margin`` is what would change a decision, ``covariance`` that of the holdout's estimates.
    """

    names: tuple[str, ...]
    real: Floats
    real_variance: Floats
    made: Floats
    made_variance: Floats
    margin: Floats
    n: int
    covariance: Floats


class Sides(NamedTuple):
    """The case, and the holdout with one row of each person."""

    case: Case
    holdout: Dataset
    most: int

    def cut(self) -> list[Dataset]:
        """Return holdout and replicates, each with as many rows as a regression is fitted to."""
        tables = (self.holdout, *self.case.synthetics)
        return [t.take(np.arange(self.most)) if t.n > self.most else t for t in tables]

    def combined(self, kind: str, q: Floats, v: Floats, rows: float) -> tuple[Floats, Floats]:
        """Return estimates and variances of the replicates together, each of shape ``(p,)``."""
        case = self.case
        certificate = (
            None
            if case.maker is None
            else certificate_for(case.certificates, case.maker, kind, len(q))
        )
        found = combine(
            q,
            v,
            k=rows,
            n=max(2, case.train.n_persons),
            rule="one fit",
            inflation=1.0 if certificate is None else certificate.inflation,
        )
        return found.values, np.square(found.errors)


def sided(spec: Analysis, tables: list[Dataset], sides: Sides, kind: str) -> Sided | str:
    """Return an analysis of all tables, the holdout first, or why there is none."""
    try:
        got = fits(spec, tables)
        margin = _margins(spec, tables, got[0])
    except (DataError, InputError) as error:
        said = str(error).partition("\n")[0]
        return said.replace("table 1 of", "the holdout, table 1 of")
    kept = [i for i, n in enumerate(got[0].names) if n != _INTERCEPT]
    q = np.array([f.values[kept] for f in got])
    v = np.array([np.diag(f.covariance)[kept] for f in got])
    if not kept or not (np.isfinite(q).all() and (v > 0).all() and np.isfinite(v).all()):
        return "there is no estimate with an error"
    rows = float(np.mean([f.n for f in got[1:]]))
    made, variance = sides.combined(kind, q[1:], v[1:], rows)
    return Sided(
        tuple(got[0].names[i] for i in kept),
        *(q[0], v[0], made, variance, margin[kept], got[0].n),
        got[0].covariance[np.ix_(kept, kept)],
    )


def _margins(spec: Analysis, tables: list[Dataset], real: Fit) -> Floats:
    if spec.margin > 0:
        return np.full(len(real.values), spec.margin)
    if isinstance(spec, Regression):
        extra = (spec.event,) if spec.event else ()
        design = designs(spec.formula, [t.frame for t in tables], extra=extra)[0]
        spread = design.x.std(axis=0)
        spread = np.array([spread[design.names.index(n)] or 1.0 for n in real.names])
        return (0.3 * (float(design.y.std()) or 1.0) if spec.family == "ols" else 0.5) / spread
    if isinstance(spec, Share):
        share = min(max(float(real.values[0]), LEAST_SHARE), 1 - LEAST_SHARE)
        return np.array([0.3 * math.sqrt(share * (1 - share))])
    column = tables[0].schema.column(spec.column)
    spread = float(values_of(column, "", tables[0]).std()) or 1.0
    return np.array([0.3 * spread])

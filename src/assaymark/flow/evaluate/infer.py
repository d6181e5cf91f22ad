"""Infer: estimates from synthetic tables with intervals that hold, or the reason for none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.claim import Quantile, Regression, Share
from assaymark.core.coverage import ESTIMANDS, certificate_for
from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.document import Document
from assaymark.core.privacy_spec import spends
from assaymark.core.schema import Column, Kind, Schema
from assaymark.errors import InputError, NotApprovedError
from assaymark.evaluate.analyses.analysis import class_of, fits
from assaymark.evaluate.analyses.combining import RULES, combine
from assaymark.evaluate.analyses.regressions import FAMILIES
from assaymark.evaluate.inference import naive_coverage
from assaymark.flow.evaluate.coverage import certificates, least_persons, maker_of
from assaymark.flow.release.admit import load
from assaymark.flow.release.recall import issued

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from assaymark.core.coverage import Certificate, Maker
    from assaymark.evaluate.analyses.analysis import Analysis
    from assaymark.evaluate.analyses.combining import Rule

__all__ = ["LEAST", "Estimate", "Inferred", "Made", "infer", "made_of", "of_tables"]

LEAST = 0.9
"""What the lower end of a certificate's interval has to reach, for nominal 95 %; a proposal."""


class Estimate(Document):
    """One number with its 95 % interval, standard error and degrees of freedom."""

    name: str
    estimate: float
    low: float
    high: float
    se: float
    df: float


class Inferred(Document):
    """Combined estimates of one analysis, and what they rest on.

    ``replicates`` tables of about ``rows`` usable rows each, made from at least ``persons``
    persons; ``covered`` is the share of such intervals that held the truth in the bench named by
    ``bench``; ``covered_least`` that share for the single estimate of the kind that was covered
    worst there. ``None`` where there is none.
    """

    LATER: ClassVar[tuple[str, ...]] = ()

    analysis: str
    estimand: str
    estimates: tuple[Estimate, ...]
    replicates: int
    rows: int
    persons: int
    rule: str
    inflation: float
    covered: float | None
    covered_least: float | None
    bench: str
    notices: tuple[str, ...]

    @property
    def estimate(self) -> float:
        """The estimate, where there is one only."""
        return self._only.estimate

    @property
    def low(self) -> float:
        """The lower end of the interval, where there is one only."""
        return self._only.low

    @property
    def high(self) -> float:
        """The upper end of the interval, where there is one only."""
        return self._only.high

    @property
    def _only(self) -> Estimate:
        if len(self.estimates) != 1:
            names = ", ".join(e.name for e in self.estimates)
            raise InputError(f"there are several estimates; see .estimates for {names}")
        return self.estimates[0]

    def __getitem__(self, name: str) -> Estimate:
        """Return the estimate called ``name``, such as a coefficient."""
        for e in self.estimates:
            if e.name == name:
                return e
        raise InputError(f"no estimate {name!r}: there are {[e.name for e in self.estimates]}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Made:
    """Tables, the rule that their making calls for, and what is known of their maker."""

    frames: tuple[pl.DataFrame, ...]
    rule: Rule
    persons: int
    maker: Maker | None = None


def made_of(release: Path, *, workspace: Path | None = None, notices: Sequence[Path] = ()) -> Made:
    """Return the tables of a release that may be used for analytics, and how they were made.

    Raises
    ------
    NotApprovedError
        When the release is not approved for analytics, or is no longer in force.
    InputError
        When it does not say how many persons it was made from.
    """
    frames = load(release, "analytics", into="infer", workspace=workspace, notices=notices)
    made = issued(release).made
    persons = least_persons(made.fitted_persons)
    if persons < 2:
        raise InputError(
            f"{release.name} does not say how many persons its rows were made from"
            "\n\nHint: ask the issuer, and pass the tables themselves with n = and made ="
        )
    return Made(
        frames=tuple(frames),
        rule=made.replicates_from,
        persons=persons,
        maker=maker_of(made.generator, made.parameters, persons, made.software),
    )


def of_tables(frames: Sequence[pl.DataFrame], *, made: str, n: int | None) -> Made:
    """Return tables whose making the caller vouches for.

    Raises
    ------
    InputError
        When it is not said how they were made, or from how many persons.
    """
    if not frames:
        raise InputError("infer needs at least one table")
    columns = [f.columns for f in frames]
    if any(set(c) != set(columns[0]) for c in columns):
        raise InputError("the tables have different columns; replicates have the same")
    if not made or n is None:
        rows = frames[0].height
        known = n or rows
        said = (
            f"An interval computed from {rows:,} synthetic rows as if they were real is too "
            "narrow: it leaves out that the model behind them was fitted to other, real rows. "
            "Where there are as many rows as persons it holds the truth in "
            f"{naive_coverage(1, 1):.0%} of cases instead of 95 %, with ten times as many in "
            f"{naive_coverage(10, 1):.0%}"
        )
        more = f" (here, {naive_coverage(rows, known):.0%})" if n and n != rows else ""
        raise InputError(
            f"not computed: nothing says how the rows were made. {said}{more}.\n\nHint: pass a "
            "release instead of tables; or say n = (persons that the generator was fitted to) and "
            f"made = (one of {', '.join(map(repr, RULES))})"
        )
    if made not in RULES:
        raise InputError(f"made = {made!r} is not known\n\nHint: one of {', '.join(RULES)}")
    if n < 2:
        raise InputError(f"n = {n}: at least two persons are needed")
    rule = next(r for r in RULES if r == made)
    return Made(frames=tuple(f.select(columns[0]) for f in frames), rule=rule, persons=n)


def infer(made: Made, analysis: Analysis, *, uncertified: bool = False) -> Inferred:
    """Return combined estimates of ``analysis`` over the tables of ``made``.

    ``uncertified`` gives them even where simulations showed that such intervals do not hold.

    Raises
    ------
    InputError
        When the analysis does not suit the columns, or has no answer in one of the tables.
    NotApprovedError
        When no certificate says that intervals of this kind hold.
    """
    schema = _schema(made.frames[0])
    tables = [Dataset(schema=schema, frame=_typed(f, schema)) for f in made.frames]
    estimand, m = class_of(analysis, schema), len(tables)
    found = None
    if made.maker is not None:
        found = certificate_for(certificates(), made.maker, estimand, m)
        why = _why_not(made.maker, found, estimand)
        if why and not uncertified:
            raise NotApprovedError(
                f"no interval: {why}\n\nHint: uncertified = True (--uncertified) gives the figures "
                "all the same; do not quote their intervals"
            )
    fitted = fits(analysis, tables)
    rows = int(np.mean([f.n for f in fitted]))
    share = rows / float(np.mean([t.n for t in tables]))
    inflation = 1.0 if found is None else found.inflation
    combined = combine(
        np.array([f.values for f in fitted]),
        np.array([np.diag(f.covariance) for f in fitted]),
        k=rows,
        n=max(2.0, made.persons * share),
        rule=made.rule,
        inflation=inflation,
    )
    names = fitted[0].names if estimand in FAMILIES else (_label(analysis),)
    return Inferred(
        analysis=_said(analysis),
        estimand=estimand,
        estimates=tuple(
            Estimate(
                name=name, estimate=float(q), low=float(a), high=float(b), se=float(s), df=float(d)
            )
            for name, q, s, d, a, b in zip(names, *combined, strict=True)
        ),
        replicates=m,
        rows=rows,
        persons=made.persons,
        rule=made.rule,
        inflation=inflation,
        covered=None if found is None else round(found.coverage, 4),
        covered_least=None if found is None else found.least,
        bench="" if found is None else found.bench,
        notices=_notices(made, found, estimand, m),
    )


def _why_not(maker: Maker, found: Certificate | None, estimand: str) -> str:
    if found is None and spends(maker.generator):
        return (
            f"not certified: rows by {maker.generator!r} carry the noise of differential privacy, "
            "which the rules that combine tables do not know of, and no bench has shown that "
            f"intervals of {ESTIMANDS[estimand]} hold on them"
        )
    if found is None:
        changed = " with changed parameters" if maker.changed else ""
        return (
            f"no bench has shown that intervals of {ESTIMANDS[estimand]} hold, on rows by "
            f"{maker.generator!r}{changed} fitted to about {maker.persons:,} persons"
        )
    if found.low >= LEAST:
        return ""
    return (
        f"in simulations with {maker.generator!r}, intervals of {ESTIMANDS[estimand]} held the "
        f"truth in {found.coverage:.0%} of cases instead of 95 %"
    )


def _notices(made: Made, found: Certificate | None, estimand: str, m: int) -> tuple[str, ...]:
    said = []
    if made.maker is None:
        said.append("How the tables were made is the caller's word; no certificate was looked for.")
    else:
        why = _why_not(made.maker, found, estimand)
        said += [f"Do not quote these intervals: {why}."] if why else []
    if found is not None and found.least is not None and found.least < LEAST:
        said.append(
            f"Single estimates can be covered less than their kind: the worst of the simulations "
            f"({found.least_of}) held the truth in {found.least:.0%}. Let no decision hang on one "
            "end of one interval."
        )
    if m == 1:
        said.append("One table only: the interval is wider than with several replicates.")
    return tuple(said)


def _label(analysis: Analysis) -> str:
    if isinstance(analysis, Share):
        return analysis.condition
    if isinstance(analysis, Quantile):
        return f"{analysis.quantile:g} quantile of {analysis.column}"
    return "" if isinstance(analysis, Regression) else f"mean of {analysis.column}"


def _said(analysis: Analysis) -> str:
    plain = analysis.plain()
    told = {k: v for k, v in plain.items() if v and k not in {"kind", "name", "uses", "margin"}}
    return f"{plain['kind']}: {', '.join(f'{k} {v}' for k, v in told.items())}"


def _schema(frame: pl.DataFrame) -> Schema:
    kinds = {kept: kind for kind, kept in POLARS_TYPES.items() if kind is not Kind.TEXT}
    columns = []
    for name, held in frame.schema.items():
        kind = kinds.get(held)
        if kind is None:
            kind = Kind.INTEGER if held.is_integer() else Kind.CATEGORY
            kind = Kind.DECIMAL if held.is_float() or held.is_decimal() else kind
        columns.append(Column(name=name, kind=kind))
    return Schema(columns=tuple(columns))


def _typed(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    typed = frame.cast({c.name: POLARS_TYPES[c.kind] for c in schema.columns}, strict=False)
    return typed.with_columns(
        typed[c.name].fill_nan(None) for c in schema.columns if c.kind is Kind.DECIMAL
    )

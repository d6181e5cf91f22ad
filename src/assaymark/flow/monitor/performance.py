"""Performance: how a model trained on a release is expected to do on a batch without labels."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.document import Document
from assaymark.core.streams import Streams
from assaymark.decide.watch import Seen
from assaymark.errors import DataError, InputError, UnknownNameError
from assaymark.evaluate.models.predictors import one_thread
from assaymark.flow.release.folder import read_release
from assaymark.monitor.performance import Calibrator, contradiction, expected

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from sklearn.ensemble import HistGradientBoostingClassifier

    from assaymark.monitor.performance import Expected

    Floats = NDArray[np.float64]

__all__ = [
    "Estimate",
    "Forecast",
    "Performance",
    "Trained",
    "estimate_performance",
    "seen_in_performance",
    "train",
]

FEWEST = 200
"""Rows, and in either class a twentieth of that, below which nothing is estimated."""

_FOLDS, _MOST_ROWS = 5, 20_000
_NEW = 0.05
_P = 1e-3
_CERTAIN = 3.09  # standard deviations: one in a thousand, to one side
_MODEL = "gradient-boosted trees on the released rows"
_ASSUMES = (
    "people with the same score have the same risk as where it was learnt (no concept drift); "
    "without labels nothing can show that they have not"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is predicted: ``positive`` of the column ``target``, or by the column ``scores``.

    ``scores`` are risks of ``positive`` that the batch brings, taken to be calibrated; without
    them a model is trained on the released rows. Where the batch has ``target``, it is used to
    check the estimate.
    """

    target: str = ""
    positive: str = ""
    scores: str = ""


class Estimate(Document):
    """One figure: expected on the batch, with an interval for what its labels would give.

    ``before`` is the same on the released rows, by models that had not seen the row; ``fell`` by
    how much it fell for certain (.999, one batch by itself).
    """

    name: str
    value: float
    low: float
    high: float
    before: float | None
    fell: float
    known: float | None

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The figure as a row of a table."""
        parts = [f"{self.value:.3f}", f"[{self.low:.3f}, {self.high:.3f}]"]
        parts += ["" if x is None else f"{x:.3f}" for x in (self.before, self.known)]
        return (self.name, *parts)  # type: ignore[return-value]


class Performance(Document):
    """What is expected of the model; ``doubts`` say why that is not to be believed, if it is not.

    ``estimates`` is empty where there is nothing to estimate from.
    """

    model: str
    n: int
    assumes: str
    believed: bool
    doubts: tuple[str, ...]
    estimates: tuple[Estimate, ...]


def estimate_performance(release: Path, batch: pl.DataFrame, asked: Forecast) -> Performance:
    """Estimate accuracy and AUC on a batch; labels in it, if any, check the estimate.

    Raises
    ------
    UnknownNameError
        When the column is not there.
    InputError
        When the outcome has more than two values and ``positive`` names none of them.
    """
    rng = Streams.from_seed(0).child("performance").generator()
    if asked.scores:
        return _of_scores(batch, asked, rng)
    rows = _released(release)
    if asked.target not in rows.columns:
        raise UnknownNameError("column", asked.target, rows.columns, "the released rows")
    made = train(rows, asked, rng)
    return made.performance(batch, rng)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trained:
    """A model of the released rows, and scores of these by models that had not seen the row.

    ``model`` is None where the rows are too few to train one.
    """

    rows: pl.DataFrame
    asked: Forecast
    positive: str
    outcome: Floats
    scores: Floats
    model: HistGradientBoostingClassifier | None

    @property
    def names(self) -> list[str]:
        """Return the columns that it predicts from."""
        return [n for n in self.rows.columns if n != self.asked.target]

    def performance(self, batch: pl.DataFrame, rng: np.random.Generator) -> Performance:
        """Return what is expected of the model on ``batch``."""
        doubts = [f"the batch lacks {n!r}" for n in self.names if n not in batch.columns]
        doubts += _few(batch.height, self.outcome)
        if doubts or self.model is None:
            return _nothing(_MODEL, batch.height, doubts[:3])
        with one_thread():
            x = _encoded(batch.select(self.names), self.rows)
            scores = np.asarray(self.model.predict_proba(x)[:, 1])
        calibrator = Calibrator(scores=self.scores, outcomes=self.outcome)
        labels = None
        if self.asked.target in batch.columns:
            labels = _outcome(batch[self.asked.target], self.positive)
        doubts = _strange(self.rows.select(self.names), batch)
        doubts += _contradicted(scores, labels, calibrator)
        before = _now(self.scores, self.outcome)
        return _told(_MODEL, scores, calibrator, labels, before, doubts, rng)


def train(rows: pl.DataFrame, asked: Forecast, rng: np.random.Generator) -> Trained:
    """Train a model of the released rows, and score these out of fold.

    Raises
    ------
    InputError
        When the outcome has more than two values and ``positive`` names none of them.
    """
    positive = _positive(rows[asked.target], asked.positive)
    outcome = _outcome(rows[asked.target], positive)
    known = np.flatnonzero(~np.isnan(outcome))[:_MOST_ROWS]
    rows, outcome = rows[known], outcome[known]
    out, model = np.zeros(len(outcome)), None
    if not _few(len(outcome), outcome):
        out, model = _fitted(_encoded(rows.drop(asked.target), rows), outcome, rng)
    return Trained(
        rows=rows, asked=asked, positive=positive, outcome=outcome, scores=out, model=model
    )


def seen_in_performance(found: Performance) -> tuple[Seen, ...]:
    """Return what a policy may act on: figures that fell for certain, if they are believed."""
    if not found.believed:
        return ()
    return tuple(
        Seen(
            observe="performance",
            subject=f"model:{e.name}",
            size=e.fell,
            words=f"{e.name} of a model is estimated at {e.value:.3f}, and was {e.before:.3f}",
        )
        for e in found.estimates
        if e.fell > 0 and e.before is not None
    )


def _of_scores(batch: pl.DataFrame, asked: Forecast, rng: np.random.Generator) -> Performance:
    if asked.scores not in batch.columns:
        raise UnknownNameError("column", asked.scores, batch.columns, "the batch")
    scores = batch[asked.scores].cast(pl.Float64, strict=False).to_numpy()
    if np.isnan(scores).any() or (scores < 0).any() or (scores > 1).any():
        raise DataError(
            f"{asked.scores!r} must be risks between 0 and 1 with none missing: they are taken as "
            "probabilities"
        )
    model = f"the scores in {asked.scores!r}, taken to be calibrated"
    doubts = _few(len(batch), scores)
    if doubts:
        return _nothing(model, batch.height, doubts)
    labels = None
    if asked.target in batch.columns:
        target = batch[asked.target]
        labels = _outcome(target, _positive(target, asked.positive))
    doubts = _contradicted(scores, labels, None)
    return _told(model, scores, None, labels, None, doubts, rng)


def _told(  # noqa: PLR0913, PLR0917
    model: str,
    scores: Floats,
    calibrator: Calibrator | None,
    labels: Floats | None,
    before: tuple[float, float] | None,
    doubts: Sequence[str],
    rng: np.random.Generator,
) -> Performance:
    found = expected(scores, calibrator, rng)
    known = None
    if labels is not None and not np.isnan(labels).any():
        known = _now(scores, labels)
    return Performance(
        model=model,
        n=len(scores),
        assumes=_ASSUMES,
        believed=not doubts,
        doubts=tuple(doubts),
        estimates=tuple(
            _estimate(e, None if before is None else before[i], known and known[i])
            for i, e in enumerate(found)
        ),
    )


def _estimate(e: Expected, before: float | None, known: float | None) -> Estimate:
    return Estimate(
        name=e.name,
        value=round(e.value, 6),
        low=round(e.low, 6),
        high=round(e.high, 6),
        before=None if before is None else round(before, 6),
        fell=0.0 if before is None else round(max(0.0, before - e.value - _CERTAIN * e.spread), 6),
        known=None if known is None else round(known, 6),
    )


def _nothing(model: str, n: int, doubts: Sequence[str]) -> Performance:
    return Performance(
        model=model, n=n, assumes=_ASSUMES, believed=False, doubts=tuple(doubts), estimates=()
    )


def _few(n: int, risks: Floats) -> list[str]:
    if n < FEWEST:
        return [f"{n} rows are too few; {FEWEST} are needed"]
    rarer = min(float(risks.sum()), float((1 - risks).sum()))
    if rarer < FEWEST / 20:
        return [f"{rarer:.0f} of the rarer outcome are too few; {FEWEST // 20} are needed"]
    return []


def _released(release: Path) -> pl.DataFrame:
    files = read_release(release)
    paths = sorted(p for p in files if p.startswith("data/") and p.endswith(".parquet"))
    return pl.read_parquet(io.BytesIO(files[paths[0]]))


def _positive(values: pl.Series, positive: str) -> str:
    seen = values.drop_nulls().cast(pl.String).unique().sort().to_list()
    if positive in seen:
        return positive
    if positive or len(seen) != 2:
        raise InputError(
            f"{values.name!r} has {len(seen)} values, and one must be named as the positive one"
            f"\n\nHint: --positive VALUE, one of {', '.join(seen[:10])}"
        )
    counts = values.drop_nulls().cast(pl.String).value_counts(sort=True)
    return str(counts[values.name][-1])


def _outcome(values: pl.Series, positive: str) -> Floats:
    words = values.cast(pl.String)
    return np.where(
        words.is_null().to_numpy(), np.nan, (words == positive).fill_null(value=False).to_numpy()
    ).astype(np.float64)


def _contradicted(
    scores: Floats, labels: Floats | None, calibrator: Calibrator | None
) -> list[str]:
    """Say so where known labels do not fit the risks: the relation to the outcome changed."""
    if labels is None:
        return []
    known = ~np.isnan(labels)
    if known.sum() < FEWEST:
        return []
    p = contradiction(scores[known], labels[known], calibrator)
    if p >= _P:
        return []
    return [f"labels in the batch do not fit the risks (p = {p:.1g}): the relation changed"]


def _strange(rows: pl.DataFrame, batch: pl.DataFrame) -> list[str]:
    """Name columns with values that the model has never seen anything like."""
    said = []
    for name, dtype in rows.schema.items():
        if dtype.is_numeric():
            values = batch[name].cast(pl.Float64, strict=False)
            low, high = rows[name].min(), rows[name].max()
            new = ((values < low) | (values > high)).sum() if low is not None else 0
        else:
            known = rows[name].cast(pl.String).unique().implode()
            new = (~batch[name].cast(pl.String).is_in(known)).sum()
        if new > _NEW * batch.height:
            share = new / batch.height
            said.append(f"{share:.0%} of the values of {name!r} are none that the model has seen")
    return said


def _encoded(frame: pl.DataFrame, rows: pl.DataFrame) -> Floats:
    columns = []
    for name in frame.columns:
        if rows.schema[name].is_numeric() or rows.schema[name] == pl.Boolean:
            columns.append(frame[name].cast(pl.Float64, strict=False).to_numpy())
            continue
        levels = rows[name].drop_nulls().cast(pl.String).value_counts(sort=True)[name].to_list()
        places = (
            frame[name]
            .cast(pl.String)
            .replace_strict(levels, list(range(len(levels))), default=None, return_dtype=pl.Float64)
        )
        columns.append(places.to_numpy())
    return np.column_stack(columns)


def _fitted(
    x: Floats, outcome: Floats, rng: np.random.Generator
) -> tuple[Floats, HistGradientBoostingClassifier]:
    from sklearn.ensemble import HistGradientBoostingClassifier

    fold = rng.permutation(len(x)) % _FOLDS
    made = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=8, random_state=0)
    out = np.zeros(len(x))
    with one_thread():
        for f in range(_FOLDS):
            made.fit(x[fold != f], outcome[fold != f])
            out[fold == f] = made.predict_proba(x[fold == f])[:, 1]
        return out, made.fit(x, outcome)


def _now(scores: Floats, outcome: Floats) -> tuple[float, float]:
    from sklearn.metrics import roc_auc_score

    both = len(set(outcome.tolist())) == 2
    auc = float(roc_auc_score(outcome, scores)) if both else float("nan")
    return float(((scores >= 0.5) == (outcome == 1)).mean()), auc

"""Told apart: whether a model can tell a batch from the released rows, and by which columns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.document import Document
from assaymark.core.streams import Streams
from assaymark.evaluate.models.predictors import one_thread
from assaymark.evaluate.statistics import auc_of, mean_variance, symmetric
from assaymark.flow.verify import Folder
from assaymark.monitor.compare import as_kept

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from assaymark.monitor.sketch import Sketch

    Floats = NDArray[np.float64]

__all__ = ["FEWEST", "Reason", "ToldApart", "told_apart"]

FEWEST = 200
"""Rows of the batch, and of the release, below which no model is trained."""

_MOST, _FOLDS, _SHOWN, _LEVELS = 4_000, 5, 5, 250
_METRIC = "two_sample.auc"


class Reason(Document):
    """A column, and how much of the AUC goes when its values are shuffled among the rows."""

    column: str
    lost: float


class ToldApart(Document):
    """How well boosted trees tell the batch's rows from the released ones, one batch by itself.

    ``value`` is the AUC of rows that the trees had not seen, with a 95 % interval: .5 is chance, 1
    is certainty. ``released`` is what the release's evidence says of released against real rows:
    so much is told apart without any drift. ``value`` is None where ``why`` says why.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    reasons: tuple[Reason, ...] = ()
    released: float | None = None
    why: str = ""

    @property
    def words(self) -> str:
        """What was found, in a sentence."""
        if self.value is None:
            return f"not told apart by a model: {self.why}"
        said = f"a model tells rows of the batch from released ones with an AUC of {self.value:.3f}"
        said += f" [{self.low:.3f}, {self.high:.3f}] (.5 is chance"
        if self.released is not None:
            said += f"; real rows of then from released ones: {self.released:.3f}"
        by = ", ".join(f"{r.column} ({r.lost:.3f})" for r in self.reasons)
        return f"{said})" + (f"; it goes by {by}" if by else "")


def told_apart(release: Path, sketch: Sketch, batch: pl.DataFrame) -> ToldApart:
    """Train trees to tell the batch from the released rows, and say by which columns they do.

    As many rows of each, at most 4,000; five folds; the columns that both have, of one kind.

    References
    ----------
    Lopez-Paz & Oquab (2017), Revisiting classifier two-sample tests.
    Breiman (2001), Random forests, for what shuffled values lose.
    """
    files = Folder(release)
    path = min((p for p in files if p.startswith("data/") and p.endswith(".parquet")), default="")
    both = [c for c in sketch.columns if c.name in batch.columns]
    if not path or not both:
        return ToldApart(why="there are no columns that both have")
    rows = pl.read_parquet(files.file(path), columns=[c.name for c in both])
    n = min(rows.height, batch.height, _MOST)
    if n < FEWEST:
        return ToldApart(n=n, why=f"{n} rows are too few; {FEWEST} are needed")
    rng = Streams.from_seed(0).child("told apart").generator()
    parts = [frame[rng.permutation(frame.height)[:n]] for frame in (rows, batch)]
    names, columns, unordered = [], [], []
    for c in both:
        kept = [as_kept(c, part[c.name]) for part in parts]
        if kept[0] is not None and kept[1] is not None:
            names.append(c.name)
            columns.append(_numbers(kept[0], kept[1], ordered=c.kind != "category"))
            unordered.append(c.kind == "category")
    if not names:
        return ToldApart(n=n, why="there are no columns that both have of one kind")
    return _found(names, np.column_stack(columns), unordered, rng).model_copy(
        update={"n": n, "released": _then(files)}
    )


def _found(
    names: list[str], x: Floats, unordered: list[bool], rng: np.random.Generator
) -> ToldApart:
    n = len(x) // 2
    label = np.repeat([False, True], n)
    fold = np.concatenate([rng.permutation(n) % _FOLDS for _ in range(2)])
    scores, without = np.zeros(2 * n), np.zeros((len(names), 2 * n))
    for k in range(_FOLDS):
        seen, asked = fold != k, fold == k
        for j, chance in enumerate(_scored(x[seen], label[seen], x[asked], unordered, rng)):
            (scores if j == 0 else without[j - 1])[asked] = chance
    auc = auc_of(scores, label)
    low, high = symmetric(auc.value, float(np.sqrt(mean_variance(auc.influence))))[1:]
    lost = [auc.value - auc_of(w, label).value for w in without]
    order = sorted(range(len(names)), key=lambda j: -lost[j])[:_SHOWN]
    return ToldApart(
        value=round(auc.value, 4),
        low=round(max(low, 0.0), 4),
        high=round(min(high, 1.0), 4),
        reasons=tuple(
            Reason(column=names[j], lost=round(lost[j], 4)) for j in order if lost[j] >= 0.005
        ),
    )


def _scored(
    x: Floats, y: NDArray[np.bool_], asked: Floats, unordered: list[bool], rng: np.random.Generator
) -> Iterator[Floats]:
    """Yield the scores of the rows asked, then those with each column shuffled in turn."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    empty = np.isnan(x).all(axis=0)
    x, asked = (np.where(empty, 0.0, t) for t in (x, asked))
    model = HistGradientBoostingClassifier(
        max_iter=60, categorical_features=unordered, random_state=0
    )
    with one_thread():
        model.fit(x, y)
        yield model.predict_proba(asked)[:, 1]
        for j in range(x.shape[1]):
            other = asked.copy()
            other[:, j] = rng.permutation(other[:, j])
            yield model.predict_proba(other)[:, 1]


def _numbers(then: pl.Series, now: pl.Series, *, ordered: bool) -> Floats:
    if ordered:
        parts = [s.to_physical().cast(pl.Float64, strict=False).to_numpy() for s in (then, now)]
        return np.concatenate(parts)
    words = pl.concat([then.cast(pl.String), now.cast(pl.String)])
    top = words.drop_nulls().value_counts(sort=True)[words.name].to_list()
    places = [float(min(i, _LEVELS)) for i in range(len(top))]
    codes = words.replace_strict(top, places, default=None, return_dtype=pl.Float64)
    return codes.to_numpy()


def _then(files: Folder) -> float | None:
    """Return how well released rows were told from real ones, by the last evidence of it."""
    for stage in ("confirmation", "cross-fit", "development"):
        path = f"evidence/{stage}.json"
        for m in json.loads(files[path])["measurements"] if path in files else ():
            if m["metric"] == _METRIC and m["value"] is not None:
                return float(m["value"])
    return None

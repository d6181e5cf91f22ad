"""Pooling: one measurement of a recipe from those of its refits, each on people it has not seen.

Every fold is held out once, so holdouts are disjoint; refits share most of their people, and each
draws rows of its own. The folds' errors are therefore neither independent nor the same.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.measurement import Measurement
from assaymark.evaluate.controls import SIZES, difference
from assaymark.evaluate.isolation import FEWEST
from assaymark.evaluate.statistics import Interval, Z

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.core.measurement import Json

    Floats = NDArray[np.float64]

__all__ = ["pool", "pool_intervals", "pool_same", "pooled"]

_BORDERS = (-1.0, 0.0, 1.0)
_SHARES = ("guessed", "precision", "recall")
_COUNTED = ("copied", "people", "plantable", "copied_of_unseen", "unseen")
_AVERAGED = {*_SHARES, *(f"{s}_of_unseen" for s in _SHARES), "alc"}


def pooled(
    folds: Sequence[Sequence[Measurement]],
    *,
    better: Mapping[str, str],
    looks: Mapping[str, int],
    persons: int,
) -> tuple[Measurement, ...]:
    """Return one measurement for each metric and subject that any fold has.

    ``better`` says which side of a metric is good, ``looks`` in how many folds its n counts the
    same person, ``persons`` how many there are. What a fold does not have is missing, and so is
    what is pooled of it.
    """
    found = [{(m.metric, m.subject): m for m in fold} for fold in folds]
    keys = list(dict.fromkeys(key for fold in found for key in fold))
    return tuple(
        pool(
            [_of(fold, metric, subject) for fold in found],
            better=better.get(metric, "lower"),
            looks=looks.get(metric, len(folds)),
            persons=persons,
        ).rounded()
        for metric, subject in keys
    )


def _of(fold: Mapping[tuple[str, str], Measurement], metric: str, subject: str) -> Measurement:
    found = fold.get((metric, subject))
    if found is not None:
        return found
    whole = fold.get((metric, "*"))
    reason = "not measured" if whole is None else whole.reason or "not measured"
    return Measurement.missing(metric, reason, subject)


def pool(parts: Sequence[Measurement], *, better: str, looks: int, persons: int) -> Measurement:
    """Return the measurement of all folds together, of one metric and subject.

    The value is the mean, and the interval that of :func:`pool_intervals`; a plain count, which
    has no interval, is the worst of any fold. The limit of detection is the largest: a leak of that
    size would have been seen in every fold by itself. ``n`` counts persons once, as far as that
    can be told: the sum over the folds by ``looks``, and at most ``persons``; where a fold has no
    value, it is what there was in that fold. Where a fold has too few people for a
    figure, but all folds say whom they counted, :func:`_counted` has the figure of all people.
    """
    first = parts[0]
    n = min(persons, sum(m.n for m in parts) // looks)
    counted = _counted(parts, looks) if any(m.value is None for m in parts) else None
    if counted is not None:
        return counted
    for i, m in enumerate(parts, 1):
        if m.value is None:
            reason = f"{m.reason} (refit {i} of {len(parts)})"
            return Measurement.missing(first.metric, reason, first.subject, n=m.n)
    values = [m.value for m in parts if m.value is not None]
    ends = [(m.low, m.high) for m in parts if m.low is not None and m.high is not None]
    limits = [m.limit_of_detection for m in parts if m.limit_of_detection is not None]
    measured = replace(
        first,
        value=_worst(values, better),
        low=None,
        high=None,
        confidence=min(m.confidence for m in parts),
        n=n,
        floor=_mean([m.floor for m in parts]),
        baseline=_mean([m.baseline for m in parts]),
        limit_of_detection=max(limits) if len(limits) == len(parts) else None,
        details=_details(parts),
    )
    if len(ends) < len(parts):
        return measured
    borders = [m.baseline for m in parts if m.baseline is not None]
    around = [Interval(v, *e) for v, e in zip(values, ends, strict=True)]
    if all(m.details.get("shared_people") for m in parts):
        value, low, high = pool_same(around)
    else:
        value, low, high = pool_intervals(around, borders)
    return replace(measured, value=value, low=low, high=high)


def _counted(parts: Sequence[Measurement], looks: int) -> Measurement | None:
    """Return the excess of copies among the people of all folds, where each fold counted them.

    People held out are others in each fold, and are added up. A member is looked at ``looks``
    times, and counts once, so that the interval is that of the people there are. Where a holdout is
    no fair control, nothing can be shown, as in a single fold.
    """
    counts = [[m.details.get(k) for k in _COUNTED] for m in parts]
    known = [[x for x in c if isinstance(x, int)] for c in counts]
    if any(len(c) < len(_COUNTED) for c in known):
        return None
    hits, people, able, alarms, unseen = np.array(known).sum(axis=0).tolist()
    n = people // looks
    if min(n, unseen) < FEWEST:
        return None
    hit = round(hits / looks)

    def caught(size: float) -> bool:
        return difference(min(n, hit + round(size * n)), n, alarms, unseen).low > 0

    found = difference(hit, n, alarms, unseen)
    first = next(m for m in parts if m.value is not None or m is parts[-1])
    limits = [s for s in SIZES if s * people > able or caught(s)]
    fair = all(m.details.get("fair", True) for m in parts)
    return replace(
        first,
        value=found.value,
        low=found.low if fair else min(found.low, 0.0),
        high=found.high if fair else max(found.high, 0.0),
        n=n,
        reason="",
        baseline=0.0,
        limit_of_detection=min(limits, default=None) if fair else None,
        details=_details((first, *(m for m in parts if m is not first))),
    )


def pool_intervals(folds: Sequence[Interval], borders: Sequence[float] = ()) -> Interval:
    """Return the interval of the mean over K folds.

    With half widths w of the folds and correlation 1/K between them, the mean has half width
    sqrt((1 - 1/K) sum w^2 + (sum w)^2 / K) / K: for equal folds 0.6 w with K = 5, where
    independent ones would have 0.45 w, and copies of one another w. If what is measured is a mean
    over people on either side, the refits' shared people make a correlation of at most
    (K - 2) / (K - 1) / K, and disjoint holdouts none, so that 1/K is on the safe side. What folds
    differ by beyond their own noise is added, with the share 1/K + 1/(K - 1), since another run of
    the recipe would differ as much.

    Only noise averages out. So the surplus of a side over the other one, which may be the bias of a
    distance, stays. And where an end of some fold stands on a border (0, 1, -1 or one of
    ``borders``), it was cut off there and does not say how much noise there is: then the outermost
    end of all folds counts.

    References
    ----------
    Nadeau & Bengio (2003), Inference for the generalization error, for the correlation.
    Bengio & Grandvalet (2004), No unbiased estimator of the variance of K-fold cross-validation.
    """
    value, low, high = np.array(folds, dtype=np.float64).T
    below, above = value - low, high - value
    cut_low, cut_high = (bool(np.isin(x, [*_BORDERS, *borders]).any()) for x in (low, high))
    less = np.minimum(below, above)
    more = _between(value, (below + above) / 2 / Z)
    middle = float(value.mean())
    pooled_low = float(low.mean()) + _saved(below if cut_high else less, more)
    pooled_high = float(high.mean()) - _saved(above if cut_low else less, more)
    return Interval(
        middle,
        min(middle, float(low.min()) if cut_low else pooled_low),
        max(middle, float(high.max()) if cut_high else pooled_high),
    )


def pool_same(folds: Sequence[Interval]) -> Interval:
    """Return the interval of the mean over folds that all rest on the same real people.

    Their errors are taken as one and the same, so that nothing averages out: the mean half widths
    stay as they are, and what folds differ by beyond their own noise is added.
    """
    value, low, high = np.array(folds, dtype=np.float64).T
    more = Z * math.sqrt(_between(value, (high - low) / 2 / Z))
    middle = float(value.mean())
    below, above = float((value - low).mean()), float((high - value).mean())
    return Interval(middle, middle - math.hypot(below, more), middle + math.hypot(above, more))


def _between(value: Floats, error: Floats) -> float:
    """Return the variance of the mean that comes from folds being unlike each other."""
    k = len(value)
    own = float(np.square(error).mean()) * (1 - 1 / k)
    return max(0.0, float(value.var(ddof=1)) - own) * (1 / k + 1 / (k - 1))


def _saved(noise: Floats, between: float) -> float:
    """Return by how much the pooled half width is narrower than the mean half width."""
    k = len(noise)
    own = (1 - 1 / k) * float(np.square(noise).sum()) + float(noise.sum()) ** 2 / k
    return float(noise.mean()) - math.sqrt(own / k**2 + Z**2 * between)


def _worst(values: Sequence[float], better: str) -> float:
    if better == "higher":
        return min(values)
    return max(values, key=abs) if better == "zero" else max(values)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if len(known) == len(values) else None


def _details(parts: Sequence[Measurement]) -> dict[str, Json]:
    """Return what a picture may show: controls added up, all else of the first refit.

    What is said of guesses is averaged. How exposed groups are is left out, since it cannot be
    added up.
    """
    first = {k: v for k, v in parts[0].details.items() if k not in {"groups", "stream"}}
    for key in _AVERAGED & set(first):
        known = [x for m in parts if isinstance(x := m.details.get(key), int | float)]
        first[key] = sum(known) / len(known)
    controls = list(_controls(parts))
    if controls:
        first["controls"] = controls
    if "curve" in first:
        said = str(first.get("meaning", ""))
        first["meaning"] = f"{said} Curves are those of the first of {len(parts)} refits.".strip()
    return {**first, "folds": [m.value for m in parts]}


def _controls(parts: Sequence[Measurement]) -> Iterator[Json]:
    """Yield the controls that every refit ran, their counts added up."""
    added: dict[tuple[str, str, str], list[dict[str, Json]]] = {}
    for m in parts:
        lines = m.details.get("controls")
        for line in lines if isinstance(lines, list) else []:
            if isinstance(line, dict):
                key = (str(line.get("name")), str(line.get("kind")), str(line.get("size")))
                added.setdefault(key, []).append(line)
    for alike in added.values():
        if len(alike) == len(parts):
            yield {**alike[0], **{k: _total(alike, k) for k in ("caught", "of")}}


def _total(lines: Sequence[Mapping[str, Json]], key: str) -> int:
    counts = [line.get(key) for line in lines]
    return sum(int(c) for c in counts if isinstance(c, int | float))

"""Learning: what an engineer who trains models asks, as sentences and pictures of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.release.drawing.learning import (
    CurvePoint,
    FamilyLine,
    GroupScore,
    LearningPicture,
)
from assaymark.release.drawing.marks import figure, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assaymark.core.measurement import Json, Measurement

__all__ = ["leaking", "learning_of"]

_NAMES = {
    "logistic": "linear model",
    "forest": "forest",
    "boosting": "boosted trees",
    "mlp": "network",
}
_CONTROLS = {
    "repeated": "real rows repeated until classes are even",
    "smote": "SMOTE",
    "bigger": "a model four times as big",
}


LEAK = 0.95
"""Least AUC of one real column from which the target is said to leak through it."""

TOGETHER = 0.98
"""Least AUC of a model of real rows from which the target is said that it may leak."""


def learning_of(measured: Sequence[Measurement]) -> LearningPicture | None:
    """Return what the rows teach models, or nothing where no target was learnt."""
    found = {(m.metric, m.subject): m for m in measured if m.value is not None}
    families = tuple(_families(found))
    if not families:
        return None
    first = next(m for m in measured if m.metric == "tstr.loss" and m.value is not None)
    return LearningPicture(
        target=str(first.details.get("target", "")),
        score=str(first.details.get("score", "score")),
        families=families,
        groups=tuple(_groups(measured)),
        unscored=tuple(_named(m) for m in _by_group(measured) if m.value is None),
        points=tuple(
            CurvePoint(rows=rows, real=real, both=both)
            for m in measured
            if m.metric == "augmentation.gain"
            and m.value is not None
            and (rows := int(_number(m.details.get("rows")))) > 0
            for real, both in [(_number(m.details.get("real")), _number(m.details.get("both")))]
        ),
        sentences=tuple(_sentences(found)),
        worth=tuple(_worth(measured)),
        controls=tuple(_controls(found)),
    )


def leaking(measured: Sequence[Measurement]) -> tuple[str, ...]:
    """Say which real columns tell the target, alone or together: models may rest on little else."""
    alone = [m for m in measured if m.metric == "shortcuts.real" and m.value is not None]
    names = [
        m.subject.removeprefix("column:") for m in alone if m.low is not None and m.low >= LEAK
    ]
    best = [
        m
        for m in measured
        if m.metric == "tstr.real" and m.details.get("score") != "R squared" and m.low is not None
    ]
    if not names and alone and any(m.low >= TOGETHER for m in best if m.low is not None):
        most = sorted(alone, key=lambda m: -_number(m.value))[:3]
        told = ", ".join(repr(m.subject.removeprefix("column:")) for m in most)
        return (
            "The target may leak: models tell it from the other real columns almost without error, "
            f"most by {told}. Drop whatever was written down after the outcome, or every score "
            "here says little.",
        )
    return tuple(
        f"The target leaks: the real column {name!r} alone tells it nearly always. Drop the "
        "column if it was written down after the outcome, or every score here says little."
        for name in names
    )


def _families(found: dict[tuple[str, str], Measurement]) -> Iterator[FamilyLine]:
    for family, name in _NAMES.items():
        real, made, loss = (
            found.get((f"tstr.{which}", f"model:{family}"))
            for which in ("real", "synthetic", "loss")
        )
        if real is None or made is None or loss is None:
            continue
        value, low, high = _ends(made)
        lost, least, most = _ends(loss)
        yield FamilyLine(
            name=name,
            real=_number(real.value),
            synthetic=value,
            low=low,
            high=high,
            loss=lost,
            loss_low=least,
            loss_high=most,
        )


def _by_group(measured: Sequence[Measurement]) -> Iterator[Measurement]:
    for m in measured:
        if m.metric.startswith("tstr.group_loss") and m.subject.startswith("group:"):
            yield m


def _named(m: Measurement) -> str:
    return m.subject.removeprefix("group:")


def _groups(measured: Sequence[Measurement]) -> Iterator[GroupScore]:
    for m in _by_group(measured):
        if m.value is not None:
            loss, low, high = _ends(m)
            yield GroupScore(
                group=_named(m),
                real=_number(m.details.get("real")),
                synthetic=_number(m.details.get("synthetic")),
                loss=loss,
                low=low,
                high=high,
                n=m.n,
            )


def _sentences(found: dict[tuple[str, str], Measurement]) -> Iterator[str]:
    rare = found.get(("tstr.rare_loss", "table"))
    if rare is not None:
        value, low, high = _ends(rare)
        ends = f"{figure(low)} to {figure(high)}"
        if rare.details.get("gone"):
            yield (
                f"Hardly any synthetic row has the outcome {rare.details['rare']}: "
                f"{percent(value)} of its rows are missing, and models cannot learn it."
            )
        else:
            yield f"Lost on the rarest outcome: {figure(value)} ({ends})."
    labels = found.get(("labels.error_excess", "table")) or found.get(
        ("labels.error_excess_small", "table")
    )
    if labels is not None:
        value, low, high = _ends(labels)
        yield (
            "Labels that contradict the other columns, more than among real rows: "
            f"{percent(value)} ({percent(low)} to {percent(high)}), sure ones counting more."
        )
    order = found.get(("tstr.ranking", "table"))
    if order is not None:
        yield (
            "Order of the kinds of models after synthetic training, against that after real "
            f"training: Kendall's tau {figure(order.value)}, over the pairs that real rows tell "
            "apart."
        )
    columns = found.get(("tstr.importance", "table"))
    if columns is not None:
        yield (
            f"Columns that move predictions most: rank correlation {figure(columns.value)}; "
            f"two models trained on real rows have {figure(columns.floor)}."
        )


def _worth(measured: Sequence[Measurement]) -> Iterator[str]:
    added = [m.details.get("added") for m in measured if m.metric == "augmentation.gain"]
    for m in measured:
        if m.metric != "augmentation.real_rows" or m.value is None:
            continue
        value, low, high = _ends(m)
        rows, most = _number(m.details.get("rows")), _number(m.details.get("at_most"))
        end = " The curve ends there, so that it may be more." if high >= 0.999 * most else ""
        yield (
            f"Beside {rows:,.0f} real rows, {_number(added[0]):,.0f} synthetic rows are worth "
            f"{value:,.0f} more real rows ({low:,.0f} to {high:,.0f}).{end}"
        ).replace("-", "−")
    tuned = [m for m in measured if m.metric == "augmentation.finetuned" and m.value is not None]
    for m in tuned:
        value, low, high = _ends(m)
        yield (
            "A network that learns from the synthetic rows first, then from "
            f"{_number(m.details.get('rows')):,.0f} real ones, gains {figure(value)} "
            f"({figure(low)} to {figure(high)}) over one that sees the real ones only."
        )


def _controls(
    found: dict[tuple[str, str], Measurement],
) -> Iterator[tuple[str, float, float, float]]:
    for name, words in _CONTROLS.items():
        m = found.get(("augmentation.control", f"control:{name}"))
        if m is not None:
            yield words, *_ends(m)


def _ends(m: Measurement) -> tuple[float, float, float]:
    value = _number(m.value)
    return value, value if m.low is None else m.low, value if m.high is None else m.high


def _number(x: Json) -> float:
    return float(x) if isinstance(x, int | float) else 0.0

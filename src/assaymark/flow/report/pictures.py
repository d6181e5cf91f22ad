"""Pictures: real beside synthetic, column by column and group by group, small counts withheld."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.schema import Role
from assaymark.release.pages.report_content import ColumnPicture, GroupLevel, GroupPicture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Column

__all__ = ["WITHHELD_UNDER", "columns_of", "groups_of"]

WITHHELD_UNDER = 20
"""A bar of real rows is withheld where fewer persons than this stand behind it."""

_BINS = 20
_LEVELS = 12
_OTHER = "all other"


def columns_of(real: Dataset, synthetic: Dataset) -> tuple[ColumnPicture, ...]:
    """Return the shares of every column's bins or categories.

    Real shares are rounded to whole per cent and withheld where few persons stand behind them.
    """
    return tuple(_column(c, real, synthetic) for c in real.schema.columns)


def groups_of(real: Dataset, synthetic: Dataset) -> tuple[GroupPicture, ...]:
    """Return the shares of the declared protected groups."""
    found = []
    for c in real.schema.with_role(Role.PROTECTED):
        picture = _column(c, real, synthetic)
        levels = tuple(
            GroupLevel(name=label, real=r, synthetic=s)
            for label, r, s in zip(picture.labels, picture.real, picture.synthetic, strict=True)
        )
        found.append(
            GroupPicture(
                title=c.name,
                levels=levels,
                meaning="How large each group is among the real and among the synthetic rows.",
            )
        )
    return tuple(found)


def _column(c: Column, real: Dataset, synthetic: Dataset) -> ColumnPicture:
    ours, theirs = real.frame[c.name], synthetic.frame[c.name]
    ordered = c.kind.ordered and ours.n_unique() > _LEVELS
    labels, a, b = _bars(ours, theirs) if ordered else _levels(ours, theirs)
    return ColumnPicture(
        name=c.name,
        kind=c.kind.value,
        labels=tuple(labels),
        real=_withheld(a, real),
        synthetic=tuple((b / max(1, len(theirs))).tolist()),
        missing_real=_withheld(np.array([ours.null_count()]), real)[0],
        missing_synthetic=theirs.null_count() / max(1, len(theirs)),
        ordered=ordered or c.kind.ordered,
        roles=tuple(r.value for r in c.roles if r is not Role.OTHER),
    )


def _withheld(counts: np.ndarray, real: Dataset) -> tuple[float | None, ...]:
    """Rows stand in for persons: a person has one row at least, so rows are scaled down."""
    persons = counts * real.n_persons / max(1, real.n)
    shares = np.round(counts / max(1, real.n), 2)
    pairs = zip(persons.tolist(), shares.tolist(), strict=True)
    return tuple(s if p >= WITHHELD_UNDER or p == 0 else None for p, s in pairs)


def _levels(ours: pl.Series, theirs: pl.Series) -> tuple[list[str], np.ndarray, np.ndarray]:
    mine = _counts(ours)
    yours = _counts(theirs)
    frequent = sorted(mine, key=lambda k: (-mine[k], k))
    shown = [k for k in frequent if mine[k] >= WITHHELD_UNDER][:_LEVELS]
    if ours.dtype.is_numeric():
        shown.sort(key=float)
    a = [mine[k] for k in shown]
    b = [yours.get(k, 0) for k in shown]
    rest = (sum(mine.values()) - sum(a), sum(yours.values()) - sum(b))
    if any(rest):
        shown, a, b = [*shown, _OTHER], [*a, rest[0]], [*b, rest[1]]
    return shown, np.array(a), np.array(b)


def _counts(s: pl.Series) -> dict[str, int]:
    text = s.drop_nulls().cast(pl.String)
    return dict(text.value_counts().rows())


def _bars(ours: pl.Series, theirs: pl.Series) -> tuple[list[str], np.ndarray, np.ndarray]:
    kind = ours.dtype
    x, y = _number(ours), _number(theirs)
    low, high = np.quantile(x, [0.005, 0.995])
    edges = _edges(float(low), float(high), whole=kind.is_integer())
    a, b = _histogram(x, edges), _histogram(y, edges)
    labels = [_span(edges[i], edges[i + 1], kind) for i in range(len(edges) - 1)]
    return labels, a, b


def _number(s: pl.Series) -> np.ndarray:
    plain = s.drop_nulls()
    if plain.dtype.is_temporal():
        plain = plain.cast(pl.Datetime("us")).cast(pl.Int64)
    return plain.cast(pl.Float64).to_numpy()


def _edges(low: float, high: float, *, whole: bool) -> NDArray[np.float64]:
    """Return round edges that span most values; what lies beyond is drawn in the outer bars."""
    rough = max((high - low) / _BINS, 1.0 if whole else 1e-12)
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * min(m for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    if whole:
        step = max(1.0, np.ceil(step))
    first = np.floor(low / step) * step
    n = max(1, int(np.ceil((high - first) / step + 1e-9)))
    edges: NDArray[np.float64] = first + step * np.arange(n + 1)
    return edges


def _histogram(x: np.ndarray, edges: np.ndarray) -> np.ndarray:
    where = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(edges) - 2)
    counts: np.ndarray = np.bincount(where, minlength=len(edges) - 1)
    return counts


def _span(low: float, high: float, kind: pl.DataType) -> str:
    if kind.is_temporal():
        day = np.datetime64(int(low), "us").astype("datetime64[D]")
        return f"from {day}"
    if kind.is_integer() and high - low == 1:
        return f"{low:g}"
    return f"{low:.6g} to {high:.6g}"

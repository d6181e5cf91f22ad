"""Edges: where one column's values part the bands that another says, such as groups of age."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.schema import Kind
from assaymark.generate.coding.levels import persons_per_code
from assaymark.generate.relations.against import against
from assaymark.generate.relations.anchors import numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

__all__ = ["find_edges"]

_LOOK = 3000
_FEWEST_VALUES, _MOST_BANDS = 12, 40
_SPARE = 6  # rows of the look that may be in another's band, each of which parts it twice


def find_edges(dataset: Dataset, protect: int) -> Mapping[str, Floats]:
    """Return by name of a number or date the least value of each band but the first, sorted.

    A band is a run of values, of ``protect`` persons at least, all of which go with the same value
    of another column, for all rows but :func:`against`. Between the last value of one band and the
    first of the next the edge is the roundest number, or the first day of a year or month: what
    single persons have at the edge does not come out.
    """
    look = np.random.default_rng(0).permutation(dataset.n)[:_LOOK]
    numbers = {j: v for j, v in numbers_of(dataset).items() if _several(v[look])}
    if not numbers:
        return {}
    bands, persons = dict(_bands(dataset)), dataset.person_codes
    found: dict[str, Floats] = {}
    for j, values in numbers.items():
        column = dataset.schema.columns[j]
        part = look[np.isfinite(values[look])]
        order = part[np.argsort(values[part], kind="stable")]
        edges: set[float] = set()
        for i, codes in bands.items():
            runs = int((np.diff(codes[order]) != 0).sum())
            most = min(_MOST_BANDS, 4 * len(np.unique(codes[order]))) + 2 * _SPARE
            if i != j and 0 < runs <= most:
                known = np.isfinite(values)
                ends = _ends(values[known], codes[known], persons[known], protect)
                rounded = (_roundest(a, b, column.kind) for a, b in ends)
                edges |= {e for e in rounded if e is not None}
        if edges:
            found[column.name] = np.array(sorted(edges))
    return found


def _several(values: Floats) -> bool:
    return len(np.unique(values[np.isfinite(values)])) > _FEWEST_VALUES


def _bands(dataset: Dataset) -> Iterator[tuple[int, Codes]]:
    for i, column in enumerate(dataset.schema.columns):
        series = dataset.frame[column.name]
        if column.kind is not Kind.TEXT and 2 <= series.n_unique() <= _MOST_BANDS:
            yield i, series.rank("dense").cast(pl.Int64).fill_null(0).to_numpy()


def _ends(values: Floats, codes: Codes, persons: Codes, protect: int) -> list[tuple[float, float]]:
    """Return the last value of each band and the first of the next, or nothing if none are.

    Values of the other column that fewer than ``protect`` persons have do not come out at all.
    """
    often = persons_per_code(codes, persons, int(codes.max(initial=0)) + 1) >= protect
    kept = often[codes]
    values, codes, persons = values[kept], codes[kept], persons[kept]
    if not len(values):
        return []
    distinct, place = np.unique(values, return_inverse=True)
    most = _most_frequent(place, codes)
    if (most[place] != codes).sum() > against(len(codes)):
        return []
    starts = np.flatnonzero(np.append(True, most[1:] != most[:-1]))
    run = np.searchsorted(starts, np.arange(len(distinct)), "right") - 1
    enough = persons_per_code(run[place], persons, len(starts)) >= protect
    begin = [s for s, e in zip(starts.tolist(), enough, strict=True) if e]
    begin = [s for at, s in enumerate(begin) if not at or most[s] != most[begin[at - 1]]]
    if not 2 <= len(begin) <= _MOST_BANDS:
        return []
    own = np.maximum(np.searchsorted(begin, np.arange(len(distinct)), "right") - 1, 0)
    if (most[np.array(begin)][own][place] != codes).sum() > against(len(codes)):
        return []
    return [(float(distinct[s - 1]), float(distinct[s])) for s in begin[1:]]


def _most_frequent(place: Codes, codes: Codes) -> Codes:
    """Return the most frequent code at each place."""
    height = int(codes.max()) + 1
    pairs, counts = np.unique(place * height + codes, return_counts=True)
    order = np.lexsort((-counts, pairs // height))
    _, first = np.unique(pairs[order] // height, return_index=True)
    return np.asarray(pairs[order][first] % height, dtype=np.int64)


def _roundest(low: float, high: float, kind: Kind) -> float | None:
    """Return the roundest number above ``low`` that is not above ``high``, if one is rounder."""
    if kind in (Kind.DATE, Kind.DATETIME):
        return _first_day(low, high, kind)
    largest = max(abs(low), abs(high))
    finest = int(np.floor(np.log10(high - low))) - 1
    for power in range(int(np.ceil(np.log10(largest or 1.0))), max(finest, -300) - 1, -1):
        for step in (10.0**power, 10.0**power / 2):
            whole = np.floor(high / step)
            found = float(whole * step if power >= 0 else whole / round(1 / step))
            if low < found <= high:
                return found
    return None


def _first_day(low: float, high: float, kind: Kind) -> float | None:
    """Return the first moment of a year, else of a month, a day and so on between two."""
    unit = np.timedelta64(1, "D" if kind is Kind.DATE else "us")
    day = np.datetime64(0, "us") + int(high) * unit
    for longer in ("Y", "M", "D", "h", "m", "s"):
        begin = day.astype(f"datetime64[{longer}]").astype("datetime64[us]")
        since = float((begin - np.datetime64(0, "us")) / unit)
        if low < since:
            return since
    return None

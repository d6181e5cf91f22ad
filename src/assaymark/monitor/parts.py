"""Parts: what the coarse cells of a relation stand for, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.monitor.cells import COARSE, coarse_cells, edge_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.monitor.shares import Share
    from assaymark.monitor.sketch import ColumnSketch

__all__ = ["relation_words"]


def relation_words(share: Share, columns: Mapping[str, ColumnSketch]) -> str:
    """Return what rows a share of a relation counts among which, by the values that they have."""
    if share.part is None or not columns.keys() >= {*share.columns}:
        return share.what
    first, second = share.columns
    among, upto = share.part
    said = _words(columns[second], 0, upto), _words(columns[first], among, among)
    return f"{second} {said[0]}, where {first} is {said[1]}"


def _words(c: ColumnSketch, low: int, high: int) -> str:
    """Return the values of the parts from ``low`` to ``high``; the last part is for missing."""
    if low == COARSE - 1:
        return "missing"
    parts = coarse_cells(np.arange(len(c.counts) - 1), c)
    cells = np.flatnonzero((parts >= low) & (parts <= high))
    if not len(cells):
        return "none"
    start, end = cells[[0, -1]].tolist()
    return _levels(c, start, end) if c.kind == "category" else _span(c, start, end)


def _levels(c: ColumnSketch, start: int, end: int) -> str:
    names = (*c.levels, "any other value")
    return names[start] if start == end else f"{names[start]} to {names[end]}"


def _span(c: ColumnSketch, start: int, end: int) -> str:
    shown = [edge_words(c.kind, e) for e in c.edges]
    if end == len(shown):
        return f"{shown[start - 1]} or more" if start else "any"
    if start == 0:
        return f"below {shown[end]}"
    if shown[start - 1] == shown[end]:
        return shown[end]
    return f"{shown[start - 1]} to below {shown[end]}"

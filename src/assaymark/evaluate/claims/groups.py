"""Claim groups: a claim's figures for each group of its ``by``, and each group's share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.measurement import Measurement
from assaymark.evaluate.claims.estimand import average
from assaymark.evaluate.claims.question import Figure
from assaymark.evaluate.claims.sides import SMALL, compared, default_margin
from assaymark.evaluate.groups import FEWEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assaymark.evaluate.claims.estimand import Rows
    from assaymark.evaluate.claims.sides import Asked, Sides

__all__ = ["by_group"]

_GROUP, _SHARE = 2.0, 0.3


def by_group(asked: Asked, sides: Sides, figures: Sequence[Figure]) -> Iterator[Measurement]:
    """Yield ``figures`` for each group with at least ten real people, and the group's share.

    A group's default margin is twice that of everybody; its share of all rows asked about may be
    off by three tenths of itself.
    """
    bins = sides.bins
    if bins is None:
        return
    codes = sides.real.values["group"]
    for cell in np.unique(codes[sides.real.inside]).astype(int).tolist():
        group = f"{bins.column.name}={bins.labels[cell]}"
        here = sides.within(cell)
        if here.real.n_persons < FEWEST:
            reason = f"fewer than {FEWEST} real people in the group"
            yield Measurement.missing(SMALL, reason, f"claim:{asked.spec.name},group:{group}")
            continue
        if not here.real.weights[here.real.inside].any():
            reason = "all weights of the real people in the group are 0"
            yield Measurement.missing(SMALL, reason, f"claim:{asked.spec.name},group:{group}")
            continue
        for figure in figures:
            real = figure.estimate(sides.real)
            margin = asked.spec.margin if asked.spec.margin and not figure.part else 0.0
            if not margin and not isinstance(real, str):
                margin = _GROUP * default_margin(figure, real)
            yield compared(asked, here, figure, group=group, margin=margin or None)
        yield _share(asked, sides, cell, group)


def _share(asked: Asked, sides: Sides, cell: int, group: str) -> Measurement:
    figure = Figure(
        estimate=lambda rows: average(_belongs(rows, cell)),
        unit="share of rows",
        part="share",
        relative=True,
    )
    real = figure.estimate(sides.real)
    margin = None if isinstance(real, str) else _SHARE * real.value
    return compared(asked, sides, figure, group=group, margin=margin)


def _belongs(rows: Rows, cell: int) -> Rows:
    return replace(rows, values={"y": (rows.values["group"] == cell).astype(np.float64)})

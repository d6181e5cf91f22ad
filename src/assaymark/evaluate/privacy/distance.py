"""Distance: closeness of synthetic rows to real ones; a view for debugging, never a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.controls import why_no_attack
from assaymark.evaluate.neighbours import nearest, row_keys, space_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams

__all__ = ["Distance"]

SHARE, NNDR, IDENTICAL = "distance.dcr_share", "distance.nndr", "distance.identical_share"
_MOST = 5_000
_WHY = (
    "tables that leak badly pass such figures: Yao et al. (2025), The DCR delusion, "
    "arXiv:2505.01524; Ganev & De Cristofaro (2023), arXiv:2312.05114; Pilgram et al. (2025), "
    "10.1016/j.patter.2025.101320; use membership, copies or singling_out instead"
)


@component
class Distance:
    """Distances from synthetic rows to train and holdout, as other tools report them.

    For the first two, train and holdout give equally many rows, 5,000 at most, as do the synthetic
    rows; identical rows are looked for among all of train. Outliers that are copied do not move
    these figures: no verdict can rest on them.

    References
    ----------
    Yao, Krco, Ganev & de Montjoye (2025), The DCR delusion, arXiv:2505.01524.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = tuple(
        Quantity(
            name=name,
            title=title,
            unit="share of rows" if name != NNDR else "ratio",
            better="lower" if name != NNDR else "higher",
            meaning=meaning,
            gate=False,
            why_not=_WHY,
        )
        for name, title, meaning in (
            (SHARE, "Rows closer to train", "Share of synthetic rows nearer to train; ties half."),
            (
                NNDR,
                "Ratio of nearest to second nearest",
                "Median over synthetic rows of the distance to the nearest train row over that "
                "to the second nearest; near 0 where single rows are approached.",
            ),
            (
                IDENTICAL,
                "Rows on top of train",
                "Share of synthetic rows that equal a train row in every measured column.",
            ),
        )
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the three views."""
        reason, holdout = why_no_attack(case), case.holdout
        if reason or holdout is None:
            yield from (Measurement.missing(q.name, reason) for q in self.quantities)
            return
        rng = streams.generator()
        size = min(case.train.n, holdout.n, _MOST)
        space = space_of([case.train, holdout])
        made = space.points(_some(case.synthetic, _MOST, rng))
        train, out = (
            nearest(made, space.points(_some(d, size, rng)), k=2) for d in (case.train, holdout)
        )
        share = np.mean(train[:, 0] < out[:, 0]) + 0.5 * np.mean(train[:, 0] == out[:, 0])
        first, second = train[:, 0], train[:, -1]
        ratio = np.divide(first, second, out=np.ones(len(made)), where=second > 0)
        equal = np.isin(row_keys(case.synthetic), row_keys(case.train))
        for name, value, n in (
            (SHARE, float(share), len(made)),
            (IDENTICAL, float(equal.mean()), len(equal)),
            (NNDR, float(np.median(ratio)), len(made)),
        ):
            yield Measurement(metric=name, value=value, n=n)


def _some(data: Dataset, size: int, rng: np.random.Generator) -> Dataset:
    return data.take(np.sort(rng.permutation(data.n)[:size]))

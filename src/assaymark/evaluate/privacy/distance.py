"""Distance: closeness of synthetic rows to real ones; a view for debugging, never a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.controls import why_no_attack
from assaymark.evaluate.isolation import scene_of
from assaymark.evaluate.neighbours import nearest, space_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.core.case import Case
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

    The share depends on the sizes of train and holdout, and outliers that are copied do not move
    it: no verdict can rest on these. The ratio looks at 5,000 rows of each side.

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
            (IDENTICAL, "Rows on top of train", "Share of synthetic rows at no distance to train."),
        )
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the three views."""
        reason = why_no_attack(case)
        if reason:
            yield from (Measurement.missing(q.name, reason) for q in self.quantities)
            return
        scene = scene_of(case)
        train, out = scene.from_train, scene.from_holdout
        share = float(np.mean(train < out) + 0.5 * np.mean(train == out))
        identical = float(np.mean(train == 0))
        ratio = _ratio(case, streams.generator())
        for name, value in ((SHARE, share), (IDENTICAL, identical), (NNDR, ratio)):
            yield Measurement(metric=name, value=value, n=len(train))


def _ratio(case: Case, rng: np.random.Generator) -> float:
    """Return the median ratio of the two nearest distances; 1 where both are 0."""
    some = [d.take(np.sort(rng.permutation(d.n)[:_MOST])) for d in (case.synthetic, case.train)]
    space = space_of([case.train])
    near = nearest(space.points(some[0]), space.points(some[1]), k=2).rows
    first, second = near[:, 0], near[:, -1]
    ratio = np.divide(first, second, out=np.ones(len(near)), where=second > 0)
    return float(np.median(ratio))

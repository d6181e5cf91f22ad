"""Distance: closeness of synthetic rows to real ones; a view for debugging, never a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.controls import why_no_attack
from assaymark.evaluate.isolation import scene_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.core.case import Case
    from assaymark.core.streams import Streams

__all__ = ["Distance"]

SHARE, NNDR, IDENTICAL = "distance.dcr_share", "distance.nndr", "distance.identical_share"
_WHY = (
    "tables that leak badly pass such figures; see Yao et al. (2025), The DCR delusion, "
    "arXiv:2505.01524; use membership and copies instead"
)


@component
class Distance:
    """Distances from synthetic rows to train and holdout, as other tools report them.

    The share depends on the sizes of train and holdout, and outliers that are copied do not move
    it: no verdict can rest on these.

    References
    ----------
    Yao, Krco, Ganev & de Montjoye (2025), The DCR delusion, arXiv:2505.01524.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = tuple(
        Quantity(
            name=name,
            title=title,
            unit="share of rows" if name != NNDR else "ratio",
            better="lower" if name != NNDR else "zero",
            meaning=meaning,
            gate=False,
            why_not=_WHY,
        )
        for name, title, meaning in (
            (SHARE, "Rows closer to train", "Share of synthetic rows nearer to train; ties half."),
            (NNDR, "Ratio of distances", "Mean distance to train over that to the holdout."),
            (IDENTICAL, "Rows on top of train", "Share of synthetic rows at no distance to train."),
        )
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:  # noqa: ARG002
        """Yield the three views."""
        reason = why_no_attack(case)
        if reason:
            yield from (Measurement.missing(q.name, reason) for q in self.quantities)
            return
        scene = scene_of(case)
        train, out = scene.from_train, scene.from_holdout
        share = float(np.mean(train < out) + 0.5 * np.mean(train == out))
        identical = float(np.mean(train == 0))
        ratio = float(train.mean() / out.mean()) if out.mean() > 0 else None
        for name, value in ((SHARE, share), (IDENTICAL, identical), (NNDR, ratio)):
            if value is None:
                yield Measurement.missing(name, "every synthetic row equals a holdout row")
            else:
                yield Measurement(metric=name, value=value, n=len(train))

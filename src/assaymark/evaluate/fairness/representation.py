"""Representation: whether every group has its share of the synthetic rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from assaymark.core.measurement import NO_SUBJECT, Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.features import why_incomparable
from assaymark.evaluate.groups import FEWEST, NO_GROUPS, banded, groups_of
from assaymark.evaluate.statistics import Z, mean_variance, persons_over

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.groups import Group

__all__ = ["Representation"]

LARGE, SMALL = "representation.log_disparity", "representation.log_disparity_small"
_MARGIN = math.log(1.25)
_SURE = Z + 2.33  # a true 0 is shown to lie within a margin of this many errors 98 times in 100


@component
class Representation:
    """Log odds of a group among synthetic rows less its log odds among real rows.

    Real rows are train and holdout together: for a share, unlike a distance, rows that the
    generator saw do not bias the difference. A group counts as large where a generator that is
    right would be shown to be within a quarter (log 1.25) at least 98 times in 100, given the
    group's real share and the sizes of both tables (about 900 people where synthetic rows are
    as many as train); other groups are measured under a second name, so that a policy can ask
    less of them. Groups of fewer than 10 people get a reason. ``n`` is rounded down to tens.

    Right shares do not mean that a group's values are right.

    References
    ----------
    Bhanot et al. (2021), The problem of fairness in synthetic healthcare data.
    Haldane (1956) and Anscombe (1956), for adding a half to each count.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = tuple(
        Quantity(
            name=name,
            title=f"Representation of a {size} group",
            unit="log odds ratio",
            better="zero",
            meaning="How much more (above 0) or less (below 0) often a member of the group turns "
            "up among the synthetic rows than among the real ones; 0.22 is a quarter more.",
        )
        for name, size in ((LARGE, "large"), (SMALL, "small"))
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:  # noqa: ARG002
        """Yield the disparity of each group."""
        reason, holdout = why_incomparable(case), case.holdout
        groups = list(groups_of(case))
        if not reason and not groups:
            reason = NO_GROUPS
        if reason or holdout is None:
            yield Measurement.missing(LARGE, reason, "group:*")
            yield Measurement.missing(SMALL, reason, "group:*")
            return
        found = [_disparity(group, case, holdout) for group in groups]
        yield from found
        for name, size in ((LARGE, "large"), (SMALL, "small")):
            if not any(m.metric == name for m in found):
                yield Measurement.missing(name, f"no group is {size}", NO_SUBJECT)


class _Share(NamedTuple):
    odds: float  # log odds
    variance: float
    share: float
    per_row: float  # variance of one row's worth, persons counted once


def _disparity(group: Group, case: Case, holdout: Dataset) -> Measurement:
    parts = (case.train, holdout)
    n = sum(group.persons(part) for part in parts)
    inside = np.concatenate([group.holds(part) for part in parts])
    made = group.holds(case.synthetic)
    real, other = _share(inside, persons_over(parts)), _share(made, case.synthetic.persons)
    unsure = math.sqrt(real.variance + real.per_row / len(made))
    metric = LARGE if _SURE * unsure <= _MARGIN else SMALL
    if n < FEWEST:
        return Measurement.missing(SMALL, f"fewer than {FEWEST} people in the group", group.subject)
    value = other.odds - real.odds
    wide = Z * math.sqrt(real.variance + other.variance)
    seen = _share(group.holds(case.train), case.train.persons)
    held = _share(group.holds(holdout), holdout.persons)
    return Measurement(
        metric=metric,
        subject=group.subject,
        value=value,
        low=value - wide,
        high=value + wide,
        n=banded(n),
        floor=seen.odds - held.odds,
        details={
            "column": group.bins.column.name,
            "group": group.bins.labels[group.cell],
            "real_share": round(float(inside.mean()), 3),
            "synthetic_share": float(made.mean()),
        },
    )


def _share(inside: NDArray[np.bool_], persons: NDArray[np.int64] | None) -> _Share:
    """Return a group's log odds with half a row added to either side, and their variance."""
    n = len(inside)
    share = (float(inside.sum()) + 0.5) / (n + 1)
    simple = 1 / (n * share * (1 - share))
    clustered = 0.0
    if persons is not None:
        clustered = mean_variance(inside.astype(float), persons) / (share * (1 - share)) ** 2
    variance = max(simple, clustered) if math.isfinite(clustered) else simple
    return _Share(math.log(share / (1 - share)), variance, share, simple * n)

"""Guaranteed: a privacy guarantee and its cost to small groups, as a picture of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.release.drawing.privacy import GroupError, PrivacyPicture
from assaymark.release.pages.report_words import spoken_subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.core.measurement import Measurement
    from assaymark.core.privacy import PrivacyGuarantee

__all__ = ["guaranteed"]

_GROUPS = ("group_fidelity.mean", "group_fidelity.mean_small")


def guaranteed(
    found: PrivacyGuarantee | None, measured: Sequence[Measurement]
) -> PrivacyPicture | None:
    """Return the picture of a guarantee; none where nothing is proved."""
    if found is None:
        return None
    groups = [_error(m) for m in measured if m.metric in _GROUPS and m.subject != "none:"]
    named = [g for g in groups if g is not None]
    return PrivacyPicture(
        epsilon=float(found.epsilon),
        delta=float(found.delta),
        whose="row" if found.unit == "row" else "person",
        looks=len(found.charges),
        covers=found.covers,
        promised_not=found.not_covered,
        assumes=found.assumptions,
        groups=tuple(sorted(named, key=lambda g: (g.value is not None, g.n))),
        said="" if found.audit is None else found.audit.words(found.epsilon),
    )


def _error(m: Measurement) -> GroupError | None:
    if not m.subject.startswith("group:") or m.subject == "group:*":
        return None
    name = spoken_subject(m.subject)
    if m.value is None:
        return GroupError(group=name, n=0, reason=m.reason)
    floor = m.floor
    return GroupError(group=name, n=m.n, value=m.value, low=m.low, high=m.high, floor=floor)

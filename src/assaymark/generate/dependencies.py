"""Dependencies: what each column of a chain is drawn from, told without a record or a count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.anchored import Anchored, Gap, Sum
from assaymark.generate.dated import Dated
from assaymark.generate.derived import Lookup
from assaymark.generate.same_as import Same
from assaymark.generate.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.core.measurement import Json
    from assaymark.generate.chain import Part
    from assaymark.generate.link import Link

__all__ = ["dependencies"]

_SHOWN = 0.05


def dependencies(
    names: Sequence[str],
    order: Sequence[int],
    links: Sequence[Part],
    gaps: Sequence[Gap] = (),
) -> dict[str, Json]:
    """Return for each column, in the order they are drawn, where it comes from.

    ``from`` has the share of branches that each earlier column decides, 5 % at least, most
    first; ``pools`` is how many pools a tree has on average, 1 where there are no branches;
    ``near`` has the columns that it is drawn near, by its difference from them, or as one that it
    is often the same as.
    """
    told: dict[str, Json] = {}
    drawn = [names[i] for i in order]
    before = [*drawn, *(f"{drawn[g.of]} - ({g.anchor.words(drawn)})" for g in gaps)]
    for at, link in zip(order, links, strict=True):
        if isinstance(link, Lookup):
            told[names[at]] = {"from": {before[link.source]: 1.0}, "pools": 0.0}
        elif isinstance(link, Sum | Wording):
            terms: dict[str, Json] = {before[j]: 1.0 for j, _ in link.anchors[0].terms}
            told[names[at]] = {"from": terms, "pools": 0.0}
        elif isinstance(link, Anchored):
            near = {before[j]: 1.0 for anchor in link.anchors for j, _ in anchor.terms}
            told[names[at]] = {**_of(link.link, before), "near": list(near)}
        elif isinstance(link, Dated):
            told[names[at]] = _of(link.link, before)
        elif isinstance(link, Same):
            told[names[at]] = {**_of(link.link, before), "near": [before[link.source]]}
        else:
            told[names[at]] = _of(link, before)
    return told


def _of(link: Link, before: Sequence[str]) -> dict[str, Json]:
    feature = link.nodes[0]
    branches = feature[feature >= 0]
    decided = np.bincount(branches, minlength=len(link.given)) / max(1, len(branches))
    order = [j for j in np.argsort(-decided, kind="stable") if decided[j] >= _SHOWN]
    return {
        "from": {before[link.given[j]]: round(float(decided[j]), 2) for j in order},
        "pools": round(len(link.keep) / len(link.roots), 1),
    }

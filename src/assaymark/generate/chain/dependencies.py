"""Dependencies: what each column of a chain is drawn from, told without a record or a count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.relations.anchor_days import Days
from assaymark.generate.relations.anchored import Anchored, Sum
from assaymark.generate.relations.anchors import Anchor
from assaymark.generate.relations.dated import Dated
from assaymark.generate.relations.derived import Lookup
from assaymark.generate.relations.one_of import OneOf
from assaymark.generate.relations.read_off import ReadOff
from assaymark.generate.relations.rounded import Rounded
from assaymark.generate.relations.same_as import Same
from assaymark.generate.trees.link import Link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.core.measurement import Json
    from assaymark.generate.chain.chain import Part
    from assaymark.generate.relations.anchored import Gap
    from assaymark.generate.relations.wording import Wording

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
    ``near`` has the columns that it is drawn near, by its difference from them; ``same`` those
    that it is the same as, and ``often`` says whether not always; ``told`` has the columns that
    say a part of a date, and which, or the decimals of a number; ``formula`` what a column is
    worked out by.
    """
    drawn = [names[i] for i in order]
    before = [*drawn, *(f"{drawn[g.of]} - ({g.anchor.words(drawn)})" for g in gaps)]
    return {names[at]: _told(link, before) for at, link in zip(order, links, strict=True)}


def _told(link: Part, before: Sequence[str]) -> dict[str, Json]:
    if isinstance(link, Link):
        return _of(link, before)
    if isinstance(link, Anchored):
        return {**_of(link.link, before), **_near(link, before)}
    if isinstance(link, Same):
        same: dict[str, Json] = {"same": [before[link.source]], "often": link.alone}
        return {**_of(link.link, before), **same}
    if isinstance(link, Dated | Rounded):
        told: dict[str, Json] = (
            {before[p.column]: p.unit for p in link.parts}
            if isinstance(link, Dated)
            else {before[link.decimals.source]: "decimals"}
        )
        return {**_of(link.link, before), "told": told}
    if isinstance(link, OneOf) and link.link is not None:
        return _of(link.link, before)
    return _worked_out(link, before)


def _worked_out(
    link: Lookup | Sum | Wording | ReadOff | OneOf, before: Sequence[str]
) -> dict[str, Json]:
    """Return what a column is worked out from."""
    formula: dict[str, Json] = {}
    if isinstance(link, Lookup):
        sources = [link.source]
    elif isinstance(link, ReadOff):
        sources = [link.source]
        formula["formula"] = f"{link.unit}({before[link.source]})"
    elif isinstance(link, OneOf):
        sources = [j for j, _ in link.flag.others]
        formula["formula"] = "set where no other of its group is"
    else:
        sources = [j for j, _ in link.anchors[0].terms]
    terms: dict[str, Json] = {before[j]: 1.0 for j in sources}
    if isinstance(link, Sum) and link.anchor == Anchor(terms=((sources[0], 1.0),)):
        formula = {"same": [before[sources[0]]], "often": False}
    return {"from": terms, "pools": 0.0, **formula}


def _near(link: Anchored, before: Sequence[str]) -> dict[str, Json]:
    """Return what a column is near, or is the same as, where nothing else is drawn."""
    alike = [n for n in link.near if n.coding.span == (0, 0) and len(n.anchor.terms) == 1]
    if len(alike) == len(link.near) == 1 and type(alike[0].anchor) in (Anchor, Days):
        same: Json = [before[alike[0].anchor.terms[0][0]]]
        return {"same": same, "often": link.alone}
    near = {before[j]: 1.0 for anchor in link.anchors for j, _ in anchor.terms}
    return {"near": list(near)}


def _of(link: Link, before: Sequence[str]) -> dict[str, Json]:
    feature = link.nodes[0]
    branches = feature[feature >= 0]
    decided = np.bincount(branches, minlength=len(link.given)) / max(1, len(branches))
    order = [j for j in np.argsort(-decided, kind="stable") if decided[j] >= _SHOWN]
    return {
        "from": {before[link.given[j]]: round(float(decided[j]), 2) for j in order},
        "pools": round(len(link.keep) / len(link.roots), 1),
    }

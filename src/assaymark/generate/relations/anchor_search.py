"""Anchor search: which columns lie at or near others, or sums, products or logarithms of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.generate.relations.anchor_near import Nearness
from assaymark.generate.relations.anchors import Anchor
from assaymark.generate.relations.product_solve import Logs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from assaymark.generate.relations.anchor_exact import Exact
    from assaymark.generate.relations.anchor_sample import Sample

__all__ = ["find_anchors"]


def find_anchors(
    exact: Exact,
    order: Sequence[int],
    after: Mapping[int, set[int]],
    *,
    parted: Collection[int] = (),
    looked_up: Collection[int] = (),
) -> tuple[tuple[int, ...], dict[int, tuple[Anchor, ...]]]:
    """Return an order of the columns, and by place in the table the anchors of those with any.

    An anchor is made of columns that come earlier in the order, and makes the values of other
    rows than it was fitted to likelier by 0.1 nats a row, compared with what the best single
    column says of them. Where a column of many values would be next, the one of these that is
    best anchored in those before it comes first, or one that it nearly says and that is there
    twice as often; one that is another's rounded multiple, or a product of others, comes after
    them. Found on 6,000 rows at most.

    Parameters
    ----------
    exact
        What holds on every row of a sample.
    order
        The order where nothing speaks for another.
    after
        Which columns each comes after: those that it is made of.
    parted
        Dates of which other columns say the weekday, the month or the hour: of two dates that
        nearly say each other one of these comes first, so that it need not be near the other.
    looked_up
        Columns that follow from another, and need no anchors.
    """
    sample = exact.sample
    if sample.n_persons < sample.fewest:
        return tuple(order), {}
    nearness = Nearness.of(sample, Logs.of(exact.logs.numbers).plain())
    placed: list[int] = []
    found: dict[int, tuple[Anchor, ...]] = {}
    left = list(order)
    while left:
        free = [y for y in left if not after.get(y, set()) & set(left)]
        x = free[0]
        earlier = [y for y in placed if y in sample.numbers]
        near: dict[int, tuple[tuple[Anchor, ...], float]] = {}
        if sample.fine(x) and x not in looked_up:
            waiting = [y for y in free if sample.fine(y) and y not in looked_up]
            near = nearness.all_near(waiting, earlier)
            x = sample.fullest(max(near, key=lambda y: near[y][1]), waiting)
            x = _parted_first(sample, x, [y for y in waiting if y in parted])
        asked = x in sample.numbers and x not in looked_up
        is_always = exact.anchor(x, earlier) if asked else ()
        if sample.few and not all(_together(a, found) for a in is_always):
            is_always = ()
        anchors = is_always or near.get(x, ((), 0.0))[0]
        if anchors:
            found[x] = anchors
        placed.append(x)
        left.remove(x)
        if is_always and _total_last(placed, found) and sample.fine(x):
            earlier = [y for y in placed[: placed.index(x)] if y in sample.numbers]
            if anchors := nearness.near(x, earlier)[0]:
                found[x] = anchors
    return tuple(placed), found


def _parted_first(sample: Sample, x: int, parted: Sequence[int]) -> int:
    """Return ``x``, or the date of which a part is told that it says most, if it nearly does."""
    alike = {y: sample.related(x, y) for y in parted if any({x, y} == {*p} for p in sample.alike())}
    return x if x in parted else max(alike, key=lambda y: alike[y], default=x)


def _together(anchor: Anchor, found: Mapping[int, tuple[Anchor, ...]]) -> bool:
    """Whether what is taken off in a sum is drawn near what it is taken off from.

    Where trees of few rows do not hold columns together, their difference comes out as none is.
    """
    if type(anchor) is not Anchor:
        return True
    near = {(x, j) for x, anchors in found.items() for a in anchors for j, _ in a.terms}
    above, below = ([j for j, c in anchor.terms if sign * c > 0] for sign in (1, -1))
    return not above or all(any({(i, j), (j, i)} & near for i in above) for j in below)


def _total_last(placed: list[int], found: dict[int, tuple[Anchor, ...]]) -> bool:
    """Where the last column is a total less its other parts, let the total be worked out instead.

    A sum of parts is as likely as its parts; a difference may come out as no part could. Returns
    whether it was so; the column has no anchors then.
    """
    x = placed[-1]
    if type(found[x][0]) is not Anchor:
        return False
    terms = found[x][0].terms
    total = [j for j, c in terms if c == 1.0]
    parts = [j for j, c in terms if c == -1.0]
    if len(total) != 1 or len(total) + len(parts) != len(terms) or found[x][0].constant:
        return False
    used = {j for k, anchors in found.items() if k != x for a in anchors for j, _ in a.terms}
    if not parts or total[0] in used:
        return False
    del found[x]
    found[total[0]] = (Anchor(terms=tuple((j, 1.0) for j in sorted([x, *parts]))),)
    placed.remove(total[0])
    placed.append(total[0])
    return True

"""Grown: what draws one column of a chain, from the rows in which it is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.coding.levels import persons_among
from assaymark.generate.relations.anchor_days import DAY
from assaymark.generate.relations.anchor_fit import anchored, date_reach, reach_of
from assaymark.generate.relations.anchored import Anchored
from assaymark.generate.relations.anchors import apart, cells_of
from assaymark.generate.relations.dated import Dated
from assaymark.generate.relations.one_of import OneOf
from assaymark.generate.relations.read_off import comes_out, read_off
from assaymark.generate.relations.rounded import Rounded
from assaymark.generate.relations.same_as import same_as
from assaymark.generate.trees.known import target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.chain.chain import Part
    from assaymark.generate.chain.plan import Plan
    from assaymark.generate.coding.encoding import Encoded
    from assaymark.generate.relations.date_parts import DatePart
    from assaymark.generate.trees.known import Known, Target
    from assaymark.generate.trees.link import Link

    Bools = NDArray[np.bool_]

__all__ = ["Growing"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Growing:
    """A column whose trees are to be grown.

    Attributes
    ----------
    encoded, known, links
        The table, the columns drawn before, and what draws these.
    how
        Persons who must stand behind a value, and classes that pools tell apart.
    grow
        Grows the trees of what is to be drawn.
    """

    encoded: Encoded
    plan: Plan
    column: int
    known: Sequence[Known]
    links: Sequence[Part]
    how: tuple[int, int]
    grow: Callable[[Encoded, Target, Sequence[Known]], Link]

    def part(self) -> Part:
        """Return what draws the column, from the rows where another does not say it is missing."""
        plan, column = self.plan, self.column
        if column in plan.looked_up:
            rule = plan.looked_up[column]
            return replace(rule, source=plan.order.index(rule.source))
        if column not in plan.absent:
            return self._drawn(None)
        because = plan.absent[column]
        present = ~because.table[self.encoded.codes[because.source]]
        known = [k.only(present) for k in self.known]
        return replace(self, encoded=self.encoded.only(present), known=known)._drawn(present)

    def _trees(self, target: Target, rows: Bools | None) -> Link:
        if rows is None:
            return self.grow(self.encoded, target, self.known)
        return self.grow(self.encoded.only(rows), target, [k.only(rows) for k in self.known])

    def _plain(self) -> Link:
        return self._trees(target_of(self.encoded, self.column, self.how[1]), None)

    def _drawn(self, present: Bools | None) -> Part:
        plan, column, place = self.plan, self.column, self.plan.order.index
        if column in plan.same:
            equal = plan.same[column]
            rows = equal.rows if present is None else equal.rows[present]
            how = place(equal.source), *self.how
            return same_as(self.encoded, column, replace(equal, rows=rows), how, self._trees)
        if column in plan.one_of:
            return self._one_of()
        for date, parts in plan.read_off.items():
            part = next((p for p in parts if p.column == column), None)
            if part is not None:
                kind = self.encoded.encoding.codings[date].column.kind
                return read_off(part, kind, self._known(part), place(date), self._plain())
        if column in plan.dated or column in plan.rounded:
            return self._told()
        if column in plan.anchors:
            return self._anchored(present)
        return self._plain()

    def _told(self) -> Dated | Rounded:
        """Return what draws a date on the days, or a number with the decimals, others say."""
        plan, column, place = self.plan, self.column, self.plan.order.index
        coding = cells_of(self.encoded.encoding, column)
        if column in plan.rounded:
            told = plan.rounded[column]
            moved = replace(told, source=place(told.source))
            return Rounded(coding=coding, link=self._plain(), decimals=moved)
        at = tuple(replace(p, column=place(p.column)) for p in plan.dated[column])
        return Dated(coding=coding, link=self._plain(), parts=at)

    def _known(self, part: DatePart) -> int:
        """Return how many codes of a column that says a part of a date are not "missing"."""
        coding = self.encoded.encoding.codings[part.column]
        return coding.size - coding.missing

    def _one_of(self) -> OneOf:
        """Return what draws a flag from the rows in which no other of its group is set."""
        flag = self.plan.one_of[self.column]
        at = tuple((self.plan.order.index(j), code) for j, code in flag.others)
        moved = replace(flag, others=at)
        if flag.last:
            return OneOf(flag=moved, link=None)
        rows = ~flag.taken(self.encoded.codes)
        if persons_among(self.encoded.persons[rows]) < 2 * self.how[0]:
            return OneOf(flag=moved, link=self._plain())
        target = target_of(self.encoded.only(rows), self.column, self.how[1])
        return OneOf(flag=moved, link=self._trees(replace(target, scores=None), rows))

    def _anchored(self, present: Bools | None) -> Part:
        """Return what draws a column by its difference from its anchors, or works it out."""
        plan, column = self.plan, self.column
        own = cells_of(self.encoded.encoding, column), plan.numbers[column]
        apart_from = {a: apart(*own, a.at(plan.numbers)) for a in plan.anchors[column]}
        steps = {
            a.moved(plan.order): step if present is None else step.only(present)
            for a, step in apart_from.items()
        }
        found = anchored(
            self.encoded, column, steps, self.how, self._trees, gaps=column in plan.ends
        )
        if not isinstance(found, Anchored):
            return found
        kind = own[0].column.kind
        if kind in DAY:
            near = {j for n in found.near for j, _ in n.anchor.terms}
            others = {j: self._between(j) for j in near}
            found = replace(found, reach=date_reach(own[0], found.near, others))
        else:
            reach = reach_of(self.encoded, column, plan.anchors[column], self.how[0])
            found = replace(found, reach=reach)
        parts = plan.read_off.get(column, ())
        when = comes_out(parts, kind, [self._known(p) for p in parts]) if parts else None
        return replace(found, when=when)

    def _between(self, place: int) -> tuple[float, float]:
        """Return between which numbers a column comes out that was drawn before."""
        coding, link = cells_of(self.encoded.encoding, self.plan.order[place]), self.links[place]
        reach = link.reach if isinstance(link, Anchored) else None
        low, high = coding.grid.value(np.array(reach or coding.span)).tolist()
        return float(low), float(high)

"""Plan: what of a table is worked out, and in which order the rest is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from assaymark.core.schema import Role
from assaymark.generate.coding.cells import CellCoding
from assaymark.generate.relations.anchor_exact import Exact
from assaymark.generate.relations.anchor_sample import Sample
from assaymark.generate.relations.anchor_search import find_anchors
from assaymark.generate.relations.anchors import numbers_of
from assaymark.generate.relations.dated import find_dated
from assaymark.generate.relations.derived import find_absent, find_derived, told_by_derived
from assaymark.generate.relations.made_of import add_parts
from assaymark.generate.relations.one_of import find_one_of
from assaymark.generate.relations.rounded import decimals_first, find_rounded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.generate.coding.encoding import Encoded
    from assaymark.generate.relations.anchors import Anchor
    from assaymark.generate.relations.date_parts import DatePart
    from assaymark.generate.relations.derived import Absent, Lookup
    from assaymark.generate.relations.one_of import Flag
    from assaymark.generate.relations.rounded import Decimals
    from assaymark.generate.relations.same_as import Equal

__all__ = ["Plan", "Relations", "plan_of"]

Relations: TypeAlias = Literal["all", "codes", "none"]

_GLANCE = 3000
_FEW_NUMBERS, _RELATED = 40, 0.3  # among so many are sums of few columns looked for
_TWO = 2
_LEVELS, _LARGEST = 3, 4_000_000  # fewest of a column that comes after, most pairs of levels
_WRONG, _MISSED = 0.05, 0.2  # of everybody, and of those who have not the commonest level


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """The rules between columns; all columns are given by their place in the table.

    Attributes
    ----------
    free
        Columns that are drawn, in this order.
    derived
        Columns that are looked up after that.
    anchors
        What the values of drawn columns lie at or near.
    absent
        Why drawn columns are missing.
    numbers
        The source's values of numbers and dates, NaN where missing.
    texts
        Columns that say the number of another, which is written out last.
    same
        Drawn columns that often have the level of another that is drawn before.
    dated
        Drawn dates of which columns drawn before say the weekday, the month or the hour.
    read_off
        The same of dates with anchors, of which such columns are read off.
    one_of
        Flags of a group of which exactly one is set, but for the first of each group.
    looked_up
        Columns that are looked up in their turn, since sums or products are made of them.
    ends
        Columns that are their anchor wherever both are there.
    rounded
        Drawn numbers of which another column says how many decimals they have.
    """

    free: tuple[int, ...]
    derived: Mapping[int, Lookup]
    anchors: Mapping[int, tuple[Anchor, ...]]
    absent: Mapping[int, Absent]
    numbers: Mapping[int, NDArray[np.float64]]
    texts: Mapping[int, int] = field(default_factory=dict)
    same: Mapping[int, Equal] = field(default_factory=dict)
    dated: Mapping[int, tuple[DatePart, ...]] = field(default_factory=dict)
    read_off: Mapping[int, tuple[DatePart, ...]] = field(default_factory=dict)
    one_of: Mapping[int, Flag] = field(default_factory=dict)
    looked_up: Mapping[int, Lookup] = field(default_factory=dict)
    ends: frozenset[int] = frozenset()
    rounded: Mapping[int, Decimals] = field(default_factory=dict)

    @property
    def order(self) -> tuple[int, ...]:
        """All columns, in the order they come about."""
        return (*self.free, *self.derived, *self.texts)


def plan_of(
    dataset: Dataset,
    encoded: Encoded,
    order: Sequence[int],
    how: tuple[int, Relations],
    numerals: Mapping[str, str],
    same: Mapping[int, Equal],
) -> Plan:
    """Find the rules between columns, and change ``order`` where they need it.

    A column whose codes follow from another's is looked up, unless it is drawn within cells and
    lies at or near a sum of others, which says its values; or unless that other one is a sum with
    it, as a time is of hours and minutes.

    Parameters
    ----------
    how
        Persons who must stand behind a rule, and which rules are looked for.
    numerals
        The columns that say the number of another, and that one, by name.
    same
        The columns that often have the level of another, and where.
    """
    protect, relations = how
    if relations == "none":
        return Plan(free=tuple(order), derived={}, anchors={}, absent={}, numbers={})
    if relations == "codes":
        derived = find_derived(encoded, order, cells=True)
        free = tuple(j for j in order if j not in derived)
        absent = find_absent(encoded, free, derived)
        return Plan(free=free, derived=derived, anchors={}, absent=absent, numbers={})
    place = dataset.schema.names.index
    texts = {place(t): place(n) for t, n in numerals.items()}
    order = [j for j in order if j not in texts]
    numbers = numbers_of(dataset)
    exact = Exact.of(Sample.of(numbers, encoded, protect))
    seldom = exact.seldom
    derived = {
        j: rule
        for j, rule in find_derived(encoded, order, cells=False, last=texts, there=seldom).items()
        if not exact.is_part(j, rule.source)
    }
    drawn = [j for j in _numbers_of_bands_first(encoded, order, derived) if j not in derived]
    drawn = _groups_after(encoded, drawn)
    drawn = _copied_first(drawn, exact.ends)
    parted = find_dated(encoded, numbers, (drawn, (), ()), protect)
    sources = {r.source for r in derived.values() if not _by_one_day(encoded, r)}
    after = exact.after(sources | parted.keys())
    for x, source in told_by_derived(encoded, drawn, derived, after).items():
        add_parts(after, x, {source})
    looked_up = _looked_up(exact, after, derived)
    derived = {j: rule for j, rule in derived.items() if j not in looked_up}
    drawn += looked_up
    free, anchors = find_anchors(exact, drawn, after, parted=parted, looked_up=looked_up)
    held = {j for found in anchors.values() for a in found for j, _ in a.terms} | anchors.keys()
    held |= {rule.source for rule in (*derived.values(), *looked_up.values())} | looked_up.keys()
    rest = [j for j in free if j not in held]
    more = find_derived(encoded, rest, cells=True, last=texts, there=seldom)
    derived |= {j: rule for j, rule in more.items() if rule.source not in derived}
    free = tuple(j for j in free if j not in derived)
    same = {x: e for x, e in same.items() if x in free and e.source in free}
    free = _sources_first(free, same)
    said = {*anchors, *same, *looked_up}
    told = find_dated(encoded, numbers, (free, said, anchors), protect)
    dated = {j: parts for j, parts in told.items() if j not in anchors}
    read_off = {j: parts for j, parts in told.items() if j in anchors}
    free = _parts_after(_parts_first(free, dated), read_off)
    rounded = find_rounded(encoded, numbers, (free, said | told.keys()), protect)
    if any(free.index(d.source) > free.index(x) for x, d in rounded.items()):
        needs = _needed(after, (anchors, same, told), find_absent(encoded, free, derived))
        free = decimals_first(free, rounded, needs)
        rounded = {x: d for x, d in rounded.items() if free.index(d.source) < free.index(x)}
    flags = [j for j in free if j not in same]
    return Plan(
        free=free,
        derived=derived,
        anchors=anchors,
        absent=find_absent(encoded, free, derived),
        numbers=numbers,
        texts=texts,
        same=same,
        dated=dated,
        read_off=read_off,
        one_of=find_one_of(encoded, flags),
        rounded=rounded,
        looked_up=looked_up,
        ends=frozenset(j for j in exact.ends if anchors.get(j) == (exact.ends[j],)),
    )


def _looked_up(
    exact: Exact, after: dict[int, set[int]], derived: Mapping[int, Lookup]
) -> dict[int, Lookup]:
    """Return the columns that follow from another and that a column which does not is made of.

    Such as a price by article, of which totals are made. They come after what they follow from.
    """
    numbers = exact.sample.numbers
    parts = {j for x, a in exact.made.items() if x not in derived for j, _ in a.terms}
    if len(numbers) <= _FEW_NUMBERS:
        others = [x for x in numbers if x not in derived]
        for j in (j for j in derived if j in numbers and j not in parts):
            near = (x for x in others if abs(exact.sample.related(x, j)) >= _RELATED)
            if any(exact.is_part(j, x) for x in near):
                parts.add(j)
    found = {j: derived[j] for j in derived if j in parts}
    return {j: rule for j, rule in found.items() if add_parts(after, j, {rule.source})}


def _parts_first(free: Sequence[int], dated: Mapping[int, tuple[DatePart, ...]]) -> tuple[int, ...]:
    """Let what says the weekday, the month or the hour of a date come before it."""
    moved = list(free)
    for j, parts in dated.items():
        for part in parts:
            if moved.index(part.column) > moved.index(j):
                moved.remove(part.column)
                moved.insert(moved.index(j), part.column)
    return tuple(moved)


def _parts_after(free: Sequence[int], told: Mapping[int, tuple[DatePart, ...]]) -> tuple[int, ...]:
    """Let what is read off a date come after it."""
    moved = list(free)
    for j, parts in told.items():
        for part in reversed(parts):
            if moved.index(part.column) < moved.index(j):
                moved.remove(part.column)
                moved.insert(moved.index(j) + 1, part.column)
    return tuple(moved)


def _needed(
    after: Mapping[int, set[int]],
    found: tuple[
        Mapping[int, tuple[Anchor, ...]], Mapping[int, Equal], Mapping[int, tuple[DatePart, ...]]
    ],
    absent: Mapping[int, Absent],
) -> dict[int, set[int]]:
    """Return what has to be drawn before each column."""
    anchors, same, told = found
    needs = {x: set(parts) for x, parts in after.items()}
    for x, several in anchors.items():
        needs.setdefault(x, set()).update(j for a in several for j, _ in a.terms)
    for rules in (same, absent):
        for x, rule in rules.items():
            needs.setdefault(x, set()).add(rule.source)
    for x, parts in told.items():
        for part in parts:  # it is read off a date that has anchors, and says others
            of, source = (part.column, x) if x in anchors else (x, part.column)
            needs.setdefault(of, set()).add(source)
    return needs


def _sources_first(free: Sequence[int], same: Mapping[int, Equal]) -> tuple[int, ...]:
    """Let a column that is often the same as another come after it."""
    moved = list(free)
    for x, equal in same.items():
        if moved.index(x) < moved.index(equal.source):
            moved.remove(x)
            moved.insert(moved.index(equal.source) + 1, x)
    return tuple(moved)


def _numbers_of_bands_first(
    encoded: Encoded, order: Sequence[int], derived: Mapping[int, Lookup]
) -> list[int]:
    """Let a number whose bands another column says come where that column would."""
    moved = list(order)
    for band, rule in derived.items():
        coding = encoded.encoding.codings[rule.source]
        if isinstance(coding, CellCoding) and (coding.points > 1).any():
            at = moved.index(band)
            if at < moved.index(rule.source):
                moved.remove(rule.source)
                moved.insert(at, rule.source)
    return moved


def _copied_first(drawn: Sequence[int], ends: Mapping[int, Anchor]) -> list[int]:
    """Let a column that another is where that is there come where this one would."""
    moved = list(drawn)
    for x, anchor in ends.items():
        y = anchor.terms[0][0]
        if len(anchor.terms) == 1 and {x, y} <= set(moved) and moved.index(x) < moved.index(y):
            moved.remove(y)
            moved.insert(moved.index(x), y)
    return moved


def _by_one_day(encoded: Encoded, rule: Lookup) -> bool:
    """Whether a column follows from a date by one code only, as who lives when a study ends.

    Such a column says nothing more of the date, and may come after it.
    """
    coding = encoded.encoding.codings[rule.source]
    _, counts = np.unique(rule.table[: coding.size - coding.missing], return_counts=True)
    return len(counts) == _TWO and counts.min() == 1


def _groups_after(encoded: Encoded, drawn: Sequence[int]) -> list[int]:
    """Let levels that a finer column says nearly for sure, as a test its unit, come after it.

    Drawn before, each would leave the finer one to be told apart by few people.
    """
    codings = encoded.encoding.codings
    moved = list(drawn)
    for y in drawn:
        at = moved.index(y)
        if codings[y].ordered or codings[y].size < _LEVELS or codings[y].column.has(Role.TARGET):
            continue
        finer = (x for x in moved[at + 1 :] if not codings[x].ordered and _nearly(encoded, x, y))
        last = next(finer, None)
        if last is not None:
            moved.insert(moved.index(last), moved.pop(at))
    return moved


def _nearly(encoded: Encoded, x: int, y: int) -> bool:
    """Whether ``x`` says ``y`` to nearly everybody, and most whom the commonest is not told.

    References
    ----------
    Goodman & Kruskal (1954), Measures of association for cross classifications: lambda.
    """
    size = [encoded.encoding.codings[j].size for j in (x, y)]
    if size[0] < 2 * size[1] or size[0] * size[1] > _LARGEST:
        return False
    for rows, easily in ((encoded.glance(_GLANCE), 2.0), (slice(None), 1.0)):
        joint = encoded.joint(x, y, rows)
        total, wrong = joint.sum(), joint.sum() - joint.max(axis=1).sum()
        if wrong > easily * min(_WRONG * total, _MISSED * (total - joint.sum(axis=0).max())):
            return False
    mass, told = encoded.mass(y), joint.sum(axis=0) > 0
    return bool(mass[~told].sum() <= _WRONG * mass.sum())

"""Derived columns: one column says what another is, such as a code and its group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.core.schema import Role
from assaymark.generate.coding.cells import CellCoding
from assaymark.generate.coding.levels import LevelCoding, persons_per_code
from assaymark.generate.relations.against import against
from assaymark.generate.trees.link import spread

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.coding.encoding import Coding, Encoded
    from assaymark.generate.trees.link import Place

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["Absent", "Lookup", "find_absent", "find_derived", "tells_values", "told_by_derived"]

_FIRST_LOOK = 3000
_LARGEST = 4_000_000
_WRONG_OF = 0.02
_WRONG_OF_FEW = 0.1  # two of 20 of a kind, where two may be
_RIGHT_PER_CODE = 0.9
_LOST = 0.05  # of the persons have a code that only rare levels tell, at most
_RARE = 0.25  # the same of a number of which each level has one value
_SOME, _ROUGHLY = 0.1, 0.8  # of the persons without a value, and of that in a first look
_BY_CHANCE, _MOST = 0.01, 2
_TWO = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lookup:
    """A column that follows from another: ``table`` gives its code for each code of the other.

    Every code stands for values of at least ``protect`` persons, so the table tells of groups.
    """

    source: int
    table: NDArray[np.int32]

    def draw(self, drawn: Codes, place: Place, out: Codes, inside: Floats) -> None:
        """Write the codes that follow from those of column ``source``; see ``Link.draw``."""
        out[:] = self.table[drawn[self.source]]
        spread(place, inside)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Absent:
    """A column that is missing because of another: ``table`` says so for each code of that one."""

    source: int
    table: NDArray[np.bool_]


def find_absent(
    encoded: Encoded, order: Sequence[int], derived: Mapping[int, Lookup] | None = None
) -> dict[int, Absent]:
    """Return, by place in the table, the columns that are missing because of an earlier one.

    ``Absent.source`` is a place in the table too. Another column is why a column is missing if it
    tells whether for all persons but those who may be :func:`against` a rule, and of those with and
    without a value for all but 2 %, or but two, who may be a tenth of them; else, if it tells of
    more of those without a value than others do, a tenth at least, by codes with which nobody has
    one, but for two. What an earlier column says by way of one that follows from it, of the
    ``derived``, counts too.
    """
    found = {}
    follow: dict[int, list[int]] = {}
    for j, rule in (derived or {}).items():
        follow.setdefault(rule.source, []).append(j)
    for i, x in enumerate(order):
        coding = encoded.encoding.codings[x]
        if coding.missing and coding.size > 1:
            missing = encoded.codes[x] == coding.size - 1
            before = [j for y in order[:i] for j in (y, *follow.get(y, ()))]
            rules = (_because(encoded, y, missing, encoded.redrawn[x]) for y in before)
            why = next((r for r in rules if r is not None), None) or _never(encoded, x, before)
            if why is not None and derived and why.source in derived:
                told = derived[why.source]
                why = Absent(source=told.source, table=why.table[told.table])
            if why is not None:
                found[x] = why
    return found


def told_by_derived(
    encoded: Encoded,
    drawn: Sequence[int],
    derived: Mapping[int, Lookup],
    later: Collection[int],
) -> dict[int, int]:
    """Return, by place in the table, columns that are missing because of one that is looked up.

    And what that one follows from: drawn before, it says so in time. Not where these are missing
    together, nor where a column that is drawn before, and not one of the ``later`` ones that are
    made of others, says so itself.
    """
    found = {}
    for i, x in enumerate(drawn):
        coding = encoded.encoding.codings[x]
        if not coding.missing or coding.size < _TWO or coding.column.has(Role.TARGET):
            continue
        missing, redrawn = encoded.codes[x] == coding.size - 1, encoded.redrawn[x]
        sources = (
            rule.source
            for y, rule in derived.items()
            if rule.source != x and _by_value(encoded, (y, rule), missing, redrawn)
        )
        source = next(sources, None)
        before = [y for y in drawn[:i] if y not in later and y not in found]
        if source is not None and not any(
            _because(encoded, y, missing, redrawn) is not None for y in before
        ):
            found[x] = source
    return found


def _by_value(
    encoded: Encoded,
    derived: tuple[int, Lookup],
    missing: NDArray[np.bool_],
    redrawn: NDArray[np.bool_],
) -> bool:
    """Whether a column is missing because of the value that another follows from."""
    y, rule = derived
    why, coding = _because(encoded, y, missing, redrawn), encoded.encoding.codings[rule.source]
    known = rule.table[: coding.size - coding.missing]
    return why is not None and bool(why.table[known].any())


def _never(encoded: Encoded, x: int, before: Sequence[int]) -> Absent | None:
    """Return the codes of an earlier column with which column ``x`` is always missing, if any.

    With as many persons as have such a code, chance would have to leave all of them without a
    value in fewer than one table in a hundred, whichever pair of columns and code is looked at,
    if no column said anything. Two of them may have one, as of persons :func:`against` a rule.
    """
    missing = encoded.codes[x] == encoded.encoding.codings[x].size - 1
    best, most = None, _SOME * float(encoded.weights[missing].sum())
    some, every = encoded.glance(_FIRST_LOOK), slice(None)
    for y in before:
        size = encoded.encoding.codings[y].size
        for look, enough in ((some, _ROUGHLY), (every, 1.0)):
            seen = ~(encoded.redrawn[x, look] | encoded.redrawn[y, look])
            pair = encoded.codes[y, look].astype(np.int64) * 2 + missing[look]
            there = _joint(pair, seen.astype(np.float64), (size, 2))
            never = (there[:, 0] <= _WRONG_OF_FEW * there[:, 1]) & (there[:, 1] > 0)
            held = _joint(pair, encoded.weights[look] * seen, (size, 2))
            if held[never, 1].sum() <= enough * most * len(seen) / len(missing):
                break
        else:
            never &= _beyond_chance(encoded, (missing, y), seen, len(before))
            if held[never, 1].sum() > most:
                best, most = Absent(source=y, table=never), float(held[never, 1].sum())
    return best


def _beyond_chance(
    encoded: Encoded, pair: tuple[NDArray[np.bool_], int], seen: NDArray[np.bool_], others: int
) -> NDArray[np.bool_]:
    """Say with which codes a column is missing for too many persons, but two, to be by chance."""
    missing, y = pair
    codes, persons, size = encoded.codes[y], encoded.persons, encoded.encoding.codings[y].size
    share = float(encoded.weights[missing].sum()) / float(encoded.weights.sum())
    people = persons_per_code(codes[seen], persons[seen], size)
    there = seen & ~missing
    having = persons_per_code(codes[there], persons[there], size)
    tried = size * others * len(encoded.encoding.codings)
    few = having <= np.minimum(_MOST, _WRONG_OF_FEW * people)
    ways = people.astype(np.float64) ** np.minimum(having, _MOST)  # to choose those who have one
    chance = ways * share ** (people - having)
    found = few & (chance * tried < _BY_CHANCE)
    fewest_first = np.argsort(np.where(found, having, _MOST), kind="stable")
    running = np.cumsum(np.where(found, having, 0)[fewest_first])
    found[fewest_first[running > against(encoded.n_persons)]] = False
    return np.asarray(found)


def _because(
    encoded: Encoded, y: int, missing: NDArray[np.bool_], redrawn: NDArray[np.bool_]
) -> Absent | None:
    size = encoded.encoding.codings[y].size
    for look in (slice(None, None, len(missing) // _FIRST_LOOK + 1), slice(None)):
        pair = encoded.codes[y, look].astype(np.int64) * 2 + missing[look]
        weights = encoded.weights[look] * ~(encoded.redrawn[y, look] | redrawn[look])
        joint = _joint(pair, weights, (size, 2))
        table = joint[:, 1] > joint[:, 0]
        wrong = np.array([joint[table, 0].sum(), joint[~table, 1].sum()])
        each = joint.sum(axis=0)
        strict = 1.0 if look == slice(None) else 5.0
        few = against(float(each.sum()))
        most = strict * np.maximum(_WRONG_OF * each, np.minimum(few, _WRONG_OF_FEW * each))
        if wrong.sum() > strict * few or (wrong > most).any():
            return None
    return Absent(source=y, table=table) if each.all() else None


def find_derived(
    encoded: Encoded,
    columns: Collection[int],
    *,
    cells: bool,
    last: Collection[int] = (),
    there: Collection[int] = (),
) -> dict[int, Lookup]:
    """Return, by place in the table, those of the ``columns`` that follow from another one.

    ``Lookup.source`` is a place in the table too; it is never itself derived. A column follows
    if the other tells its code for all persons but those who may be :func:`against` a rule, and for
    nine in ten persons of each single code, of which there are two at least; so a rare code is
    never explained away, but for those that people only have whose other level is too rare to come
    out, a twentieth of them at most. Nor does it follow where more than a twentieth of the persons
    have a code of the other and a level of its own that is too rare: had it followed, that level
    would be as common as the code.

    Parameters
    ----------
    cells
        Whether those count whose codes stand for cells, so that the values follow but roughly.
    last
        Columns that are written after all others, from which none follows.
    there
        Columns from which none follows that they say only by being there, as who died by a date.
    """
    codings = encoded.encoding.codings
    glance = _Glance.at(encoded)
    found = {} if cells else _values_of_levels(encoded, columns, glance)
    valued = dict(found)
    asked_of = (i for i in range(len(codings)) if i not in last and i not in valued)
    finest_first = sorted(asked_of, key=lambda i: (-codings[i].size, i))
    kept: list[int] = []
    for target in finest_first:
        asked = (
            target in columns
            and codings[target].size > 1
            and (cells or tells_values(codings[target]))
        )
        for source in kept if asked else ():
            told = glance.tells(source, target)
            table = _table(encoded, source, target) if told else None
            only = source in there and table is not None and len(np.unique(table[:-1])) < _TWO
            if table is not None and not only:
                found[target] = Lookup(source=source, table=table)
                break
        else:
            kept.append(target)
    for target, rule in valued.items():
        through = found.get(rule.source)
        if through is not None:
            found[target] = Lookup(source=through.source, table=rule.table[through.table])
    return found


def _values_of_levels(
    encoded: Encoded, columns: Collection[int], glance: _Glance
) -> dict[int, Lookup]:
    """Return numbers of which each level of another column has one value, such as prices.

    Those of rare levels are drawn within cells, but do not come out, as the levels do not.
    """
    codings, found = encoded.encoding.codings, {}
    levels = [j for j, c in enumerate(codings) if isinstance(c, LevelCoding)]
    for target in columns:
        coding = codings[target]
        if tells_values(coding) or not isinstance(coding, CellCoding):
            continue
        alone = np.append(coding.points <= 1, np.ones(int(coding.missing), dtype=np.bool_))
        mass = encoded.mass(target)
        if mass[~alone].sum() > _RARE * mass.sum():
            continue
        sizes = {j: codings[j].size for j in levels}
        for source in (j for j in levels if sizes[j] >= alone.sum() and glance.tells(j, target)):
            table = _table(encoded, source, target, _RARE)
            if table is not None and alone[table].all():
                found[target] = Lookup(source=source, table=table)
                break
    return found


def tells_values(coding: Coding) -> bool:
    """Whether a code says the value, and not only the cell that it is in."""
    return not isinstance(coding, CellCoding) or bool((coding.points <= 1).all())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Glance:
    """Some rows, 3,000 at most, that show for most pairs of columns that neither follows."""

    codes: Codes
    redrawn: NDArray[np.bool_]
    weights: Floats
    sizes: tuple[int, ...]
    joint: Floats

    @classmethod
    def at(cls, encoded: Encoded) -> _Glance:
        look = encoded.glance(_FIRST_LOOK)
        sizes = tuple(c.size for c in encoded.encoding.codings)
        return cls(
            codes=np.ascontiguousarray(encoded.codes[:, look]),
            redrawn=np.ascontiguousarray(encoded.redrawn[:, look]),
            weights=encoded.weights[look].copy(),
            sizes=sizes,
            joint=np.zeros(min(max(sizes) ** 2, _LARGEST)),
        )

    def tells(self, source: int, target: int) -> bool:
        """Whether ``target`` may follow from ``source``, as far as these rows show."""
        if self.sizes[source] * self.sizes[target] > _LARGEST:
            return False
        codes, redrawn = self.codes, self.redrawn
        both = (codes[source], codes[target]), (redrawn[source], redrawn[target])
        sizes = self.sizes[source], self.sizes[target]
        total, right = _glanced(*both, self.weights, sizes, self.joint)
        return total - right <= 5 * against(total) + 2


@compiled
def _glanced(
    codes: tuple[Codes, Codes],
    redrawn: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    weights: Floats,
    sizes: tuple[int, int],
    joint: Floats,
) -> tuple[float, float]:
    """Return what all rows weigh, and those that have the commonest target of their source.

    ``joint`` is all zero before and after.
    """
    source, target = codes
    total, right, most = 0.0, 0.0, np.zeros(sizes[0])
    for i in range(len(weights)):
        if not (redrawn[0][i] or redrawn[1][i]):
            total += weights[i]
            joint[source[i] * sizes[1] + target[i]] += weights[i]
    for i in range(len(weights)):
        cell = source[i] * sizes[1] + target[i]
        most[source[i]] = max(most[source[i]], joint[cell])
    for i in range(len(weights)):
        joint[source[i] * sizes[1] + target[i]] = 0.0
    for m in most:
        right += m
    return total, right


def _table(
    encoded: Encoded, source: int, target: int, lost: float = _LOST
) -> NDArray[np.int32] | None:
    """Return the code of ``target`` for each of ``source``, if it follows.

    Persons who have a code that only rare levels tell are a share of ``lost`` at most, and so are
    those of a code of ``source`` whose own level is too rare.
    """
    rare = encoded.weights[encoded.redrawn[target] & ~encoded.redrawn[source]].sum()
    if rare > lost * encoded.weights.sum():
        return None
    joint, size = encoded.joint(source, target), encoded.encoding.codings[target].size
    table = joint.argmax(axis=1)
    right = np.bincount(table, joint.max(axis=1), minlength=size)
    each = joint.sum(axis=0)
    mass = encoded.mass(target)
    if (
        np.count_nonzero(each > 0) < _TWO
        or mass[each <= 0].sum() > lost * mass.sum()
        or each.sum() - right.sum() > against(float(each.sum()))
        or (right < _RIGHT_PER_CODE * each).any()
    ):
        return None
    rule: NDArray[np.int32] = table.astype(np.int32)
    return rule


def _joint(
    pair: NDArray[np.int64], weights: NDArray[np.float64], shape: tuple[int, int]
) -> NDArray[np.float64]:
    mass: NDArray[np.float64] = np.bincount(pair, weights, shape[0] * shape[1]).astype(np.float64)
    return mass.reshape(shape)

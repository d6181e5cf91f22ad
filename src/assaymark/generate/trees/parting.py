"""Parting: the cut that best tells apart the classes of the rows at a node of a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.core.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["PLACES", "Scratch", "best_cut", "scratch_of"]

PLACES = 64
_DEARER = 1.25  # times what chance is found to make of persons' rows, which is not sure
_ONE = np.uint64(1)


@compiled
def _worth(mass: float) -> float:
    return mass * np.log(mass) if mass > 0 else 0.0


@compiled
def _worths(rows: int) -> Floats:
    """Return what 0, 1, ... ``rows`` rows are worth, so that no logarithm is taken twice."""
    table = np.empty(rows + 1)
    for count in range(rows + 1):
        table[count] = _worth(float(count))
    return table


@compiled
def _look(table: Floats, mass: float) -> float:
    """Return what ``mass`` is worth: from ``table`` where there is one, as masses are whole."""
    return table[np.int64(mass)] if len(table) else _worth(mass)


class Scratch(NamedTuple):
    """Room for one node.

    ``joint`` is what the rows of each place and class weigh, ``first`` and ``last`` how many
    persons have their first and their last place there; all are empty between features. ``joint``
    holds whole numbers, and the others are not needed, where each row counts for one person.
    ``total``, ``left``, ``low`` and ``high`` have a number for each class that the node has,
    ``number`` is theirs, ``own`` that of each row. ``worths`` is empty where masses are not whole.
    ``sums`` is room for :func:`_parameters`.
    """

    joint: Floats | Codes
    first: Floats
    last: Floats
    total: Floats
    left: Floats
    low: Floats
    high: Floats
    number: Codes
    own: Codes
    worths: Floats
    sums: Floats


@compiled
def scratch_of(joint: Floats | Codes, n: int, alike: bool) -> Scratch:
    """Return room for nodes of ``n`` rows at most; ``joint`` holds a number a place and class."""
    classes = len(joint) // PLACES
    return Scratch(
        joint,
        np.zeros(PLACES),
        np.zeros(PLACES),
        np.empty(classes),
        np.empty(classes),
        np.empty(classes),
        np.empty(classes),
        np.empty(classes, np.int32),
        np.empty(n, np.int32),
        _worths(n if alike else -1),
        np.zeros((8, classes)),
    )


@compiled
def _classes(y: Codes, weight: Floats, inside: Codes, scratch: Scratch) -> tuple[int, int]:
    """Give the classes of a node's rows numbers, in order; return how many there are, and weigh."""
    total, number, own = scratch.total, scratch.number, scratch.own
    number[:] = -1
    for i in inside:
        number[y[i]] = 0
    there = 0
    for c in range(len(number)):
        if number[c] == 0:
            number[c] = there
            total[there] = 0.0
            there += 1
    for t in range(len(inside)):
        own[t] = number[y[inside[t]]]
        total[own[t]] += weight[inside[t]]
    heavy = 0
    for c in range(there):
        heavy += total[c] > 0
    return there, heavy


@compiled
def _count(row: NDArray[np.uint8], inside: Codes, scratch: Scratch, there: int) -> np.uint64:
    """Count rows by place and class; return a bit for each place that has a row."""
    joint, own, places = scratch.joint, scratch.own, np.uint64(0)
    for t in range(len(inside)):
        place = np.int64(row[inside[t]])
        joint[place * there + own[t]] += 1
        places |= _ONE << np.uint64(place)
    return places


@compiled
def _weigh(
    row: NDArray[np.uint8],
    rows: tuple[Floats, Codes],
    inside: Codes,
    scratch: Scratch,
    there: int,
) -> np.uint64:
    """Weigh rows by place and class; return a bit for each place that has a row."""
    (weight, persons), places = rows, np.uint64(0)
    joint, own, begin, low, high = scratch.joint, scratch.own, 0, PLACES, 0
    for t in range(len(inside)):
        i = inside[t]
        place = int(row[i])
        joint[place * there + own[t]] += weight[i]
        places |= _ONE << np.uint64(place)
        low, high = min(low, place), max(high, place)
        if t == len(inside) - 1 or persons[inside[t + 1]] != persons[inside[begin]]:
            scratch.first[low] += 1.0
            scratch.last[high] += 1.0
            begin, low, high = t + 1, PLACES, 0
    return places


@compiled
def _persons(persons: Codes, inside: Codes, scratch: Scratch) -> float:
    """Count the persons at a node, whose rows lie together."""
    if len(scratch.worths):
        return float(len(inside))
    found = 0.0
    for t in range(len(inside)):
        found += t == 0 or persons[inside[t]] != persons[inside[t - 1]]
    return found


@compiled
def best_cut(
    features: tuple[NDArray[np.uint8], NDArray[np.int64]],
    y: Codes,
    rows: tuple[Floats, Codes],
    inside: Codes,
    scratch: Scratch,
    rule: tuple[float, float],
) -> tuple[int, int]:
    """Return the feature and the threshold of the best split of the rows ``inside``; or -1.

    ``rows`` is what each row counts for, and whose it is; where a person has several, they lie
    together. ``rule`` is what a split must add to the log-likelihood for each class but one, and
    the persons that each side must have. Where persons have several rows, what a split must add
    is for each parameter as these people would have it: see :func:`_parameters`.
    """
    binned, widths = features
    alike, persons = len(scratch.worths) > 0, _persons(rows[1], inside, scratch)
    if persons < rule[1] * (2.0 if alike else 1.0):  # of whom some may be on both sides
        return -1, 0
    there, heavy = _classes(y, rows[0], inside, scratch)
    best, feature, threshold = rule[0] * max(heavy - 1, 1), -1, 0
    if not alike:
        best = 0.0
    for j in range(len(widths)):
        if alike:
            places = _count(binned[j], inside, scratch, there)
        else:
            places = _weigh(binned[j], rows, inside, scratch, there)
        gain, place = _cut(scratch, (widths[j], there), (persons, rule[1]), places)
        if not alike and gain > best:
            gain -= rule[0] * _parameters(binned[j], place, rows, inside, scratch, there)
        if gain > best:
            best, feature, threshold = gain, j, place
    return feature, threshold


@compiled
def _parameters(
    row: NDArray[np.uint8],
    place: int,
    rows: tuple[Floats, Codes],
    inside: Codes,
    scratch: Scratch,
    there: int,
) -> float:
    """Return how many parameters a cut adds, as the persons, not their rows, tell.

    By chance alone the log-likelihood grows by about a half of the trace of the classes'
    variances over persons, each over what independent rows of weight 1 would have: as many
    parameters as classes but one where each person has one row; fewer, where the rows of a person
    differ as those of others do; as many again, where the rows of a person are alike. A quarter
    more is asked than is found, but no more than of one row each.

    References
    ----------
    Takeuchi (1976), Distribution of informational statistics and a criterion of model fitting.
    """
    weight, persons = rows
    own, sums = scratch.own, scratch.sums
    sums[:, :there] = 0.0
    heavy = np.zeros((3, 2))
    first = 0
    for t in range(len(inside) + 1):
        if t == len(inside) or persons[inside[t]] != persons[inside[first]]:
            _closed(sums, own[first:t], heavy)
            first = t
        if t < len(inside):
            i = inside[t]
            sums[0 if row[i] <= place else 1, own[t]] += weight[i]
    traces, single = np.zeros(3), np.full(3, -1.0)
    for side in range(3):
        for c in range(there):
            if sums[2 + side, c] > 0:
                traces[side] += sums[5 + side, c] / sums[2 + side, c]
                single[side] += 1.0
        traces[side] -= heavy[side, 1] / max(heavy[side, 0], 1e-300)
    here, alone = _added(traces), _added(single)
    if alone <= 0:
        here, alone = traces[2], single[2]
    return float(single[2] * min(_DEARER * here / max(alone, 1.0), 1.0))


@compiled
def _added(traces: Floats) -> float:
    """Return what the left and the right have more than both together, a half of it at least."""
    apart = traces[0] + traces[1]
    return float(max(apart - traces[2], 0.5 * apart))


@compiled
def _closed(sums: Floats, own: Codes, heavy: Floats) -> None:
    """Add up a person's rows on the left, on the right and together, and forget them.

    ``sums`` has, by class, the person's mass on the left and on the right, that of all persons on
    the left, on the right and together, and the squares of persons' masses likewise; ``heavy``
    the masses of all classes, and the squares of persons' ones.
    """
    left, right = 0.0, 0.0
    for c in own:
        here = sums[0, c], sums[1, c]
        left, right = left + here[0], right + here[1]
        sums[2, c] += here[0]
        sums[3, c] += here[1]
        sums[4, c] += here[0] + here[1]
        sums[5, c] += here[0] ** 2
        sums[6, c] += here[1] ** 2
        sums[7, c] += (here[0] + here[1]) ** 2
        sums[0, c], sums[1, c] = 0.0, 0.0
    heavy[0, 0], heavy[0, 1] = heavy[0, 0] + left, heavy[0, 1] + left**2
    heavy[1, 0], heavy[1, 1] = heavy[1, 0] + right, heavy[1, 1] + right**2
    heavy[2, 0], heavy[2, 1] = heavy[2, 0] + left + right, heavy[2, 1] + (left + right) ** 2


@compiled
def _cut(
    scratch: Scratch,
    shape: tuple[int, int],
    least: tuple[float, float],
    places: np.uint64,
) -> tuple[float, int]:
    """Return how much log-likelihood the best cut of one feature adds, and its place.

    ``shape`` is how many places and classes there are, ``least`` the persons at the node and
    those that each side must have. The scratch is empty afterwards.
    """
    width, there = shape
    joint, total = scratch.joint, scratch.total[:there]
    left, low, high, worths = scratch.left, scratch.low, scratch.high, scratch.worths
    mass, together = total.sum(), 0.0
    for k in range(there):
        left[k], low[k], high[k] = 0.0, 0.0, _look(worths, total[k])
        together += high[k]
    mass_left, whole = 0.0, _look(worths, mass)
    on_left, on_right = 0.0, least[0]
    apart, best, place = together, 0.0, 0
    for a in range(width):
        if not (places >> np.uint64(a)) & _ONE:
            continue
        for k in range(there):
            added = joint[a * there + k]
            if added > 0:
                joint[a * there + k] = 0
                apart -= low[k] + high[k]
                left[k] += added
                mass_left += added
                low[k], high[k] = _look(worths, left[k]), _look(worths, total[k] - left[k])
                apart += low[k] + high[k]
        if len(worths):
            on_left, on_right = mass_left, least[0] - mass_left
        else:
            on_left, on_right = on_left + scratch.first[a], on_right - scratch.last[a]
            scratch.first[a], scratch.last[a] = 0.0, 0.0
        if min(on_left, on_right) < least[1] or a == width - 1:
            continue
        gain = apart - _look(worths, mass_left) - _look(worths, mass - mass_left)
        gain = gain - together + whole
        if gain > best:
            best, place = gain, a
    return best, place

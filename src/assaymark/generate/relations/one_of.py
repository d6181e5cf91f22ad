"""One of: flags of a group of which exactly one is set in each row, whatever they are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.coding.levels import LevelCoding, persons_among

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.coding.encoding import Encoded
    from assaymark.generate.trees.link import Link, Place

    Codes = NDArray[np.int32]
    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]

__all__ = ["Flag", "OneOf", "find_one_of"]

_FEWEST_PERSONS, _FEWEST_FLAGS, _MOST_FLAGS, _MOST_STEPS = 60, 3, 200, 5000
_EXCEPT = 3  # persons, so that one more or less decides nothing
_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A flag of a group, after others of it.

    Attributes
    ----------
    others
        Place of each flag of the group that comes before it, and its code where it is set.
    codes
        Its own code where it is set, and where it is not.
    last
        Whether no flag of the group comes after it.
    """

    others: tuple[tuple[int, int], ...]
    codes: tuple[int, int]
    last: bool

    def taken(self, codes: Codes) -> Bools:
        """Return where one of the others is set; ``codes`` has a row for each place."""
        found: Bools = np.any([codes[j] == code for j, code in self.others], axis=0)
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OneOf:
    """A flag that is not set where another is, and is where it is the last that can be.

    Attributes
    ----------
    flag
        Places are those in the chain.
    link
        Draws the codes where no other is set yet; ``None`` of the last flag.
    """

    flag: Flag
    link: Link | None

    def draw(self, drawn: Codes, place: Place, out: Codes, inside: Floats) -> None:
        """Draw the codes; see :meth:`Link.draw`."""
        out[:] = self.flag.codes[0]
        if self.link is not None:
            self.link.draw(drawn, place, out, inside)
        out[self.flag.taken(drawn)] = self.flag.codes[1]


def find_one_of(encoded: Encoded, columns: Sequence[int]) -> dict[int, Flag]:
    """Return the flags of groups of which exactly one is set in every row, but for each first one.

    Flags are columns of two levels, the same two in a group, such as "yes" and "no", each of
    which as many persons have as protect a value; they are missing all together, or never. Three
    persons may have other rows, with two set, none, or what few have: these do not come out, so
    that no person decides whether such rows do. By chance 60 persons have exactly one of three
    unrelated flags in one of 10^21 tables.
    """
    found: dict[int, Flag] = {}
    for group in _alike(encoded, columns):
        for level in (0, 1):
            left = {j: codes for j, codes in group.items() if j not in found}
            for members in _covers(encoded, {j: c[level] for j, c in left.items()}):
                codes = {j: (left[j][level], left[j][1 - level]) for j in members}
                for i, j in enumerate(members[1:], start=1):
                    others = tuple((k, codes[k][0]) for k in members[:i])
                    last = i == len(members) - 1
                    found[j] = Flag(others=others, codes=codes[j], last=last)
                    left.pop(j)
                left.pop(members[0])
                group.pop(members[0])
    return found


def _alike(encoded: Encoded, columns: Sequence[int]) -> Iterator[dict[int, tuple[int, int]]]:
    """Yield columns that have the same two levels, and are missing in the same rows.

    With the codes of these levels.
    """
    groups: dict[object, dict[int, tuple[int, int]]] = {}
    for j in columns:
        coding = encoded.encoding.codings[j]
        if isinstance(coding, LevelCoding) and len(coding.levels) == 2:
            first, second = sorted((0, 1), key=lambda i: str(coding.levels[i]))
            gone = np.packbits(encoded.codes[j] == 2).tobytes() if coding.missing else b""
            key = str(coding.levels[first]), str(coding.levels[second]), gone
            if persons_among(encoded.persons[encoded.redrawn[j]]) <= _EXCEPT:
                groups.setdefault(key, {})[j] = first, second
    for group in groups.values():
        if _FEWEST_FLAGS <= len(group) <= _MOST_FLAGS:
            yield group


def _covers(encoded: Encoded, codes: Mapping[int, int]) -> list[list[int]]:
    """Return groups of columns of which exactly one has its code in each row that has any."""
    columns = list(codes)
    if len(columns) < _FEWEST_FLAGS:
        return []
    few = encoded.redrawn[columns].any(axis=0)
    allowed = _EXCEPT - persons_among(encoded.persons[few])
    there = (encoded.codes[columns[0]] < 2) & ~few
    persons = encoded.persons[there]
    if allowed < 0 or persons_among(persons) < _FEWEST_PERSONS:
        return []
    is_set = np.stack([encoded.codes[j][there] == codes[j] for j in columns])
    apart = _apart(is_set, persons, allowed)
    found: list[list[int]] = []
    _, rows = np.unique(persons, return_index=True)
    for row in np.sort(rows)[: allowed + 1].tolist():
        for first in np.flatnonzero(is_set[:, row]).tolist():
            members = _cover(is_set, apart, persons, first, allowed)
            if len(members) >= _FEWEST_FLAGS:
                found.append(sorted((columns[i] for i in members), key=columns.index))
                is_set[members] = False  # a column is in one group
                apart[members] = False
    return found


def _apart(is_set: Bools, persons: NDArray[np.int64], allowed: int) -> Bools:
    """Return which columns are never set together, but for so few persons."""
    both = np.zeros((len(is_set), len(is_set)))
    for begin in range(0, is_set.shape[1], _AT_ONCE):
        part = is_set[:, begin : begin + _AT_ONCE].astype(np.float32)
        both += part @ part.T
    most = allowed * int(np.bincount(persons).max())
    apart = both == 0
    for i, j in zip(*np.nonzero((both > 0) & (both <= most)), strict=True):
        apart[i, j] = persons_among(persons[is_set[i] & is_set[j]]) <= allowed
    return np.asarray(apart, dtype=np.bool_)


def _cover(
    is_set: Bools, apart: Bools, persons: NDArray[np.int64], first: int, allowed: int
) -> list[int]:
    """Return columns no two of which are set together, with the first one, and one always is.

    The first row that lacks one is given each that is set there in turn (an exact cover, Knuth
    2000), or is one of those of the few persons that need not; none if there is no such group, or
    it is not found in 5,000 steps.
    """
    left: list[tuple[list[int], Bools, int]] = [([first], is_set[first], 0)]
    for _ in range(_MOST_STEPS):
        if not left:
            return []
        members, covered, excepted = left.pop()
        if covered.all():
            odd = is_set[members].sum(axis=0) != 1
            if persons_among(persons[odd]) <= allowed:
                return members
            continue
        at = int(np.argmin(covered))
        free = apart[members].all(axis=0) & is_set[:, at]
        more = np.flatnonzero(free).tolist()
        if excepted < allowed:
            left.append((members, covered | (persons == persons[at]), excepted + 1))
        left.extend(([*members, j], covered | is_set[j], excepted) for j in reversed(more))
    return []

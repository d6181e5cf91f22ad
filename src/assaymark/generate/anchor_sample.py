"""Anchor sample: the rows on which relations between columns are looked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.schema import Kind
from assaymark.generate.anchors import Anchor, apart, cells_of, noise_of
from assaymark.generate.product_solve import rates
from assaymark.generate.ranks import correlation, ranked, telling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.cells import CellCoding
    from assaymark.generate.encoding import Encoded

    Floats = NDArray[np.float64]

__all__ = ["Sample"]

_LOOK = 6000
_FEWEST, _FEW = 200, 40
_EQUAL = 0.01
_PAIRS, _HALF = 20, 0.5
_ALWAYS = 0.99
_MANY, _NO_ROOM = 64, 12  # so few values are all within rounding of each other


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Rows of persons drawn at random; anchors are fitted to some and judged by the others.

    ``many`` is how many values each column has, however few codes these have: of a time to an
    event or the end of follow-up, most are the latter.
    """

    numbers: Mapping[int, Floats]
    ranks: Mapping[int, Floats]
    codes: NDArray[np.int32]
    masses: Mapping[int, Floats]
    codings: Mapping[int, CellCoding]
    persons: NDArray[np.int64]
    protect: int
    fitted: NDArray[np.bool_]
    telling: Mapping[int, NDArray[np.bool_]]
    many: Mapping[int, int]
    cache: dict[tuple[object, ...], Floats] = field(default_factory=dict)
    worth: dict[tuple[object, ...], float] = field(default_factory=dict)
    multiples: dict[tuple[int, int], dict[float, float]] = field(default_factory=dict)
    pairs: dict[tuple[str, float], list[tuple[int, int]]] = field(default_factory=dict)

    @classmethod
    def of(cls, numbers: Mapping[int, Floats], encoded: Encoded, protect: int) -> Sample:
        """Draw 6,000 rows at most."""
        rng = np.random.default_rng(0)
        look = np.sort(rng.permutation(encoded.codes.shape[1])[:_LOOK])
        part = {j: v[look] for j, v in numbers.items()}
        many = {j: len(np.unique(v[np.isfinite(v)])) for j, v in part.items()}
        return cls(
            numbers=part,
            ranks={j: ranked(v) for j, v in part.items()},
            codes=encoded.codes[:, look],
            masses={j: encoded.mass(j) for j in numbers},
            codings={j: cells_of(encoded.encoding, j) for j in numbers},
            persons=encoded.persons[look],
            protect=protect,
            fitted=(rng.permutation(encoded.n_persons) % 2 == 0)[encoded.persons[look]],
            telling={j: telling(v) for j, v in part.items()},
            many=many,
        )

    def holds(self, x: int, anchor: Anchor) -> bool:
        """Whether a column is what an anchor says, but for rounding, in 99 % of the rows.

        And in as much of the persons, of whom there are ``protect``.
        """
        steps = apart(self.codings[x], self.numbers[x], anchor.at(self.numbers))
        room = _NO_ROOM if type(anchor) is Anchor else _MANY
        rounded = self.many[x] > room and not anchor.whole
        right = steps.both & (np.abs(steps.points) <= rounded)
        parts = (steps.anchor, _FEWEST), (self.telling[x] & steps.anchor, _FEW)
        if not all((right & p).sum() >= _ALWAYS * max(p.sum(), fewest) for p, fewest in parts):
            return False
        weight = 1.0 / np.bincount(self.persons)[self.persons]
        often = (weight * right).sum() >= _ALWAYS * (weight * steps.anchor).sum()
        return bool(often and len(np.unique(self.persons[right])) >= self.protect)

    def measured(self, x: int) -> bool:
        """Whether multiples and powers of a column say something: not of dates, whose 0 is 1970."""
        return self.codings[x].column.kind not in (Kind.DATE, Kind.DATETIME)

    def step(self, x: int) -> float:
        """Return how large a step of its grid is beside a column's values."""
        grid, values = self.codings[x].grid, self.numbers[x][np.isfinite(self.numbers[x])]
        width = grid.step / grid.scale if grid.scale else grid.width
        return float(width / max(float(np.median(np.abs(values))), 1e-300))

    def sparse(self, x: int) -> float:
        """Return over how many points of its grid a column's values are spread."""
        grid, values = self.codings[x].grid, self.numbers[x][np.isfinite(self.numbers[x])]
        return float(np.ptp(values)) * grid.scale / grid.step

    def related(self, x: int, y: int) -> float:
        """Return the correlation of the ranks of two columns."""
        if ("related", x, y) not in self.worth:
            found = correlation(self.ranks[x], self.ranks[y])
            self.worth["related", x, y] = self.worth["related", y, x] = found
        return self.worth["related", x, y]

    def alike(self, least: float) -> list[tuple[int, int]]:
        """Return pairs of columns of many values that say each other where both are there."""
        if ("alike", least) not in self.pairs:
            many = [j for j, n in self.many.items() if n >= _MANY]
            found = {p: self.related(*p) for p in combinations(many, 2)}
            near = sorted((p for p in found if found[p] >= _HALF), key=lambda p: -found[p])
            held = [p for p in near[:_PAIRS] if self._where_both(*p) >= least]
            self.pairs["alike", least] = held
        return self.pairs["alike", least]

    def _where_both(self, x: int, y: int) -> float:
        """Return the correlation of the ranks of two columns in the rows where both are there."""
        both = np.isfinite(self.numbers[x]) & np.isfinite(self.numbers[y])
        return correlation(*(ranked(self.numbers[j][both]) for j in (x, y)))

    def left_over(self, x: int, y: int, z: int) -> float:
        """Return how ``z`` is related to what ``x`` is more than ``y``."""
        if ("left", x, y) not in self.cache:
            self.cache["left", x, y] = ranked(self.numbers[x] - self.numbers[y])
        if ("left", x, y, z) not in self.worth:
            found = correlation(self.cache["left", x, y], self.ranks[z])
            self.worth["left", x, y, z] = found
        return self.worth["left", x, y, z]

    def equal(self, x: int, earlier: Sequence[int]) -> list[int]:
        """Return the columns that say the very values of ``x`` in some of the rows."""
        telling, own = self.telling[x], self.numbers[x]
        least = max(_EQUAL * telling.sum(), _FEW)
        for y in earlier:
            if ("equal", x, y) not in self.worth:
                self.worth["equal", x, y] = float((telling & (own == self.numbers[y])).sum())
        return [y for y in earlier if self.worth["equal", x, y] >= least]

    def rates(self, x: int, y: int) -> dict[float, float]:
        """Return the multiples of ``y`` where ``x`` often lies, and how often."""
        if (x, y) not in self.multiples:
            own, several = self.numbers[x], min(self.many[x], self.many[y]) >= _MANY
            several = several and self.measured(x) and self.measured(y)
            given = own, self.numbers[y], self.rounding(x, own), self.persons, self.protect
            found = rates(*given) if several else {}
            self.multiples[x, y] = found
        return self.multiples[x, y]

    def half(self, x: int) -> float:
        """Return half the distance between values that a column can have."""
        grid = self.codings[x].grid
        return 0.5 * grid.step / grid.scale if grid.scale else 0.0

    def rounding(self, x: int, values: Floats) -> Floats:
        """Return by how much rounding may have changed each of the values of a column."""
        return self.half(x) + noise_of(self.codings[x]) * np.abs(values)

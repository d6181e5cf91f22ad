"""Product solve: which powers of columns, multiplied, say another, but for rounding or roughly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from assaymark.core.compiled import compiled
from assaymark.generate.relations.against import against
from assaymark.generate.relations.anchors import Product

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Logs", "divisor", "rates"]

_MOST_TERMS, _STARTS = 4, 4
_THERE = 0.8  # of the values, that a logarithm can be taken of
_SOME = 0.01
_FEWEST = 100
_KEPT = 0.9  # the rows that fit best
_LARGEST = 3.0
_CLOSE = 0.5  # of the spread of the logarithms, that is left at most
_LEAST = 1e-9
_TRIMMED = 0.005
_MOST_RATES = 3
_OFTEN, _OFTEN_ROWS = 0.04, 40
_ITSELF = (0.0, 1.0)
_SHARES = ((1.0, -1.0), (1.0, 1.0))
_PERCENTS = ((1.0, -0.01), (1.0, 0.01))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Logs:
    """Logarithms of columns, of 1 more or less a share, and of 1 more or less a percentage.

    Attributes
    ----------
    numbers
        The values by place in the table, NaN where missing, shape ``(n,)``.
    places, lines
        Of which column each logarithm is, and of what of it; see :class:`Product`.
    values
        The logarithms, centred, NaN where there is none; shape ``(lines, n)``.
    """

    numbers: Mapping[int, Floats]
    places: NDArray[np.int64]
    lines: tuple[tuple[float, float], ...]
    values: Floats

    @classmethod
    def of(cls, numbers: Mapping[int, Floats], *, gaps: bool = False, zeros: bool = False) -> Logs:
        """Take the logarithms that can be taken of most rows; with ``gaps``, of most values.

        With ``zeros`` those of what is often 0, such as a quantity, are taken as well.
        """
        places, lines, rows = [], [], []
        for j, column in numbers.items():
            for line in _lines_of(column):
                raised = line[0] + line[1] * column
                log = _log(raised)
                least = max(_THERE * (np.isfinite(column).mean() if gaps else 1.0), _SOME)
                there = np.isfinite(log)
                often = there | (raised == 0) if zeros and there.mean() >= _SOME else there
                if often.mean() >= least and np.nanstd(log) > _LEAST:
                    places.append(j)
                    lines.append(line)
                    rows.append(log - np.nanmean(log))
        n = len(next(iter(numbers.values()), ()))
        values = np.stack(rows) if rows else np.empty((0, n))
        at = np.array(places, dtype=np.int64)
        return cls(numbers=numbers, places=at, lines=tuple(lines), values=values)

    def plain(self) -> Logs:
        """Return those of columns themselves."""
        of = np.array([line == _ITSELF for line in self.lines], dtype=np.bool_)
        lines = (_ITSELF,) * int(of.sum())
        return replace(self, places=self.places[of], lines=lines, values=self.values[of])

    def products(self, x: int, rounding: Floats, among: Collection[int]) -> Iterator[Found]:
        """Yield products of the columns ``among`` that say ``x``.

        Each step adds the column that says most of what is left (orthogonal matching pursuit,
        Pati et al. 1993, of logarithms), first one of the four that say most; powers are rounded to
        halves.

        Parameters
        ----------
        rounding
            By how much rounding may have changed each value of ``x``, shape ``(n,)``.
        """
        aim = _log(self.numbers[x])
        there = np.isfinite(aim)
        part = self._only(there, among)
        if there.sum() < _FEWEST or not len(part.places) or aim[there].std() < _LEAST:
            return
        asked = _Asked(y=self.numbers[x][there], log=aim[there], rounding=rounding[there])
        begin, full = Found(chosen=(), left=asked.log - asked.log.mean()), _Full.of(part.values)
        order = part.places[np.argsort(-part.worth(begin, full), kind="stable")].tolist()
        columns = list(dict.fromkeys(order))
        for column in columns[:_STARTS]:
            step = part.with_one(asked, begin, column)
            yield from step.told(asked)
            for _ in range(1, min(_MOST_TERMS, len(columns))):
                if step.exact:
                    break
                more = int(part.places[np.argmax(part.worth(step, full))])
                step = part.with_one(asked, step, more)
                yield from step.told(asked)

    def _only(self, rows: NDArray[np.bool_], among: Collection[int]) -> Logs:
        of = np.isin(self.places, list(among))
        lines = tuple(line for line, kept in zip(self.lines, of, strict=True) if kept)
        every = bool(rows.all())
        numbers = self.numbers if every else {j: self.numbers[j][rows] for j in among}
        values = self.values[of] if every else self.values[np.ix_(of, rows)]
        return Logs(numbers=numbers, places=self.places[of], lines=lines, values=values)

    def worth(self, step: Found, full: _Full) -> Floats:
        """Return how much each line says of what a step leaves; of columns in it, nothing."""
        worth = np.abs(full.values @ step.left) / full.length
        return np.where(np.isin(self.places, self.places[list(step.chosen)]), -1.0, worth)

    def with_one(self, asked: _Asked, step: Found, column: int) -> Found:
        """Return the step with one more column, by the line of it that leaves least.

        Or with another line of a column in it, if that says all: alone, 1 less a share may seem
        to say more than the share that is divided by.
        """
        tried = [self._fitted(asked, (*step.chosen, c)) for c in self._ways(column)]
        best = min(tried, key=lambda t: (not t.exact, t.off))
        if best.exact:
            return best
        others = (
            (*best.chosen[:at], way, *best.chosen[at + 1 :])
            for at, c in enumerate(step.chosen)
            for way in self._ways(int(self.places[c]))
            if way != c
        )
        tried = [best, *(self._fitted(asked, chosen) for chosen in others)]
        return next((t for t in tried if t.exact), best)

    def _ways(self, column: int) -> list[int]:
        return np.flatnonzero(self.places == column).tolist()

    def _fitted(self, asked: _Asked, chosen: tuple[int, ...]) -> Found:
        weights, left = _least_squares(asked.log, self.values[list(chosen)])
        powers = np.clip(np.rint(2 * weights) / 2, -_LARGEST, _LARGEST)
        if not powers.all():
            return Found(chosen=chosen, left=left)
        order = sorted(range(len(chosen)), key=lambda i: int(self.places[chosen[i]]))
        plain = Product(
            terms=tuple((int(self.places[chosen[i]]), float(powers[i])) for i in order),
            lines=tuple(self.lines[chosen[i]] for i in order),
        )
        at = plain.at(self.numbers)
        known = np.isfinite(at) & (at != 0)
        if not known.any():
            return Found(chosen=chosen, left=left)
        ratio, room = asked.y[known] / at[known], asked.rounding[known] / np.abs(at[known])
        sign = 1.0 if np.median(ratio) > 0 else -1.0
        low, high = _between(np.abs(ratio) - room, np.abs(ratio) + room)
        low, high = low * (1 - _LEAST), high * (1 + _LEAST)
        factor = float(f"{np.median(np.abs(ratio)):.4g}") if low > high else _shortest(low, high)
        return Found(
            chosen=chosen,
            left=left,
            product=replace(plain, factor=sign * factor),
            exact=low <= high,
            off=_quantile(np.abs(np.log(np.abs(ratio) / factor)), _KEPT),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Full:
    """Logarithms, 0 where there is none, and how long each line of them is."""

    values: Floats
    length: Floats

    @classmethod
    def of(cls, values: Floats) -> Self:
        full = np.where(np.isnan(values), 0.0, values)
        return cls(values=full, length=np.maximum(np.sqrt((full**2).sum(axis=1)), _LEAST))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    """The column that is to be said, where it has a logarithm."""

    y: Floats
    log: Floats
    rounding: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """A product, and what it leaves.

    Attributes
    ----------
    chosen
        The lines it is made of.
    left
        What the logarithms leave of that of the column.
    exact
        Whether it is the column but for rounding.
    off
        How far off nine tenths of its logarithms are at most.
    """

    chosen: tuple[int, ...]
    left: Floats
    product: Product | None = None
    exact: bool = False
    off: float = np.inf

    def told(self, asked: _Asked) -> Iterator[Found]:
        """Yield it if it says much of the column."""
        if self.product is not None and (self.exact or self.off <= _CLOSE * asked.log.std()):
            yield self


def rates(
    y: Floats, given: Floats, rounding: Floats, persons: NDArray[np.int64], protect: int
) -> dict[float, float]:
    """Return at which multiples of a column another lies most often, but for rounding; 3 at most.

    With each, in which share of the rows. A multiple that fewer than ``protect`` persons have is
    none.

    Parameters
    ----------
    y, given, rounding
        The column, the other one, and by how much rounding may have changed each value of ``y``;
        NaN where missing, shape ``(n,)``.
    persons
        Whose each row is, shape ``(n,)``.
    """
    known = np.isfinite(y) & np.isfinite(given) & (given != 0) & (y != 0)
    who = persons[known]
    ratio, room = y[known] / given[known], rounding[known] / np.abs(given[known])
    low, high = ratio - room - _LEAST * np.abs(ratio), ratio + room + _LEAST * np.abs(ratio)
    found: dict[float, float] = {}
    n, least = len(low), max(_OFTEN * len(low), _OFTEN_ROWS)
    while len(found) < _MOST_RATES and len(low) >= least:
        middle = _crowded(np.sort(low), np.sort(high))
        inside = (low <= middle) & (high >= middle)
        if inside.sum() < least:
            break
        if len(np.unique(who[inside])) >= protect:
            rate = _shortest(float(low[inside].max()), float(high[inside].min()))
            found[rate] = float(inside.sum()) / n
        low, high, who = low[~inside], high[~inside], who[~inside]
    return found


@compiled
def _crowded(low: Floats, high: Floats) -> float:
    """Return where most intervals overlap, given their sorted ends: the first such place."""
    most, middle, closed = 0, 0.0, 0
    for i in range(len(low)):
        while high[closed] < low[i]:
            closed += 1
        if i + 1 - closed > most:
            most, middle = i + 1 - closed, low[i]
    return middle


def _quantile(values: Floats, share: float) -> float:
    """Return what ``numpy.quantile`` does of one share, where no value is missing."""
    at = (len(values) - 1) * share
    low = int(at)
    part = np.partition(values, (low, min(low + 1, len(values) - 1)))
    a, b, rest = float(part[low]), float(part[min(low + 1, len(values) - 1)]), at - low
    return a + (b - a) * rest if rest < 0.5 else b - (b - a) * (1 - rest)


def _log(values: Floats) -> Floats:
    """Return the logarithms of sizes, NaN of 0 and of what is missing."""
    out = np.full(len(values), np.nan)
    return np.log(np.abs(values), out=out, where=np.isfinite(values) & (values != 0))


def _lines_of(values: Floats) -> tuple[tuple[float, float], ...]:
    low, high = np.nanmin(values, initial=np.inf), np.nanmax(values, initial=-np.inf)
    if low < 0 or high > 100:
        return (_ITSELF,)
    return (_ITSELF, *(_SHARES if high <= 1 else _PERCENTS))


def _least_squares(aim: Floats, columns: Floats) -> tuple[Floats, Floats]:
    """Return the weights of the columns, and what they leave, 0 where one is missing."""
    known = np.isfinite(columns).all(axis=0)
    left = np.zeros(len(aim))
    if known.sum() < _FEWEST:
        return np.zeros(len(columns)), left
    design = np.column_stack([columns[:, known].T, np.ones(int(known.sum()))])
    keep = np.ones(len(design), dtype=np.bool_)
    for _ in range(2):
        weights = np.linalg.lstsq(design[keep], aim[known][keep], rcond=1e-10)[0]
        off = aim[known] - design @ weights
        keep = np.abs(off) <= max(_quantile(np.abs(off), _KEPT), _LEAST)
    left[known] = off
    return np.asarray(weights[:-1], dtype=np.float64), left


def divisor(y: Floats, given: Floats, room: float) -> float | None:
    """Return the number with the fewest digits by which a column divided is another.

    But for rounding by ``room``, and for a few rows. Days by 30.4375 are months.
    """
    known = np.isfinite(y) & np.isfinite(given) & (given != 0)
    if known.sum() < _FEWEST:
        return None
    ratio, off = y[known] / given[known], room / np.abs(given[known])
    low, high = _between(ratio - off, ratio + off)
    low, high = low * (1 - _LEAST), high * (1 + _LEAST)
    return _shortest(1 / high, 1 / low) if 0 < low <= high else None


def _between(low: Floats, high: Floats) -> tuple[float, float]:
    """Return the most of ``low`` and the least of ``high``, but for a few rows at either end.

    These are one in 200, or as many as may be :func:`against` a rule if those are more.
    """
    n = len(low)
    few = int(against(n))
    if few > _TRIMMED * (n - 1):
        return float(np.sort(low)[n - 1 - few]), float(np.sort(high)[few])
    return _quantile(low, 1 - _TRIMMED), _quantile(high, _TRIMMED)


def _shortest(low: float, high: float) -> float:
    """Return the number with the fewest digits between two."""
    middle = (low + high) / 2
    short = (float(f"{middle:.{digits}g}") for digits in range(1, 17))
    return next((s for s in short if low <= s <= high), middle)

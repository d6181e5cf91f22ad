"""DP rounds: one table after another is chosen where the model is furthest off, and counted."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from assaymark.generate.dp.denoise import beyond_noise
from assaymark.generate.dp.field import Field
from assaymark.generate.dp.held import Held
from assaymark.generate.dp.network import Drawn
from assaymark.generate.dp.tally import drawn, tally
from assaymark.generate.dp.vault import Counted, How

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.generate.dp.junction import Table
    from assaymark.generate.dp.vault import Vault

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["Limits", "Result", "rounds"]

_CHOICE = 0.15  # share of a round's rho for choosing
_PENALTY = 0.5 * math.sqrt(2 / math.pi)  # half of the mean size of the noise
_ROUNDS = 2  # rounds that are planned for each column
_FASTER = 4.0  # a table that told nothing: the next gets so many times its budget
_MADE = (10_000, 2, 100_000)  # rows drawn to see what is expected: least, by row, and most
_LEAST = 0.02  # of what was expected of a cell is left, whatever was counted
_SWEEPS, _LAST = 3, 8
_SETTLED = 1e-3
_CELLS = 1024
_ASKED = (40, 1000)
_WIDEST = 2000.0  # rows of noise in a count, at most, as long as there can be fewer rounds
_LOOK = 3e-8  # seconds for a row of a table to choose from, on a slow machine
_LOOKING = 0.5  # of the seconds is for looks, as planned
_TIMED = 16  # tables by which the time of a look is told
_STOP = 0.8  # of the seconds is for rounds: what comes after them takes some as well


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far rounds may go.

    Attributes
    ----------
    columns
        Columns of a table, at most.
    cells
        Cells of a table, and of the whole model.
    seconds
        Processor seconds of all rounds. Looks at the rows count by what they take on rows drawn
        from the model, so that time tells nothing of real rows.
    """

    columns: int = 3
    cells: int = 2**18
    seconds: float = 60.0

    def asked(self, rows: float, planned: int) -> int:
        """Return the tables to choose from in one round; drawn by lot where there are more."""
        work = _LOOKING * self.seconds / (_LOOK * max(rows, 1.0) * planned)
        return int(min(max(work, _ASKED[0]), _ASKED[1]))

    def table(self, rows: float) -> int:
        """Return the cells of one table at most: as many as there are rows, or 1,024."""
        return min(self.cells // 8, max(int(rows), _CELLS))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Result:
    """What draws the columns, in order; how many tables were counted; the rho that is left."""

    drawn: tuple[Drawn, ...]
    rounds: int
    left: float


class _Clock:
    """Processor seconds; it stands still while the vault works, whose time depends on the rows."""

    def __init__(self) -> None:
        self.spent, self._begun = 0.0, time.process_time()

    def stop(self) -> None:
        self.spent += time.process_time() - self._begun

    def go_on(self) -> None:
        self._begun = time.process_time()

    def add(self, seconds: float) -> None:
        self.spent += seconds

    def read(self) -> float:
        return self.spent + time.process_time() - self._begun

    def rounds(self, seconds: float, done: int) -> int:
        """Return how many more rounds there is time for, if they take as long as those before."""
        return int(max(seconds - self.read(), 0.0) / max(self.read(), 1e-9) * max(done, 1))


def rounds(
    vault: Vault,
    ground: tuple[Mapping[str, Floats], Mapping[str, Floats]],
    budget: tuple[float, float],
    limits: Limits,
    rng: np.random.Generator,
) -> Result:
    """Choose and count tables until the budget is spent, and fit the model to them.

    ``ground`` is, by column, the share of each class and which part of its rows is counted;
    ``budget`` the noisy number of rows, and the rho to spend. In each round the table of two
    or three columns is chosen, by the exponential mechanism, that is furthest from what the model
    expects by more than its noise would be, and counted; the model takes over what stands out
    from noise. Where nothing did, the next round gets more; where seconds run short, those that
    are left get more each.

    References
    ----------
    McKenna, Mullins, Sheldon & Miklau (2022), AIM: an adaptive and iterative mechanism for
    differentially private synthetic data.
    """
    rows, left = budget
    shares, listed = ground
    names = tuple(shares)
    field = Field([np.maximum(s, 1e-9) for s in shares.values()])
    held = Held(tuple(shares.values()), tuple(listed.values()), rows)
    seen: dict[Table, Counted] = {}
    open_ = _tables(field, limits, rows)
    _ready()
    planned = _planned(len(names), len(open_), left / vault.cap**2)
    each, done, clock = left / planned, 0, _Clock()
    while open_ and left > 0 and clock.read() < limits.seconds * _STOP:
        each = max(each, left / max(clock.rounds(limits.seconds * _STOP, done), 1))
        spend = left if left < 1.5 * each else each  # no rest that is too small to count by
        some = _offered(open_, limits.asked(rows, planned), rng)
        wide = field.widened(some) > limits.cells
        asked = [t for t, w in zip(some, wide, strict=True) if not w]
        dropped = set(some).difference(asked)
        open_ = [t for t in open_ if t not in dropped]
        if not asked:
            continue
        pay, cost = spend * _CHOICE, spend * (1 - _CHOICE)
        how = How(rho=pay, penalty=_PENALTY * vault.cap / math.sqrt(2 * cost))
        expected = _Expected(field, names, held, rows, rng)
        clock.add(expected.pace(asked, rng) * len(asked))
        clock.stop()
        at = vault.prefer(f"table {done + 1}", [_named(names, t) for t in asked], expected, how)
        table = asked[at]
        counted = vault.count(_named(names, table), tuple(field.sizes[c] for c in table), cost)
        clock.go_on()
        left, done = left - spend, done + 1
        field.hold(table)
        each *= 1.0 if _away(field, held, table, counted).any() else _FASTER
        seen[table] = _together(counted, seen.get(table))
        _settle(field, held, seen, rows, _SWEEPS)
    _settle(field, held, seen, rows, _LAST)
    parts = tuple(
        Drawn(name=names[c], parents=_named(names, given), shares=table)
        for c, given, table in field.conditionals()
    )
    return Result(drawn=parts, rounds=done, left=left)


def _ready() -> None:
    """Have the compiled loops as machine code before time is taken."""
    two = [np.zeros(2, dtype=np.int32)] * 2
    tally(two, (1, 1))
    drawn(np.ones((1, 1)), two[:1], (1,), np.zeros(2))
    Field([np.ones(1), np.ones(1)]).widened([(0, 1)])


def _planned(columns: int, tables: int, rho: float) -> int:
    """Return the rounds to plan: fewer where the noise of each would be all there is to see."""
    bearable = 2 * rho * (1 - _CHOICE) * _WIDEST**2
    return max(1, min(_ROUNDS * columns, tables, int(bearable)))


class _Expected:
    """The counts that the model expects of a table, told by rows drawn from it."""

    def __init__(
        self,
        field: Field,
        names: tuple[str, ...],
        held: Held,
        rows: float,
        rng: np.random.Generator,
    ) -> None:
        self._sizes, self._place = field.sizes, {name: i for i, name in enumerate(names)}
        least, times, most = _MADE
        self._made = _draw(field, int(min(max(times * rows, least), most)), rng)
        self._held, self._total, self._weight = held, rows, rows / self._made.shape[1]

    def __call__(self, asked: tuple[str, ...]) -> Floats:
        table = tuple(self._place[name] for name in asked)
        return self._table(table)

    def pace(self, asked: Sequence[Table], rng: np.random.Generator) -> float:
        """Return the processor seconds that a look at a table takes, told without a row.

        Counting rows that were drawn from the model takes as long as counting real ones.
        """
        some = _some(asked, _TIMED, rng)
        begun = time.process_time()
        for table in some:
            self._table(table)
        each: float = (time.process_time() - begun) / len(some)
        return each * float(1 + self._total / self._made.shape[1])

    def _table(self, table: Table) -> Floats:
        found = tally([self._made[c] for c in table], tuple(self._sizes[c] for c in table))
        return np.asarray(found * (self._weight * self._held.part(table)), dtype=np.float64)


def _tables(field: Field, limits: Limits, rows: float) -> list[Table]:
    """Return all tables that may be asked about; a column with one class is in none."""
    free = [c for c, size in enumerate(field.sizes) if size > 1]
    return [
        table
        for k in range(2, limits.columns + 1)
        for table in combinations(free, k)
        if math.prod(field.sizes[c] for c in table) <= limits.table(rows)
    ]


def _offered(tables: Sequence[Table], n: int, rng: np.random.Generator) -> list[Table]:
    """Return ``n`` of the tables, by lot; half of them pairs, or all pairs if they are fewer."""
    two, more = ([t for t in tables if (len(t) == 2) is few] for few in (True, False))
    pairs = _some(two, max(n // 2, n - len(more)), rng)
    return [*pairs, *_some(more, n - len(pairs), rng)]


def _some(tables: Sequence[Table], n: int, rng: np.random.Generator) -> Sequence[Table]:
    """Return ``n`` of the tables, by lot."""
    if len(tables) <= n:
        return tables
    return [tables[i] for i in np.sort(rng.choice(len(tables), n, replace=False))]


def _away(field: Field, held: Held, table: Table, counted: Counted) -> Floats:
    """Return by how many rows counts differ from the model, as far as noise does not explain it."""
    now = field.margin(table)
    return beyond_noise(counted.counts - now * held.expected(table, now, counted), counted.sigma)


def _settle(
    field: Field, held: Held, seen: Mapping[Table, Counted], rows: float, sweeps: int
) -> None:
    """Change the model, table by table, by what of its counts noise does not explain."""
    for _ in range(sweeps):
        moved = 0.0
        for table, counted in seen.items():
            now = field.margin(table)
            expected = held.expected(table, now, counted)
            away = beyond_noise(counted.counts - now * expected, counted.sigma)
            if away.any():
                moved += float(np.abs(away).sum())
                want = np.maximum(now + away / expected, _LEAST * now)
                field.scale(table, np.divide(want, now, out=np.ones_like(now), where=now > 0))
        if moved < _SETTLED * rows:
            return


def _together(new: Counted, old: Counted | None) -> Counted:
    """Return two noisy counts of the same as one: each weighs by what it knows."""
    if old is None:
        return new
    here, there = new.sigma**-2, old.sigma**-2
    counts = (new.counts * here + old.counts * there) / (here + there)
    return Counted(counts, (here + there) ** -0.5)


def _draw(field: Field, n: int, rng: np.random.Generator) -> Codes:
    """Return the classes of rows drawn from the model, shape ``(columns, n)``."""
    out = np.empty((len(field.sizes), n), dtype=np.int32)
    for column, given, shares in field.conditionals():
        sizes = [field.sizes[c] for c in given]
        out[column] = drawn(shares, [out[c] for c in given], sizes, rng.random(n))
    return out


def _named(names: tuple[str, ...], table: Table) -> tuple[str, ...]:
    return tuple(names[c] for c in table)

"""Vault: real rows behind a door that only mechanisms with a charge can pass.

A generator that is handed a vault has no way to the rows but the mechanisms below: each is paid
for from the account first, and what it gives back is private already.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.privacy import Charge
from assaymark.generate.dp.discrete_gaussian import Noise, variance_of
from assaymark.generate.dp.exponential import choose
from assaymark.generate.dp.tally import tally

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.core.private_source import PrivateSource
    from assaymark.core.schema import Schema
    from assaymark.generate.dp.account import Account

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Asked = tuple[str, ...]

__all__ = ["Counted", "How", "Vault"]


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Noisy counts, shape as asked for, and the standard deviation of their noise in rows."""

    counts: Floats
    sigma: float


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """What a choice costs, and what a cell of a table takes off its score."""

    rho: float
    penalty: float


class Vault:
    """Real rows, at most ``cap`` of each person, and the mechanisms that may look at them.

    Which rows of a person with more are used is drawn from the operating system's entropy,
    person by person. One person changes any count by at most ``cap`` in all.
    """

    __slots__ = (
        "__codes",
        "__known",
        "__noise",
        "__per_person",
        "__rows",
        "account",
        "by_person",
        "cap",
        "schema",
    )

    def __init__(
        self, source: PrivateSource, account: Account, *, cap: int = 1, noise: Noise | None = None
    ) -> None:
        self.schema: Schema = source.schema
        self.account, self.cap = account, cap
        self.__noise = noise or Noise()
        rows = source.open("vault", "fit under a privacy budget")
        self.by_person = rows.persons is not None
        self.__rows, self.__per_person = _capped(rows, cap, self.__noise)
        self.__known: dict[tuple[Asked, bytes], float] = {}
        self.__codes: dict[str, Codes] = {}

    def keep(self, name: str, column: str, code: Callable[[pl.Series], Codes]) -> None:
        """Code a column inside the vault, -1 for what has no code; nothing comes out."""
        self.__codes[name] = code(self.__rows.frame[column])

    def merge(self, name: str, of: str, classes: Codes) -> None:
        """Put the codes called ``of`` into classes called ``name``; nothing comes out."""
        codes = self.__codes[of]
        self.__codes[name] = np.where(codes < 0, -1, classes[np.maximum(codes, 0)]).astype(np.int32)

    def count(self, names: Sequence[str], shape: tuple[int, ...], rho: float) -> Counted:
        """Return noisy counts of the kept codes called ``names`` together.

        One person adds at most ``cap`` to one cell, or spreads it: sensitivity ``cap`` in L2.
        """
        self.__pay(f"counts of {' x '.join(names)}", "discrete Gaussian", rho)
        variance = variance_of(self.cap / math.sqrt(2 * rho))
        exact = self.__table(names, shape)
        drawn = self.__noise.gaussian(exact.size, variance).reshape(shape)
        return Counted((exact + drawn).astype(np.float64), math.sqrt(variance[0] / variance[1]))

    def choose(
        self, what: str, asked: Sequence[Asked], shares: Mapping[str, Floats], how: How
    ) -> int:
        """Return the place of the column and parents that belong together most, privately.

        The score is how far the table of a column and its parents is from one in which the column
        has its known ``shares`` whatever the parents are, in L1, less ``how.penalty`` a cell. A row
        changes one cell by 1, and the shares times its parents' count by 1: sensitivity ``2 cap``.
        """
        self.__pay(f"choice of {what}", "exponential", how.rho)
        scores = np.array([self.__away(names, shares) for names in asked])
        sizes = [math.prod(len(shares[n]) for n in names) for names in asked]
        return choose(scores - how.penalty * np.array(sizes), 2.0 * self.cap, how.rho, self.__noise)

    def prefer(
        self, what: str, asked: Sequence[Asked], expected: Callable[[Asked], Floats], how: How
    ) -> int:
        """Return the place of the table that is furthest from what is expected, privately.

        ``expected`` gives the counts that a table of these columns has by what is known; it is
        handed names alone. The score is how far the real counts are from it, in L1, less
        ``how.penalty`` a cell. A row changes one cell by 1: sensitivity ``cap``.
        """
        self.__pay(f"choice of {what}", "exponential", how.rho)
        scores = np.array([self.__off(names, expected(names), how.penalty) for names in asked])
        return choose(scores, float(self.cap), how.rho, self.__noise)

    def discover(self, column: str, rho: float, delta: float) -> dict[str, float]:
        """Return the categories that many persons hold, with their noisy counts, sorted by name.

        A category that only one person holds comes out with a chance of at most ``delta``.

        References
        ----------
        Korolova et al. (2009), Releasing search queries and clicks privately; for the tail of the
        discrete Gaussian: Canonne, Kamath & Steinke (2020), proposition 27.
        """
        self.__pay(f"categories of {column}", "discrete Gaussian with threshold", rho, delta)
        variance = variance_of(self.cap / math.sqrt(2 * rho))
        sigma = math.sqrt(variance[0] / variance[1])
        least = self.cap + 1 + sigma * -NormalDist().inv_cdf(delta / self.cap)
        held = self.__rows.frame[column].drop_nulls().value_counts().sort(column)
        noisy = held["count"].to_numpy() + self.__noise.gaussian(held.height, variance)
        found = zip(held[column].to_list(), noisy.tolist(), strict=True)
        return {name: float(n) for name, n in found if n >= least}

    def offered(self, most: int, rho: float) -> Counted:
        """Return the noisy number of rows there were, ``most`` of each person at most."""
        self.__pay("rows before the cap", "discrete Gaussian", rho)
        variance = variance_of(most / math.sqrt(2 * rho))
        exact = int(np.minimum(self.__per_person, most).sum())
        drawn = self.__noise.gaussian(1, variance)
        return Counted((drawn + exact).astype(np.float64), math.sqrt(variance[0] / variance[1]))

    def __pay(self, what: str, mechanism: str, rho: float, delta: float = 0.0) -> None:
        body = {"what": what, "mechanism": mechanism, "rho": repr(rho), "delta": repr(delta)}
        self.account.spend(Charge.model_validate(body))

    def __away(self, names: Asked, shares: Mapping[str, Floats]) -> float:
        """Return the distance that :meth:`choose` scores; column first, then its parents."""
        own = shares[names[0]]
        key = (names, own.tobytes())
        if key not in self.__known:
            table = self.__table(names, tuple(len(shares[n]) for n in names)).reshape(len(own), -1)
            expected = own[:, None] * table.sum(axis=0)
            self.__known[key] = float(np.abs(table - expected).sum())
        return self.__known[key]

    def __off(self, names: Asked, expected: Floats, penalty: float) -> float:
        """Return the score of :meth:`prefer`."""
        away = np.abs(self.__table(names, expected.shape) - expected).sum()
        return float(away - penalty * expected.size)

    def __table(self, names: Sequence[str], shape: tuple[int, ...]) -> NDArray[np.int64]:
        if not names:
            return np.array(self.__rows.n, dtype=np.int64)
        return tally([self.__codes[name] for name in names], shape)


def _capped(data: Dataset, cap: int, noise: Noise) -> tuple[Dataset, NDArray[np.int64]]:
    """Return ``cap`` rows of each person at most, drawn evenly, and how many there were of each."""
    if data.persons is None:
        return data, np.ones(data.n, dtype=np.int64)
    key = noise.below(np.full(data.n, 2**62, dtype=np.uint64))
    _, person, held = np.unique(data.persons, return_inverse=True, return_counts=True)
    order = np.lexsort((key, person))
    first = np.concatenate([[0], np.cumsum(held)[:-1]])
    rank = np.arange(data.n) - first[person[order]]
    return data.take(np.sort(order[rank < cap])), held.astype(np.int64)

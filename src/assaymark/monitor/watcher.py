"""Watcher: batches of rows as they come, held against a reference without fear of many looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.monitor.evidence import log_evidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from assaymark.monitor.shares import Share, Shares

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

__all__ = ["FALSE_ALARM", "FEWEST", "Alarm", "Watcher"]

FALSE_ALARM = 0.05
"""Probability of any alarm at all, ever, while nothing changes."""

FEWEST = 30
"""Rows of the reference from which a group, or a part of a column, is looked at."""

_WEIGHTS: Mapping[str, float] = {"column": 0.4, "group": 0.4, "pair": 0.2}
_RECENT = 16
_NONE = -30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One share that changed for certain.

    ``evidence`` is the log (base 10) of the e-value over its threshold, 0 is just enough; ``since``
    the look from which the change is most likely, from 1; ``before`` and ``after`` the share in the
    reference and since then; ``n`` the rows since then.
    """

    share: Share
    evidence: float
    since: int
    before: float
    after: float
    n: int


class Watcher:
    """Holds every batch so far against a reference, by every share, from every earlier look on.

    A change may begin at any look, and evidence from before it dilutes what comes after: so
    evidence is gathered from each look on and averaged with weights that add up to less than
    one, which keeps it valid. From far back only some looks are kept. Without a tolerance, looks
    from before are of the reference's distribution too while nothing changes, and count with it.

    The false-alarm rate holds for rows that are independent and, without a change, from the
    reference's distribution. Rows that come in clusters, many of one person or one day, are not
    independent.

    References
    ----------
    Shin, Ramdas & Rinaldo (2024), E-detectors: a nonparametric framework for sequential change
    detection, for evidence from every starting point.
    """

    def __init__(
        self, reference: Shares, *, tolerance: float = 0.0, false_alarm: float = FALSE_ALARM
    ) -> None:
        self.reference, self.tolerance = reference, tolerance
        self.false_alarm = false_alarm
        self.looks = 0
        with np.errstate(divide="ignore"):
            self._limit = -np.log(false_alarm * _weights(reference))
        self._starts: list[int] = []
        self._all = np.zeros((2, len(reference.of)))
        self._since = np.zeros((2, 0, len(reference.of)))
        self._found: _Found | None = None

    def see(self, *batches: Shares) -> None:
        """Take more batches in, in order; their shares are counted on the reference's layout.

        Several at once leave the same behind as one after the other.
        """
        if any(batch.of != self.reference.of for batch in batches):
            raise ValueError("the batch was counted on another layout than the reference")
        first, self.looks = self.looks + 1, self.looks + len(batches)
        counted = zip(range(first, self.looks + 1), batches, strict=True)
        together, later, since = np.zeros_like(self._all), [], []
        for look, batch in reversed(tuple(counted)):
            together = together + np.stack([batch.hits, batch.n])
            if _is_kept(look, self.looks):
                later.append(look)
                since.append(together)
        kept = [i for i, s in enumerate(self._starts) if _is_kept(s, self.looks)]
        before = self._since if len(kept) == len(self._starts) else self._since[:, kept]
        self._starts = [*(self._starts[i] for i in kept), *reversed(later)]
        since = [before + together[:, None], *(s[:, None] for s in reversed(since))]
        self._since = np.concatenate(since, axis=1)
        self._all = self._all + together
        self._found = None

    def surest(self) -> float:
        """Return the largest evidence of any share, log base 10 over its threshold."""
        return float(self._evidence().total.max() / np.log(10))

    def alarms(self) -> tuple[Alarm, ...]:
        """Return the shares that changed, the surest first."""
        if not self.looks:
            return ()
        found = self._evidence()
        surest = np.argsort(-found.total, kind="stable")
        return tuple(
            self._alarm(i, found.start(i), float(found.total[i]))
            for i in surest[found.total[surest] >= 0].tolist()
        )

    def _evidence(self) -> _Found:
        """Return log evidence over its threshold; what is plainly none is told as less."""
        if self._found is None:
            weight = -np.log(np.array(self._starts) * (1.0 + np.array(self._starts)))
            c, k = self._since
            r, m = self._reference()
            start, share = np.nonzero(_worth(r, m, c, k, self.tolerance))
            r, m = (np.broadcast_to(x, c.shape)[start, share] for x in (r, m))
            c, k = c[start, share], k[start, share]
            value = log_evidence(r, m, c, k, self.tolerance) + weight[start]
            self._found = _found(start, share, value, self._limit)
        return self._found

    def _reference(self) -> tuple[Floats, Floats]:
        """Return what each start is held against: without a tolerance, earlier looks too."""
        hits, n = self.reference.hits, self.reference.n
        if self.tolerance:
            return np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64)
        r, m = (self._all + np.stack([hits, n]))[:, None] - self._since
        return r, m

    def _alarm(self, i: int, start: int, log: float) -> Alarm:
        hits, n = (int(x) for x in self._since[:, start, i])
        return Alarm(
            share=self.reference.of[i],
            evidence=log / float(np.log(10)),
            since=self._starts[start],
            before=_share(self.reference.hits[i], self.reference.n[i]),
            after=_share(hits, n),
            n=n,
        )


def _weights(reference: Shares) -> Floats:
    """Return the part of the false-alarm rate that each share may use; they add up to one.

    Shares of fewer than ``FEWEST`` rows of the reference have none: of a group or a part that
    small nothing can be told, and what it used up would make the others slower to tell.
    """
    kinds = np.array([s.kind for s in reference.of])
    told = (kinds == "column") | (reference.n >= FEWEST)
    there = {k: int((told & (kinds == k)).sum()) for k in _WEIGHTS}
    whole = sum(_WEIGHTS[k] for k, count in there.items() if count)
    each = {k: _WEIGHTS[k] / whole / count for k, count in there.items() if count}
    return np.array([each[k] if t else 0.0 for k, t in zip(kinds.tolist(), told, strict=True)])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """Log evidence ``value`` of ``share`` from ``start`` on, and in all; the rest has none."""

    starts: Places
    shares: Places
    values: Floats
    total: Floats

    def start(self, share: int) -> int:
        own = np.flatnonzero(self.shares == share)
        return int(self.starts[own[np.argmax(self.values[own])]])


def _found(starts: Places, shares: Places, values: Floats, limit: Floats) -> _Found:
    """Add up what starts say of a share, on the scale of its threshold."""
    values = values - limit[shares]
    most = np.full(len(limit), -np.inf)
    np.maximum.at(most, shares, values)
    with np.errstate(divide="ignore", invalid="ignore"):
        added = np.bincount(shares, np.exp(values - most[shares]), len(limit))
        total = np.log(added) + most
    none = _NONE - limit
    return _Found(
        starts=starts, shares=shares, values=values, total=np.where(added > 0, total, none)
    )


def _worth(r: Floats, m: Floats, c: Floats, k: Floats, tolerance: float) -> NDArray[np.bool_]:
    """Return where shares differ by 2 standard errors and more than tolerated: else it is none."""
    whole, hits = m + k, r + c
    apart = c * m - k * r
    much = apart * apart * whole > 4.0 * hits * (whole - hits) * m * k
    return np.asarray(much & (np.abs(apart) > tolerance * m * k))


def _is_kept(start: int, now: int) -> bool:
    """Keep each of the last looks, and ever fewer from before; what was let go stays so."""
    age = now - start
    return age < _RECENT or start % (1 << int(np.log2(age / _RECENT) + 1)) == 0


def _share(hits: float, n: float) -> float:
    return float(hits / n) if n else 0.0

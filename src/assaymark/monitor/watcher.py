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
    Counts = NDArray[np.int64]

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
        self._all = np.zeros((2, len(reference.of)), dtype=np.int64)
        self._hits = np.zeros((0, len(reference.of)), dtype=np.int64)
        self._n = np.zeros((0, len(reference.of)), dtype=np.int64)
        self._evidence: Floats | None = None

    def see(self, batch: Shares) -> None:
        """Take one more batch in; its shares are counted on the reference's layout."""
        if batch.of != self.reference.of:
            raise ValueError("the batch was counted on another layout than the reference")
        self.looks += 1
        kept = [i for i, s in enumerate(self._starts) if _is_kept(s, self.looks)]
        self._starts = [*(self._starts[i] for i in kept), self.looks]
        self._hits = np.vstack([self._hits[kept] + batch.hits, batch.hits])
        self._n = np.vstack([self._n[kept] + batch.n, batch.n])
        self._all = self._all + np.stack([batch.hits, batch.n])
        self._evidence = None

    def evidence(self) -> Floats:
        """Return log evidence (natural) over its threshold, shape ``(starts, shares)``.

        What is plainly none is not computed, and told as less than it is.
        """
        if self._evidence is None:
            starts = np.array(self._starts, dtype=np.float64)
            weight = -np.log(starts * (starts + 1))
            hits, n = (np.broadcast_to(x, self._n.shape) for x in self._reference())
            some = _worth(hits, n, self._hits, self._n)
            found = np.full(some.shape, _NONE)
            found[some] = log_evidence(
                hits[some], n[some], self._hits[some], self._n[some], self.tolerance
            )
            self._evidence = found + weight[:, None] - self._limit
        return self._evidence

    def _reference(self) -> tuple[Counts, Counts]:
        """Return what each start is held against: without a tolerance, earlier looks too."""
        hits, n = self.reference.hits, self.reference.n
        if self.tolerance:
            return hits, n
        return hits + self._all[0] - self._hits, n + self._all[1] - self._n

    def surest(self) -> float:
        """Return the largest evidence of any share, log base 10 over its threshold."""
        total = np.logaddexp.reduce(self.evidence(), axis=0)
        return float(total.max() / np.log(10))

    def alarms(self) -> tuple[Alarm, ...]:
        """Return the shares that changed, the surest first."""
        if not self.looks:
            return ()
        found = self.evidence()
        total = np.logaddexp.reduce(found, axis=0)
        best = found.argmax(axis=0)
        return tuple(
            self._alarm(i, int(best[i]), float(total[i]))
            for i in np.argsort(-total, kind="stable").tolist()
            if total[i] >= 0
        )

    def _alarm(self, i: int, start: int, log: float) -> Alarm:
        n = int(self._n[start, i])
        return Alarm(
            share=self.reference.of[i],
            evidence=log / float(np.log(10)),
            since=self._starts[start],
            before=_share(self.reference.hits[i], self.reference.n[i]),
            after=_share(self._hits[start, i], n),
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


def _worth(r: Counts, m: Counts, c: Counts, k: Counts) -> NDArray[np.bool_]:
    """Return where shares differ by more than 1.4 standard errors: else there is no evidence."""
    with np.errstate(divide="ignore", invalid="ignore"):
        both = (r + c) / (m + k)
        z = (c - k * both) ** 2 / (k * both * (1 - both) * m / (m + k))
    return np.asarray(z > 2.0)


def _is_kept(start: int, now: int) -> bool:
    """Keep each of the last looks, and ever fewer from before; what was let go stays so."""
    age = now - start
    return age < _RECENT or start % (1 << int(np.log2(age / _RECENT) + 1)) == 0


def _share(hits: int | np.int64, n: int | np.int64) -> float:
    return float(hits / n) if n else 0.0

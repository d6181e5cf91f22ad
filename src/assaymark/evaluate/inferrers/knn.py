"""Nearest rows: the secret that the synthetic rows nearest to a person vote for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.registry import component
from assaymark.evaluate.dossier import Inference, surest
from assaymark.evaluate.links import nearest_rows
from assaymark.evaluate.neighbours import space_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.streams import Streams
    from assaymark.evaluate.dossier import Dossier, Rows

    Floats = NDArray[np.float64]
    Points = NDArray[np.float32]
    Codes = NDArray[np.int64]

__all__ = ["Knn"]

_SOFT = 0.05  # distance at which a row counts half of what an equal one does
_DOUBT = 0.1  # votes by luck, so that far rows make nobody sure


@component
class Knn:
    """A vote of the nearest synthetic rows by all columns but the secret; near ones weigh more.

    A tenth of a vote goes to luck, so that few near rows make surer than many far ones.

    Attributes
    ----------
    k
        How many rows vote.

    References
    ----------
    Giomi et al. (2023), arXiv:2211.10459, section 2.2: inference by the nearest row, here with
    several rows and the confidence that their agreement gives.
    """

    k: int = 3

    def guess(self, dossier: Dossier, streams: Streams) -> dict[int, Inference]:  # noqa: ARG002
        """Return the guesses of every likely secret."""
        sides = (dossier.members, dossier.unseen)
        space = space_of([s.records for s in sides])
        members, unseen, made = (space.points(s.records) for s in (*sides, dossier.made))
        found = {}
        for j in dossier.likely:
            known = np.flatnonzero(space.owners != j)
            rows = np.ascontiguousarray(made[:, known])
            votes, copied = self._votes(dossier, dossier.members, members[:, known], rows, j)
            others, _ = self._votes(dossier, dossier.unseen, unseen[:, known], rows, j)
            codes = dossier.made.codes[:, j]
            right = surest(copied, codes)
            wins = right.value == dossier.members.codes[:, j]
            found[j] = Inference(
                surest(votes, codes),
                surest(others, codes),
                np.arange(dossier.width(j)),
                copied=np.where(wins, right.sure, -np.inf),
            )
        return found

    def _votes(
        self, dossier: Dossier, side: Rows, of: Points, among: Points, secret: int
    ) -> tuple[Floats, Floats]:
        """Return the share of votes of each class, also were one row more equal to the person."""
        rows = nearest_rows(np.ascontiguousarray(of), among, self.k).rows
        gap = np.stack([of - among[r] for r in rows.T], axis=1)
        weight = _SOFT / (_SOFT + np.sqrt(np.einsum("ikj,ikj->ik", gap, gap, dtype=np.float64)))
        voted = dossier.made.codes[rows, secret]
        luck = np.bincount(dossier.made.codes[:, secret], minlength=dossier.width(secret))
        luck = _DOUBT * luck / luck.sum()
        own = side.codes[:, [secret]]
        furthest = slice(0, max(1, rows.shape[1] - 1))
        return (
            _shares(voted, weight, luck),
            _shares(
                np.hstack([own, voted[:, furthest]]),
                np.hstack([np.ones((len(of), 1)), weight[:, furthest]]),
                luck,
            ),
        )


def _shares(voted: Codes, weight: Floats, luck: Floats) -> Floats:
    votes = np.tile(luck, (len(voted), 1))
    np.add.at(votes, (np.arange(len(voted))[:, None], voted), weight)
    return np.asarray(votes / votes.sum(axis=1, keepdims=True))

"""Linear reconstruction: secrets solved for from many counts over the synthetic rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.core.registry import component
from assaymark.evaluate.blocks import in_blocks
from assaymark.evaluate.dossier import Inference, surest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.streams import Streams
    from assaymark.evaluate.dossier import Dossier, Rows

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]
    Keys = NDArray[np.uint64]

__all__ = ["LinearReconstruction"]

_TARGETS, _LARGEST, _RIDGE = 300, 4, 1.0


@component
class LinearReconstruction:
    """The secrets of a whole set of people that fit best to what counts over the rows say of them.

    Counts are of people with the same values of two to four known columns, at random, and of those
    among them with each value of the secret. Each asks that the people of the target set who have
    these values share the secret as the synthetic rows do, the more firmly the more rows there
    are. Ridge regression, for sets of 300 people at a time, gives each person's share of every
    value. The attacker knows the quasi-identifiers, or all other columns where fewer than two are
    declared.

    Attributes
    ----------
    questions
        How many sets of columns are asked about.

    References
    ----------
    Annamalai, Gadotti & Rocher (2023), A linear reconstruction approach for attribute inference
    attacks against synthetic data, arXiv:2301.10053, whose linear programme is a ridge regression
    here.
    """

    questions: int = 32

    def guess(self, dossier: Dossier, streams: Streams) -> dict[int, Inference]:
        """Return the guesses of every likely secret."""
        found = {}
        for j in dossier.likely:
            rng = streams.child(dossier.names[j]).generator()
            asked = _asked(dossier, j, self.questions, rng)
            codes = dossier.made.codes[:, j]
            sides = [
                surest(_solved(dossier, s, j, asked), codes)
                for s in (dossier.members, dossier.unseen)
            ]
            found[j] = Inference(sides[0], sides[1], np.arange(dossier.width(j)), copied=None)
        return found


class _Question(NamedTuple):
    """Columns asked about, each combination the synthetic rows have, and how many of each class."""

    columns: tuple[int, ...]
    cells: Keys
    counts: Floats


def _asked(
    dossier: Dossier, secret: int, questions: int, rng: np.random.Generator
) -> list[_Question]:
    """Return random sets of known columns, and what the synthetic rows answer."""
    quasi = [i for i in dossier.quasi if i != secret]
    known = quasi if len(quasi) > 1 else [i for i in range(len(dossier.names)) if i != secret]
    sets = set()
    for _ in range(questions):
        size = int(rng.integers(min(2, len(known)), min(_LARGEST, len(known)) + 1))
        sets.add(tuple(sorted(rng.choice(known, size, replace=False).tolist())))
    width, codes = dossier.width(secret), dossier.made.codes[:, secret]
    asked = []
    for columns in sorted(sets):
        cells, cell = np.unique(_keys(dossier.made, columns), return_inverse=True)
        counts = np.bincount(cell.ravel() * width + codes, minlength=len(cells) * width)
        asked.append(_Question(columns, cells, counts.reshape(len(cells), width).astype(float)))
    return asked


def _keys(rows: Rows, columns: tuple[int, ...]) -> Keys:
    return np.asarray(rows.keys[:, list(columns)].sum(axis=1, dtype=np.uint64))


def _solved(dossier: Dossier, side: Rows, secret: int, asked: list[_Question]) -> Floats:
    """Return each person's share of every class of the secret, ``(rows, classes)``."""
    luck = np.bincount(dossier.made.codes[:, secret], minlength=dossier.width(secret))
    luck = luck / luck.sum()
    counts = np.concatenate([q.counts for q in asked])
    places, start = [], 0
    for q in asked:
        keys = _keys(side, q.columns)
        place = np.minimum(np.searchsorted(q.cells, keys), len(q.cells) - 1)
        places.append(np.where(q.cells[place] == keys, place + start, -1))
        start += len(q.cells)
    place = np.stack(places, axis=1)

    def block(part: slice) -> Floats:
        return _ridge(place[part], counts, luck)

    return in_blocks(len(place), _TARGETS, block)


def _ridge(place: Codes, counts: Floats, luck: Floats) -> Floats:
    """Return each person's share of every class, drawn towards luck, ``(people, classes)``.

    Of a cell with ``n`` people and ``t`` synthetic rows the people's sum is asked to be ``n``
    times the rows' share; its variance goes with ``n (n + t) / t``.
    """
    from scipy.sparse import csr_array

    row, question = np.nonzero(place >= 0)
    cells, cell, people = np.unique(place[row, question], return_inverse=True, return_counts=True)
    if len(cells) == 0:
        return np.tile(luck, (len(place), 1))
    member = csr_array((np.ones(len(row)), (cell.ravel(), row)), shape=(len(cells), len(place)))
    rows = counts[cells].sum(axis=1)
    weight = rows / (people * (people + rows))
    asked = people[:, None] * (counts[cells] / rows[:, None] - luck)
    gram = (member.T @ member.multiply(weight[:, None])).toarray()
    right = member.T @ (weight[:, None] * asked)
    return np.asarray(luck + np.linalg.solve(gram + _RIDGE * np.eye(len(place)), right))

"""Rare: how well models predict the rarest class or the largest numbers, and what is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.evaluate.models.predictors import Score
from assaymark.evaluate.statistics import Interval, clopper_pearson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.evaluate.models.predictors import Task

    Floats = NDArray[np.float64]

__all__ = ["Gone", "Rare", "gone_of", "rare_of"]

_FEWEST = 20
_TOP = 0.95
_LEFT = 0.1  # of its rows; right rows leave so few of a class of 20 in fewer than one of a million


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rare:
    """Which test rows are rare: those of class ``position``, or numbers at the top.

    ``inside`` has shape ``(n,)``; ``words`` name them; ``scale`` is a standard deviation of the
    target, for a number.
    """

    inside: NDArray[np.bool_]
    words: str
    position: int
    targets: Floats
    scale: float

    def score(self, predicted: Floats) -> Score:
        """Return the recall of the class where as many rows are picked as have it.

        For a number, minus the mean absolute error at the top, in standard deviations.
        """
        inside = self.inside.astype(np.float64)
        share = inside.mean()
        if self.position < 0:
            lost = np.abs(predicted[:, 0] - self.targets) / self.scale
            value = float(lost[self.inside].mean())
            influence = -inside * (lost - value) / share
            return Score(value=-value, influence=influence, name="error at the top")
        picked, near = _picked(predicted[:, self.position], self.inside)
        value = float(picked[self.inside].mean())
        # the cut moves with the rows: what it adds or drops is near it, and partly of the class
        moved = near / share * (picked - inside)
        influence = inside * (picked - value) / share - moved
        return Score(value=value, influence=influence, name="recall")


def rare_of(task: Task, train: Floats, test: Floats) -> Rare | str:
    """Return the rare rows of ``test``, or why there are too few; targets are all known.

    The rarest class is the one least frequent in train among those with 20 test rows; the top
    are the numbers beyond the 95th percentile of train.
    """
    if task.regression:
        cut = float(np.quantile(train, _TOP)) if len(train) else 0.0
        inside = test > cut
        if inside.sum() < _FEWEST:
            return f"fewer than {_FEWEST} test rows lie above the 95th percentile of train"
        scale = float(train.std()) or 1.0
        words = "the highest 5 %"
        return Rare(inside=inside, words=words, position=-1, targets=test, scale=scale)
    for position in range(len(task.classes) - 1, 0, -1):
        inside = test == position
        if inside.sum() >= _FEWEST and (~inside).sum() >= _FEWEST:
            words = task.classes[position]
            return Rare(inside=inside, words=words, position=position, targets=test, scale=1.0)
    return f"no class but the commonest has {_FEWEST} test rows"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gone:
    """A class of which the synthetic rows have hardly any: the share of its rows that is missing.

    ``inside``, of shape ``(n,)``, are the test rows that have it.
    """

    inside: NDArray[np.bool_]
    words: str
    missing: Interval


def gone_of(task: Task, train: Floats, made: Floats, test: Floats) -> Gone | None:
    """Return the most frequent class of which a tenth of its rows or less is left, if there is one.

    Whatever models make of it: a class that is hard to find in real rows too has little recall to
    lose. Looked at are classes of which 20 synthetic rows are due and 20 test rows are there.
    """
    if task.regression or not len(train) or not len(made):
        return None
    for position, words in enumerate(task.classes):
        inside, own, left = test == position, int((train == position).sum()), (made == position)
        due = own / len(train) * len(made)
        if inside.sum() < _FEWEST or due < _FEWEST or left.sum() > _LEFT * due:
            continue
        most = clopper_pearson(int(left.sum()), len(made)).high
        fewest = clopper_pearson(own, len(train)).low
        value = float(1 - left.sum() / due)
        low = min(value, max(0.0, 1 - most / fewest))
        return Gone(inside=inside, words=words, missing=Interval(value, low, 1.0))
    return None


def _picked(chance: Floats, inside: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Return 1 for the likeliest rows, as many as ``inside`` has, ties in part; and the share.

    The share is that of rows near the cut that are inside.
    """
    wanted = int(inside.sum())
    order = np.argsort(-chance)
    cut = chance[order[wanted - 1]]
    above, tied = chance > cut, chance == cut
    picked = above + tied * ((wanted - above.sum()) / tied.sum())
    width = max(10, wanted // 2)
    around = order[max(0, wanted - width) : wanted + width]
    near = tied if tied.sum() > len(around) else np.isin(np.arange(len(chance)), around)
    return np.asarray(picked, dtype=np.float64), float(inside[near].mean())

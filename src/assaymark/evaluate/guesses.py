"""Guesses: about whom an attacker guesses, how many guesses are right, and what that is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.evaluate.controls import mean_difference
from assaymark.evaluate.risk import anonymity_loss, precision_recall
from assaymark.evaluate.statistics import CONFIDENCE, Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.measurement import Json

    Bools = NDArray[np.bool_]
    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = [
    "SILENT",
    "Answers",
    "Guessed",
    "Outcome",
    "guessed_line",
    "judged",
    "loss_of",
    "telling",
]

SILENT = -1e9
"""How sure an attacker is who makes no guess."""

_DRAWS = 1_000
_PRIOR = 0.5  # Jeffreys
_WORTH = 0.5  # of a right guess that gives somebody away; values of three quarters are worth that
_LEVELS = (0.02, 0.05, 0.1)  # shares of unseen people about whom the attacker is surest
_TOGETHER = 1.17  # root of 1.36, see Outcome.excess
_HALVES = (slice(0, None, 2), slice(1, None, 2))


class Answers(NamedTuple):
    """By each way to guess and of each person: confidence, the guess's worth, 1 if it is right.

    Shape ``(ways, n)`` each.
    """

    sure: Floats
    worth: Floats
    right: Floats

    def take(self, people: Codes | slice) -> Answers:
        """Return the answers about these people."""
        return Answers(*(x[:, people] for x in self))

    def of(self, way: int) -> Answers:
        """Return the answers of one way."""
        return Answers(*(x[[way]] for x in self))

    def surer(self, other: Answers) -> Answers:
        """Return the answers of the surer of both."""
        wins = other.sure > self.sure
        return Answers(*(np.where(wins, b, a) for a, b in zip(self, other, strict=True)))

    def where(self, people: Codes, other: Answers) -> Answers:
        """Return these answers, those about some people from ``other``."""
        mixed = [x.copy() for x in self]
        for new, x in zip(mixed, other, strict=True):
            new[:, people] = x[:, people]
        return Answers(*mixed)


class Outcome(NamedTuple):
    """What the attacker gets about members and unseen people, person by person.

    ``ways`` are the places of the ways that were taken for either half of the people.
    """

    worth: tuple[Floats, Floats]
    tried: tuple[Bools, Bools]
    right: tuple[Bools, Bools]
    ways: tuple[int, int]

    @property
    def excess(self) -> Interval:
        """What guesses about members are worth more on average, with its interval.

        What each half chooses is judged by the other, so that nothing is judged where it was
        chosen. Yet both halves tend to choose what suits both: without any leak the two figures
        hang together, by a correlation of at most .36 (three ways that are independent; fewer and
        more give less). The interval is as wide as that needs.
        """
        return _wider(mean_difference(*self.worth))

    @property
    def counts(self) -> tuple[Guessed, Guessed]:
        """The counts of both sides."""
        first, second = (Guessed.of(t, r) for t, r in zip(self.tried, self.right, strict=True))
        return first, second


class Guessed(NamedTuple):
    """Of ``n`` people: about how many there was a guess, and about how many a right one."""

    right: float
    tried: float
    n: float

    @classmethod
    def of(cls, tried: Bools, right: Bools) -> Guessed:
        """Count the people."""
        return cls(float(right.sum()), float(tried.sum()), float(len(tried)))

    @property
    def precision(self) -> float:
        """Share of the guesses that are right; 0 where there are none."""
        return self.right / self.tried if self.tried else 0.0

    @property
    def recall(self) -> float:
        """Share of the people of whom the guess is right."""
        return self.right / self.n

    @property
    def coverage(self) -> float:
        """Share of the people about whom there is a guess."""
        return self.tried / self.n


def loss_of(members: Guessed, unseen: Guessed, rng: np.random.Generator) -> Interval:
    """Return the anonymity loss coefficient of guesses about members, people unseen its baseline.

    The ends are quantiles over draws from what is known of right, wrong and absent guesses on
    either side (Jeffreys' prior); they hold the estimate, and are as wide as choices on two halves
    need, see :attr:`Outcome.excess`.

    References
    ----------
    Francis & Wagner (2025), arXiv:2507.01710, where recall is the share of people about whom there
    is a guess.
    """
    value = _loss(members, unseen)
    sides = []
    for side in (members, unseen):
        counts = np.array([side.right, side.tried - side.right, side.n - side.tried])
        sides.append(rng.dirichlet(counts + _PRIOR, _DRAWS))
    drawn = [
        _loss(*(Guessed(right, right + wrong, 1.0) for right, wrong, _ in pair))
        for pair in zip(*(s.tolist() for s in sides), strict=True)
    ]
    low, high = np.quantile(drawn, [0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2])
    return _wider(Interval(value, min(value, float(low)), max(value, float(high))))


def telling(members: Answers, unseen: Answers, copied: Answers) -> Bools:
    """Return of which members a copy would tell: one way is then sure and right, and was not.

    It is the way to which copies tell most. Sure is who is as sure as about the surest tenth of
    people never seen. That somebody is like nearly all others is luck to guess, and tells nothing.
    """
    cut = np.quantile(unseen.sure, 1 - max(_LEVELS), axis=1, method="higher")[:, None]
    cut = np.maximum(cut, SILENT / 2)
    before, after = ((s.sure >= cut) & (s.right > 0) for s in (members, copied))
    gained = after & ~before & (copied.worth >= _WORTH)
    return np.asarray(gained[gained.sum(axis=1).argmax()])


def guessed_line(secret: str, members: Guessed, unseen: Guessed) -> dict[str, Json]:
    """Return what the report says of a secret, as details of a measurement."""
    return {
        "secret": secret,
        "guessed": members.coverage,
        "precision": members.precision,
        "recall": members.recall,
        "guessed_of_unseen": unseen.coverage,
        "precision_of_unseen": unseen.precision,
        "recall_of_unseen": unseen.recall,
        "alc": _loss(members, unseen),
    }


def judged(members: Answers, unseen: Answers) -> Outcome:
    """Choose way and confidence on half of the people, judge the others, both ways."""
    sides = (members, unseen)
    n = [s.sure.shape[1] for s in sides]
    tried = np.zeros(n[0], dtype=bool), np.zeros(n[1], dtype=bool)
    right = np.zeros(n[0], dtype=bool), np.zeros(n[1], dtype=bool)
    worth = np.zeros(n[0]), np.zeros(n[1])
    ways = []
    for learn, judge in (_HALVES, _HALVES[::-1]):
        way, cut = _chosen(members.take(learn), unseen.take(learn))
        ways.append(way)
        for i, side in enumerate(sides):
            called = side.sure[way, judge] >= cut
            tried[i][judge] = called
            right[i][judge] = called & (side.right[way, judge] > 0)
            worth[i][judge] = called * side.worth[way, judge]
    return Outcome(worth, tried, right, (ways[0], ways[1]))


def _wider(found: Interval) -> Interval:
    value, low, high = found
    return Interval(value, value - _TOGETHER * (value - low), value + _TOGETHER * (high - value))


def _chosen(members: Answers, unseen: Answers) -> tuple[int, float]:
    """Return the way and the least confidence with the largest excess, in standard errors."""
    n = unseen.sure.shape[1]
    places = [min(n - 1, int((1 - share) * n)) for share in _LEVELS]
    cuts = np.maximum(np.sort(unseen.sure, axis=1)[:, places], SILENT / 2)
    gain, variance = np.zeros(cuts.shape), np.zeros(cuts.shape)
    for side, sign in ((members, 1.0), (unseen, -1.0)):
        n = side.sure.shape[1]
        tried = side.sure[:, None] >= cuts[:, :, None]
        both = np.stack([side.worth, np.square(side.worth)], axis=2)
        mean, square = np.moveaxis(tried.astype(np.float64) @ both, 2, 0) / n
        gain += sign * mean
        variance += (square - np.square(mean) + 1 / n) / n
    way, level = np.unravel_index(np.argmax(gain / np.sqrt(variance)), cuts.shape)
    return int(way), float(cuts[way, level])


def _loss(members: Guessed, unseen: Guessed) -> float:
    attack, baseline = (precision_recall(s.precision, s.coverage) for s in (members, unseen))
    return anonymity_loss(attack, baseline)

"""Attribute inference: whether synthetic rows give away what is not known of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.controls import (
    SIZES,
    detection,
    fair,
    mean_difference,
    null_line,
    shift_of,
    why_no_attack,
)
from assaymark.evaluate.dossier import LUCK, OWN, dossier_of
from assaymark.evaluate.exposure import Called, exposure_of
from assaymark.evaluate.guesses import Guessed, guessed_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.streams import Streams
    from assaymark.evaluate.dossier import Dossier, Rows

    Bools = NDArray[np.bool_]
    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["AttributeInference"]

EXCESS = "attribute_inference.excess"
_MOST, _ROWS = 8_000, 20_000
_SURE = 0.8  # share of the matching synthetic rows that must agree before the attacker guesses
_BEAM, _DEPTH, _CLUES = 3, 5, 10
_KNOWN_ANYWAY, _LAST = 0.1, 1e6


@component
class AttributeInference:
    """Shares of people whose secret is read off synthetic rows that match them, train less unseen.

    The attacker knows some columns of a person, looks up the synthetic rows with the same values
    (of ordered columns the value or the sixteenth of all ranks), and guesses the secret where
    four fifths of them agree on it. Which columns are known is the worst that a search finds:
    the ten most telling by themselves in pairs, then the best of these with a third, fourth and
    fifth column, and all quasi-identifiers together; sets that tell the secret of a tenth of
    unseen people come last, since what they tell is no secret.
    The search looks at half of the people and the figure is taken from the other half, both ways.
    The baseline is the same attack on people who were not in train: what holds for anybody
    is knowledge, no leak. A guess counts (right - p) / max(1 - p, 1/2), where p is the share of
    unseen people with the guessed value, so that luck adds nothing however often a match is
    found. Secrets are the sensitive and target columns, however many values they have, unless most
    people have one of their own; where none is declared, the four columns whose value is least
    certain, of at most 64 values. A right guess is the same value (those after the 150th commonest
    share 50 codes), or the same sixteenth of an ordered column.

    The anonymity loss coefficient in the details compares precision and recall of both sides.
    Attackers with a trained model, or who reconstruct from many counts, are in ``inference_suite``.

    References
    ----------
    Francis & Wagner (2025), Towards more accurate measures of attribute inference risk,
    arXiv:2507.01710, for the non-member baseline and the anonymity loss coefficient.
    Raab, Nowok & Dibben (2024), arXiv:2406.16826, for disclosure by matching keys.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=EXCESS,
            title="Secrets given away",
            unit="share of people",
            better="lower",
            pitfalls="What follows from the population for anybody is not counted: a strong "
            "correlation, learnt by a good generator, discloses secrets of members and "
            "strangers alike. Only combinations of up to five known columns are searched.",
            meaning="Share of train people whose secret is given away by synthetic rows that match "
            "them otherwise, freed of luck, less the same share of unseen people; 0 is no leak.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the excess for each secret."""
        reason = why_no_attack(case)
        dossier = None if reason else dossier_of(case, streams, people=_MOST, rows=_ROWS)
        if dossier is None or not dossier.secrets:
            few = "no column of at least two values can be guessed from at least two others"
            yield Measurement.missing(EXCESS, reason or few, "column:*")
            return
        for name in dossier.own:
            yield Measurement.missing(EXCESS, OWN, f"column:{name}")
        for j in dossier.secrets:
            name = dossier.names[j]
            yield _measurement(case, dossier, j, streams.child("secret", name))


class _Guess(NamedTuple):
    """Of each person: whether the attacker guessed, whether rightly, and what that is worth."""

    tried: Bools
    right: Bools
    worth: Floats


class _Answers(NamedTuple):
    """What the synthetic rows say of a secret, for each combination of the known columns.

    ``cells`` are the keys of the combinations, sorted; ``value`` is the commonest code of the
    secret, and ``sure`` whether it is common enough to be guessed; ``luck`` is how often each code
    is right for people who were never in train.
    """

    known: list[int]
    secret: int
    cells: NDArray[np.uint64]
    value: Codes
    sure: Bools
    luck: Floats


def _answers(dossier: Dossier, secret: int, known: tuple[int, ...]) -> _Answers:
    """Look up the commonest ``secret`` of the synthetic rows with the same ``known``."""
    made, columns = dossier.made, list(known)
    keys = made.keys[:, columns].sum(axis=1, dtype=np.uint64)
    cells, cell = np.unique(keys, return_inverse=True)
    sides = (made, dossier.members, dossier.unseen)
    width = max(int(s.codes[:, secret].max()) for s in sides) + 1
    pairs, counts = np.unique(cell.ravel() * width + made.codes[:, secret], return_counts=True)
    total = np.bincount(pairs // width, weights=counts, minlength=len(cells))
    order = np.lexsort((counts, pairs // width))
    last = np.append(np.diff(pairs[order] // width) != 0, True)
    others = np.bincount(dossier.unseen.codes[:, secret], minlength=width)
    return _Answers(
        known=columns,
        secret=secret,
        cells=cells,
        value=pairs[order][last] % width,
        sure=counts[order][last] >= _SURE * total,
        luck=others / len(dossier.unseen.codes),
    )


def _guess(answers: _Answers, side: Rows) -> _Guess:
    """Guess the secret of the people of ``side``."""
    asked = side.keys[:, answers.known].sum(axis=1, dtype=np.uint64)
    place = np.minimum(np.searchsorted(answers.cells, asked), len(answers.cells) - 1)
    tried = (answers.cells[place] == asked) & answers.sure[place]
    right = tried & (answers.value[place] == side.codes[:, answers.secret])
    luck = answers.luck[answers.value[place]]
    worth = np.where(tried, (right - luck) / np.maximum(1 - luck, LUCK), 0.0)
    sums = [np.bincount(side.who, weights=x, minlength=side.n) for x in (tried, right, worth)]
    return _Guess(sums[0] > 0, sums[1] > 0, sums[2] / np.maximum(sums[0], 1))


def _worst(dossier: Dossier, secret: int, halves: tuple[Bools, Bools]) -> tuple[int, ...]:
    """Return the known columns with the largest excess, in standard errors, on these people."""
    others = [i for i, column in enumerate(dossier.clues) if column != secret]

    def excess(known: tuple[int, ...]) -> float:
        sides = zip((dossier.members, dossier.unseen), halves, strict=True)
        answers = _answers(dossier, secret, known)
        guessed = [(_guess(answers, s), half) for s, half in sides]
        found = mean_difference(*(g.worth[half] for g, half in guessed))
        z = found.value / (found.high - found.value)
        told = float(guessed[1][0].right[guessed[1][1]].mean())
        return float(z if told <= _KNOWN_ANYWAY else z - _LAST)

    tried: dict[tuple[int, ...], float] = {}
    quasi = tuple(i for i in dossier.quasi if i != secret)
    if len(quasi) > 1:
        tried[quasi] = excess(quasi)
    alone = (
        {i: excess((i,)) for i in others} if len(others) > _CLUES else dict.fromkeys(others, 0.0)
    )
    others = sorted(sorted(others, key=lambda i: -alone[i])[:_CLUES])
    beam: list[tuple[int, ...]] = [(i, j) for i in others for j in others if i < j]
    while beam:
        tried.update({known: excess(known) for known in beam if known not in tried})
        best = sorted(beam, key=lambda known: -tried[known])[:_BEAM]
        if len(best[0]) >= min(_DEPTH, len(others)):
            break
        beam = sorted({tuple(sorted({*k, i})) for k in best for i in others if i not in k})
    return max(tried, key=lambda known: tried[known])


def _measurement(case: Case, dossier: Dossier, secret: int, streams: Streams) -> Measurement:
    members, unseen = dossier.members, dossier.unseen
    first = np.arange(members.n) % 2 == 0, np.arange(unseen.n) % 2 == 0
    tried = np.zeros(members.n, dtype=bool), np.zeros(unseen.n, dtype=bool)
    right = np.zeros(members.n, dtype=bool), np.zeros(unseen.n, dtype=bool)
    worth = np.zeros(members.n), np.zeros(unseen.n)
    for learn in (first, (~first[0], ~first[1])):
        answers = _answers(dossier, secret, _worst(dossier, secret, learn))
        for i, side in enumerate((members, unseen)):
            guess = _guess(answers, side)
            tried[i][~learn[i]] = guess.tried[~learn[i]]
            right[i][~learn[i]] = guess.right[~learn[i]]
            worth[i][~learn[i]] = guess.worth[~learn[i]]

    def caught(size: float, rng: np.random.Generator) -> bool:
        planted = worth[0].copy()
        planted[rng.choice(members.n, max(1, round(size * members.n)), replace=False)] = 1.0
        return mean_difference(planted, worth[1]).low > 0

    name, found = dossier.names[secret], mean_difference(*worth)
    sides = [s.records.take(s.one_each) for s in (members, unseen)]
    counts = (Guessed.of(tried[0], right[0]), Guessed.of(tried[1], right[1]))
    proof = detection(
        caught, streams.child("plants").generator(), SIZES, name="secrets beside known columns"
    )
    null = null_line(mean_difference, worth[1], 0.0, streams.child("null").generator())
    measured = Measurement(
        metric=EXCESS,
        subject=f"column:{name}",
        value=found.value,
        low=found.low,
        high=found.high,
        n=members.n,
        baseline=0.0,
        limit_of_detection=proof.smallest,
        details={
            "title": f"Can {name} be guessed from other columns?",
            "meaning": "Right guesses for people of train, less those for people the generator "
            "never saw.",
            **guessed_line(name, *counts),
            "groups": exposure_of(case, Called(sides[0], right[0]), Called(sides[1], right[1])),
            "hit": "guessed rightly",
            "controls": [*proof.lines, null],
        },
    )
    return fair(measured, shift_of(case))

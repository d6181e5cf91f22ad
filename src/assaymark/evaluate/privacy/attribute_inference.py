"""Attribute inference: whether synthetic rows give away what is not known of a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.core.schema import Role
from assaymark.evaluate.agreement import agreement_of
from assaymark.evaluate.controls import (
    SIZES,
    detection,
    fair,
    mean_difference,
    null_line,
    shift_of,
    why_no_attack,
)
from assaymark.evaluate.features import measured_columns
from assaymark.evaluate.isolation import sides_of
from assaymark.evaluate.risk import anonymity_loss, precision_recall

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]
    Keys = NDArray[np.uint64]

__all__ = ["AttributeInference"]

EXCESS = "attribute_inference.excess"
_MOST, _ROWS = 8_000, 20_000
_SECRETS, _CODES = 4, 64
_SURE = 0.8  # share of the matching synthetic rows that must agree before the attacker guesses
_BEAM, _DEPTH, _CLUES = 3, 5, 10
_KNOWN_ANYWAY, _LAST = 0.1, 1e6
_LUCK = 0.5  # no guess counts more than twice what it tells beyond luck


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
    found. Secrets are the sensitive and target columns; where none is declared,
    the four columns whose value is least certain, of at most 64 values. A right guess is the same
    value, or the same sixteenth of an ordered column.

    The anonymity loss coefficient in the details compares precision and recall of both sides.
    Attackers with a trained model, or who reconstruct from many counts, are not covered.

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
        scene = None if reason else _scene(case, streams)
        if scene is None or not scene.secrets:
            few = "no column of at least two values can be guessed from at least two others"
            yield Measurement.missing(EXCESS, reason or few, "column:*")
            return
        for j in scene.secrets:
            name = scene.names[j]
            yield _measurement(case, scene, j, streams.child("secret", name))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Side:
    """Rows of people: whose each is, the code of every column ``(n, columns)``, and what is known.

    ``keys`` has a number per row and clue, ``(n, clues)``: a clue is a column's code, or the very
    value of an ordered column.
    """

    who: Codes
    codes: Codes
    keys: Keys
    n: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scene:
    """Train people, unseen people, synthetic rows; secret columns, and the column of each clue."""

    members: _Side
    unseen: _Side
    made: _Side
    names: tuple[str, ...]
    secrets: tuple[int, ...]
    clues: tuple[int, ...]
    quasi: tuple[int, ...]


class _Guess(NamedTuple):
    """Of each person: whether the attacker guessed, whether rightly, and what that is worth."""

    tried: Bools
    right: Bools
    worth: Floats


def _scene(case: Case, streams: Streams) -> _Scene:
    real = [case.train, *sides_of(case)[:2]]
    agreement = agreement_of(real)
    coded = [c for c in agreement.coded if c.shift == 0]
    names = tuple(c.column.name for c in coded)
    rng = np.random.default_rng(17)  # hashes, no chance of the attack
    words = [rng.integers(0, 2**63, len(c.bits), dtype=np.uint64) for c in coded]
    ordered = [i for i, c in enumerate(coded) if c.column.kind.ordered]
    draw = streams.child("targets").generator()

    def side(parts: Sequence[Dataset], most: int) -> _Side:
        who, codes, exact, n = [], [], [], 0
        total = sum(d.n for d in parts)
        for data in parts:
            person = data.person_codes
            people = int(person.max(initial=-1)) + 1
            kept = np.zeros(people, dtype=bool)
            kept[draw.permutation(people)[: max(1, round(people * min(1.0, most / total)))]] = True
            rows = np.flatnonzero(kept[person])
            some = data.take(rows)
            codes.append(np.column_stack([c.codes(some) for c in coded]))
            values = [some.frame[names[i]].hash(seed=i).to_numpy() for i in ordered]
            exact.append(np.array(values, dtype=np.uint64).reshape(len(ordered), some.n).T)
            who.append((np.cumsum(kept) - 1)[person[rows]] + n)
            n += int(kept.sum())
        table = np.concatenate(codes)
        coarse = np.column_stack([w[table[:, i]] for i, w in enumerate(words)])
        keys = np.hstack([coarse, np.concatenate(exact)])
        return _Side(who=np.concatenate(who), codes=table, keys=keys, n=n)

    members = side(real[:1], _MOST)
    return _Scene(
        members=members,
        unseen=side(real[1:], _MOST),
        made=side(case.exposed, _ROWS),
        names=names,
        secrets=_secrets(case.train, names, members.codes),
        clues=(*range(len(names)), *ordered),
        quasi=_with_role(case.train, names, {Role.QUASI_IDENTIFIER}),
    )


def _with_role(data: Dataset, names: tuple[str, ...], roles: set[Role]) -> tuple[int, ...]:
    marked = {c.name for c in measured_columns(data) if roles & set(c.roles)}
    return tuple(i for i, name in enumerate(names) if name in marked)


def _secrets(data: Dataset, names: tuple[str, ...], codes: Codes) -> tuple[int, ...]:
    """Return the columns to guess: declared ones, else the least certain, of 2 to 64 values."""
    if len(names) < 3:
        return ()
    doubt = []
    for i in range(len(names)):
        share = np.bincount(codes[:, i]) / len(codes)
        share = share[share > 0]
        able = len(share) >= 2 and codes[:, i].max() < _CODES
        doubt.append(float(-(share * np.log(share)).sum()) if able else -1.0)
    declared = _with_role(data, names, {Role.SENSITIVE, Role.TARGET})
    if declared:
        return tuple(i for i in declared if doubt[i] > 0)
    ranked = sorted(range(len(names)), key=lambda i: -doubt[i])
    return tuple(i for i in ranked[:_SECRETS] if doubt[i] > 0)


def _guess(scene: _Scene, side: _Side, secret: int, known: tuple[int, ...]) -> _Guess:
    """Guess ``secret`` of the people of ``side`` from synthetic rows with the same ``known``."""
    columns = list(known)
    made, asked = (s.keys[:, columns].sum(axis=1, dtype=np.uint64) for s in (scene.made, side))
    cells, cell = np.unique(made, return_inverse=True)
    width = int(max(scene.made.codes[:, secret].max(), side.codes[:, secret].max())) + 1
    pairs, counts = np.unique(
        cell.ravel() * width + scene.made.codes[:, secret], return_counts=True
    )
    total = np.bincount(pairs // width, weights=counts, minlength=len(cells))
    order = np.lexsort((counts, pairs // width))
    last = np.append(np.diff(pairs[order] // width) != 0, True)
    top, value = counts[order][last], pairs[order][last] % width
    place = np.minimum(np.searchsorted(cells, asked), len(cells) - 1)
    tried = (cells[place] == asked) & (top[place] >= _SURE * total[place])
    right = tried & (value[place] == side.codes[:, secret])
    others = np.bincount(scene.unseen.codes[:, secret], minlength=width) / len(scene.unseen.codes)
    luck = others[value[place]]
    worth = np.where(tried, (right - luck) / np.maximum(1 - luck, _LUCK), 0.0)
    sums = [np.bincount(side.who, weights=x, minlength=side.n) for x in (tried, right, worth)]
    return _Guess(sums[0] > 0, sums[1] > 0, sums[2] / np.maximum(sums[0], 1))


def _worst(scene: _Scene, secret: int, halves: tuple[Bools, Bools]) -> tuple[int, ...]:
    """Return the known columns with the largest excess, in standard errors, on these people."""
    others = [i for i, column in enumerate(scene.clues) if column != secret]

    def excess(known: tuple[int, ...]) -> float:
        sides = zip((scene.members, scene.unseen), halves, strict=True)
        guessed = [(_guess(scene, s, secret, known), half) for s, half in sides]
        found = mean_difference(*(g.worth[half] for g, half in guessed))
        z = found.value / (found.high - found.value)
        told = float(guessed[1][0].right[guessed[1][1]].mean())
        return float(z if told <= _KNOWN_ANYWAY else z - _LAST)

    tried: dict[tuple[int, ...], float] = {}
    quasi = tuple(i for i in scene.quasi if i != secret)
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


def _measurement(case: Case, scene: _Scene, secret: int, streams: Streams) -> Measurement:
    members, unseen = scene.members, scene.unseen
    first = np.arange(members.n) % 2 == 0, np.arange(unseen.n) % 2 == 0
    tried = np.zeros(members.n, dtype=bool), np.zeros(unseen.n, dtype=bool)
    right = np.zeros(members.n, dtype=bool), np.zeros(unseen.n, dtype=bool)
    worth = np.zeros(members.n), np.zeros(unseen.n)
    for learn in (first, (~first[0], ~first[1])):
        known = _worst(scene, secret, learn)
        for i, side in enumerate((members, unseen)):
            guess = _guess(scene, side, secret, known)
            tried[i][~learn[i]] = guess.tried[~learn[i]]
            right[i][~learn[i]] = guess.right[~learn[i]]
            worth[i][~learn[i]] = guess.worth[~learn[i]]

    def caught(size: float, rng: np.random.Generator) -> bool:
        planted = worth[0].copy()
        planted[rng.choice(members.n, max(1, round(size * members.n)), replace=False)] = 1.0
        return mean_difference(planted, worth[1]).low > 0

    found = mean_difference(*worth)
    proof = detection(
        caught, streams.child("plants").generator(), SIZES, name="secrets beside known columns"
    )
    null = null_line(mean_difference, worth[1], 0.0, streams.child("null").generator())
    measured = Measurement(
        metric=EXCESS,
        subject=f"column:{scene.names[secret]}",
        value=found.value,
        low=found.low,
        high=found.high,
        n=members.n,
        baseline=0.0,
        limit_of_detection=proof.smallest,
        details={
            "title": f"Can {scene.names[secret]} be guessed from other columns?",
            "meaning": "Right guesses for people of train, less those for people the generator "
            "never saw.",
            "recall": float(right[0].mean()),
            "recall_of_unseen": float(right[1].mean()),
            "precision": _share(right[0], tried[0]),
            "precision_of_unseen": _share(right[1], tried[1]),
            "alc": _loss(right, tried),
            "controls": [*proof.lines, null],
        },
    )
    return fair(measured, shift_of(case))


def _share(right: Bools, tried: Bools) -> float:
    return float(right.sum() / max(1, tried.sum()))


def _loss(right: tuple[Bools, Bools], tried: tuple[Bools, Bools]) -> float:
    """Return the anonymity loss coefficient; 0 where nothing is lost, 1 where everything is."""
    attack, baseline = (
        precision_recall(_share(r, t), float(t.mean())) for r, t in zip(right, tried, strict=True)
    )
    return anonymity_loss(attack, baseline)

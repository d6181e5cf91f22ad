"""Best row: the secret of the one synthetic row that agrees with a person in most bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assaymark.core.registry import component
from assaymark.evaluate.blocks import in_blocks
from assaymark.evaluate.dossier import Guesses, Inference

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.streams import Streams
    from assaymark.evaluate.dossier import Dossier, Rows

    Bools = NDArray[np.bool_]
    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Points = NDArray[np.float32]
    Keys = NDArray[np.uint64]

__all__ = ["BestRow"]

_DENSE = 256  # clues of at most so many values are compared by a product, others by a look-up
_BLOCK = 128
_EQUAL = 1e-2  # bits; sums of single precision


@component
class BestRow:
    """The secret of the synthetic row most like the person, by the weights of record linkage.

    To agree on a rare value says more than to agree on a common one, and to agree on a very number
    more than on its sixteenth of all ranks: so rows that repeat some columns only stand out. Among
    rows that agree equally the commonest secret counts, and how common it is among them.

    References
    ----------
    Fellegi & Sunter (1969), A theory for record linkage.
    Francis & Wagner (2025), arXiv:2507.01710: the best-match attack.
    """

    def guess(self, dossier: Dossier, streams: Streams) -> dict[int, Inference]:  # noqa: ARG002
        """Return the guesses of every likely secret."""
        clues = [_clue(dossier, i) for i in range(len(dossier.clues))]
        members, unseen = (_found(dossier, s, clues) for s in (dossier.members, dossier.unseen))
        return {
            j: Inference(
                Guesses(members[i, :, 0].astype(np.int64), members[i, :, 1]),
                Guesses(unseen[i, :, 0].astype(np.int64), unseen[i, :, 1]),
                np.arange(dossier.width(j)),
                copied=members[i, :, 2],
            )
            for i, j in enumerate(dossier.likely)
        }


class _Clue(NamedTuple):
    """What agreeing on each value of a clue is worth, and the synthetic rows in its order."""

    values: Keys
    bits: Floats
    order: Codes
    sorted: Keys

    def of(self, keys: Keys) -> Codes:
        """Return the place of each key among the values."""
        return np.searchsorted(self.values, keys)


def _clue(dossier: Dossier, clue: int) -> _Clue:
    """Return the bits of a clue; those of a very value are what it says beyond its sixteenth."""
    sides = (dossier.members, dossier.unseen)
    real = np.concatenate([s.keys[:, clue] for s in sides])
    values, counts = np.unique(real, return_counts=True)
    bits = -np.log2(counts / len(real))
    if clue >= len(dossier.names):
        first = np.concatenate(
            [np.unique(s.keys[:, clue], return_index=True)[1] + o for s, o in _offsets(sides)]
        )
        codes = np.concatenate([s.codes[:, dossier.clues[clue]] for s in sides])
        share = np.bincount(codes) / len(codes)
        code = np.zeros(len(values), dtype=np.int64)
        code[np.searchsorted(values, real[first])] = codes[first]
        bits = np.maximum(0.0, bits + np.log2(share[code]))
    made = dossier.made.keys[:, clue]
    order = np.argsort(made, kind="stable")
    return _Clue(values, bits, order, made[order])


def _offsets(sides: tuple[Rows, Rows]) -> list[tuple[Rows, int]]:
    return [(sides[0], 0), (sides[1], len(sides[0].who))]


def _found(dossier: Dossier, side: Rows, clues: list[_Clue]) -> Floats:
    """Return value, confidence and that of a copy, ``(secrets, rows, 3)``."""
    dense = [i for i, c in enumerate(clues) if len(c.values) <= _DENSE]
    sparse = [i for i in range(len(clues)) if i not in dense]
    made = np.hstack([_hot(clues[i], dossier.made.keys[:, i]) for i in dense]).T.copy()

    def block(part: slice) -> Floats:
        bits = np.hstack([_hot(clues[i], side.keys[part, i]) for i in dense]) @ made
        for i in sparse:
            _add(bits, clues[i], side.keys[part, i])
        each = [_of_secret(dossier, side, part, bits, clues, j) for j in dossier.likely]
        return np.stack(each, axis=1)

    return in_blocks(len(side.who), _BLOCK, block).swapaxes(0, 1)


def _hot(clue: _Clue, keys: Keys) -> Points:
    """Return coordinates whose inner product is the number of bits of this clue."""
    place = clue.of(keys)
    known = np.flatnonzero(place < len(clue.values))
    known = known[clue.values[place[known]] == keys[known]]
    hot = np.zeros((len(keys), len(clue.values)), dtype=np.float32)
    hot[known, place[known]] = np.sqrt(clue.bits[place[known]])
    return hot


def _add(bits: Points, clue: _Clue, keys: Keys, sign: float = 1.0) -> None:
    """Add the bits of a clue of many values wherever a synthetic row has the very same one."""
    low, high = (np.searchsorted(clue.sorted, keys, side) for side in ("left", "right"))
    row = np.repeat(np.arange(len(keys)), high - low)
    start = np.repeat(low - np.append(0, np.cumsum(high - low)[:-1]), high - low)
    worth = clue.bits[clue.of(keys)].astype(np.float32)
    bits[row, clue.order[start + np.arange(len(row))]] += np.float32(sign) * worth[row]


def _of_secret(
    dossier: Dossier, side: Rows, part: slice, every: Points, clues: list[_Clue], secret: int
) -> Floats:
    """Return value, confidence and that of a copy for one secret, whose own clues tell nothing."""
    own = [i for i, column in enumerate(dossier.clues) if column == secret]
    truth = side.codes[part, secret]
    worth = clues[secret].bits[clues[secret].of(side.keys[part, secret])].astype(np.float32)
    same = truth.astype(np.int16)[:, None] == dossier.made.codes[:, secret].astype(np.int16)
    bits = every - same * worth[:, None]
    for i in own[1:]:
        _add(bits, clues[i], side.keys[part, i], -1.0)
    whole = sum(
        c.bits[c.of(side.keys[part, i])] for i, c in enumerate(clues) if i not in own
    ) + np.zeros(len(bits))
    top = bits.max(axis=1)
    level = bits >= top[:, None] - np.float32(_EQUAL)
    row, column = np.divmod(np.flatnonzero(level), bits.shape[1])
    votes = np.zeros((len(bits), dossier.width(secret)))
    np.add.at(votes, (row, dossier.made.codes[column, secret]), 1.0)
    value, total = votes.argmax(axis=1), votes.sum(axis=1)
    most, right = votes.max(axis=1), votes[np.arange(len(votes)), truth]
    lone = whole > top + _EQUAL
    share = np.where(lone, 1.0, (right + 1) / (total + 1))
    wins = lone | (right + 1 > most)
    return np.stack(
        [value, top * most / total, np.where(wins, whole * share, -np.inf)], axis=1
    ).astype(np.float64)

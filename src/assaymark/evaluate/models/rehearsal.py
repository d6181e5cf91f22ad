"""Rehearsal: models of every family, trained on blocks of real and of synthetic rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.evaluate.models.families import DEFAULTS, FAMILIES, GRIDS, is_dense, learn
from assaymark.evaluate.models.predictors import Predictor, one_thread, score

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams
    from assaymark.evaluate.models.families import Family, Learnt, Parameters
    from assaymark.evaluate.models.predictors import Task

    Floats = NDArray[np.float64]

__all__ = ["FEWEST_ROWS", "Rehearsal", "blocks_of", "rehearse", "tuned"]

FEWEST_ROWS = 30
"""Rows that a side needs before anything is trained on it."""

_BLOCKS, _TUNED_ON = 3, 1_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rehearsal:
    """What models trained on real and on synthetic rows say of the same test rows.

    ``real`` and ``made`` have, for each family, one array of predictions per block; ``models``
    the boosting models of the first two real blocks and of the first synthetic one. ``rows`` is
    how many rows each model was trained on, at most.
    """

    real: Mapping[Family, tuple[Floats, ...]]
    made: Mapping[Family, tuple[Floats, ...]]
    models: tuple[Learnt, Learnt, Learnt]
    parameters: Mapping[Family, Parameters]
    rows: int


def rehearse(
    task: Task,
    train: Dataset,
    synthetics: Sequence[Dataset],
    test: Dataset,
    streams: Streams,
    *,
    most: int,
) -> Rehearsal:
    """Tune each family on ``train`` once, then train it on blocks of either side.

    A block holds a third of the persons of ``train``, or of the synthetic rows, at most ``most``
    rows; where there are several synthetic sets, each is one block.
    """
    several = len(synthetics) > 1
    size = min(most, train.n // _BLOCKS, *(s.n // (1 if several else _BLOCKS) for s in synthetics))
    real = list(blocks_of(train, _BLOCKS, size, streams.child("real blocks")))
    made = [
        block
        for i, rows in enumerate(synthetics)
        for block in blocks_of(
            rows, 1 if several else _BLOCKS, size, streams.child("synthetic blocks", i)
        )
    ]
    with one_thread():
        parameters = tuned(task, *_first(real), streams.child("tuned"))
        met = _Lesson.of(task, test)
        sides: list[dict[Family, tuple[Floats, ...]]] = []
        kept: list[Learnt] = []
        for side, blocks in (("real", real), ("synthetic", made)):
            lessons = [_Lesson.of(task, block) for block in blocks]
            found: dict[Family, tuple[Floats, ...]] = {}
            for family in FAMILIES:
                models = [
                    _learnt(task, family, one, parameters[family], streams.child(side, family, i))
                    for i, one in enumerate(lessons)
                ]
                found[family] = tuple(m.predict(met.features(family)) for m in models)
                if family == "boosting":
                    kept += models[:2] if side == "real" else models[:1]
            sides.append(found)
    return Rehearsal(
        real=sides[0],
        made=sides[1],
        models=(kept[0], kept[1], kept[2]),
        parameters=parameters,
        rows=size,
    )


def _first(blocks: Sequence[Dataset]) -> tuple[Dataset, Dataset]:
    few = np.arange(min(_TUNED_ON, blocks[0].n))
    return blocks[0].take(few), blocks[1]


def blocks_of(rows: Dataset, count: int, size: int, streams: Streams) -> Iterator[Dataset]:
    """Yield ``count`` blocks of at most ``size`` rows that share no person."""
    rng = streams.generator()
    codes = rows.person_codes
    dealt = rng.permutation(int(codes.max()) + 1 if len(codes) else 0) % count
    for k in range(count):
        inside = rng.permutation(np.flatnonzero(dealt[codes] == k))[:size]
        yield rows.take(np.sort(inside))


def tuned(
    task: Task, fitted: Dataset, tested: Dataset, streams: Streams
) -> dict[Family, Parameters]:
    """Return the parameters of each family's grid that do best on ``tested``, other real rows."""
    lesson, exam = _Lesson.of(task, fitted), _Lesson.of(task, tested)
    chosen = dict(DEFAULTS)
    for family, grid in GRIDS.items():
        scores: list[float] = []
        for parameters in grid:
            model = _learnt(task, family, lesson, parameters, streams.child(family))
            predicted = Predictor(predicted=model.predict(exam.features(family)))
            got = score(task, predicted, exam.targets)
            if isinstance(got, str):
                break
            scores.append(got.value)
        if len(scores) == len(grid):
            chosen[family] = grid[int(np.argmax(scores))]
    return chosen


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Lesson:
    """Rows whose target is known, encoded once in both ways."""

    dense: Floats
    ordinal: Floats
    targets: Floats

    @classmethod
    def of(cls, task: Task, rows: Dataset) -> _Lesson:
        targets = task.targets(rows)
        known = np.flatnonzero(~np.isnan(targets))
        part = rows.take(known)
        return cls(
            dense=task.encoder.dense(part),
            ordinal=task.encoder.ordinal(part),
            targets=targets[known],
        )

    def features(self, family: Family) -> Floats:
        return self.dense if is_dense(family) else self.ordinal


def _learnt(
    task: Task, family: Family, lesson: _Lesson, parameters: Parameters, streams: Streams
) -> Learnt:
    return learn(
        family,
        lesson.features(family),
        lesson.targets,
        classes=task.width,
        parameters=parameters,
        streams=streams,
    )

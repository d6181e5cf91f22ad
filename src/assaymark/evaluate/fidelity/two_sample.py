"""Two-sample test: can a classifier tell synthetic rows from real rows it has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.features import why_incomparable
from assaymark.evaluate.models.predictors import one_thread
from assaymark.evaluate.two_samples import tell_apart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams

__all__ = ["TwoSample"]

AUC = "two_sample.auc"
_FEWEST = 20


@component
class TwoSample:
    """AUC of gradient boosting that tells synthetic rows from the holdout, out of fold.

    As many synthetic rows as holdout rows, at most ``most_rows`` of each; three folds that keep
    persons together; the AUC is the mean over folds and its interval DeLong's with persons
    counted once. Floor: train against holdout. Baseline: train with every column shuffled.
    Details name the columns whose shuffling costs the classifier most.

    A rounding habit or one odd code is enough for an AUC near 1; look at the columns named.

    References
    ----------
    Lopez-Paz & Oquab (2017), Revisiting classifier two-sample tests.
    DeLong, DeLong & Clarke-Pearson (1988), for the interval.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=AUC,
            title="How well a classifier tells synthetic from real rows",
            unit="AUC",
            better="lower",
            meaning="Chance that a classifier ranks a synthetic row above a real one; 0.5 is "
            "guessing, 1 is certainty.",
        ),
    )

    most_rows: int = 6_000
    """Rows of each side that are used, to bound the time."""

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the AUC, or why there is none."""
        reason, holdout = why_incomparable(case, fewest=_FEWEST), case.holdout
        if reason or holdout is None:
            yield Measurement.missing(AUC, reason, n=0 if holdout is None else holdout.n_persons)
            return
        shuffled = _shuffled(case.train, streams.child("shuffled"))
        with one_thread():
            made, floor, baseline = (
                tell_apart(holdout, other, streams.child(name), most=most)
                for name, other, most in (
                    ("synthetic", case.synthetic, self.most_rows),
                    ("train", case.train, self.most_rows // 2),
                    ("independent", shuffled, self.most_rows // 2),
                )
            )
        yield Measurement(
            metric=AUC,
            value=made.value,
            low=made.low,
            high=made.high,
            n=made.n,
            floor=floor.value,
            baseline=baseline.value,
            details={
                "top": [{"column": name, "auc_lost": lost} for name, lost in made.top],
                "rows_of_each": made.rows,
            },
        )


def _shuffled(data: Dataset, streams: Streams) -> Dataset:
    """Return ``data`` with each column shuffled by itself."""
    frame = data.frame
    for column in data.schema.names:
        order = streams.child(column).generator().permutation(data.n)
        frame = frame.with_columns(data.frame[column][order].alias(column))
    return type(data)(schema=data.schema, frame=frame)

"""Case: what an evaluation looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.core.questions import NO_QUESTIONS, Questions
from assaymark.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from assaymark.core.coverage import Certificate, Maker
    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Schema
    from assaymark.core.streams import Streams
    from assaymark.core.threat import ThreatModel

__all__ = ["Case"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """Real and synthetic rows of one table; all parts share one schema.

    Attributes
    ----------
    train
        Real rows the generator saw.
    holdout
        Real rows it did not see, other persons, same population: the control for every attack
        and the yardstick of every fidelity figure. ``None`` where the user has none; metrics
        then give a reason, not a number.
    reference
        Real rows of a third set of persons that the attacker is granted as background.
    synthetics
        One or more replicates of the released rows; none where one table is described by itself.
    earlier
        Rows of earlier releases of the same people that an attacker may hold beside these.
    maker
        What made the synthetic rows, where that is known.
    certificates
        What benches found of the coverage of intervals, for any maker.
    questions
        Claims and plausibility rules that the recipe declares.
    refit
        Fit the same recipe to other rows and sample as many rows as asked, where that is cheap.
    """

    schema: Schema
    train: Dataset
    holdout: Dataset | None
    reference: Dataset | None
    synthetics: tuple[Dataset, ...]
    threat: ThreatModel
    earlier: tuple[Dataset, ...] = ()
    questions: Questions = NO_QUESTIONS
    maker: Maker | None = None
    certificates: tuple[Certificate, ...] = ()
    refit: Callable[[Dataset, int, Streams], Dataset] | None = None

    def __post_init__(self) -> None:
        parts = [self.train, self.holdout, self.reference, *self.exposed]
        for part in parts:
            if part is not None and part.schema.names != self.schema.names:
                raise DataError(
                    f"columns {part.schema.names} differ from the case's {self.schema.names}"
                )

    @property
    def synthetic(self) -> Dataset:
        """The first replicate.

        Raises
        ------
        DataError
            When there are no synthetic rows.
        """
        if not self.synthetics:
            raise DataError("the case has no synthetic rows")
        return self.synthetics[0]

    @property
    def exposed(self) -> tuple[Dataset, ...]:
        """Every table that an attacker holds: these replicates, and earlier releases.

        Attacks read this; fidelity, utility and fairness are about ``synthetics`` alone.
        """
        return (*self.synthetics, *self.earlier)

"""What a component must be able to do, on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.core.case import Case
    from assaymark.core.conditions import Given
    from assaymark.core.dataset import Dataset
    from assaymark.core.measurement import Json, Measurement, Quantity
    from assaymark.core.privacy import PrivacyGuarantee
    from assaymark.core.private_source import PrivateSource
    from assaymark.core.streams import Streams

__all__ = ["Generator", "Metric", "Model"]


class Model(Protocol):
    """A fitted generator: a value, never changed by sampling."""

    @property
    def privacy(self) -> PrivacyGuarantee | None:
        """What it proves, if anything."""
        ...

    @property
    def holds_records(self) -> bool:
        """Whether it keeps rows of the source and gives them out; nothing of it is released."""
        ...

    @property
    def summary(self) -> dict[str, Json]:
        """What the model card shows: order, pools, what was protected or dropped. No records."""
        ...

    def sample(self, rows: range, streams: Streams, given: Given | None = None) -> Dataset:
        """Return these rows of the endless table that ``streams`` stands for.

        With a condition, of the endless table of rows that satisfy it: exactly these rows, or a
        :class:`~assaymark.errors.ConditionError`; never fewer. Any block in any order gives the
        same bytes: ``sample(range(0, 9))`` equals ``sample(range(0, 4))`` followed by
        ``sample(range(4, 9))``.
        """
        ...


class Generator(Protocol):
    """A recipe for a model; a frozen dataclass whose fields are its JSON parameters."""

    def fit(self, source: PrivateSource, streams: Streams) -> Model:
        """Fit to the rows behind ``source`` and return a new model."""
        ...


class Metric(Protocol):
    """Anything that measures a case; an attack is a metric. Fields are JSON parameters.

    One with a class attribute ``single`` that is true also describes a case without synthetic rows.
    """

    quantities: ClassVar[tuple[Quantity, ...]]

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield measurements of the declared quantities, a reason where there is no value."""
        ...

"""Constrained: a fitted model, of which only rows that satisfy constraints come out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.errors import ConditionError
from assaymark.generate.blocks import checked
from assaymark.generate.mixture import sample_wanted

if TYPE_CHECKING:
    from assaymark.core.conditions import Given
    from assaymark.core.measurement import Json
    from assaymark.core.privacy import PrivacyGuarantee
    from assaymark.core.protocols import Model
    from assaymark.core.streams import Streams
    from assaymark.generate.demands import Demands

__all__ = ["Constrained"]

_ROUNDS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Constrained:
    """Rows of ``model`` that satisfy ``demands``: distributed as its rows that do."""

    model: Model
    demands: Demands

    @property
    def privacy(self) -> PrivacyGuarantee | None:
        """What the model proves; leaving rows out takes nothing away from it."""
        return self.model.privacy

    @property
    def holds_records(self) -> bool:
        """Whether the model holds records."""
        return self.model.holds_records

    @property
    def unique(self) -> bool:
        """Whether rows depend on the rows before them."""
        return bool(self.demands.unique)

    @property
    def summary(self) -> dict[str, Json]:
        """The model's summary, and the constraints."""
        return {**self.model.summary, "constraints": list(self.demands.texts)}

    def sample(self, rows: range, streams: Streams, given: Given | None = None) -> Dataset:
        """Return these rows of the endless table of rows that satisfy all; see ``Model``.

        Where rows must be unique, a row that has been there before is left out of that table.

        Raises
        ------
        ConditionError
            When not all of the rows can be had.
        """
        demands = self.demands.also(given)
        if not demands.unique:
            return self._some(checked(rows), streams, demands)
        found = self._some(range(checked(rows).stop), streams, demands)
        every, wanted = found.frame, rows.stop
        kept = _first_ones(every, demands)
        for _ in range(_ROUNDS):
            if kept.height >= wanted:
                return Dataset(schema=found.schema, frame=kept[rows.start : wanted])
            missing = max(2 * (wanted - kept.height), wanted // 4, 64)
            more = range(every.height, every.height + missing)
            every = pl.concat([every, self._some(more, streams, demands).frame])
            kept = _first_ones(every, demands)
        raise ConditionError(
            f"{kept.height:,} of {wanted:,} rows can be had: {every.height:,} rows were drawn, and "
            f"the others were there before ({'; '.join(demands.texts[-len(demands.unique) :])})\n\n"
            "Hint: ask for fewer rows, or for uniqueness in more columns"
        )

    def _some(self, rows: range, streams: Streams, demands: Demands) -> Dataset:
        asked = demands if demands.conditions or demands.tests else None
        made = sample_wanted(self.model, rows, streams, asked)
        if not np.all(demands.hold(made.frame)):
            raise RuntimeError("a row was drawn that breaks a constraint")
        return made


def _first_ones(frame: pl.DataFrame, demands: Demands) -> pl.DataFrame:
    """Return the rows that are the first of their kind in each set, whatever follows them."""
    first = (pl.struct(columns).is_first_distinct() for columns in demands.unique)
    return frame.filter(pl.all_horizontal(*first))

"""Constrained: a fitted model, of which only rows that satisfy constraints come out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.errors import ConditionError
from assaymark.generate.blocks import checked
from assaymark.generate.constraints.mixture import sample_wanted

if TYPE_CHECKING:
    from assaymark.core.conditions import Given
    from assaymark.core.measurement import Json
    from assaymark.core.privacy import PrivacyGuarantee
    from assaymark.core.protocols import Model
    from assaymark.core.streams import Streams
    from assaymark.generate.constraints.demands import Demands

__all__ = ["Constrained"]

_ROUNDS, _LOOKED_AT = 40, 10_000
_FEWER = "Hint: ask for less at once, or leave out a constraint"


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
        if not self.unique:
            return self._some(checked(rows), streams, self.demands.also(given))
        found = self.sample_apart(checked(rows).stop, streams, given)
        return Dataset(schema=found.schema, frame=found.frame[rows.start :])

    def sample_apart(
        self, n: int, streams: Streams, given: Given | None, others: pl.DataFrame | None = None
    ) -> Dataset:
        """Return ``n`` rows, no two of them and none of the ``others`` alike where that is asked.

        Raises
        ------
        ConditionError
            When not all of the rows can be had.
        """
        demands = self.demands.also(given)
        found = self._some(range(n), streams, demands)
        every, before = found.frame, found.frame[:0] if others is None else others
        kept = _first_ones(every, before, demands)
        for _ in range(_ROUNDS):
            if kept.height >= n:
                return Dataset(schema=found.schema, frame=kept[:n])
            missing = max(2 * (n - kept.height), n // 4, 64)
            more = range(every.height, every.height + missing)
            every = pl.concat([every, self._some(more, streams, demands).frame])
            kept = _first_ones(every, before, demands)
        kind = "" if given is None else f" where {given.text}"
        raise ConditionError(
            f"{kept.height:,} of {n:,} rows{kind} can be had: {every.height:,} rows were drawn, "
            f"and the others were there before ({'; '.join(demands.texts[-len(demands.unique) :])})"
            "\n\nHint: ask for fewer rows, or for uniqueness in more columns"
        )

    def _some(self, rows: range, streams: Streams, demands: Demands) -> Dataset:
        asked = demands if demands.conditions or demands.tests else None
        try:
            made = sample_wanted(self.model, rows, streams, asked)
        except ConditionError as error:
            said, _, hint = str(error).partition("\n\n")
            which = _which(self.model.sample(range(_LOOKED_AT), streams).frame, demands)
            raise ConditionError(f"{said}{which}\n\n{hint or _FEWER}") from error
        if not np.all(demands.hold(made.frame)):
            raise RuntimeError("a row was drawn that breaks a constraint")
        return made


def _which(frame: pl.DataFrame, demands: Demands) -> str:
    """Say how many rows that are drawn freely satisfy each demand, and which none satisfies."""
    held = {d.text: d.hold(frame) for d in demands.single}
    if len(held) < 2 or np.logical_and.reduce(list(held.values())).any():
        return ""
    together = list(held)
    for text in held:
        fewer = [held[t] for t in together if t != text]
        if fewer and not np.logical_and.reduce(fewer).any():
            together.remove(text)
    counts = ", ".join(f"{text!r} in {int(held[text].sum()):,}" for text in together)
    joint = "" if len(together) == 1 else f", and in none all {len(together)} of them"
    return f"; of {frame.height:,} rows without constraints, {counts}{joint}"


def _first_ones(frame: pl.DataFrame, before: pl.DataFrame, demands: Demands) -> pl.DataFrame:
    """Return the rows that are the first of their kind in each set, whatever follows them."""
    first = (pl.struct(columns).is_first_distinct() for columns in demands.unique)
    ones = pl.concat([before, frame]).select(first=pl.all_horizontal(*first))["first"]
    return frame.filter(ones[before.height :])

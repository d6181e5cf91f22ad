"""Read off: a weekday, month or hour that is read off a date, which is drawn before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.schema import Kind
from assaymark.generate.relations.date_parts import ComesOut, of_moments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.generate.relations.date_parts import DatePart
    from assaymark.generate.trees.link import Link, Place

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["ReadOff", "comes_out", "read_off"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadOff:
    """A column that says a part of a date that lies near another, or is worked out.

    Such a date is where the other is, and no free choice of a day that goes with what is said.

    Attributes
    ----------
    source
        Place in the chain of the date.
    unit, kind
        Which part of it, and whether its numbers are days or microseconds.
    table
        The code that goes with each value of the part.
    known
        Codes that are not "missing".
    link
        Draws the codes where the date is missing, and where the column is.
    """

    source: int
    unit: str
    kind: Kind
    table: Codes
    known: int
    link: Link

    def draw(self, drawn: Codes, place: Place, out: Codes, inside: Floats, dates: Floats) -> None:
        """Draw the codes; ``dates`` are the numbers of the date. See :meth:`Link.draw`."""
        self.link.draw(drawn, place, out, inside)
        told = np.isfinite(dates) & (out < self.known)
        out[told] = self.table[of_moments(self.unit, dates[told], self.kind)]


def read_off(part: DatePart, kind: Kind, known: int, source: int, link: Link) -> ReadOff:
    """Return what reads a part of a date off; a value that nobody has is taken for the next one."""
    told = part.allowed[:known]
    seen = np.flatnonzero(told.any(axis=0))
    every = np.arange(told.shape[1])
    after = seen[np.searchsorted(seen, every) % len(seen)]
    return ReadOff(
        source=source,
        unit=part.unit,
        kind=kind,
        table=told[:, after].argmax(axis=0).astype(np.int32),
        known=known,
        link=link,
    )


def comes_out(parts: Sequence[DatePart], kind: Kind, known: Sequence[int]) -> ComesOut:
    """Return which values of these parts go with any code of their columns."""
    return ComesOut(
        kind=kind,
        units=tuple(p.unit for p in parts),
        allowed=tuple(
            np.asarray(p.allowed[:n].any(axis=0)) for p, n in zip(parts, known, strict=True)
        ),
    )

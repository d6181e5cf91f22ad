"""Columns as trees see them: those drawn before, and the one to be drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.schema import Role
from assaymark.generate.trees.barred import Axis
from assaymark.generate.trees.branches import PLACES
from assaymark.generate.trees.classes import classes_of, cut_of
from assaymark.generate.trees.effects import BINS
from assaymark.generate.trees.slopes import scores_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.generate.coding.encoding import Coding, Encoded
    from assaymark.generate.trees.classes import Cut

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["Known", "Target", "axis_of", "known_of", "sure", "target_of"]

_FEW_CLASSES = 4  # codes of an outcome whose every relation is kept
_MANY_PERSONS = 5000  # of whom each moves such a relation by little
_MOST_LEVELS = 512
_LEVELS, _DIRECTIONS = 8, 8  # levels of a category that linear relations see


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """A column that was drawn before: its codes in train, and how trees and effects see them.

    ``places`` is the place of each code on the line that is split; ``None`` where the codes have
    no order, so that each tree finds one of its own. ``bins`` is the bin of each code, ``scores``
    what each bin counts for in a linear relation, shape ``(scores, bins)``. ``row`` is where its
    codes are when rows are drawn. ``part`` is the column's part in a declared relation,
    ``"group"`` or ``"outcome"``.
    """

    codes: Codes
    size: int
    places: Codes | None
    bins: Codes
    scores: Floats
    row: int
    part: str = ""

    def only(self, rows: NDArray[np.bool_]) -> Known:
        """Return the column in these rows alone."""
        return replace(self, codes=self.codes[rows])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Target:
    """What is to be drawn: the code of each row, what each code weighs, and how codes are cut.

    ``scores`` is what each group of codes counts for in a linear relation, shape
    ``(scores, groups)``; ``None`` where it takes part in none. ``part`` is as in :class:`Known`;
    ``ordered`` says whether codes that lie side by side are alike.
    """

    codes: Codes
    mass: Floats
    cut: Cut
    scores: Floats | None = None
    part: str = ""
    ordered: bool = False


def target_of(encoded: Encoded, column: int, classes: int) -> Target:
    """Return a column as it is to be drawn, in about ``classes`` classes."""
    mass = encoded.mass(column)
    coding = encoded.encoding.codings[column]
    cut = cut_of(coding, mass, classes)
    return Target(
        codes=encoded.codes[column],
        mass=mass,
        cut=cut,
        scores=scores_of(coding, mass, cut.groups[cut.classes], _DIRECTIONS, squares=True),
        part=_part(coding),
        ordered=coding.ordered,
    )


def known_of(coding: Coding, mass: Floats, codes: Codes, *, row: int) -> Known:
    """Return a column as later columns see it; ``mass`` is that of each code."""
    places = classes_of(coding, mass, PLACES - 1) if coding.ordered else None
    if places is not None and coding.missing:  # "missing" lies before all values
        places = np.append(places[:-1] + 1, 0).astype(np.int32)
    bins = classes_of(coding, mass, BINS if coding.ordered else 2 * BINS)
    return Known(
        codes=codes,
        size=coding.size,
        places=places,
        bins=bins,
        scores=scores_of(coding, mass, bins, _LEVELS),
        row=row,
        part=_part(coding),
    )


def _part(coding: Coding) -> str:
    """Return what a column is in the relations of an outcome with others."""
    if coding.column.has(Role.TARGET):
        return "outcome"
    return "group" if coding.column.has(Role.PROTECTED) else ""


def sure(known: Known, target: Target, persons: int) -> bool:
    """Say whether what a column says of the next is declared, so that chance need not be asked."""
    if known.part == "outcome" and known.size <= _FEW_CLASSES and persons >= _MANY_PERSONS:
        return True
    return {known.part, target.part} == {"group", "outcome"}


def axis_of(known: Known) -> Axis:
    """Return the bins in which a column may bar what comes next: its levels, where it has some."""
    levels = known.places is None and known.size <= _MOST_LEVELS
    bins = np.arange(known.size, dtype=np.int32) if levels else known.bins
    return Axis(bins, known.places is not None)

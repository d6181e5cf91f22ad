"""Asked: constraints as demands on rows with gaps, and as ties that say cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core import constraint as c
from assaymark.errors import RecipeError
from assaymark.generate.constraints.demands import demands_of
from assaymark.generate.filling.in_order import InOrder
from assaymark.generate.filling.worked import Worked
from assaymark.generate.relations.anchors import Anchor, cells_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.core.dataset import Dataset
    from assaymark.generate.coding.encoding import Encoded
    from assaymark.generate.constraints.demands import Demands

__all__ = ["orders_asked", "possible_demands", "sums_asked"]


def possible_demands(specs: Sequence[c.ConstraintSpec], data: Dataset) -> Demands:
    """Return constraints as demands that a missing cell leaves open.

    Raises
    ------
    RecipeError
        When one does not fit the columns, asks rows to be unlike each other, contradicts another,
        or is broken by cells that are there and has ``on_source = "refuse"``.
    UnknownNameError
        When there is no such column.
    """
    if any(isinstance(s, c.Unique) for s in specs):
        raise RecipeError(
            "gaps are filled row by row, so that no two rows alike cannot be asked for"
            "\n\nHint: leave out the constraint of kind 'unique'"
        )
    for one in _opened([s for s in specs if s.on_source == "refuse"], data).single:
        broken = int((~one.hold(data.frame)).sum())
        if broken:
            raise RecipeError(
                f"cells that are there break a constraint in {broken:,} of {data.n:,} rows: "
                f"{one.text}\n\nHint: correct the rows or the constraint, or set on_source = "
                "'keep' to leave these rows as they are"
            )
    return _opened(specs, data)


def _opened(specs: Sequence[c.ConstraintSpec], data: Dataset) -> Demands:
    learnt = [s.model_copy(update={"on_source": "keep"}) for s in specs]
    return demands_of(learnt, data).possible()


def sums_asked(specs: Sequence[c.ConstraintSpec], data: Dataset, encoded: Encoded) -> list[Worked]:
    """Return the sums that constraints ask for."""
    names = data.schema.names
    found = []
    for spec in (s for s in specs if isinstance(s, c.SumOfParts)):
        columns = (spec.total, *spec.parts)
        codings = {n: cells_of(encoded.encoding, names.index(n)) for n in columns}
        if all(len(k.first) for k in codings.values()):
            anchor = Anchor(terms=tuple((names.index(p), 1.0) for p in spec.parts))
            found.append(
                Worked(column=spec.total, anchor=anchor, names=names, codings=codings, room=0)
            )
    return found


def orders_asked(specs: Sequence[c.ConstraintSpec]) -> list[InOrder]:
    """Return the orders that constraints ask for."""
    return [InOrder(low=s.low, high=s.high) for s in specs if isinstance(s, c.Inequality)]

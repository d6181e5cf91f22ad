"""Model words: what a fitted model says of itself that a reader must know."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.core.measurement import Json

__all__ = ["said_of"]


def said_of(summary: Mapping[str, Json]) -> tuple[str, ...]:
    """Return sentences from the summary of a model: rules it keeps, rows and budget not used."""
    out = []
    texts = summary.get("constraints")
    if isinstance(texts, list) and texts:
        out.append(f"Every synthetic row satisfies: {'; '.join(str(t) for t in texts)}.")
    if summary.get("rows_left_out"):
        out.append(f"The limit on rows of one person left out {summary['rows_left_out']}.")
    found = summary.get("values_not_found")
    if isinstance(found, list) and found:
        out.append(
            f"Values that were not declared, or that too few people have to be found, are never "
            f"drawn; others stand in their place: {', '.join(map(str, found))}."
        )
    if summary.get("unspent"):
        out.append(f"{summary['unspent']}.")
    return tuple(out)

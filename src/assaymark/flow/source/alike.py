"""Alike: people under new ids, known again by what their rows hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.flow.source.population import attempts_at, openings_of
from assaymark.source.prints import Prints, compared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.store.workspace import Workspace

__all__ = ["alike"]

_SEALED = "values-"


def alike(workspace: Workspace, population: str, prints: Prints | None) -> tuple[str, ...]:
    """Say of which other populations these may be the same people, by values of their rows.

    Ids that were replaced, or a column altered where there are none, make another population of
    the same people; prints of three values together know them again. Samples of one population
    are not taken for the same people: prints hold the share that strangers have in common.
    ``prints`` are kept in the sealed tier under ``population``.
    """
    if prints is None:
        return ()
    found = tuple(_found(workspace, population, prints))
    if workspace.unseal(_SEALED + population) is None:
        workspace.seal(_SEALED + population, prints.encode())
    return found


def _found(workspace: Workspace, population: str, prints: Prints) -> Iterator[str]:
    for name in sorted(workspace.sealed(_SEALED)):
        other, raw = name.removeprefix(_SEALED), workspace.unseal(name)
        if other == population or raw is None:
            continue
        match = compared(prints, Prints.parse(raw))
        if match.by == "values":
            tries, looks = len(attempts_at(workspace, other)), len(openings_of(workspace, other))
            yield (
                f"These may be the people of {_counted(tries, 'earlier attempt')} under other ids, "
                f"with {_counted(looks, 'sealed look')}: {match.shared:.0%} of their values are "
                "the same. Neither counts here."
            )


def _counted(n: int, what: str) -> str:
    return f"{n or 'no'} {what}{'' if n == 1 else 's'}"

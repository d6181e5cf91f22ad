"""Proposal: the steps that make a table less telling, proposed from what its profile found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.recipe import Drop, GroupRare
from assaymark.core.schema import Kind, Role

if TYPE_CHECKING:
    from assaymark.source.profile import ColumnProfile, TableProfile

__all__ = ["propose_steps", "reaches_generator"]

_LEVELS = 50
_MINIMUM, _MINIMUM_SMALL, _SMALL = 20, 10, 5_000
_HIDDEN = {Role.DIRECT_IDENTIFIER, Role.PERSON_KEY}


def reaches_generator(c: ColumnProfile) -> bool:
    """Whether the column is neither key nor direct identifier nor free text."""
    return not _HIDDEN & set(c.column.roles) and c.column.kind is not Kind.TEXT


def propose_steps(profile: TableProfile) -> tuple[Drop | GroupRare, ...]:
    """Return the steps a fresh recipe holds: drop survey weights, group rare categories.

    Categories are grouped in columns of more than 50, where fewer than 20 persons hold them (10
    in tables of fewer than 5,000 rows). The target is never grouped.
    """
    plain = [c for c in profile.columns if reaches_generator(c)]
    weights = tuple(c.column.name for c in plain if c.column.has(Role.WEIGHT))
    wide = tuple(
        c.column.name
        for c in plain
        if c.column.kind is Kind.CATEGORY
        and c.n_unique > _LEVELS
        and not {Role.WEIGHT, Role.TARGET} & set(c.column.roles)
    )
    steps: list[Drop | GroupRare] = []
    if weights:
        why = "weights belong to the sample, and nearly unique ones point to persons"
        steps.append(Drop(kind="drop", columns=weights, why=why))
    if wide:
        minimum = _MINIMUM if profile.n >= _SMALL else _MINIMUM_SMALL
        why = "rare categories point to persons"
        steps.append(GroupRare(kind="group_rare", columns=wide, minimum=minimum, why=why))
    return tuple(steps)

"""Constraints: what a user says must hold on every row, as rules, tables or files of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assaymark.core.conditions import Conditions
from assaymark.core.constraint import Implication, Unique
from assaymark.core.plain import read_toml
from assaymark.core.recipe import recipe_of
from assaymark.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.core.constraint import ConstraintSpec
    from assaymark.core.dataset import Dataset
    from assaymark.generate.keys.identifiers import Identifiers

__all__ = ["read_constraints", "still_to_hold", "vacuous"]

_NOWHERE = {"name": "constraints", "source": {"path": ""}}


def read_constraints(
    given: str | Path | Mapping[str, Any] | Sequence[str | Path | Mapping[str, Any]],
) -> tuple[ConstraintSpec, ...]:
    """Read constraints: each a rule such as ``"came <= left"``, a table, or a TOML file of tables.

    One by itself will do.

    A file has ``[[constraint]]`` tables, as a recipe has them; a recipe will do.

    Raises
    ------
    RecipeError
        When a file cannot be read, or a table is no constraint.
    UnknownNameError
        When a kind or a key is not one of a constraint.
    """
    tables: list[object] = []
    for one in [given] if isinstance(given, str | Path | Mapping) else given:
        if isinstance(one, Mapping):
            tables.append(dict(one))
        elif str(one).endswith(".toml"):
            tables += _in_file(Path(one))
        else:
            tables.append({"kind": "rule", "rule": str(one)})
    return recipe_of({**_NOWHERE, "constraint": tables}).generate.constraint


def still_to_hold(
    constraints: Sequence[ConstraintSpec], fresh: Identifiers
) -> tuple[ConstraintSpec, ...]:
    """Return the constraints without those that fresh keys keep: their values come once."""
    once = {column.name for column in fresh.columns if not column.missing}
    return tuple(
        c for c in constraints if not (isinstance(c, Unique) and once.intersection(c.columns))
    )


def vacuous(constraints: Sequence[ConstraintSpec], data: Dataset) -> list[str]:
    """Return sentences on implications that ask nothing of any of these rows, as one misspelt."""
    rules = (c for c in constraints if isinstance(c, Implication))
    never = [
        c.when for c in rules if not Conditions.parse(c.when, data.schema).hold(data.frame).any()
    ]
    return [
        f"No real row is one where {when}: what is asked of such rows was not seen."
        for when in never
    ]


def _in_file(path: Path) -> list[object]:
    try:
        plain = read_toml(path.read_bytes())
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise RecipeError(f"cannot read constraints from {str(path)!r}: {said}") from error
    found = plain.get("constraint", [])
    if not isinstance(found, list) or not found:
        has = f"it has {', '.join(sorted(plain)) or 'nothing'}"
        if found:
            has = "its `constraint` is no list of tables"
        raise RecipeError(
            f"{str(path)!r} has no constraints; {has}"
            '\n\nHint: [[constraint]]  and below it  kind = "rule"  and  rule = "came <= left"'
        )
    return found

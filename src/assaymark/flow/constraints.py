"""Constraints: what a user says must hold on every row, as rules, tables or files of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assaymark.core.plain import read_toml
from assaymark.core.recipe import recipe_of
from assaymark.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.core.constraint import ConstraintSpec

__all__ = ["read_constraints"]

_NOWHERE = {"name": "constraints", "source": {"path": ""}}


def read_constraints(
    given: Sequence[str | Path | Mapping[str, Any]],
) -> tuple[ConstraintSpec, ...]:
    """Read constraints: each a rule such as ``"came <= left"``, a table, or a TOML file of tables.

    A file has ``[[constraint]]`` tables, as a recipe has them; a recipe will do.

    Raises
    ------
    RecipeError
        When a file cannot be read, or a table is no constraint.
    UnknownNameError
        When a kind or a key is not one of a constraint.
    """
    tables: list[object] = []
    for one in given:
        if isinstance(one, Mapping):
            tables.append(dict(one))
        elif str(one).endswith(".toml"):
            tables += _in_file(Path(one))
        else:
            tables.append({"kind": "rule", "rule": str(one)})
    return recipe_of({**_NOWHERE, "constraint": tables}).generate.constraint


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

"""Related: tables that belong to each other by keys, and the rules over them, as a file says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from assaymark.core.document import Document
from assaymark.core.invalid import invalid_words
from assaymark.core.plain import read_toml
from assaymark.core.recipe import recipe_of
from assaymark.errors import RecipeError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.core.recipe import Recipe

__all__ = ["Related", "RelatedTable", "parse_related"]

_SHAPE = (
    "Hint: a file of related tables has a [table.NAME] for each table, with key, file, belongs_to "
    "and columns, and [[plausibility]] tables that each name one with table ="
)


class RelatedTable(Document):
    """One table: ``key`` names its rows, ``belongs_to`` says by which column it has a parent.

    ``file`` is its name in a folder of tables; without one it is the table's name with .parquet
    or .csv.
    """

    key: str = ""
    file: str = ""
    belongs_to: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """Tables by name, and for each what a recipe would say of its columns and rules."""

    tables: dict[str, RelatedTable]
    recipes: dict[str, Recipe]

    def children(self, parent: str) -> dict[str, str]:
        """Return the tables that belong to ``parent``, each with its column that says to whom."""
        found = {n: t.belongs_to.get(parent) for n, t in self.tables.items()}
        return {name: column for name, column in found.items() if column is not None}


def parse_related(raw: bytes) -> Related:
    """Read a file of related tables; an error says what is valid.

    Raises
    ------
    RecipeError
        When the bytes say nothing that holds together.
    """
    try:
        plain = read_toml(raw)
    except ValueError as error:
        raise RecipeError(f"the file of related tables is not valid TOML: {error}") from error
    for key in plain:
        if key not in {"table", "plausibility"}:
            raise UnknownNameError("key", key, ("table", "plausibility"), "related tables")
    told, rules = plain.get("table"), plain.get("plausibility", [])
    if (
        not isinstance(told, dict)
        or not told
        or not all(isinstance(t, dict) for t in told.values())
    ):
        raise RecipeError(f"no table is declared\n\n{_SHAPE}")
    if not isinstance(rules, list) or not all(isinstance(r, dict) for r in rules):
        raise RecipeError(f"plausibility must be a list of tables\n\n{_SHAPE}")
    tables = {name: _table(name, spec) for name, spec in told.items()}
    _check_parents(tables)
    return Related(
        tables=tables,
        recipes={
            name: recipe_of(
                {
                    "name": name,
                    "source": {"path": tables[name].file or name},
                    "columns": spec.get("columns", {}),
                    "plausibility": _rules_of(name, rules, tables),
                }
            )
            for name, spec in told.items()
        },
    )


def _table(name: str, spec: Mapping[str, Any]) -> RelatedTable:
    known = (*RelatedTable.model_fields, "columns")
    for key in spec:
        if key not in known:
            raise UnknownNameError("key", key, known, f"[table.{name}]")
    try:
        return RelatedTable.model_validate({k: v for k, v in spec.items() if k != "columns"})
    except ValidationError as error:
        wrong = invalid_words(error, spec)
        raise RecipeError(f"[table.{name}] does not hold together: {wrong}\n\n{_SHAPE}") from error


def _check_parents(tables: Mapping[str, RelatedTable]) -> None:
    for name, table in tables.items():
        for parent in table.belongs_to:
            if parent not in tables:
                raise UnknownNameError("table", parent, tables, f"belongs_to of {name!r}")
            if parent == name:
                raise RecipeError(f"table {name!r} cannot belong to itself")
            if not tables[parent].key:
                raise RecipeError(
                    f"{name!r} belongs to {parent!r}, which has no key\n\nHint: key = the column "
                    f"whose values name the rows of {parent!r}"
                )


def _rules_of(
    name: str, rules: list[dict[str, Any]], tables: Mapping[str, RelatedTable]
) -> list[dict[str, Any]]:
    found = []
    for rule in rules:
        whose = rule.get("table")
        if not isinstance(whose, str):
            raise RecipeError(f"a [[plausibility]] rule names no table\n\n{_SHAPE}")
        if whose not in tables:
            raise UnknownNameError("table", whose, tables, "[[plausibility]]")
        if whose == name:
            found.append({k: v for k, v in rule.items() if k != "table"})
    return found

"""Columns, their kinds and their roles: what every stage knows of a table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from assaymark.errors import UnknownNameError

__all__ = ["Column", "Kind", "Role", "Schema"]


class Role(StrEnum):
    """What a column means for privacy and use; a column may have several."""

    DIRECT_IDENTIFIER = "direct_identifier"
    PERSON_KEY = "person_key"
    QUASI_IDENTIFIER = "quasi_identifier"
    SENSITIVE = "sensitive"
    PROTECTED = "protected"
    TARGET = "target"
    WEIGHT = "weight"
    TIME = "time"
    TEXT = "text"
    OTHER = "other"


class Kind(StrEnum):
    """How a column's values behave, and the polars type that holds them.

    integer Int64, decimal Float64, boolean Boolean, category String, date Date,
    datetime Datetime("us"), text String (free text: kept out of generators).
    """

    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    DATE = "date"
    DATETIME = "datetime"
    TEXT = "text"

    @property
    def ordered(self) -> bool:
        """Whether values have a natural order and distance (numbers, dates)."""
        return self in {Kind.INTEGER, Kind.DECIMAL, Kind.DATE, Kind.DATETIME}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: name, kind, roles, and the codes that stand for "missing" in the source."""

    name: str
    kind: Kind
    roles: tuple[Role, ...] = (Role.OTHER,)
    missing: tuple[str, ...] = ()

    def has(self, role: Role) -> bool:
        """Whether the column has this role."""
        return role in self.roles


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The columns of one table, in order; names are unique."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All column names, in order."""
        return tuple(c.name for c in self.columns)

    def column(self, name: str) -> Column:
        """Return the column called ``name``, or raise with the valid names."""
        for c in self.columns:
            if c.name == name:
                return c
        raise UnknownNameError("column", name, self.names)

    def with_role(self, role: Role) -> tuple[Column, ...]:
        """Return the columns that have ``role``, in order."""
        return tuple(c for c in self.columns if c.has(role))

    def first(self, role: Role) -> Column | None:
        """Return the first column that has ``role``, if any."""
        return next(iter(self.with_role(role)), None)

    def without(self, *names: str) -> Schema:
        """Return the schema with these columns left out."""
        return Schema(columns=tuple(c for c in self.columns if c.name not in names))

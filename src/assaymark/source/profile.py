"""Profile: what a table holds and what each column is taken for, each with the reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assaymark.core.recipe import ColumnSpec
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.errors import UnknownNameError
from assaymark.source.canonical import canonical
from assaymark.source.coded import LABELS, are_wide, can_be_codes, label_of, owners
from assaymark.source.dates import date_formats, said_of_dates
from assaymark.source.kinds import KindFound, find_kind, stray_note
from assaymark.source.roles import RolesFound, propose_roles
from assaymark.source.suspicion import Facts
from assaymark.source.values import parsed, stripped

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

__all__ = ["ColumnProfile", "TableProfile", "profile"]

_LABELS = 20  # columns looked at, the first
_KEYS = {Role.PERSON_KEY, Role.DIRECT_IDENTIFIER}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """One column: what it is taken for and why.

    Attributes
    ----------
    kind_reason, role_reason
        Plain words; ``"as declared"`` where the recipe says it.
    n_unique
        Number of different values, missing left out.
    missing
        Share of rows without a value, in [0, 1].
    notes
        What the reader should know: strays, infinities, constant, all missing.
    suspected_identifier
        Why the column looks like a direct identifier, whatever was declared; ``None`` if not.
    said_missing
        Words such as ``NA`` that are read as missing though nobody said so, and how many rows say
        each.
    """

    column: Column
    kind_reason: str
    role_reason: str
    n_unique: int
    missing: float
    notes: tuple[str, ...] = ()
    suspected_identifier: str | None = None
    said_missing: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableProfile:
    """All columns of a table of ``n`` rows, in order. Counts here are exact: not for publishing."""

    n: int
    columns: tuple[ColumnProfile, ...]

    @property
    def schema(self) -> Schema:
        """Names, kinds and roles, in order."""
        return Schema(columns=tuple(c.column for c in self.columns))

    def column(self, name: str) -> ColumnProfile:
        """Return the profile of the column called ``name``, or raise with the valid names."""
        for c in self.columns:
            if c.column.name == name:
                return c
        raise UnknownNameError("column", name, self.schema.names)


def profile(frame: pl.DataFrame, declared: Mapping[str, ColumnSpec]) -> TableProfile:
    """Find kind, missing codes and roles of every column; what ``declared`` says wins.

    Raises
    ------
    UnknownNameError
        When ``declared`` names a column that is not in the table.
    DataError
        When the frame is no table (no rows, nested columns, repeated names).
    """
    for name in declared:
        if name not in frame.columns:
            raise UnknownNameError("column", name, frame.columns, "[columns]")
    plain = canonical(frame)
    kinds = {s.name: _kind(s, declared.get(s.name, ColumnSpec())) for s in plain}
    facts = [_facts(s, kinds[s.name]) for s in plain]
    roles = propose_roles(facts, declared)
    codes = _codes(plain, facts, kinds, roles)
    if codes:
        kinds = kinds | codes
        facts = [_facts(plain[f.name], kinds[f.name]) if f.name in codes else f for f in facts]
        roles = propose_roles(facts, declared)
    return TableProfile(
        n=plain.height,
        columns=tuple(
            replace(
                _column(f, plain[f.name], kinds[f.name], roles[f.name]),
                said_missing=()
                if declared.get(f.name, ColumnSpec()).missing
                else _said_missing(plain[f.name], kinds[f.name].missing),
            )
            for f in facts
        ),
    )


def _kind(s: pl.Series, spec: ColumnSpec) -> KindFound:
    found = find_kind(s, spec.missing)
    key = _KEYS & set(spec.roles)
    if spec.kind is not None:
        return KindFound(
            kind=spec.kind,
            reason="as declared",
            missing=found.missing,
            notes=() if spec.kind is not found.kind else found.notes,
        )
    if Role.TEXT in spec.roles:
        return KindFound(kind=Kind.TEXT, reason="as declared", missing=found.missing)
    if key:
        return KindFound(kind=Kind.CATEGORY, reason="a key", missing=found.missing)
    return found


def _codes(
    plain: pl.DataFrame,
    facts: list[Facts],
    kinds: Mapping[str, KindFound],
    roles: Mapping[str, RolesFound],
) -> dict[str, KindFound]:
    """Return the whole numbers that tell a label beside them, as categories.

    Not those of which each value of another column has one, as each product has one price: unless
    they have five digits, and that column has no more such numbers.
    """

    def typed(f: Facts) -> pl.Series:
        return parsed(plain[f.name], kinds[f.name].kind, kinds[f.name].missing)

    free = [f for f in facts if not _KEYS & set(roles[f.name].roles)]
    asked = [f for f in free if can_be_codes(f) and kinds[f.name].reason != "as declared"]
    if not asked:
        return {}
    many = [f for f in free if f.kind is Kind.CATEGORY and f.n_unique >= LABELS]
    labels = {f.name: typed(f) for f in many[:_LABELS]}
    key = next((f for f in facts if Role.PERSON_KEY in roles[f.name].roles), None)
    persons = None if key is None else typed(key)
    numbers = {f.name: typed(f) for f in asked}
    told = {name: label_of(x, labels, persons) for name, x in numbers.items()}
    owned = {name: owners(numbers[name], labels) for name, label in told.items() if label}
    several = Counter(owner for names in owned.values() for owner in names)

    def in_doubt(name: str) -> bool:
        by = {o: labels[o] for o in owned[name]}
        fewest = label_of(numbers[name], by, persons) is not None  # one to one
        wide = are_wide(numbers[name], all_of=fewest)
        return bool(by) and (not wide or any(several[o] > 1 for o in by))

    return {
        name: KindFound(
            kind=Kind.CATEGORY,
            reason=f"whole numbers that are codes: each goes with one value of {label!r}",
            missing=kinds[name].missing,
        )
        for name, label in told.items()
        if label is not None and not in_doubt(name)
    }


def _facts(s: pl.Series, found: KindFound) -> Facts:
    values = parsed(s, found.kind, found.missing).drop_nulls()
    return Facts(
        name=s.name,
        kind=found.kind,
        values=values,
        n_unique=values.n_unique(),
        rows=s.len(),
    )


def _column(f: Facts, raw: pl.Series, found: KindFound, role: RolesFound) -> ColumnProfile:
    kind = Kind.CATEGORY if _KEYS & set(role.roles) else found.kind
    column = Column(name=f.name, kind=kind, roles=role.roles, missing=found.missing)
    return ColumnProfile(
        column=column,
        kind_reason=found.reason,
        role_reason=role.reason,
        n_unique=f.n_unique,
        missing=1 - f.n / raw.len(),
        notes=(*found.notes, *_notes(f, raw, found)),
        suspected_identifier=role.suspected,
    )


def _notes(f: Facts, raw: pl.Series, found: KindFound) -> list[str]:
    notes = []
    if found.reason == "as declared":
        present = _present(raw, found)
        if present > f.n:
            notes.append(stray_note(present - f.n, found.kind))
        notes += [said for said in _ways(raw, found) if said not in found.notes]
    if f.n == 0:
        notes.append("every value is missing")
    elif f.n_unique == 1:
        notes.append("one value only" + (", or missing" if f.n < raw.len() else ""))
    return notes


def _ways(raw: pl.Series, found: KindFound) -> list[str]:
    """Say in which ways the dates of a declared column are written, where there are several."""
    if found.kind not in {Kind.DATE, Kind.DATETIME} or str(raw.dtype) != "String":
        return []
    text = stripped(raw, found.missing).drop_nulls()
    levels = text.rename("value").value_counts(name="n")
    return said_of_dates(levels["value"], levels["n"], date_formats(text))


def _said_missing(raw: pl.Series, words: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    if str(raw.dtype) != "String" or not words:
        return ()
    text = raw.str.strip_chars()
    counts = ((word, int((text == word).sum())) for word in words if word)
    return tuple((word, n) for word, n in counts if n)


def _present(raw: pl.Series, found: KindFound) -> int:
    if str(raw.dtype) == "String":
        raw = stripped(raw, found.missing)
    return raw.len() - raw.null_count()

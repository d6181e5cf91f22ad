"""Roles: what each column is proposed to mean, each with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from assaymark.core.schema import Kind, Role
from assaymark.source.agreement import agreements, can_be_key, speaks_against, speaks_for
from assaymark.source.shapes import referred
from assaymark.source.suspicion import Facts, key_strength, name_strength, suspect
from assaymark.source.vocabulary import (
    CODE_WORDS,
    FLAGS,
    HAPPENED,
    LOCATIONS,
    PROTECTED,
    QUASI,
    SENSITIVE,
    TARGETS,
    WEIGHTS,
    first_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assaymark.core.recipe import ColumnSpec

__all__ = ["RolesFound", "propose_roles"]

_GROUPS = 12
_FEW = 20
_BODY = {"height", "bmi", "length", "pulse", "bp"}


class RolesFound(NamedTuple):
    """Roles of one column, why, and the suspicion that it is a direct identifier."""

    roles: tuple[Role, ...]
    reason: str
    suspected: str | None


def propose_roles(
    columns: Sequence[Facts], declared: Mapping[str, ColumnSpec]
) -> dict[str, RolesFound]:
    """Return roles by column name; what ``declared`` says wins, the rest is proposed."""
    said = {name: spec.roles for name, spec in declared.items() if spec.roles}
    given = {role for roles in said.values() for role in roles}
    free = [f for f in columns if f.name not in said]
    key, why_key = (None, "") if Role.PERSON_KEY in given else _person_key(free, columns)
    suspected = {f.name: None if f.name == key else _suspicion(f) for f in columns}
    plain = [f for f in free if f.name != key and suspected[f.name] is None]
    weights = {f.name for f in plain if _is_weight(f, columns)}
    plain = [f for f in plain if f.name not in weights]
    target = None if Role.TARGET in given else _target(plain, columns[-1].name)
    out: dict[str, RolesFound] = {}
    for f in columns:
        why = suspected[f.name]
        if f.name in said:
            out[f.name] = RolesFound(said[f.name], "as declared", why)
        elif f.name == key:
            out[f.name] = RolesFound((Role.PERSON_KEY,), why_key, None)
        elif why is not None:
            out[f.name] = RolesFound((Role.DIRECT_IDENTIFIER,), why, why)
        elif f.name in weights:
            reason = "the name says a survey weight"
            out[f.name] = RolesFound((Role.WEIGHT,), reason, None)
        else:
            out[f.name] = _meaning(f, target=target)
    return out


def _person_key(free: Sequence[Facts], columns: Sequence[Facts]) -> tuple[str | None, str]:
    """Return the column that says whose each row is, where persons have several rows, and why.

    By its name: the one that says persons most surely, unless it is a bare "id" whose rows
    disagree on what does not change in a person. Where no name says so, by its values: the one
    whose rows agree on most of that. Where another column, with a value for every row, names
    persons as surely, rows are persons.
    """
    single = [name_strength(f) for f in free if f.n_unique == f.rows and f.rows > 1]
    sure = max(single, default=0)
    named = {f.name: key_strength(f) for f in free if f.n == f.rows}
    best = max(named.values(), default=0)
    if best > 0 and sure < max(2, best):
        equals = [f for f in free if named.get(f.name) == best]
        f = next((f for f in equals if f.n_unique > _FEW), equals[0])
        if best > 1 or not speaks_against(agreements(f, columns)):
            who = "they refer to persons" if referred(f.values) else "the name says a person"
            return f.name, f"rows share its values, and {who}"
    if sure >= 2:
        return None, ""
    unnamed = [f for f in free if named.get(f.name) == 0 and can_be_key(f)]
    agreed = {f.name: agreements(f, columns) for f in unnamed}
    keys = [f for f in unnamed if speaks_for(agreed[f.name])]
    if not keys:
        return None, ""
    key = max(keys, key=lambda f: (len(agreed[f.name]), f.n_unique))
    traits = " and ".join(a.trait for a in agreed[key.name][:3])
    return key.name, f"rows that share its values agree on {traits}, as those of one person do"


def _suspicion(f: Facts) -> str | None:
    key = key_strength(f) > 1
    if key and f.n < f.rows:
        return "it could be the person key, but some rows have none, so rows count as persons"
    return suspect(f) or ("name and values say a key of persons" if key else None)


def _is_weight(f: Facts, columns: Sequence[Facts]) -> bool:
    if f.kind not in {Kind.INTEGER, Kind.DECIMAL} or f.n == 0:
        return False
    joined = "".join(w for w in f.words if not w.isdigit())
    if joined in WEIGHTS or "fnlwgt" in joined:
        return True
    if joined not in {"weight", "weights", "wt", "wgt"}:
        return False
    body = any(set(c.words) & _BODY for c in columns)
    middle = float(str(f.values.median()))
    return not body and (0.5 <= middle <= 2 or middle > 1000)


def _target(columns: Sequence[Facts], last: str) -> tuple[str, str] | None:
    for wanted in TARGETS:
        for f in columns:
            parts = f.words
            exact = parts[-1:] == [wanted] and (len(parts) == 1 or parts[0] in {"is", "has"})
            said = [p for p in parts if p not in FLAGS]
            happened = wanted in HAPPENED and said in ([wanted], [f"{wanted}ed"])
            most = 20 if exact else 2 if happened else 0
            if 2 <= f.n_unique <= most and f.kind is not Kind.TEXT:
                return f.name, "the name is usual for an outcome"
    for f in columns:
        outcome = f.kind in {Kind.INTEGER, Kind.CATEGORY, Kind.BOOLEAN}
        about = first_of(f.words, QUASI) or set(f.words) & CODE_WORDS
        if f.name == last and outcome and not about and 2 <= f.n_unique <= min(10, f.n / 5):
            return f.name, f"the last column, with {f.n_unique} values"
    return None


def _meaning(f: Facts, *, target: tuple[str, str] | None) -> RolesFound:
    roles: list[Role] = []
    reasons: list[str] = []
    if f.kind is Kind.TEXT:
        return RolesFound((Role.TEXT,), "free text, left out of what is generated", None)
    for role, reason in (*_person(f), *_moment(f)):
        if role not in roles:
            roles.append(role)
            reasons.append(reason)
    if target is not None and target[0] == f.name:
        roles.append(Role.TARGET)
        reasons.append(target[1])
    if not roles:
        return RolesFound((Role.OTHER,), "nothing in name or values says more", None)
    return RolesFound(tuple(roles), "; ".join(dict.fromkeys(reasons)), None)


def _person(f: Facts) -> list[tuple[Role, str]]:
    parts = f.words
    found = []
    protected = first_of(parts, PROTECTED)
    grouped = f.n_unique <= _GROUPS and f.n_unique >= 2
    if protected and grouped:
        found.append((Role.PROTECTED, f"the name says {protected}"))
    quasi = first_of(parts, QUASI)
    if quasi == "age" and grouped and f.kind is Kind.CATEGORY:
        found.append((Role.PROTECTED, "the name says age, in groups"))
    if quasi:
        found.append((Role.QUASI_IDENTIFIER, f"the name says {quasi}"))
    elif set(parts) & LOCATIONS and f.kind is Kind.DECIMAL:
        found.append((Role.QUASI_IDENTIFIER, "the name says a location"))
    sensitive = first_of(parts, SENSITIVE)
    if sensitive:
        found.append((Role.SENSITIVE, f"the name says {sensitive}"))
    return found


def _moment(f: Facts) -> list[tuple[Role, str]]:
    if f.kind in {Kind.DATE, Kind.DATETIME}:
        return [(Role.TIME, "dates")]
    if f.kind is Kind.INTEGER and "year" in f.words and f.n:
        low, high = int(str(f.values.min())), int(str(f.values.max()))
        if low >= 1800 and high <= 2200:
            return [(Role.TIME, "years")]
    return []
